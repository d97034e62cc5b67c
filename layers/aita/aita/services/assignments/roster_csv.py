"""Reader of ``roster.csv``, whether typed, saved by a spreadsheet or exported by an LMS."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aita.errors import InvalidMaterialError
from aita.models.student import RosterEntry

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""Byte order marks of UTF-16 (The Unicode Standard, chapter 23)."""

_GUESS = "Windows-1252"
_GUESSED = f"it is not UTF-8, and was read as {_GUESS}: check the names with accents"

_DELIMITERS = (",", ";", "\t")

_HEADERS = {
    "name": ("Student Name", "Name", "Student", "Full Name"),
    "first_name": ("First Name", "Given Name", "Vorname"),
    "last_name": ("Last Name", "Surname", "Family Name", "Nachname"),
    "number": ("Student ID", "SID", "SIS User ID", "ID Number", "Student Number", "Matrikelnummer"),
    "email": ("Email", "Email Address"),
    "login": ("SIS Login ID", "Login ID", "Login", "Username"),
    "section": ("Section", "Sections"),
}
"""Headers of each field's column, among them those in files of Canvas, Moodle and Gradescope."""

_KNOWN = {header.replace(" ", "").casefold(): field for field, headers in _HEADERS.items() for header in headers}

_UNIQUE = {"number": "number", "email": "email address", "login": "login", "canvas_id": "Canvas id"}
"""Fields that differ between all students, with their names for messages."""

_IDS = ("number", "login", "canvas_id")
_TEXT_FORMULA = re.compile(r'="([^"]*)"')
_DECIMALS = re.compile(r"(\d+)\.0+")
_ROUNDED = re.compile(r"\d(\.\d+)?[eE]\+\d+")
_SPELLED = (
    'ids were read without what a spreadsheet adds, as in 12345.0 or ="0012345": on {count} of its lines, first on '
    "line {line}"
)
_ROUNDED_BY_EXCEL = (
    "rounded by a spreadsheet, such as 1.2E+11: format their column as text, enter them again, and upload the roster"
)

_POINTS_POSSIBLE = "Points Possible"
"""Cell in the column of names in the second line of Canvas's gradebooks, which is no student."""


@dataclass(frozen=True, slots=True)
class RosterFile:
    """Entries of a roster; ``notes`` are points for a person to check."""

    entries: tuple[RosterEntry, ...]
    notes: tuple[str, ...] = ()


def read_roster(data: bytes) -> RosterFile:
    """Read a roster: CSV with a column of names, or of first and of last names; all other columns are optional.

    A byte order mark gives the encoding. Without one, the file is read as UTF-8 if it is valid UTF-8, else as
    Windows-1252 (which covers the letters of Latin-1), with a note. The delimiter is the comma, semicolon or tab that
    yields the most known headers in line 1. Headers are compared without case, spaces and punctuation. ``ID`` is
    Canvas's own number beside a ``SIS`` column, else the student's number.

    Raises
    ------
    InvalidMaterialError
        If the file or a line is invalid. The message gives the line and the reason, but none of its content.
    """
    text, notes = _decode(data)
    spelled: list[int] = []
    entries = tuple(_entries(_rows(text), spelled))
    if spelled:
        notes = (*notes, _SPELLED.format(count=len(spelled), line=spelled[0]))
    if rounded := [entry for entry in entries if _ROUNDED.fullmatch(entry.number)]:
        notes = (*notes, f"{len(rounded)} of the numbers were {_ROUNDED_BY_EXCEL}")
    return RosterFile(entries, notes)


def without_student(data: bytes, name: str) -> bytes:
    """Return a roster, in UTF-8, without the lines of all students of this name.

    Raises
    ------
    InvalidMaterialError
        If the file is invalid, as from ``read_roster``.
    """
    text, _ = _decode(data)
    rows = [cells for _, cells in _rows(text)]
    fields = _fields(rows[0]) if rows else []
    out = io.StringIO()
    writer = csv.writer(out, delimiter=_delimiter(text))
    writer.writerows(rows[:1])
    writer.writerows(cells for cells in rows[1:] if _name(_row(fields, cells)) != name)
    return out.getvalue().encode()


