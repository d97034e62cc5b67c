"""Artifacts that are too large to be kept as objects until they are written."""

import io
import json
from typing import Any


class EncodedArtifact:
    """JSON object whose values are encoded as they are added, one to a line: an exam may have 100,000 pages."""

    def __init__(self) -> None:
        self._written = io.BytesIO(b"{")
        self._written.seek(1)
        self._values: dict[str, tuple[int, int]] = {}

    def add(self, name: str, value: Any) -> None:
        """Add a value under a name that the object does not have yet."""
        border = b",\n" if self._written.tell() > 1 else b"\n"
        self._written.write(border + f"{json.dumps(name)}: ".encode())
        first = self._written.tell()
        self._written.write(json.dumps(value, ensure_ascii=False).encode())
        self._values[name] = first, self._written.tell()

    def value(self, name: str, default: Any) -> Any:
        """Return a value that was added, or the default without one."""
        if name not in self._values:
            return default
        first, end = self._values[name]
        with self._written.getbuffer() as written:
            return json.loads(bytes(written[first:end]))

    def end(self) -> bytes:
        """Return the whole object, to which nothing can be added any more."""
        self._written.write(b"\n}")
        with self._written:
            return self._written.getvalue()
