"""Application of the console: the pages' files, calls of the stack's API, files of its bucket, and formulas."""

import io
import mimetypes
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSResponse
from pydantic import Field, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from aita.client.api_client import ApiClient
from aita.client.console.allowed_calls import is_allowed
from aita.client.console.formula_trees import formula_trees
from aita.client.console.guard import Guard
from aita.client.console.own_work import OwnWork
from aita.client.console.staging import Staging
from aita.client.file_transfer import FileTransfer
from aita.client.sigv4 import SigV4Transport, error_of
from aita.errors import AitaError, RequestError, RequestTooLargeError, StackError
from aita.models.base import StrictModel

PAGES = Path(__file__).with_name("pages")
mimetypes.add_type("text/javascript", ".mjs")  # on Windows, other programs register types

PATH_HEADER = "Aita-Console-Path"

_REGION = "[a-z]{2}(-[a-z]+)+-[0-9]+"
_IN_URL = re.compile(r"[!-\[\]^-~]+")  # no backslash, space, line break or letter beyond ASCII
_LARGEST_BODY = 1024 * 1024
_JSON = "application/json"
_FORBIDDEN, _UNSUPPORTED, _FAILED, _BAD_GATEWAY = 403, 415, 500, 502

Asked = TypeVar("Asked", bound=StrictModel)


class Texts(StrictModel):
    """``POST /formulas``: texts that may hold formulas."""

    texts: Annotated[tuple[Annotated[str, Field(max_length=50_000)], ...], Field(max_length=2000)]


class StoredFile(StrictModel):
    """``POST /stored``: the presigned URL of a file of the stack's bucket."""

    url: Annotated[str, Field(max_length=10_000)]


BucketUrls = Callable[[str], bool]
"""Test whether a URL is one of the stack's bucket."""


def bucket_urls(bucket: str, endpoint_url: str | None) -> BucketUrls:
    """Return the test of the URLs of a bucket: on AWS, or at an emulator's endpoint."""
    on_aws = re.compile(rf"{re.escape(bucket)}\.s3(\.dualstack)?([.-]{_REGION})?\.amazonaws\.com(\.cn)?")

    def is_ours(url: str) -> bool:
        parts = urlsplit(url)
        if not _IN_URL.fullmatch(url) or ".." in unquote(parts.path).split("/"):  # which HTTP clients rewrite
            return False
        if endpoint_url is not None:
            endpoint = urlsplit(endpoint_url)
            return parts[:2] == endpoint[:2] and parts.path.startswith(f"/{bucket}/")
        return parts.scheme == "https" and on_aws.fullmatch(parts.netloc) is not None

    return is_ours


class _Routes:
    """Handlers of what the pages ask for."""

    def __init__(
        self,
        connect: Callable[[], SigV4Transport],
        files: FileTransfer,
        is_ours: BucketUrls,
        staging: Staging,
        work: Mapping[str, OwnWork[Any]],
    ) -> None:
        self._connect = connect
        self._api = connect()
        self._files = files
        self._is_ours = is_ours
        self._staging = staging
        self._work = work

    async def pass_on(self, request: Request) -> Response:
        """Pass a call on to the stack's API, signed, and its answer back as it is."""
        raw: bytes = request.scope["raw_path"]
        path = [unquote(part) for part in raw.decode("ascii", "replace").split("/")[2:]]
        if not is_allowed(request.method, path):
            return _refused(404, "NotFoundError", "the console passes no such call on")
        body = await _body(request)
        key = request.headers.get("idempotency-key")
        query = dict(request.query_params)
        answer = await run_in_threadpool(self._exchange, request.method, path, query, body, key)
        refusal = error_of(answer)
        if isinstance(refusal, StackError):  # AWS's own words lack the remedy
            return _refused(answer.status_code, "StackError", str(refusal))
        return Response(answer.content, answer.status_code, media_type=_JSON)

    def _exchange(
        self, method: str, path: Sequence[str], query: Mapping[str, str], body: bytes, key: str | None
    ) -> AWSResponse:
        """Make a call; once more if the credentials are refused, as newer ones may be there since the console began."""
        answer = self._api.exchange(method, path, query, body, key)
        if answer.status_code != _FORBIDDEN:
            return answer
        self._api = self._connect()
        return self._api.exchange(method, path, query, body, key)

    async def stored(self, request: Request) -> Response:
        """Fetch a file of the bucket, so that the browser keeps no copy of it."""
        url = (await _asked(request, StoredFile)).url
        if not self._is_ours(url):
            return _refused(400, "RequestError", "the URL is none of the stack's bucket")
        content = io.BytesIO()
        await run_in_threadpool(self._files.fetch, url, content)
        return Response(content.getvalue(), media_type="application/octet-stream")

    async def dropped(self, request: Request) -> Response:
        """Keep a file that was dropped on the page. Its path is in a header, as URLs have no names of students."""
        path = unquote(request.headers.get(PATH_HEADER, ""))
        size = await self._staging.receive(request.path_params["drop"], path, request.stream())
        return JSONResponse({"size": size})

    async def own(self, request: Request) -> Response:
        """Do work of the server's own, and return its answer."""
        work = self._work.get(request.path_params["name"])
        if work is None:
            return _refused(404, "NotFoundError", "the console does no such work")
        asked = await _asked(request, work.request)
        answer = await run_in_threadpool(work.do, ApiClient(self._connect()), self._files, asked)
        return JSONResponse(answer)

    async def formulas(self, request: Request) -> Response:
        """Return the pieces of each text, with the formulas as trees of MathML."""
        texts = (await _asked(request, Texts)).texts
        return JSONResponse({"texts": await run_in_threadpool(lambda: [formula_trees(text) for text in texts])})


