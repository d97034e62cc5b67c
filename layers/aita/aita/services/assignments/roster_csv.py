"""Reader of ``roster.csv``, whether typed, saved by a spreadsheet or exported by an LMS."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from aita.errors import InvalidMaterialError
from aita.models.student import RosterEntry
from aita.services.assignments.name_forms import with_plain_digits
from aita.services.assignments.roster_encoding import Decoded, EncodingError, decode
from aita.services.assignments.roster_headers import (
    CANVAS_ID,
    MOST_TITLES,
    STAFF,
    fields_of,
    fold,
    has_names,
    headers_row,
    is_headers,
    marks_ids,
    passed_over,
)
from aita.services.assignments.roster_ids import is_error, is_participant, is_rounded, plain_id
from aita.services.assignments.roster_totals import is_of_totals

_GUESSED = "it is not UTF-8, and was read as {}: check the names with letters beyond A to Z"

_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR = re.compile(r"""(?i)("?)sep=([,;|:\t])\1[,\t]*\s*(\n|$)""")
"""First line in which a spreadsheet writes the delimiter, also as others save it again: in quotes, as a row."""

_UNIQUE = {"number": "number", "email": "email address", "login": "login", "canvas_id": "Canvas id"}
"""Fields that differ between all students, with their names for messages."""

_NOTHING = frozenset(
    {"-", "--", "\u2013", "\u2014", ".", "?", "n/a", "#n/a", "#nv", "#n/d", "#n/b", "#i/t", "k.a.", "k. a."}
)
"""Cells with which people say that a student has no such number or address."""

_IDS = ("number", "login", "canvas_id")
_SPELLED = (
    'ids were read without what a spreadsheet adds, as in 12345.0 or ="0012345": on {count} of its lines, first on '
    "line {line}"
)
_ROUNDED_BY_EXCEL = (
    "rounded by a spreadsheet, such as 1.2E+11: format their column as text, enter them again, and upload the roster"
)

_POINTS_POSSIBLE = "Points Possible"
"""Cell in the column of names in the second line of Canvas's gradebooks, which is no student."""

_INDENT = "    "
"""Spaces with which Canvas begins that cell in every language."""

_TEST_STUDENTS = frozenset({"Student, Test", "Test Student"})
"""Canvas's own student of each course, for trying things out."""

_TEST_LOGIN = re.compile(r"[0-9a-f]{40}")
"""Login name of that student, a digest, by which it is known where it has a name of another language."""

_HEADERS_SHOWN = 12
_INVISIBLE: dict[int, str | None] = {0x00A0: " "}
_INVISIBLE |= dict.fromkeys(
    (0x00AD, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF)
)
"""Spaces, soft hyphens and marks of direction that pages and address books add and nobody sees: no part of a name."""

_WORKBOOK = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class RosterFile:
    """Entries of a roster; ``notes`` are points for a person to check."""

    entries: tuple[RosterEntry, ...]
    notes: tuple[str, ...] = ()


def read_roster(data: bytes) -> RosterFile:
    """Read a roster: CSV with a column of names, or of first and of last names; all other columns are optional.

    The encoding is found as ``roster_encoding.decode`` does; a guessed one is noted, and so are columns that are not
    used. The delimiter is the one that a ``sep=`` line names, or that yields the most known headers in the line of
    headers, which is the first one below titles.
    Headers are compared without case, spaces and punctuation.

    Raises
    ------
    InvalidMaterialError
        If the file or a line is invalid. The message gives the line and the reason, but none of its content.
    """
    decoded = _decode(data)
    rows = _rows(decoded.text)
    line, headers = next(rows, (1, []))
    reading = _Reading(headers, line)
    entries = tuple(reading.entries(rows))
    notes = [_GUESSED.format(decoded.guessed)] if decoded.guessed else []
    if line > (1 if _SEPARATOR.match(decoded.text) is None else 2):
        notes.append(f"line {line} names the columns, and what is above it was passed over")
    return RosterFile(entries, (*notes, *reading.notes(entries)))


