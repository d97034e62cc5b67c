"""What the functions in containers talk to, on this machine's loopback."""

import json
from dataclasses import dataclass
from typing import Any

from aita_local.deploy import client
from aita_local.emulator import Emulator
from aita_local.model_process import SimulatedModelProcess
from aita_local.state_dir import LOOPBACK, StateDir

BUCKET, TABLE, SECRET = "aita-container", "aita-container", "aita/container"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"


@dataclass(frozen=True, slots=True)
class Servers:
    """An emulator and a simulated model."""

    home: StateDir

    @property
    def endpoint_url(self) -> str:
        return Emulator(self.home).endpoint_url

    @property
    def model_url(self) -> str:
        return SimulatedModelProcess(self.home).base_url

    def furnish(self) -> None:
        """Make the bucket, the table and the secret that the template would make."""
        client("s3", self.endpoint_url).create_bucket(Bucket=BUCKET)
        client("dynamodb", self.endpoint_url).create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        client("secretsmanager", self.endpoint_url).create_secret(Name=SECRET, SecretString="no-key-is-needed")

    def variables(self, host: str) -> dict[str, str]:
        """Return the functions' environment, with this machine under the name that they know it by."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url.replace(LOOPBACK, host),
            "AITA_MODEL_BASE_URL": self.model_url.replace(LOOPBACK, host),
            "AITA_MODEL": "simulated",
            "AITA_BUCKET": BUCKET,
            "AITA_TABLE": TABLE,
            "AITA_API_KEY_SECRET": SECRET,
            "AITA_TASK_FUNCTION_ARN": f"{ARN}task",
            "AITA_NAMES_FUNCTION_ARN": f"{ARN}names",
            "AITA_SPLIT_FUNCTION_ARN": f"{ARN}split",
            "AITA_REPORT_FUNCTION_ARN": f"{ARN}report",
            "AITA_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:aita-run",
            "AITA_MASK_HEADER": "0.12",
            "AITA_MAX_WORKERS": "5",
            "AITA_RATE_LIMIT_RPS": "0",
            "AITA_RETENTION_DAYS": "1",
            "POWERTOOLS_TRACE_DISABLED": "true",
        }

    def read(self, key: str) -> bytes:
        body: bytes = client("s3", self.endpoint_url).get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def write(self, key: str, data: bytes) -> None:
        client("s3", self.endpoint_url).put_object(Bucket=BUCKET, Key=key, Body=data)

    def read_json(self, key: str) -> Any:
        return json.loads(self.read(key))
