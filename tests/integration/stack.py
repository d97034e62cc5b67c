"""The stack on moto: the real definition on its interpreter, the real handlers behind its Lambda."""

import functools
import importlib.util
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.loaders import create_loader
from moto import mock_aws
from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.base_backend import BaseBackend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.responses import DynamoHandler
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.seconds import Seconds
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from aita.aws import clients
from tests.integration.calls import Call, record
from tests.integration.material import right
from tests.integration.provider import Provider, serving
from tests.integration.table import make_table

ROOT = Path(__file__).parents[2]
FUNCTIONS = ("api", "plan", "split", "task", "names", "batch", "report", "collect")
CODE = {"names": "task"}
"""Functions whose code is another's."""

REGION = "us-east-1"
DEADLINE = 600.0
POLL = 0.01
QUOTA = 10
HURRY = 50
"""How many times faster than the definition says a state is tried again."""

_MODELS = create_loader()
"""botocore's descriptions of the services, read once for all clients."""
_URLS = functools.cached_property(vars(BaseBackend)["urls"].fget)
"""A service's addresses, which moto makes anew for each request; S3's by importing their module again."""
_URLS.__set_name__(BaseBackend, "urls")
_read_definition = functools.cache(AmazonStateLanguageParser.parse)
_ZIP = b"PK\x05\x06" + b"\0" * 18


class LambdaRefuses(Exception):
    """Raised by ``Stack.before`` where Lambda itself refuses to invoke a function; its argument is Lambda's error."""


@dataclass
class Context:
    """What Lambda tells a function of its invocation."""

    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:test"
    aws_request_id: str = "request"
    log_group_name: str = "/aws/lambda/test"
    log_stream_name: str = "stream"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@dataclass
class Stack:
    """The deployed stack of one test. ``before`` is called with each invocation's function and event."""

    provider: Provider
    handlers: dict[str, Callable[[dict[str, Any], Any], Any]]
    s3: Any
    dynamodb: Any
    stepfunctions: Any
    state_machine_arn: str = ""
    before: Callable[[str, dict[str, Any]], None] = lambda function, event: None
    invocations: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    calls: dict[str, set[Call]] = field(default_factory=lambda: {f: set() for f in FUNCTIONS})
    _environments: dict[str, threading.Lock] = field(default_factory=lambda: {f: threading.Lock() for f in FUNCTIONS})

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        with self._environments[function]:  # an execution environment runs one invocation at a time
            self.invocations.append((function, event))
            self.before(function, event)
            answer: dict[str, Any] = self.handlers[function](event, Context())
            return answer

    def call(self, method: str, path: str, body: Any = None, **extra: Any) -> tuple[int, Any]:
        """Send a request through the API's handler, and return its status and JSON."""
        answer = self.answer(method, path, body, **extra)
        return answer["statusCode"], json.loads(answer["body"])

    def answer(self, method: str, path: str, body: Any = None, **extra: Any) -> dict[str, Any]:
        """Send a request through the API's handler, as API Gateway does."""
        path, _, query = path.partition("?")
        parameters = dict(pair.split("=") for pair in query.split("&")) if query else None
        headers = {"Content-Type": "application/json"} | extra.get("headers", {})
        event = {
            "resource": path,
            "path": path,
            "httpMethod": method,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": parameters,
            "multiValueQueryStringParameters": {k: [v] for k, v in parameters.items()} if parameters else None,
            "pathParameters": None,
            "requestContext": {"stage": "Prod", "requestId": "1", "path": path, "httpMethod": method}
            | ({"identity": extra["identity"]} if "identity" in extra else {}),
            "body": json.dumps(body) if body is not None else None,
            "isBase64Encoded": False,
        }
        with self._environments["api"]:
            answer: dict[str, Any] = self.handlers["api"](event, Context())
            return answer

    def put(self, key: str, data: bytes | str | dict[str, Any]) -> None:
        body = json.dumps(data) if isinstance(data, dict) else data
        self.s3.put_object(Bucket="aita-test", Key=key, Body=body)

    def get(self, key: str) -> Any:
        return json.loads(self.s3.get_object(Bucket="aita-test", Key=key)["Body"].read())

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket="aita-test", Prefix=prefix)
        return [found["Key"] for page in pages for found in page.get("Contents", ())]

    def start(self, assignment: str, pipeline: str, **options: Any) -> str:
        options = {"batch_size": 1} | options  # one call for each question, unless a test is about batching
        status, run = self.call("POST", "/runs", {"assignment": assignment, "pipeline": pipeline, "options": options})
        assert status == 201, run
        return str(run["run_id"])

    def wait(self, run_id: str) -> dict[str, Any]:
        """Wait until the run's execution has ended, and return the run's view.

        moto's own account of the execution is looked at: a request for each look takes more time than most runs.
        """
        execution = stepfunctions_parser_backends[DEFAULT_ACCOUNT_ID][REGION].describe_execution(
            self._execution_arn(self._view(run_id))
        )
        end = time.monotonic() + DEADLINE
        while execution.status == "RUNNING":
            assert time.monotonic() < end, f"the execution did not end in {DEADLINE:g} s: {self._view(run_id)}"
            time.sleep(POLL)
        run = self._view(run_id)
        assert run["status"] != "RUNNING", f"the execution ended as {execution.status}, and the run did not: {run}"
        return run

    def wait_for_batches(self, run_id: str) -> dict[str, Any]:
        """Wait until the run waits for the provider's batches, and return the run's view."""
        end = time.monotonic() + DEADLINE
        while (run := self._view(run_id))["batch_progress"] is None:
            assert run["status"] == "RUNNING", run
            assert time.monotonic() < end, run
            time.sleep(POLL)
        return run

    def execution(self, run: dict[str, Any]) -> dict[str, Any]:
        return dict(self.stepfunctions.describe_execution(executionArn=self._execution_arn(run)))

    def _view(self, run_id: str) -> dict[str, Any]:
        status, run = self.call("GET", f"/runs/{run_id}")
        assert status == 200, run
        return dict(run)

    def _execution_arn(self, run: dict[str, Any]) -> str:
        machine = self.state_machine_arn.replace(":stateMachine:", ":execution:")
        return f"{machine}:{run['run_id']}-{run['attempt']}"

    def tasks(self, run_id: str, status: str) -> list[dict[str, Any]]:
        code, page = self.call("GET", f"/runs/{run_id}/tasks?status={status}")
        assert code == 200, page
        return list(page["tasks"])