def without_student(data: bytes, name: str) -> bytes:
    """Return a roster, in UTF-8, without the lines of all students of this name.

    Raises
    ------
    InvalidMaterialError
        If the file is invalid, as from ``read_roster``.
    """
    text = _decode(data).text
    rows = [cells for _, cells in _rows(text)]
    fields = fields_of(rows[0]) if rows else []
    out = io.StringIO()
    writer = csv.writer(out, delimiter=_delimiter(text))
    writer.writerows(rows[:1])
    writer.writerows(cells for cells in rows[1:] if _name(_with_whole_last_name(_row(fields, cells))) != name)
    return out.getvalue().encode()


def _decode(data: bytes) -> Decoded:
    if data.startswith(_WORKBOOK):
        raise _invalid(1, "it is a workbook, not CSV: upload it with the command line, or save it as CSV in UTF-8")
    try:
        decoded = decode(data)
    except EncodingError as error:
        raise _invalid(error.line, f"{error}: save it as CSV in UTF-8") from None
    text = decoded.text
    if "\0" in text:
        raise _invalid(text.count("\n", 0, text.index("\0")) + 1, "it has a NUL character: save it as CSV in UTF-8")
    return decoded


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    delimiter, told = _delimiter(text), _SEPARATOR.match(text)
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)

    def read() -> Iterator[tuple[int, list[str]]]:
        try:
            for cells in reader:
                if reader.line_num > 1 or told is None:
                    yield reader.line_num, cells
        except csv.Error as error:
            raise _invalid(reader.line_num, f"it is not CSV: {error}") from None

    rows = read()
    first = list(islice(rows, MOST_TITLES + 1))
    yield from first[headers_row([cells for _, cells in first]) :]
    yield from rows


def _lines(text: str) -> io.StringIO:
    return io.StringIO(text, newline=None)  # accepts the line ends of old Macs, too


def _delimiter(text: str) -> str:
    told, lines = _SEPARATOR.match(text), _lines(text)
    if told is not None and not told[1]:
        return told[2]
    first = list(islice(lines, 0 if told is None else 1, MOST_TITLES + 2))

    def known(delimiter: str) -> int:
        rows = [line.split(delimiter) for line in first]
        return sum(field != "" for field in fields_of(rows[headers_row(rows)])) if rows else 0

    return max(_DELIMITERS, key=known)


