"""A stack on a loopback port: CloudFormation, the API, presigned uploads and downloads, Secrets Manager.

It takes requests as AWS does, so that the real client code is what runs.
"""

import hashlib
import json
import re
import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel

from aita.errors import AitaError
from aita.models.api import RunView, StageView, UsageView
from aita.models.run import RunStatus

RUN = "01JZZZZZZZZZZZZZZZZZZZZZZZ"
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
_API = "/_aws/execute-api/abc12345/v1"
_SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=\w+/\d{8}/[\w-]+/execute-api/aws4_request, .*Signature=[0-9a-f]{64}")


@dataclass(frozen=True)
class Recorded:
    """A request that reached the API."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Raw:
    """An answer as it goes over the wire; ``status`` 0 hangs up instead."""

    status: int
    body: bytes = b""


Answer = BaseModel | dict[str, Any] | AitaError | Raw | Callable[[], Any]


@dataclass
class FakeStack:
    """What the server knows. ``answers`` are used up one by one; the last one of a route stays."""

    status: str = "UPDATE_COMPLETE"
    missing: bool = False
    outputs: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=lambda: {"ApiKeySecretName": "aita/api-key"})
    answers: dict[tuple[str, str], deque[Answer]] = field(default_factory=lambda: defaultdict(deque))
    requests: list[Recorded] = field(default_factory=list)
    described: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    refuse_upload: deque[int] = field(default_factory=deque)
    secrets: dict[str, str] = field(default_factory=dict)
    concurrency: int = 1000
    at_work: int = 0
    account: str = "000000000000"
    cut: bool = False
    url: str = ""

    def answer(self, method: str, path: str, *answers: Answer) -> None:
        """Queue answers for a route."""
        self.answers[method, path].extend(answers)

    def asked(self, method: str, path: str) -> list[Recorded]:
        """Return the requests that a route got."""
        return [one for one in self.requests if (one.method, one.path) == (method, path)]

    def file(self, name: str, data: bytes) -> dict[str, str]:
        """Store a result and return how the API names it."""
        self.files[f"file-{len(self.files)}"] = data
        return {"name": name, "url": f"{self.url}/s3/file-{len(self.files) - 1}"}

    def start(self) -> Callable[[], None]:
        """Serve on a free port; return what ends it."""
        fake = self

        class Handler(_Handler):
            stack = fake

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_port}"
        self.outputs = {
            "ApiUrl": "https://abc12345.execute-api.us-east-1.amazonaws.com/v1",
            "BucketName": "bucket",
            "TableName": "table",
            "StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:aita",
            "MaxConcurrency": "5",
            "ModelName": "model-1",
        }
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()

        def stop() -> None:
            server.shutdown()
            server.server_close()
            thread.join()

        return stop


class _Handler(BaseHTTPRequestHandler):
    stack: FakeStack
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_GET  # noqa: N815 - the base class calls it so

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        if parts.path.startswith(f"{_API}/"):
            self._api(parts.path.removeprefix(_API), parts.query, body)
        elif parts.path.startswith("/s3/"):
            self._s3(parts.path.removeprefix("/s3/"), body)
        elif self.headers.get("X-Amz-Target") == "AWSStepFunctions.ListExecutions":
            self._send(200, json.dumps({"executions": [{}] * self.stack.at_work}).encode())
        elif "X-Amz-Target" in self.headers:
            self._secret(json.loads(body))
        elif parts.path.endswith("/account-settings"):
            limit = {"UnreservedConcurrentExecutions": self.stack.concurrency}
            self._send(200, json.dumps({"AccountLimit": limit}).encode())
        elif b"Action=GetCallerIdentity" in body:
            self._identify()
        else:
            self._describe()

    def _api(self, path: str, query: str, body: bytes) -> None:
        if not _SIGNED.match(self.headers.get("Authorization", "")):
            self._send(403, b'{"message": "Missing Authentication Token"}')
            return
        self.stack.requests.append(
            Recorded(
                self.command,
                unquote(path),
                {name: values[0] for name, values in parse_qs(query).items()},
                {name.lower(): value for name, value in self.headers.items()},
                json.loads(body) if body else None,
            )
        )
        queued = self.stack.answers[self.command, unquote(path)]
        if not queued and path.endswith("/uploads") and self.command == "GET":
            piles = {name: data for name, data in self.stack.uploads.items() if name.startswith("piles/")}
            listed = [{"name": name, "size": len(data), "etag": _etag(data)} for name, data in piles.items()]
            answer: Any = {"files": listed}
        elif not queued and path.endswith("/files") and self.command == "GET":
            answer = {"files": []}
        elif not queued and path.endswith("/students") and self.command == "GET":
            answer = {"students": []}
        elif not queued and path.endswith("/uploads"):
            files = json.loads(body)["files"]
            answer = {
                "uploads": [
                    {"name": one["name"], "url": f"{self.stack.url}/s3/", "fields": {"key": one["name"]}}
                    for one in files
                ]
            }
        elif not queued:
            answer = Raw(404, b'{"error": "NotFoundError", "message": "there is no such run"}')
        else:
            answer = queued.popleft() if len(queued) > 1 else queued[0]
        if callable(answer):
            answer = answer()
        if isinstance(answer, AitaError):
            document = {"error": type(answer).__name__, "message": str(answer)}
            answer = Raw(answer.http_status, json.dumps(document).encode())
        elif isinstance(answer, BaseModel):
            answer = Raw(200, answer.model_dump_json().encode())
        elif isinstance(answer, dict):
            answer = Raw(200, json.dumps(answer).encode())
        self._send(answer.status, answer.body)

    def _s3(self, name: str, body: bytes) -> None:
        if self.command == "GET":
            data = self.stack.files[name]
            self._send(200, data, cut=self.stack.cut)
            return
        if self.stack.refuse_upload:
            self._send(self.stack.refuse_upload.popleft(), b"<Error><Code>EntityTooLarge</Code></Error>")
            return
        match = re.search(
            rb'name="key"\r\n\r\n(.*?)\r\n--\w+\r\n.*?name="file".*?\r\n\r\n(.*)\r\n--\w+--', body, re.DOTALL
        )
        assert match is not None
        self.stack.uploads[match[1].decode()] = match[2]
        self._send(204)

    def _identify(self) -> None:
        if not self.stack.account:
            error = "<Code>InvalidClientTokenId</Code><Message>The security token is invalid</Message>"
            self._send(403, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>".encode())
            return
        answer = f"<GetCallerIdentityResult><Account>{self.stack.account}</Account></GetCallerIdentityResult>"
        self._send(200, f"<GetCallerIdentityResponse>{answer}</GetCallerIdentityResponse>".encode())

    def _secret(self, request: dict[str, Any]) -> None:
        if self.headers["X-Amz-Target"].endswith("DescribeSecret") and request["SecretId"] in self.stack.secrets:
            self._send(200, b'{"VersionIdsToStages": {"1": ["AWSCURRENT"]}}')
            return
        if self.headers["X-Amz-Target"].endswith("DescribeSecret"):
            self._send(400, b'{"__type": "ResourceNotFoundException", "message": "no such secret"}')
            return
        if self.headers["X-Amz-Target"].endswith("PutSecretValue") and request["SecretId"] not in self.stack.secrets:
            self._send(400, b'{"__type": "ResourceNotFoundException", "message": "no such secret"}')
            return
        self.stack.secrets[request.get("SecretId") or request["Name"]] = request["SecretString"]
        self._send(200, b"{}")

    def _describe(self) -> None:
        self.stack.described += 1
        if self.stack.missing:
            error = "<Code>ValidationError</Code><Message>Stack does not exist</Message>"
            self._send(400, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>".encode())
            return
        outputs = "".join(
            f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
            for key, value in self.stack.outputs.items()
        )
        parameters = "".join(
            f"<member><ParameterKey>{key}</ParameterKey><ParameterValue>{value}</ParameterValue></member>"
            for key, value in self.stack.parameters.items()
        )
        self._send(
            200,
            (
                "<DescribeStacksResponse><DescribeStacksResult><Stacks><member>"
                f"<StackName>aita</StackName><StackStatus>{self.stack.status}</StackStatus>"
                "<CreationTime>2026-03-01T09:00:00Z</CreationTime>"
                f"<Outputs>{outputs}</Outputs><Parameters>{parameters}</Parameters>"
                "</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"
            ).encode(),
        )

    def _send(self, status: int, body: bytes = b"", *, cut: bool = False) -> None:
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut


def stage(name: str, total: int, succeeded: int, failed: int = 0, *, ended: bool = False) -> StageView:
    """Return a stage; one that has ended took 12 seconds."""
    return StageView(
        stage=name,
        total=total,
        succeeded=succeeded,
        failed=failed,
        started_at=START,
        ended_at=START + timedelta(seconds=12) if ended else None,
    )


def run_view(status: RunStatus = RunStatus.RUNNING, *stages: StageView, **changes: Any) -> RunView:
    """Return a run."""
    usage = UsageView(
        calls=15,
        cached_calls=3,
        input_tokens=30_120,
        cached_input_tokens=12_000,
        output_tokens=4_210,
        cost_usd="0.0213",
        unpriced_calls=0,
    )
    fields: dict[str, Any] = {
        "run_id": RUN,
        "assignment": "midterm",
        "pipeline": "transcribe",
        "status": status,
        "attempt": 1,
        "stage": stages[-1].stage if stages else "split",
        "stages": stages,
        "model": "model-1",
        "usage": usage,
        "waits": 0,
        "wait_reason": "",
        "reason": "",
        "created_at": START,
        "updated_at": START,
        "ended_at": None,
        "eta_seconds": None,
    }
    return RunView(**fields | changes)


def _etag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'