def make_application(
    connect: Callable[[], SigV4Transport],
    files: FileTransfer,
    is_ours: BucketUrls,
    hosts: Iterable[str],
    token: str,
    staging: Staging,
    work: Mapping[str, OwnWork[Any]],
) -> Starlette:
    """Return the console's application.

    Parameters
    ----------
    connect
        Function that returns a transport which signs calls of the stack's API with the credentials that there are now.
    files
        Transfer of files of the stack's bucket.
    is_ours
        Test whether a URL is one of the bucket.
    hosts, token
        As ``Guard`` takes them.
    staging
        Folders for dropped files.
    work
        Work of the server's own, by its name in the path.
    """
    routes = _Routes(connect, files, is_ours, staging, work)
    return Starlette(
        routes=[
            Route("/", lambda _: FileResponse(PAGES / "index.html")),
            Mount("/pages", StaticFiles(directory=PAGES)),
            Route("/api/{path:path}", routes.pass_on, methods=["GET", "POST"]),
            Route("/stored", routes.stored, methods=["POST"]),
            Route("/dropped/{drop}", routes.dropped, methods=["POST"]),
            Route("/own/{name}", routes.own, methods=["POST"]),
            Route("/formulas", routes.formulas, methods=["POST"]),
        ],
        middleware=[Middleware(Guard, hosts=hosts, token=token)],
        exception_handlers={AitaError: _failure},
    )


async def _asked(request: Request, model: type[Asked]) -> Asked:
    """Return a request's body as its model.

    Raises
    ------
    RequestError
        If it is not as the model says.
    """
    try:
        return model.model_validate_json(await _body(request))
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False, include_context=False)
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in details[:5])
        raise RequestError(f"the request is not as the console takes it: {problems}") from None


async def _body(request: Request) -> bytes:
    """Return a request's JSON.

    Raises
    ------
    RequestTooLargeError
        If it is larger than any that the pages send.
    HTTPException
        If it says to be something else than JSON, as a form of another site does.
    """
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > _LARGEST_BODY:
            raise RequestTooLargeError(f"a body may have {_LARGEST_BODY:,} bytes")
    if data and request.headers.get("content-type", "").partition(";")[0] != _JSON:
        raise HTTPException(_UNSUPPORTED, f"a body must be {_JSON}")
    return bytes(data)


async def _failure(_: Request, error: Exception) -> Response:
    """Return the response to an error of aita's: the stack's own is another server's."""
    status = _BAD_GATEWAY if isinstance(error, StackError) else getattr(error, "http_status", _FAILED)
    return _refused(status, type(error).__name__, str(error))


def _refused(status: int, error: str, message: str) -> Response:
    return JSONResponse({"error": error, "message": message}, status_code=status)
