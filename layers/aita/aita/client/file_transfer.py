"""Transfer of files to and from S3 by presigned forms and URLs, in pieces, as a scan may be too large for memory."""

import os
import re
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from botocore.awsrequest import AWSRequest
from botocore.exceptions import HTTPClientError
from urllib3.exceptions import HTTPError

from aita.atomic_write import replacing
from aita.client.repeated_requests import send_repeatedly
from aita.client.stack_target import StackTarget
from aita.errors import InvalidMaterialError, StackError
from aita.models.api import PresignedPost

_PIECE = 64 * 1024
_OK = range(200, 300)
_CODE = re.compile(rb"<Code>(\w{1,60})</Code>")


class FileTransfer:
    """Upload and download of files.

    Parameters
    ----------
    place
        Stack whose network settings apply; presigned URLs need no credentials.
    pause
        Function that waits some seconds.
    """

    def __init__(self, place: StackTarget, pause: Callable[[float], None] = time.sleep) -> None:
        self._place = place
        self._http = place.http()
        self._pause = pause

    def send(
        self,
        post: PresignedPost,
        file: Path,
        size: int,
        on_bytes: Callable[[int], None],
        first: int = 0,
        whole: int | None = None,
    ) -> None:
        """Upload a file, or a part of one, by a presigned form.

        Parameters
        ----------
        size
            Bytes to send.
        first
            Where the part begins, in bytes.
        whole
            Size of the file that it is a part of; ``None`` if it is all of it.
        on_bytes
            Function that takes the number of bytes sent since its last call; negative when the upload begins again.

        Raises
        ------
        InvalidMaterialError
            If the file's size has changed.
        StackError
            If S3 can't be reached or refuses the file.
        """
        sent = 0

        def count(more: int) -> None:
            nonlocal sent
            sent += more
            on_bytes(more)

        def post_once() -> Any:
            count(-sent)
            with _Form(post.fields, file, (first, size, whole or size), count) as form:
                request = AWSRequest(method="POST", url=post.url, data=form, headers=form.headers)
                return self._http.send(request.prepare())

        response = send_repeatedly(post_once, self._place, self._pause)
        if response.status_code not in _OK:
            raise StackError(f"{post.name} was not taken: S3 answers {_reason(response)}. Upload again")

    def fetch(self, url: str, target: BinaryIO) -> None:
        """Download a URL's content into an empty file.

        Raises
        ------
        StackError
            If S3 can't be reached, refuses, or sends less than it promised.
        """

        def fetch_once() -> Any:
            target.seek(0)
            target.truncate()
            request = AWSRequest(method="GET", url=url, stream_output=True)
            response = self._http.send(request.prepare())
            if response.status_code in _OK:
                _copy(response, target)
            return response

        response = send_repeatedly(fetch_once, self._place, self._pause)
        if response.status_code not in _OK:
            raise StackError(f"a result can't be fetched: S3 answers {_reason(response)}. Ask for the results again")

    def save(self, url: str, path: Path) -> None:
        """Download a URL's content to a path, whole or not at all.

        Raises
        ------
        StackError
            As from ``fetch``.
        """
        with replacing(path) as file:
            self.fetch(url, file)


def _copy(response: Any, target: BinaryIO) -> None:
    try:
        for piece in response.raw.stream(_PIECE):
            target.write(piece)
    except HTTPError as error:
        raise HTTPClientError(error=error) from error
    promised = response.headers.get("Content-Length")
    if promised is not None and int(promised) != target.tell():
        raise HTTPClientError(error=f"{target.tell()} bytes came of {promised}")


def _reason(response: Any) -> str:
    code = _CODE.search(response.content)
    return f"{response.status_code} {code[1].decode()}" if code else str(response.status_code)


class _Form:
    """A multipart form with one file, read in pieces."""

    def __init__(
        self, fields: dict[str, str], file: Path, part: tuple[int, int, int], on_bytes: Callable[[int], None]
    ) -> None:
        first, size, whole = part
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\n\r\n')
        self._head = "".join(parts).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._file = file.open("rb")
        self._on_bytes = on_bytes
        self._left = size
        if os.fstat(self._file.fileno()).st_size != whole:
            self._file.close()
            raise InvalidMaterialError(f"{file}: it changed while it was being uploaded: upload it again")
        self._file.seek(first)
        self.headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(self._head) + size + len(self._tail)),
        }

    def read(self, size: int = _PIECE) -> bytes:
        """Return the next piece."""
        if self._head:
            head, self._head = self._head, b""
            return head
        if piece := self._file.read(min(self._left, max(size, _PIECE))):
            self._left -= len(piece)
            self._on_bytes(len(piece))
            return piece
        tail, self._tail = self._tail, b""
        return tail

    def __enter__(self) -> "_Form":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
