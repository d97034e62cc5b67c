"""Lines of a checkpoint: a header, then one for each finished task."""

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
    """Record of a finished task: the reply from which its result is parsed, or its error.

    ``seconds`` is the duration of its calls. ``salvaged`` is true if the task could not parse the reply, and its
    ``salvage`` made the result.
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
        """Return the record as a line, in ASCII so that any text can be restored exactly."""
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
        """Return the record of a line's values.

        Raises
        ------
        KeyError, TypeError, ValueError
            If the line is not a record.
        """
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
    """Return the first line of a checkpoint."""
    return json.dumps({"aita_checkpoint": VERSION, "name": name, "created_at": now.isoformat()}).encode() + b"\n"


def header_fields(header: bytes) -> dict[str, Any]:
    """Return the fields of a header; empty if the line is not a JSON object."""
    try:
        found = json.loads(header)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


@dataclass
class CompleteLines:
    """Complete lines of a file, without a truncated last one. ``size`` is the number of bytes in the lines read."""

    lines: Iterable[bytes]
    size: int = 0

    def __iter__(self) -> Iterator[bytes]:
        for line in self.lines:
            if line.endswith(b"\n"):
                self.size += len(line)
                yield line


def read_records(path: Path, lines: Iterable[bytes]) -> Iterator[Record]:
    """Yield the records in a checkpoint's lines, after the header.

    Raises
    ------
    CheckpointError
        If the first line is not a header, the version is another one, or a line is damaged.
    """
    for number, line in enumerate(lines, 1):
        if number == 1:
            _check_header(path, line)
            continue
        try:
            yield Record.of(json.loads(line))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise CheckpointError(
                f"{path}, line {number}, is damaged: remove that line to run its task again, or start anew "
                "without resume_from_checkpoint"
            ) from None


def _check_header(path: Path, header: bytes) -> None:
    version = header_fields(header).get("aita_checkpoint")
    if not isinstance(version, int):
        raise CheckpointError(f"{path} is no checkpoint: its first line is no header. Take another checkpoint_name")
    if version != VERSION:
        raise CheckpointError(
            f"{path} is of version {version} and this aita reads version {VERSION}: resume it with the aita that "
            "wrote it, or start anew without resume_from_checkpoint"
        )
