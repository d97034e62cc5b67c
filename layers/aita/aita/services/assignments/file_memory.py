"""Memory of an assignment's parsed files, for a process that answers one request after another."""

from collections.abc import Callable
from typing import Any, TypeVar

from aita.errors import ObjectNotFoundError
from aita.ports import ObjectStore, StoredObject

T = TypeVar("T")

_VERSION = ""
"""In place of the ETag of a file that is named for its content: it is in another folder, and holds nobody's work."""


class FileMemory:
    """Parsed files of the assignment that was asked for last, each with the ETag of its content.

    A class's answers and grades take a second to fetch and parse, and a person waits for each decision. One listing
    shows which of the files have changed since. One assignment is remembered, as its files may take 100 MB of memory.
    """

    def __init__(self) -> None:
        self._folder = ""
        self._parsed: dict[tuple[str, Any], tuple[str, Any]] = {}

    def listed(self, objects: ObjectStore, folder: str) -> dict[str, StoredObject]:
        """Return the files directly in a folder, by key. Content that is in none of them any more is forgotten."""
        if folder != self._folder:
            self._folder, self._parsed = folder, {}
        found = {stored.key: stored for stored in objects.in_folder(folder)}
        etags = {_VERSION, *(stored.etag for stored in found.values())}
        self._parsed = {known: (etag, each) for known, (etag, each) in self._parsed.copy().items() if etag in etags}
        return found

    def read(
        self, objects: ObjectStore, key: str, etag: str | None, form: object, parse: Callable[[bytes], T]
    ) -> T | None:
        """Return a file's parsed content; ``None`` if there is no such file.

        Parameters
        ----------
        etag
            ETag in the listing; ``None`` if the file is not there.
        form
            What tells the form in which the file is parsed, as one file is read in several.
        """
        if etag is None:
            return None
        known = self._parsed.get((key, form))
        if known is not None and known[0] == etag:
            found: T = known[1]
            return found
        try:
            data, present = objects.get_with_etag(key)
        except ObjectNotFoundError:  # it was deleted since the listing
            return None
        parsed = parse(data)
        self._parsed[key, form] = present, parsed
        return parsed

    def read_version(self, objects: ObjectStore, key: str, parse: Callable[[bytes], T]) -> T | None:
        """Return the parsed content of a file that is named for its content, and so never changes; ``None`` without."""
        known = self._parsed.get((key, None))
        if known is None:
            try:
                data = objects.get(key)
            except ObjectNotFoundError:
                return None
            known = self._parsed[key, None] = _VERSION, parse(data)
        found: T = known[1]
        return found
