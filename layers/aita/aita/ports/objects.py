"""Ports of the bucket."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Object in a listing: key, size in bytes and ETag."""

    key: str
    size: int
    etag: str


class ObjectStore(Protocol):
    """Bucket of objects. Keys are opaque here: only the module that builds a key may read meaning into it."""

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        ...

    def get(self, key: str) -> bytes:
        """Return an object's bytes.

        Raises
        ------
        ObjectNotFoundError
            If no object has this key.
        """
        ...

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        """Return an object's bytes and its ETag.

        Raises
        ------
        ObjectNotFoundError
            If no object has this key.
        """
        ...

    def get_range(self, key: str, etag: str, first: int, length: int) -> bytes:
        """Return up to ``length`` bytes of an object from its byte ``first`` on, counted from 0.

        Raises
        ------
        ObjectNotFoundError
            If no object has this key.
        ObjectChangedError
            If the stored object has another ETag.
        """
        ...

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Write a whole object, over an existing one."""
        ...

    def put_if(self, key: str, data: bytes, etag: str | None) -> str:
        """Write an object if the stored one has this ETag; with ``None``, if there is none. Return its new ETag.

        Raises
        ------
        ObjectChangedError
            If the stored object has another ETag.
        """
        ...

    def put_unless_newer(self, key: str, data: bytes, made_from: datetime) -> bool:
        """Write an object unless the stored one was made from newer material; return whether it was written.

        Parameters
        ----------
        made_from
            When the material was read. It is stored with the object; an object without it counts as older.
        """
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects under a prefix, ordered by the UTF-8 bytes of their keys."""
        ...

    def in_folder(self, folder: str) -> Iterator[StoredObject]:
        """Yield the objects directly in a folder, whose name ends in a slash, and not those in folders within it."""
        ...

    def folders(self) -> Iterator[str]:
        """Yield the names of the bucket's folders: the first parts of its keys, in their order."""
        ...

    def presign_get(self, key: str, filename: str) -> str:
        """Return a URL that downloads the object under this file name; it expires after some minutes."""
        ...

    def presign_post(self, key: str, content_type: str, size: int, by: str = "") -> tuple[str, dict[str, str]]:
        """Return URL and fields of a form that uploads exactly this key, type and size (bytes) within some minutes.

        ``by`` is the name of the person who uploads, in ASCII: it is kept with the object unless it is empty.
        """
        ...


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """Version of one object.

    Parameters
    ----------
    size
        In bytes.
    is_present
        Whether it is the one that readers of the object get.
    by
        Name of the person who uploaded it; empty if it is not known.
    """

    version_id: str
    etag: str
    size: int
    written_at: datetime
    is_present: bool
    by: str


class ObjectHistory(Protocol):
    """Versions of single objects."""

    def history(self, key: str, limit: int, token: str | None) -> tuple[Sequence[ObjectVersion], str | None]:
        """Return up to ``limit`` versions of an object, newest first, and the token of those that follow.

        Deletions are left out.

        Raises
        ------
        RequestError
            If the token did not come from this list.
        """
        ...

    def presign_version(self, key: str, version_id: str, filename: str) -> str:
        """Return a URL that downloads a version of an object under this file name; it expires after some minutes."""
        ...


class ByteSource(Protocol):
    """Bytes that are read in pieces, as they may be more than memory holds."""

    @property
    def size(self) -> int:
        """Number of the bytes."""
        ...

    def read(self, first: int, length: int) -> bytes:
        """Return ``length`` bytes from the byte ``first`` on, counted from 0; fewer at the end."""
        ...


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """Version of an object, or a deletion marker. ``is_latest`` is true of the object's current state."""

    key: str
    version_id: str
    etag: str = ""
    is_latest: bool = False


class VersionStore(Protocol):
    """Bucket with all retained versions of its objects."""

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        """Yield every version and deletion marker under a prefix."""
        ...

    def read(self, version: StoredVersion) -> bytes:
        """Return a version's bytes; empty for a deletion marker or a version that no longer exists."""
        ...

    def erase(self, versions: Sequence[StoredVersion]) -> None:
        """Delete versions permanently."""
        ...
