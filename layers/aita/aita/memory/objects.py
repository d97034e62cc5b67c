"""Bucket in memory."""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from aita.errors import ObjectChangedError, ObjectNotFoundError
from aita.ports import StoredObject


@dataclass
class MemoryObjects:
    """Objects by key. ``requests`` counts the requests that S3 would have received.

    ``listed`` are further objects of listings, which have no data.
    """

    bucket: str = "memory"
    data: dict[str, bytes] = field(default_factory=dict)
    made_from: dict[str, datetime] = field(default_factory=dict)
    listed: list[StoredObject] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: str) -> bytes:
        """Return an object's bytes."""
        self.requests["get"] += 1
        try:
            return self.data[key]
        except KeyError:
            raise ObjectNotFoundError(f"no object under a key of {len(key)} characters") from None

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        """Return an object's bytes and its ETag."""
        data = self.get(key)
        return data, _etag(data)

    def get_range(self, key: str, etag: str, first: int, length: int) -> bytes:
        """Return a part of an object's bytes."""
        data = self.get(key)
        if _etag(data) != etag:
            raise ObjectChangedError("the object was written by another since it was listed")
        return data[first : first + length]

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:  # noqa: ARG002 - not kept
        """Write a whole object."""
        self.requests["put"] += 1
        self.data[key] = data

    def put_if(self, key: str, data: bytes, etag: str | None) -> str:
        """Write an object if the stored one has this ETag; return its new one."""
        with self._lock:
            present = _etag(self.data[key]) if key in self.data else None
            if present != etag:
                raise ObjectChangedError("the object was written by another")
            self.put(key, data)
        return _etag(data)

    def put_unless_newer(self, key: str, data: bytes, made_from: datetime) -> bool:
        """Write an object unless the stored one was made from newer material."""
        with self._lock:
            if self.made_from.get(key, made_from) > made_from:
                return False
            self.put(key, data)
            self.made_from[key] = made_from
        return True

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects under a prefix, ordered by the UTF-8 bytes of their keys."""
        self.requests["list"] += 1
        here = [StoredObject(key, len(data), _etag(data)) for key, data in self.data.items()]
        found = [stored for stored in (*here, *self.listed) if stored.key.startswith(prefix)]
        yield from sorted(found, key=lambda stored: stored.key.encode())

    def in_folder(self, folder: str) -> Iterator[StoredObject]:
        """Yield the objects directly in a folder."""
        return (stored for stored in self.list(folder) if "/" not in stored.key.removeprefix(folder))

    def folders(self) -> Iterator[str]:
        """Yield the names of the bucket's folders."""
        yield from sorted({key.partition("/")[0] for key in self.data if "/" in key})

    def presign_get(self, key: str, filename: str) -> str:
        """Return a URL that leads nowhere."""
        return f"memory:///{key}?{filename}"

    def presign_post(self, key: str, content_type: str, size: int, by: str = "") -> tuple[str, dict[str, str]]:
        """Return a form that leads nowhere."""
        fields = {"key": key, "Content-Type": content_type, "size": str(size)}
        return "memory:///", fields | ({"x-amz-meta-by": by} if by else {})


def _etag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
