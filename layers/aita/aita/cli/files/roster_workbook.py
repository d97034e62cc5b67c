"""Rosters that are Excel workbooks, as the CSV that is uploaded in their place."""

import csv
import datetime
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.utils.escape import unescape
from openpyxl.utils.exceptions import InvalidFileException

from aita.errors import InvalidMaterialError
from aita.services.assignments.roster_headers import MOST_TITLES, fields_of, headers_row

MOST_BYTES = 48 * 1024**2
MOST_ROWS = 20_000
MOST_COLUMNS = 256
"""Bounds of a workbook: its parts together once unpacked, and the rows and columns of a sheet."""

_MOST_PARTS = 2_000
_LAST_ROW = 1_048_576  # of a sheet of Excel
_MOST_DIGITS = 15  # of a number in Excel, which has zeros in place of further ones
_SHOWN = 5
_DTD = b"<!DOCTYPE"
_BOOK = "xl/workbook.xml"
_STRICT = b"http://purl.oclc.org/ooxml/"
_ZIP = b"PK\x03\x04"
_PROTECTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of a workbook with a password, and of one of before Excel 2007."""

_UNREADABLE = (
    AttributeError, EOFError, IndexError, InvalidFileException, KeyError, NotImplementedError, OSError, OverflowError,
    ParseError, RuntimeError, TypeError, ValueError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""Errors of openpyxl, zipfile and the XML parser for files that are damaged or no workbooks."""

_ERROR = re.compile(r"#(N/A|NAME\?|GETTING_DATA|[A-Z/0]+!)")
"""An error of Excel, as one that was pasted as text still reads."""

_ZERO_FORMAT = re.compile(r'"([^"]*)"|\\(.)|([0 /-])')
"""A part of a number format that writes zeros before a number: text, a character, or the place of a digit or a mark, as
in ``0000000``, ``000-00-000`` and ``"S"0000``."""

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})"')
"""Merged cells: the column and row of the first, and the row of the last."""

_REMEDY = "format the column as text, enter them again, and upload the roster"


@dataclass(frozen=True, slots=True)
class WorkbookRoster:
    """A roster in CSV, and what a person should check in the workbook that it was made of."""

    csv: bytes
    notes: tuple[str, ...] = ()


class _Cell(NamedTuple):
    """A cell: its place such as ``B3``, its value as Excel has it, its kind, and its number format."""

    place: str
    value: Any
    is_formula: bool
    is_error: bool
    has_rows_merged: bool
    number_format: str


def is_workbook(data: bytes) -> bool:
    """Return whether a file is a workbook, whatever its name, by its first bytes."""
    return data.startswith((_ZIP, _PROTECTED))


