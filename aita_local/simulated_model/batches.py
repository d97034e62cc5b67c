"""Files and batches of OpenAI's API, in memory: a batch is answered when it is looked at and due."""

import json
import re
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aita_local.simulated_model.errors import BadRequestError, NotFoundError, ServerError, SimulatedModelError
from aita_local.simulated_model.fault_injection import Faults

_ENDPOINT = "/v1/chat/completions"
_ENDED = {"completed", "expired", "cancelled", "failed"}
_QUEUE = 2
"""Most requests of a batch for which a full queue has room."""

Answer = Callable[[bytes], Awaitable[dict[str, Any]]]
Drop = Callable[[Request], Awaitable[Response]]


@dataclass
class _File:
    file_id: str
    name: str
    data: bytes
    created: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.file_id,
            "object": "file",
            "bytes": len(self.data),
            "created_at": int(self.created),
            "filename": self.name,
            "purpose": "batch",
            "status": "processed",
        }


@dataclass
class _Batch:
    batch_id: str
    input_file: str
    metadata: dict[str, str]
    created: float
    lines: list[dict[str, Any]]
    status: str = "validating"
    done: int = 0
    refused: int = 0
    output_file: str | None = None
    error_file: str | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.batch_id,
            "object": "batch",
            "endpoint": _ENDPOINT,
            "input_file_id": self.input_file,
            "completion_window": "24h",
            "status": self.status,
            "output_file_id": self.output_file,
            "error_file_id": self.error_file,
            "created_at": int(self.created),
            "metadata": self.metadata,
            "errors": {"object": "list", "data": self.errors} if self.errors else None,
            "request_counts": {"total": len(self.lines), "completed": self.done, "failed": self.refused},
        }


