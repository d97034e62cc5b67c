"""Records in the files of a checkpoint: where each one stands, and which one counts."""

import logging
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from aita.errors import CheckpointError
from aita.executor.checkpoint_lines import (
    ASKED_AGAIN,
    VERSION,
    Header,
    Record,
    has_checksum,
    intact_parts,
    is_of_version_1,
    key_in,
    key_of,
    resembles_header,
    resembles_line,
)
from aita.models.run import Usage

logger = logging.getLogger(__name__)

_NOT_ENDED = "NotRun: the last reply was invalid, and the task has not ended: a batch of the same name asks again"


@dataclass
class ReadFile:
    """A file whose records were found.

    Parameters
    ----------
    first
        Number of bytes in the files before it.
    size
        Bytes up to the end of the last line that is complete or intact; 0 without any.
    ends_open
        Whether the end of the last line is missing.
    can_be_continued
        Whether it is a checkpoint of this version, to which records may be appended.
    """

    path: Path
    file: BinaryIO
    first: int
    version: int = VERSION
    size: int = 0
    ends_open: bool = False
    can_be_continued: bool = False

    def intact_parts(self, line: bytes) -> Iterable[tuple[int, bytes]]:
        """Return the lines in a line of the file that are as they were written, as far as its version can tell."""
        if self.version != 1:
            return intact_parts(line)
        return [(0, line)] if line.endswith(b"\n") and Record.of(line) is not None else []


@dataclass
class Records:
    """Records of some files. Memory holds only where each one stands, as most are never looked up twice.

    A position counts the bytes of all files together. Of several records of one task and request the last one counts.
    """

    files: list[ReadFile] = field(default_factory=list)
    _firsts: list[int] = field(default_factory=list)
    _positions: dict[bytes, tuple[int, ...]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Record]:
        """Yield the record that counts of each task and request, in the order of their first ones.

        A task that asked again and has not ended yet is NotRun, with the usage of its replies so far.
        """
        for positions in self._positions.values():
            record = next(self._newest_first(positions), None)
            if record is None:
                continue
            digest = record.digest.removesuffix(ASKED_AGAIN)
            if record.digest == digest:
                yield record
            elif self.get(record.task_id, digest) is None:
                rounds = self.rounds(record.task_id, digest)
                yield record._replace(
                    digest=digest,
                    request="",
                    error=_NOT_ENDED,
                    usage=self.usage(record.task_id, digest),
                    calls=len(rounds),
                    seconds=sum(each.seconds for each in rounds),
                )

    def get(self, task_id: str, digest: str) -> Record | None:
        """Return the last record of a task and a request; ``None`` if there is none."""
        return next(self._newest_first(self._positions.get(key_of(task_id, digest), ())), None)

    def rounds(self, task_id: str, digest: str, *, ended: bool = False) -> list[Record]:
        """Return the records of the invalid replies after which a task asked again, the newest first.

        Parameters
        ----------
        ended
            Whether they are those of before the task's last end; otherwise those since then, of a conversation that has
            not ended.
        """
        positions = self._positions.get(key_of(task_id, digest + ASKED_AGAIN))
        if positions is None:
            return []
        *_, end = (-1, *self._positions.get(key_of(task_id, digest), ()))
        return list(self._newest_first(tuple(each for each in positions if (each < end) is ended)))

    def usage(self, task_id: str, digest: str) -> Usage:
        """Return the usage of a task and a request, of all times that it ran."""
        ends = self._newest_first(self._positions.get(key_of(task_id, digest), ()))  # each has that of its rounds
        return sum((each.usage for each in (*ends, *self.rounds(task_id, digest))), Usage())

    def close(self) -> None:
        """Close the files."""
        for each in self.files:
            each.file.close()

    def read(self, path: Path) -> ReadFile:
        """Find the records in a file, which count more than those that were found before.

        A damaged line is passed over with one warning for the file. The last line may be incomplete, as a killed
        process leaves it.

        Raises
        ------
        CheckpointError
            If the file can't be read, is of a later version, or is no checkpoint.
        """
        first = self.files[-1].first + self.files[-1].size if self.files else 0
        try:
            found = ReadFile(path, path.open("rb"), first)
            self.files.append(found)
            self._firsts.append(first)
            self._read(found)
        except OSError as error:
            raise _unreadable(path, error) from None
        return found

    def _read(self, found: ReadFile) -> None:
        intact, damaged, is_alike, offset, opening, line = 0, 0, False, 0, b"", b""
        for line in found.file:
            if not intact and is_of_version_1(line):
                found.version, count = 1, 1
            else:
                count = self._add(found, offset, line)
            is_complete = line.endswith(b"\n")
            if count or is_complete:
                found.size = offset + len(line)
            if not count and is_complete and line.strip():
                damaged += 1
            intact += count
            is_alike = is_alike or count > 0 or resembles_line(line)
            opening = opening or line
            offset += len(line)
        if not intact:
            _refuse_unless_alike(found.path, opening, is_alike=is_alike)
        is_bare = not found.size and resembles_header(opening)
        found.can_be_continued = found.version == VERSION and (intact > 0 or is_bare)
        found.ends_open = found.size == offset > 0 and not line.endswith(b"\n")
        if damaged:
            told = "1 line is" if damaged == 1 else f"{damaged} lines are"
            logger.warning("%s: %s damaged; the tasks of damaged lines run again", found.path, told)

    def _add(self, found: ReadFile, offset: int, line: bytes) -> int:
        """Add the records in a line, and return the number of its intact parts."""
        count = 0
        for place, part in found.intact_parts(line):
            key = key_in(part)
            if key is not None:
                self._positions[key] = (*self._positions.get(key, ()), found.first + offset + place)
            elif (header := Header.of(part)) is None:
                continue
            elif header.version > VERSION:
                raise _of_later_version(found.path, header)
            count += 1
        return count

    def _newest_first(self, positions: tuple[int, ...]) -> Iterator[Record]:
        for position in reversed(positions):
            found = self.files[bisect_right(self._firsts, position) - 1]
            try:
                found.file.seek(position - found.first)
                line = found.file.readline()
            except OSError as error:
                raise _unreadable(found.path, error) from None
            record = Record.of(line)
            if record is None:  # another one follows on the line, which was found to be intact up to there
                record = Record.of(next((part for _, part in found.intact_parts(line)), b""))
            if record is not None:
                yield record


def _refuse_unless_alike(path: Path, opening: bytes, *, is_alike: bool) -> None:
    """Refuse a file in which nothing is intact, unless it is empty or looks like a damaged checkpoint of this version.

    Raises
    ------
    CheckpointError
        If it is of a later version, which may write its lines in another way, or no checkpoint.
    """
    header = None if has_checksum(opening) else Header.of(opening)
    if header is not None and header.version > VERSION:
        raise _of_later_version(path, header)
    if opening and not is_alike:
        raise CheckpointError(
            f"{path} is no checkpoint: its first line is no header, and no other line is a record. Move it away, or "
            "take another checkpoint_name"
        )


def _of_later_version(path: Path, header: Header) -> CheckpointError:
    return CheckpointError(
        f"{path} is of version {header.version} and this aita reads up to version {VERSION}: continue it with the "
        "aita that wrote it, or move it away to begin anew"
    )


def _unreadable(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        f"{path} can't be read: {error.strerror or error}. Correct that, or take another checkpoint_dir"
    )