def roster_of_workbook(data: bytes) -> WorkbookRoster:
    """Return the roster on the first sheet of a workbook that has a column of names.

    A whole number is written as Excel shows it: with zeros before it if its format has them.

    Raises
    ------
    InvalidMaterialError
        If the workbook is protected, damaged or larger than a roster is, has no sheet of students, or has something
        else than a name, number or address in their columns, such as a date. The message names the cells.
    """
    _check_parts(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # charts, validations and the like, which openpyxl leaves out
            sheets = list(_sheets(data))
    except _UNREADABLE as error:
        raise _unreadable(type(error).__name__) from None
    below = {title: rows[headers_row([_texts(row) for row in rows[: MOST_TITLES + 1]]) :] for title, rows in sheets}
    found = [(title, rows) for title, rows in below.items() if rows and any(fields_of(_headers(rows)))]
    if not found:
        raise InvalidMaterialError("no sheet of the workbook has the names of columns, such as Name, in its first row")
    title, rows = found[0]
    fields = fields_of(_headers(rows))
    _check_cells(rows, fields)
    notes = [*_notes(rows, fields)]
    if len(rows) < max(len(each) for other, each in sheets if other == title):
        notes.append(f"the names of columns are at {rows[0][0].place}, and what is above them was passed over")
    if others := [other for other, _ in sheets if other != title]:
        notes.append(f"the sheet {title!r} was read, and {', '.join(map(repr, others[:_SHOWN]))} passed over")
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        cells = [" ".join(_shown(cell).splitlines()) for cell in row[: len(fields)]]
        writer.writerow(cells + [""] * (len(fields) - len(cells)))
    return WorkbookRoster(
        out.getvalue().encode(errors="replace"), tuple(notes)
    )  # halves of characters, written _xD800_


def _check_parts(data: bytes) -> None:
    if data.startswith(_PROTECTED):
        raise InvalidMaterialError(
            "the workbook has a password, or is of before Excel 2007: save it as .xlsx without one, or as CSV in UTF-8"
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            is_large = len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES
            # zipfile gives no more of a part than the size that was looked at; NULs are those of UTF-16.
            has_entities = not is_large and any(_DTD in archive.read(part).replace(b"\0", b"") for part in parts)
            is_strict = not is_large and any(_STRICT in archive.read(part) for part in parts if part.filename == _BOOK)
    except _UNREADABLE as error:
        raise _unreadable(type(error).__name__) from None
    if is_large:
        raise InvalidMaterialError(
            f"the workbook has more than {MOST_BYTES // 1024**2} MB, as no roster has: copy the students' columns into "
            "a new one"
        )
    if has_entities:
        raise _unreadable("it has a document type, as Excel's have not")
    if is_strict:  # openpyxl finds no sheets in it
        raise _unreadable("it is of the kind Strict Open XML, not Excel Workbook")


def _unreadable(reason: str) -> InvalidMaterialError:
    return InvalidMaterialError(f"the workbook can't be read ({reason}): save it again in Excel, or as CSV in UTF-8")


def _sheets(data: bytes) -> Iterator[tuple[str, list[list[_Cell]]]]:
    """Yield the title and the rows of each visible sheet, without the empty rows before the first that is not."""
    shown = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    typed = load_workbook(io.BytesIO(data), read_only=True)
    for sheet, formulas in zip(shown.worksheets, typed.worksheets, strict=True):
        if sheet.sheet_state != "visible":
            continue
        for each in (sheet, formulas):
            each.reset_dimensions()  # the file may claim any size
        merged = _merged(sheet)
        rows: list[list[_Cell]] = []
        for number, (row, other) in enumerate(zip(sheet.iter_rows(), formulas.iter_rows(), strict=True), 1):
            if number > _LAST_ROW:  # openpyxl makes each row that the file leaves out before one of any number
                raise _unreadable(f"the sheet {sheet.title!r} has rows beyond Excel's last")
            cells = [
                _Cell(
                    f"{get_column_letter(column)}{number}",
                    unescape(cell.value) if isinstance(cell.value, str) else cell.value,
                    typed_cell.data_type == "f",
                    cell.data_type == "e",
                    f"{get_column_letter(column)}{number}" in merged,
                    _format(cell),
                )
                for column, (cell, typed_cell) in enumerate(
                    zip(row[:MOST_COLUMNS], other[:MOST_COLUMNS], strict=True), 1
                )
            ]
            is_empty = all(cell.value is None and not cell.is_formula for cell in cells)
            if number <= MOST_ROWS and (rows or not is_empty):
                rows.append(cells)
            elif not is_empty:
                raise InvalidMaterialError(
                    f"the sheet {sheet.title!r} has more than {MOST_ROWS:,} rows: copy the students' into a new one"
                )
        while rows and all(cell.value is None and not cell.is_formula for cell in rows[-1]):
            rows.pop()
        yield sheet.title, rows


def _merged(sheet: Any) -> frozenset[str]:
    """Return the places of cells that have cells of further rows merged, which openpyxl passes over as it reads."""
    with sheet._get_source() as part:  # the public reader would hold all cells in memory
        found = _MERGED.finditer(part.read())
    return frozenset(f"{each[1].decode()}{int(each[2])}" for each in found if int(each[3]) > int(each[2]))


def _format(cell: Any) -> str:
    return str(getattr(cell, "number_format", None) or "General")  # an empty cell has none


def _headers(rows: Sequence[Sequence[_Cell]]) -> list[str]:
    headers = _texts(rows[0])
    while headers and not headers[-1].strip():
        headers.pop()
    return headers


def _texts(row: Sequence[_Cell]) -> list[str]:
    return ["" if cell.value is None else str(cell.value) for cell in row]


def _used(rows: Sequence[Sequence[_Cell]], fields: Sequence[str]) -> Iterator[_Cell]:
    """Yield the cells below the headers in the columns that a roster is read from."""
    for row in rows[1:]:
        yield from (cell for cell, field in zip(row, fields, strict=False) if field)


def _check_cells(rows: Sequence[Sequence[_Cell]], fields: Sequence[str]) -> None:
    problems: dict[str, list[str]] = {}
    for cell in _used(rows, fields):
        if problem := _problem(cell):
            problems.setdefault(problem, []).append(cell.place)
    if problems:
        told = "; ".join(f"{_places(places)}: {problem}" for problem, places in problems.items())
        raise InvalidMaterialError(f"the workbook has {told}")


def _problem(cell: _Cell) -> str:
    """Return what is in a cell in place of a name, number or address; empty if nothing is wrong."""
    match cell.value:
        case None if cell.is_formula:
            return "a formula that was never computed: open the workbook in Excel and save it, or enter the values"
        case str() | int() | float() if cell.has_rows_merged:
            return "a value for several rows, in merged cells: unmerge them, and enter it in each row"
        case bool():
            return f"TRUE or FALSE: {_REMEDY}"
        case datetime.datetime() | datetime.date() | datetime.time() | datetime.timedelta():
            return f"a date or time, which Excel makes of numbers such as 3-12: {_REMEDY}"
        case int() | float() as number if abs(number) >= 10**_MOST_DIGITS:
            return f"a number of more than {_MOST_DIGITS} digits, which Excel rounds: {_REMEDY}"
        case float() as number if not number.is_integer():
            return f"a number with decimals: {_REMEDY}"
        case str() as text if cell.is_error or _ERROR.fullmatch(text):
            return f"the error {text}: enter the value"
    return ""


def _notes(rows: Sequence[Sequence[_Cell]], fields: Sequence[str]) -> Iterator[str]:
    used = list(_used(rows, fields))
    if places := [cell.place for cell in used if cell.is_formula]:
        yield f"formulas were read as Excel last computed them: {_places(places)}"
    if places := [cell.place for cell in used if "E+" in cell.number_format and isinstance(cell.value, int | float)]:
        yield (
            f"numbers that Excel shows as 1.2E+11 were read with all their digits, which are right unless the file was "
            f"once saved as CSV: check {_places(places)}"
        )


def _places(places: Sequence[str]) -> str:
    more = len(places) - _SHOWN
    return ", ".join(places[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _shown(cell: _Cell) -> str:
    """Return a cell's text, with a whole number as its format shows it."""
    match cell.value:
        case None:
            return ""
        case bool() as truth:
            return str(truth).upper()
        case int() | float() as number if float(number).is_integer():
            return _padded(int(number), cell.number_format)
    return str(cell.value)


def _padded(number: int, number_format: str) -> str:
    """Return a number as a format of zeros shows it, and all its digits by any other format."""
    first = number_format.split(";", maxsplit=1)[0]
    parts = list(_ZERO_FORMAT.finditer(first))
    places = sum(part[3] == "0" for part in parts)
    if number < 0 or not places or "".join(part[0] for part in parts) != first:
        return str(number)
    left = list(str(number).rjust(places, "0"))
    written: list[str] = []
    for part in reversed(parts):
        if part[3] == "0":
            written.append(left.pop())
            places -= 1
            if not places:  # Excel writes further digits where the first one stands
                written += reversed(left)
        else:
            written.append(part[1] or part[2] or part[3] or "")
    return "".join(reversed(written))