class Batches:
    """Handlers of the routes, with their files and batches.

    Parameters
    ----------
    answer
        Returns the chat completion of a request's body.
    drop
        Closes a request's connection without a response.
    """

    def __init__(self, faults: Faults, answer: Answer, drop: Drop) -> None:
        self._faults, self._answer, self._drop = faults, answer, drop
        self._files: dict[str, _File] = {}
        self._batches: dict[str, _Batch] = {}
        self._failed_once: set[str] = set()
        self.accepted: Counter[str] = Counter()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/v1/files", self.upload, methods=["POST"]),
            Route("/v1/files/{file_id}", self.delete, methods=["DELETE"]),
            Route("/v1/files/{file_id}/content", self.content),
            Route("/v1/batches", self.create, methods=["POST"]),
            Route("/v1/batches", self.listed),
            Route("/v1/batches/{batch_id}", self.retrieve),
            Route("/v1/batches/{batch_id}/cancel", self.cancel, methods=["POST"]),
        ]

    def statistics(self) -> dict[str, int]:
        """Return the numbers of batches, of their requests, and of requests that more than one batch holds."""
        return {
            "batches": len(self._batches),
            "batches_cancelled": sum(each.status in ("cancelling", "cancelled") for each in self._batches.values()),
            "batch_requests": self.accepted.total(),
            "batch_requests_repeated": self.accepted.total() - len(self.accepted),
            "batch_files": len(self._files),
        }

    async def upload(self, request: Request) -> Response:
        """Keep a file."""
        body = await request.body()
        self._faults.admit()
        name, data = _uploaded(request.headers.get("content-type", ""), body)
        return JSONResponse(self._keep(name, data).as_dict())

    async def delete(self, request: Request) -> Response:
        """Delete a file."""
        self._faults.admit()
        file = self._file(request)
        del self._files[file.file_id]
        return JSONResponse({"id": file.file_id, "object": "file", "deleted": True})

    async def content(self, request: Request) -> Response:
        """Return a file's content."""
        self._faults.admit()
        return Response(self._file(request).data, media_type="application/octet-stream")

    async def create(self, request: Request) -> Response:
        """Create a batch; a fault of its creation comes after it, once for each file."""
        body = json.loads(await request.body())
        self._faults.admit()
        file = self._files.get(body.get("input_file_id"))
        if file is None or body.get("endpoint") != _ENDPOINT or body.get("completion_window") != "24h":
            raise BadRequestError("the file, the endpoint or the completion window is not one that batches have")
        lines = [json.loads(line) for line in file.data.splitlines()]
        batch = _Batch(f"batch_{uuid.uuid4().hex}", file.file_id, body.get("metadata") or {}, time.monotonic(), lines)
        self._batches[batch.batch_id] = batch
        self._validate(batch)
        fault = self._faults.settings.batch_fault
        if fault in ("error_after_creation", "dropped_after_creation") and file.file_id not in self._failed_once:
            self._failed_once.add(file.file_id)
            if fault == "error_after_creation":
                raise ServerError
            return await self._drop(request)
        return JSONResponse(batch.as_dict())

    async def listed(self, request: Request) -> Response:
        """List the batches, the newest first."""
        self._faults.admit()
        newest = list(reversed(self._batches.values()))
        after = request.query_params.get("after")
        begin = next((place + 1 for place, each in enumerate(newest) if each.batch_id == after), 0)
        end = begin + int(request.query_params.get("limit", 20))
        data = [each.as_dict() for each in newest[begin:end]]
        return JSONResponse({"object": "list", "data": data, "has_more": end < len(newest)})

    async def retrieve(self, request: Request) -> Response:
        """Return a batch, answered if it is due."""
        self._faults.admit()
        batch = self._batch(request)
        if batch.status == "cancelling":
            await self._end(batch, "cancelled", batch.lines[:0])
        elif batch.status not in _ENDED:
            batch.status = "in_progress"
            if time.monotonic() - batch.created >= self._faults.settings.batch_seconds:
                await self._finish(batch)
        return JSONResponse(batch.as_dict())

    async def cancel(self, request: Request) -> Response:
        """Cancel a batch: it has ended when it is looked at the next time."""
        self._faults.admit()
        batch = self._batch(request)
        if batch.status in _ENDED:
            raise BadRequestError(f"a batch that is {batch.status} can't be cancelled")
        batch.status = "cancelling"
        return JSONResponse(batch.as_dict())

    def _validate(self, batch: _Batch) -> None:
        """Fail a batch that is not valid, or for which the queue has no room; count the requests of others."""
        fault = self._faults.settings.batch_fault
        ids = [str(line.get("custom_id")) for line in batch.lines]
        is_valid = len(set(ids)) == len(ids) and all(line.get("url") == _ENDPOINT for line in batch.lines)
        if fault == "queue_full" and len(batch.lines) > _QUEUE:
            batch.status = "failed"
            batch.errors = [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached."}]
        elif fault == "invalid" or not is_valid:
            batch.status = "failed"
            batch.errors = [{"code": "invalid_json_line", "message": "This line is not valid.", "line": 1}]
        else:
            self.accepted.update(ids)

    async def _finish(self, batch: _Batch) -> None:
        fault, half = self._faults.settings.batch_fault, len(batch.lines) // 2
        match fault:
            case "expired" | "cancelled":
                await self._end(batch, fault, batch.lines[:half])
            case "partial":
                await self._end(batch, "completed", batch.lines[::2])
            case _:
                await self._end(batch, "completed", batch.lines)

    async def _end(self, batch: _Batch, status: str, answered: list[dict[str, Any]]) -> None:
        """End a batch with replies to some of its lines, in an order of their own, and errors for the others."""
        replies, errors = [], []
        for line in reversed(batch.lines):
            if line not in answered:
                code = "batch_expired" if status == "expired" else "server_error"
                errors.append(_line(line, 500, {"error": {"code": code, "message": "no reply"}}))
                continue
            try:
                replies.append(_line(line, 200, await self._answer(json.dumps(line["body"]).encode())))
            except SimulatedModelError as error:
                errors.append(_line(line, error.status, error.body()))
        batch.status, batch.done, batch.refused = status, len(replies), len(errors)
        batch.output_file = self._keep("output.jsonl", _lines(replies)).file_id if replies else None
        batch.error_file = self._keep("errors.jsonl", _lines(errors)).file_id if errors else None

    def _keep(self, name: str, data: bytes) -> _File:
        file = _File(f"file-{uuid.uuid4().hex}", name, data, time.time())
        self._files[file.file_id] = file
        return file

    def _file(self, request: Request) -> _File:
        try:
            return self._files[request.path_params["file_id"]]
        except KeyError:
            raise NotFoundError("no such file") from None

    def _batch(self, request: Request) -> _Batch:
        try:
            return self._batches[request.path_params["batch_id"]]
        except KeyError:
            raise NotFoundError("no such batch") from None


def _line(line: dict[str, Any], status: int, body: dict[str, Any]) -> dict[str, Any]:
    response = {"status_code": status, "request_id": uuid.uuid4().hex, "body": body}
    return {"id": f"batch_req_{uuid.uuid4().hex}", "custom_id": line["custom_id"], "response": response, "error": None}


def _lines(answers: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in answers)


def _uploaded(content_type: str, body: bytes) -> tuple[str, bytes]:
    """Return name and content of the file in a form (RFC 7578).

    Raises
    ------
    BadRequestError
        If there is no file, or its purpose is another one than a batch.
    """
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    parts = body.split(b"--" + boundary[1].encode())[1:-1] if boundary else []
    fields: dict[str, tuple[str, bytes]] = {}
    for part in parts:
        head, _, content = part.partition(b"\r\n\r\n")
        names = dict(re.findall(r'(name|filename)="([^"]*)"', head.decode()))
        fields[names.get("name", "")] = names.get("filename", ""), content.removesuffix(b"\r\n")
    if "file" not in fields or fields.get("purpose", ("", b""))[1] != b"batch":
        raise BadRequestError("a batch's file and its purpose are missing")
    return fields["file"]
