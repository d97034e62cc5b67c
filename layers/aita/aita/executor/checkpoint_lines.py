"""Lines of a checkpoint: a header, then one for each finished task.

Each line is a JSON object whose last member is the CRC-32 of all before it, so that a changed byte costs its own line.
Version 1 had no checksums; it is read and no longer written.
"""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, Self

from aita.models.run import Usage

VERSION = 2

ASKED_AGAIN = "+"
"""Addition to the digest of a task in the records of its invalid replies, after which it asked again and did not end.
"""

_HEADER_START = b'{"aita_checkpoint":'
_HEADER_OF_1 = re.compile(rb'\{"aita_checkpoint": 1[,}]')
_START = re.compile(rb'\{"(?:id|aita_checkpoint)":')
_SEAL = re.compile(rb',"crc32":"[0-9a-f]{8}"\}')
_TEXT = (str, type(None))
_AFTER_KEY = b',"reply":'
_encode = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().raw_decode


class Record(NamedTuple):
    """Record of a finished task: the reply from which its result is parsed, or its error.

    ``digest`` identifies its first request, ``seconds`` is the duration of its calls, and ``data`` what the task's
    ``checkpoint_data`` returned. ``salvaged`` is true if the task could not parse the reply, and its ``salvage`` made
    the result. ``request`` is the digest of the request of an invalid reply after which the task asked again, which is
    a record of its own.
    """

    task_id: str
    digest: str
    reply: str | None
    error: str | None
    usage: Usage
    calls: int
    seconds: float
    data: dict[str, Any]
    salvaged: bool = False
    request: str = ""

    @property
    def success(self) -> bool:
        """Whether the task had a result."""
        return self.error is None

    @property
    def cost(self) -> Decimal | None:
        """Cost of the calls in USD; ``None`` if the price of a call is unknown."""
        return None if self.usage.unpriced_calls else self.usage.cost_usd

    def line(self) -> bytes:
        """Return the record as a line, in ASCII so that any text can be restored exactly."""
        values: dict[str, Any] = {
            "id": self.task_id,
            "digest": self.digest,
            "reply": self.reply,
            "error": self.error,
            "usage": self.usage.model_dump(mode="json", exclude_defaults=True),
            "calls": self.calls,
            "seconds": round(self.seconds, 4),
            "data": self.data,
        }
        if self.salvaged:
            values["salvaged"] = True
        if self.request:
            values["request"] = self.request
        return _sealed(values)

    @classmethod
    def of(cls, line: bytes) -> Self | None:
        """Return the record in a line; ``None`` if it is none."""
        try:
            values, end = _decode(line.decode("ascii"))
            task_id, digest, reply, error = values["id"], values["digest"], values["reply"], values["error"]
            if not (isinstance(task_id, str) and isinstance(digest, str)) or line[end:] != b"\n":
                return None
            if not (isinstance(reply, str) or isinstance(error, str)):  # the task has not ended
                return None
            if not (isinstance(reply, _TEXT) and isinstance(error, _TEXT)):
                return None
            return cls(
                task_id=task_id,
                digest=digest,
                reply=reply,
                error=error,
                usage=_usage(*values["usage"].items()),
                calls=int(values["calls"]),
                seconds=float(values["seconds"]),
                data=dict(values["data"]),
                salvaged=values.get("salvaged") is True,
                request=str(values.get("request", "")),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class Header:
    """First line of a checkpoint."""

    version: int
    name: str

    @classmethod
    def of(cls, line: bytes) -> Self | None:
        """Return the header in a line; ``None`` if it is none."""
        try:
            values = json.loads(line)
            version, name = values["aita_checkpoint"], values.get("name", "")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return cls(version, name) if isinstance(version, int) and isinstance(name, str) else None


def header_line(name: str, now: datetime) -> bytes:
    """Return the first line of a checkpoint."""
    return _sealed({"aita_checkpoint": VERSION, "name": name, "created_at": now.isoformat()})


def is_of_version_1(line: bytes) -> bool:
    """Return whether a file's first line is the header of version 1, whatever is damaged in the rest of it."""
    return _HEADER_OF_1.match(line) is not None


def resembles_header(line: bytes) -> bool:
    """Return whether a line begins like a header, or is empty or broken off before it differs from one."""
    return line.startswith(_HEADER_START) or _HEADER_START.startswith(line)


def resembles_line(line: bytes) -> bool:
    """Return whether a line begins like a header or ends like any line, however damaged the rest of it is."""
    return resembles_header(line) or has_checksum(line)


def has_checksum(line: bytes) -> bool:
    """Return whether a line has a checksum, right or wrong."""
    return _SEAL.search(line) is not None


def key_of(task_id: str, digest: str) -> bytes:
    """Return the text with which the line of a task's record begins."""
    return f'{{"id":{_encode(task_id)},"digest":{_encode(digest)}'.encode()


def key_in(line: bytes) -> bytes | None:
    """Return the text with which an intact line begins; ``None`` if it is no record's."""
    key, found, _ = line.partition(_AFTER_KEY)
    return key if found else None


def is_intact(line: bytes) -> bool:
    """Return whether a line is as it was written."""
    return line[-_SEAL_SIZE:] == _seal(line[:-_SEAL_SIZE])


def intact_parts(line: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the lines in a line of a file whose checksums are right, with their places in bytes.

    There are several if the end of a line was changed, and other bytes around one if a byte was added.
    """
    if is_intact(line):
        yield 0, line
        return
    end = 0
    for seal in _SEAL.finditer(line):
        start = _START.search(line, end, seal.start())
        if start is not None and is_intact(part := line[start.start() : seal.end()] + b"\n"):
            yield start.start(), part
            end = seal.end()


@lru_cache(maxsize=4096)
def _usage(*values: tuple[str, Any]) -> Usage:
    """Return the usage of some fields. Most tasks of a batch share theirs with others, in memory, too."""
    return Usage.model_validate(dict(values))


def _sealed(values: dict[str, Any]) -> bytes:
    content = _encode(values).encode()[:-1]
    return content + _seal(content)


def _seal(content: bytes) -> bytes:
    """Return the end of a line: the checksum of the content before it."""
    return b',"crc32":"%08x"}\n' % zlib.crc32(content)


_SEAL_SIZE = len(_seal(b""))