class _Reading:
    """Reading of the lines below the headers, with what is to be told of them."""

    def __init__(self, headers: list[str], line: int) -> None:
        self.fields = fields_of(headers)
        self._line = line
        _check_columns(self.fields, line)
        self._passed_over = passed_over(headers, self.fields)
        self._is_marked = marks_ids(headers)
        self._spelled: list[int] = []
        self._staff: list[int] = []
        self._footers: list[int] = []
        self._participants: list[int] = []
        self._count = 0
        self._seen: dict[tuple[str, str], int] = {}

    def entries(self, rows: Iterable[tuple[int, list[str]]]) -> Iterator[RosterEntry]:
        """Yield an entry for each student."""
        for line, cells in rows:
            if any(cell.strip() for cell in cells[len(self.fields) :]):
                raise _invalid(
                    line, f"it has more cells than line {self._line}: put a cell that holds the delimiter into quotes"
                )
            row = _with_whole_last_name(_row(self.fields, cells))
            name = _name(row)
            is_points_possible = name == _POINTS_POSSIBLE or (
                CANVAS_ID in self.fields
                and not any(row[field] for field in _UNIQUE if field in row)
                and any(cell.startswith(_INDENT) for cell in cells[:1])
            )
            is_test_student = CANVAS_ID in self.fields and (
                name in _TEST_STUDENTS or (not row.get("number") and _TEST_LOGIN.fullmatch(row.get("login", "")))
            )
            if is_points_possible or is_test_student or not any(row.values()):
                continue
            if fold(row.pop("role", "")) in STAFF:
                self._staff.append(line)
                continue
            if not name:
                raise _invalid(line, "there is no student's name")
            if is_of_totals(row | {"name": name}, self._count):
                self._footers.append(line)
                continue
            if is_headers(cells):
                raise _invalid(
                    line,
                    f"it has names of columns, as line {self._line} has: leave one line of them, and put it above the "
                    "students",
                )
            row = self._with_plain_ids(row, line)
            self._check_unique(row, line)
            self._count += 1
            yield RosterEntry(**row | {"name": name})

    def notes(self, entries: Sequence[RosterEntry]) -> Iterator[str]:
        """Yield what a person should know of the lines that were read."""
        if self._spelled:
            yield _SPELLED.format(count=len(self._spelled), line=self._spelled[0])
        if rounded := [entry for entry in entries if is_rounded(entry.number)]:
            yield f"{len(rounded)} of the numbers were {_ROUNDED_BY_EXCEL}"
        if self._staff:
            yield f"{len(self._staff)} of its lines are of people with another role, and passed over"
        for line in self._footers:
            yield f"line {line} is of totals and of no student, and passed over"
        if self._participants:
            lines = len(self._participants)
            yield f"Moodle's own numbers of participants are no ids of students, and not used: on {lines} of its lines"
        if self._passed_over:
            shown, more = self._passed_over[:_HEADERS_SHOWN], len(self._passed_over) - _HEADERS_SHOWN
            rest = f" and {more} more" if more > 0 else ""
            yield f"columns that are not used: {', '.join(map(repr, shown))}{rest}"

    def _with_plain_ids(self, row: dict[str, str], line: int) -> dict[str, str]:
        if any(is_error(row.get(field, "")) for field in _UNIQUE):
            raise _invalid(line, "it has a spreadsheet's error, such as #REF! or ####, in place of an id: enter that")
        if is_participant(row.get("number", "")):
            self._participants.append(line)
            row = row | {"number": ""}
        plain = row | {field: plain_id(row[field]) for field in _IDS if field in row}
        if plain != row:
            self._spelled.append(line)
        if not self._is_marked:
            return plain
        return plain | {field: plain[field].removeprefix("#") for field in ("number", "login") if field in plain}

    def _check_unique(self, row: dict[str, str], line: int) -> None:
        for field, shown_as in _UNIQUE.items():
            value = with_plain_digits(row.get(field, "").casefold())
            if not value or (earlier := self._seen.setdefault((field, value), line)) == line:
                continue
            if field == "number" and is_rounded(value):
                raise _invalid(line, f"its number and that of line {earlier} were {_ROUNDED_BY_EXCEL}")
            raise _invalid(line, f"it has the {shown_as} of line {earlier}: give each student one line")


def _row(fields: list[str], cells: list[str]) -> dict[str, str]:
    row = {field: cell.translate(_INVISIBLE).strip() for field, cell in zip(fields, cells, strict=False) if field}
    return row | {field: "" for field in _UNIQUE if row.get(field, "").casefold() in _NOTHING}


def _with_whole_last_name(row: dict[str, str]) -> dict[str, str]:
    """Return a row whose last name has the prefix that Dutch exports have in a column of its own, as ``van der``."""
    prefix = row.pop("name_prefix", "")
    return row | {"last_name": f"{prefix} {row['last_name']}"} if prefix and row.get("last_name") else row


def _name(row: dict[str, str]) -> str:
    return row.get("name") or f"{row.get('first_name', '')} {row.get('last_name', '')}".strip()


def _check_columns(fields: list[str], line: int) -> None:
    if not has_names(fields):
        raise _invalid(
            1, "there is no column 'Student Name', or 'First Name' and 'Last Name'; name the columns in line 1"
        )
    for place, field in enumerate(fields):
        if field and (first := fields.index(field)) < place:
            raise _invalid(
                line, f"columns {first + 1} and {place + 1} both are the student's {field.replace('_', ' ')}: leave one"
            )


def _invalid(line: int, problem: str) -> InvalidMaterialError:
    return InvalidMaterialError(f"roster.csv, line {line}: {problem}")