@contextmanager
def deployed(**variables: str) -> Iterator[Stack]:
    """Deploy the stack on moto, with a provider that answers rightly until a test says otherwise.

    ``variables`` are further ones of the functions' environment.
    """
    config: Any = {"lambda": {"use_docker": False}, "stepfunctions": {"execute_state_machine": True}}
    with (
        serving(right) as provider,
        mock_aws(config=config),
        patch("botocore.session.create_loader", lambda *_: _MODELS),
        _one_request_at_a_time(),
        patch.object(BaseBackend, "urls", _URLS),
        patch.object(AmazonStateLanguageParser, "parse", _parsed),
        patch.object(lambda_eval_utils, "boto_client_for", _clients_of_states()),
        patch.object(retrier_decl, "time", SimpleNamespace(sleep=lambda seconds: time.sleep(seconds / HURRY))),
        patch.object(Seconds, "_wait_interval", _hurried),
        pytest.MonkeyPatch.context() as patched,
    ):
        _set_environment(patched, provider)
        for name, value in variables.items():
            patched.setenv(name, value)
        stack = Stack(
            provider=provider,
            handlers={},
            s3=boto3.client("s3"),
            dynamodb=boto3.client("dynamodb"),
            stepfunctions=boto3.client("stepfunctions"),
        )
        _create(stack)
        stack.handlers = {name: load(name, stack.requests, stack.calls[name]) for name in FUNCTIONS}
        with patch.object(LambdaSimpleBackend, "invoke", _invoker(stack)):
            yield stack


def _parsed(definition: str) -> tuple[Any, Any]:
    """Read a definition once for all executions, and make each its own states, which may keep something of it."""
    _, tree = _read_definition(definition)
    return Preprocessor().visit(tree), tree


def _clients_of_states() -> Callable[..., Any]:
    """Return what gives all states one client, where moto makes one at each invocation of a function."""
    made = functools.cache(boto_client_for)
    return lambda region, service, state_credentials: made(region, service)  # moto looks at no credentials either


def _hurried(_: Seconds, env: Environment, wait_seconds: int) -> None:
    env.program_state_event.wait(wait_seconds / HURRY / 100)


