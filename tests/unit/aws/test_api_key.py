"""What the functions are told where there is no key: a run halts, and its tasks do not fail one by one."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from aita.aws.api_key import ApiKey
from aita.errors import RunStopped


@pytest.fixture
def secrets() -> Iterator[Stubber]:
    client = boto3.client("secretsmanager", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stubber:
        yield stubber


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("ResourceNotFoundException", "there is no secret aita/api-key: set the API key with 'aita key set'"),
        ("AccessDeniedException", "no secret aita/api-key, or none that the functions may read"),
        ("InvalidRequestException", "being deleted"),
    ],
)
def test_where_there_is_no_key_the_run_halts(secrets: Stubber, code: str, told: str) -> None:
    secrets.add_client_error("get_secret_value", code)
    with pytest.raises(RunStopped, match=told):
        ApiKey(lambda: secrets.client, "aita/api-key")()


def test_other_failures_stay_failures(secrets: Stubber) -> None:
    secrets.add_client_error("get_secret_value", "InternalServiceError")
    with pytest.raises(ClientError):
        ApiKey(lambda: secrets.client, "aita/api-key")()
