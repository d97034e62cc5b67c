"""What reaches the stack without a network in between: its API's handler, and the bucket in place of presigned URLs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import aita.errors
from aita.models.api import PresignedPost
from tests.integration.stack import Stack

BUCKET = "aita-test"


@dataclass
class InProcess:
    """Stands in for the command's signed API and its transfer of files."""

    stack: Stack

    def request(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        repeatable: bool = False,
    ) -> Any:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        route = "/" + "/".join(path) + (f"?{urlencode(given)}" if given else "")
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        code, answer = self.stack.call(method, route, body, headers=headers)
        if code >= 400:
            raise getattr(aita.errors, answer["error"])(answer["message"])
        return answer

    def send(
        self,
        post: PresignedPost,
        file: Path,
        size: int,
        on_bytes: Callable[[int], None],
        first: int = 0,
        whole: int | None = None,
    ) -> None:
        put(self.stack, post, file.read_bytes()[first : first + size])

    def fetch(self, url: str, target: BinaryIO) -> None:
        target.write(fetched(self.stack, url))

    def save(self, url: str, path: Path) -> None:
        with path.open("wb") as file:
            self.fetch(url, file)


def put(stack: Stack, post: PresignedPost, data: bytes) -> None:
    """Write an object with the metadata that its form says."""
    mark = "x-amz-meta-"
    metadata = {name.removeprefix(mark): value for name, value in post.fields.items() if name.startswith(mark)}
    stack.s3.put_object(Bucket=BUCKET, Key=post.fields["key"], Body=data, Metadata=metadata)


def fetched(stack: Stack, url: str) -> bytes:
    """Return the object, or the version of one, that a presigned URL names."""
    parts = urlsplit(url)
    key = unquote(parts.path).lstrip("/").removeprefix(f"{BUCKET}/")
    version = {"VersionId": found[0]} if (found := parse_qs(parts.query).get("versionId")) else {}
    data: bytes = stack.s3.get_object(Bucket=BUCKET, Key=key, **version)["Body"].read()
    return data
