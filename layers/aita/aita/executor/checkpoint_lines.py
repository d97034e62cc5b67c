"""The lines of a checkpoint: a header, then one for each task that has ended."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from aita.errors import CheckpointError
from aita.models.run import Usage

VERSION = 1


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a task that has ended: the reply that its result is made of, or why it failed.

    ``salvaged`` says that the result was made of a reply which the task could not parse.
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

    def line(self) -> bytes:
        """Return the record as a line; in ASCII, so that any text comes back as it was."""
        values = {
            "id": self.task_id,
            "digest": self.digest,
            "reply": self.reply,
            "error": self.error,
            "usage": self.usage.model_dump(mode="json"),
            "calls": self.calls,
            "seconds": round(self.seconds, 4),
            "data": self.data,
        } | ({"salvaged": True} if self.salvaged else {})
        return json.dumps(values, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Return the record of a line's values; KeyError, TypeError or ValueError if it is none."""
        reply, error = values["reply"], values["error"]
        texts = [values["id"], values["digest"], *(text for text in (reply, error) if text is not None)]
        if len(texts) == 2 or not all(isinstance(text, str) for text in texts):  # noqa: PLR2004 - id and digest alone
            raise TypeError("it is no task that has ended")
        return cls(
            task_id=values["id"],
            digest=values["digest"],
            reply=reply,
            error=error,
            usage=Usage.model_validate(values["usage"]),
            calls=int(values["calls"]),
            seconds=float(values["seconds"]),
            data=dict(values["data"]),
            salvaged=values.get("salvaged") is True,
        )


def header_line(name: str, now: datetime) -> bytes:
    """Return a checkpoint's first line."""
    return json.dumps({"aita_checkpoint": VERSION, "name": name, "created_at": now.isoformat()}).encode() + b"\n"


def header_fields(header: bytes) -> dict[str, Any]:
    """Return what a first line says; nothing if it is no header."""
    try:
        found = json.loads(header)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


@dataclass
class CompleteLines:
    """The lines of a file but for one that was cut off; ``size`` is that of those that were read."""

    lines: Iterable[bytes]
    size: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self.lines:
            if line.endswith(b"\n"):
                self.size += len(line)
                yield line


def read_records(path: Path, lines: Iterable[bytes]) -> Iterator[Record]:
    """Yield the records of a checkpoint's lines, the first of which is its header.

    Raises
    ------
    CheckpointError
        If the header is none or of another version, or a line is damaged.
    """
    for number, line in enumerate(lines, 1):
        if number == 1:
            _check(path, line)
            continue
        try:
            yield Record.of(json.loads(line))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise CheckpointError(
                f"{path}, line {number}, is damaged: remove that line to run its task again, or start anew "
                "without resume_from_checkpoint"
            ) from None


def _check(path: Path, header: bytes) -> None:
    version = header_fields(header).get("aita_checkpoint")
    if not isinstance(version, int):
        raise CheckpointError(f"{path} is no checkpoint: its first line is no header. Take another checkpoint_name")
    if version != VERSION:
        raise CheckpointError(
            f"{path} is of version {version} and this aita reads version {VERSION}: resume it with the aita that "
            "wrote it, or start anew without resume_from_checkpoint"
        )