def _decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    line = 1
    encodings = ("UTF-16",) if data.startswith(_UTF_16) else ("UTF-8", _GUESS)
    for encoding in encodings:
        try:
            text = data.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            continue
        if "\0" in text:
            raise _invalid(text.count("\n", 0, text.index("\0")) + 1, "it has a NUL character: save it as CSV in UTF-8")
        return text, (_GUESSED,) if encoding == _GUESS else ()
    raise _invalid(line, f"it is not {' or '.join(encodings)}: save it as CSV in UTF-8")


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(_lines(text), delimiter=_delimiter(text), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise _invalid(reader.line_num, f"it is not CSV: {error}") from None


def _lines(text: str) -> io.StringIO:
    return io.StringIO(text, newline=None)  # accepts the line ends of old Macs, too


def _delimiter(text: str) -> str:
    first = _lines(text).readline()
    return max(_DELIMITERS, key=lambda delimiter: sum(field != "" for field in _fields(first.split(delimiter))))


def _fields(headers: Iterable[str]) -> list[str]:
    """Return the field of each column; empty for a column that is not used."""
    folded = [_fold(header) for header in headers]
    field_of_id = "canvas_id" if any(header.startswith("sis") for header in folded) else "number"
    return [field_of_id if header == "id" else _KNOWN.get(header, "") for header in folded]


def _fold(header: str) -> str:
    return re.sub(r"[\W_]", "", header).casefold()


def _entries(rows: Iterator[tuple[int, list[str]]], spelled: list[int]) -> Iterator[RosterEntry]:
    """Yield the entries, and add the lines whose ids were as spreadsheets write them to ``spelled``."""
    _, headers = next(rows, (1, []))
    fields = _fields(headers)
    _check_columns(fields)
    seen: dict[tuple[str, str], int] = {}
    for line, cells in rows:
        if any(cell.strip() for cell in cells[len(fields) :]):
            raise _invalid(line, "it has more cells than line 1: put a cell that holds the delimiter into quotes")
        row = _row(fields, cells)
        name = _name(row)
        if name == _POINTS_POSSIBLE or not any(row.values()):
            continue
        if not name:
            raise _invalid(line, "there is no student's name")
        plain = row | {field: _plain_id(row[field]) for field in _IDS if field in row}
        if plain != row:
            spelled.append(line)
            row = plain
        for field, shown_as in _UNIQUE.items():
            value = row.get(field, "").casefold()
            if value and (earlier := seen.setdefault((field, value), line)) != line:
                raise _invalid(line, f"it has the {shown_as} of line {earlier}: give each student one line")
        yield RosterEntry(**row | {"name": name})


def _row(fields: list[str], cells: list[str]) -> dict[str, str]:
    return {field: cell.strip() for field, cell in zip(fields, cells, strict=False) if field}


def _plain_id(value: str) -> str:
    """Return an id without what spreadsheets add: ``12345`` of ``12345.0``, and ``0012345`` of ``="0012345"``."""
    spelled = _TEXT_FORMULA.fullmatch(value) or _DECIMALS.fullmatch(value)
    return spelled[1].strip() if spelled else value


def _name(row: dict[str, str]) -> str:
    return row.get("name") or f"{row.get('first_name', '')} {row.get('last_name', '')}".strip()


def _check_columns(fields: list[str]) -> None:
    if "name" not in fields and not {"first_name", "last_name"} <= set(fields):
        raise _invalid(
            1, "there is no column 'Student Name', or 'First Name' and 'Last Name'; name the columns in line 1"
        )
    for place, field in enumerate(fields):
        if field and (first := fields.index(field)) < place:
            raise _invalid(
                1, f"columns {first + 1} and {place + 1} both are the student's {field.replace('_', ' ')}: leave one"
            )


def _invalid(line: int, problem: str) -> InvalidMaterialError:
    return InvalidMaterialError(f"roster.csv, line {line}: {problem}")