def _set_environment(patched: pytest.MonkeyPatch, provider: Provider) -> None:
    account = "arn:aws:lambda:us-east-1:123456789012:function"
    values = {
        "AWS_DEFAULT_REGION": REGION,
        "AITA_TABLE": "aita-test",
        "AITA_BUCKET": "aita-test",
        "AITA_MODEL": "test-model",
        "AITA_MODEL_BASE_URL": provider.base_url,
        "AITA_API_KEY_SECRET": "aita/api-key",
        "AITA_MAX_WORKERS": "4",
        "AITA_RATE_LIMIT_RPS": "0",
        "AITA_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:aita-test-run",
        "AITA_TASK_FUNCTION_ARN": f"{account}:task",
        "AITA_NAMES_FUNCTION_ARN": f"{account}:names",
        "AITA_SPLIT_FUNCTION_ARN": f"{account}:split",
        "AITA_REPORT_FUNCTION_ARN": f"{account}:report",
        "AITA_BATCH_FUNCTION_ARN": f"{account}:batch",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }
    for name, value in values.items():
        patched.setenv(name, value)


def _create(stack: Stack) -> None:
    stack.s3.create_bucket(Bucket="aita-test")
    make_table(stack.dynamodb, "aita-test")
    boto3.client("secretsmanager").create_secret(Name="aita/api-key", SecretString="sk-test")
    role = boto3.client("iam").create_role(RoleName="test", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    functions = {}
    for name in FUNCTIONS:
        made = boto3.client("lambda").create_function(
            FunctionName=name, Runtime="python3.13", Role=role, Handler="app.handler", Code={"ZipFile": _ZIP}
        )
        functions[name] = made["FunctionArn"]
    definition = (ROOT / "statemachine" / "run.asl.json").read_text()
    substitutions = {
        "PlanFunctionArn": functions["plan"],
        "BatchFunctionArn": functions["batch"],
        "CollectFunctionArn": functions["collect"],
        "TableName": "aita-test",
        "BucketName": "aita-test",
        "MaxConcurrency": "4",
    }
    for name, value in substitutions.items():
        definition = definition.replace(f"${{{name}}}", value)
    made = stack.stepfunctions.create_state_machine(name="aita-test-run", definition=definition, roleArn=role)
    stack.state_machine_arn = made["stateMachineArn"]


def load(function: str, requests: Counter[str], calls: set[Call]) -> Callable[[dict[str, Any], Any], Any]:
    """Load a function's module, counting the requests of the clients that it makes, and keeping what they need."""
    session = boto3.Session()
    session.events.register("before-call", lambda model, **_: requests.update([f"{function} {model.name}"]))
    session.events.register("before-send.lambda.GetAccountSettings", answer_quota)  # moto does not know it
    record(session.events, calls)

    def make_client_in_session(service: str) -> Any:
        """Make a client whenever the function does: some are made at the first use, when moto makes its own."""
        with patch.object(clients, "boto3", session):
            return clients.make_client(service)

    code = ROOT / "functions" / CODE.get(function, function) / "app.py"
    spec = importlib.util.spec_from_file_location(f"app_{function}", code)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with patch("aita.bootstrap.make_client", make_client_in_session):
        spec.loader.exec_module(module)
    handler: Callable[[dict[str, Any], Any], Any] = module.handler
    return handler


def answer_quota(request: Any, **_: Any) -> Any:
    """Answer as Lambda does in an account with a quota of ``QUOTA``."""
    body = json.dumps({"AccountLimit": {"UnreservedConcurrentExecutions": QUOTA}}).encode()
    answer: Any = AWSResponse(request.url, 200, HTTPHeaders(), None)
    answer._content = body
    return answer


def _invoker(stack: Stack) -> Callable[..., bytes]:
    def invoke(
        _backend: Any, function_name: str, qualifier: Any, body: Any, headers: Any, response_headers: Any
    ) -> bytes:
        function = function_name.rpartition(":")[2]
        try:
            return json.dumps(stack.invoke(function, json.loads(body))).encode()
        except LambdaRefuses as refusal:
            raise LambdaClientError(str(refusal), "not now") from refusal
        except Exception as error:  # noqa: BLE001 - Lambda reports any
            response_headers["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()

    return invoke


@contextmanager
def _one_request_at_a_time() -> Iterator[None]:
    """Put moto's DynamoDB behind a lock: it checks and writes in two steps, and reads what another is writing."""
    lock = threading.RLock()
    answer = DynamoHandler.call_action

    def locked(handler: DynamoHandler) -> Any:
        with lock:
            return answer(handler)

    with patch.object(DynamoHandler, "call_action", locked):
        yield
