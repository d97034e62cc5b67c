"""CSV cells: any text survives, no spreadsheet makes a formula of one, and numbers stay numbers."""

import csv
import io
import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aita.services.exports.csv_safety import CellValue, csv_bytes, safe

SIGNS = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"

SPECIAL = st.text(st.sampled_from("=+-@\uff1d\uff20\t\r\n;,'\"\\ 1a\x00\x07\x85\u2028&<"), max_size=12)
TEXT = SPECIAL | st.text(st.characters(codec="utf-8"), max_size=12)
NUMBER = st.decimals(-1000, 1000, places=2)


def read(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def is_formula(cell: str) -> bool:
    """Tell whether a spreadsheet would take a cell for a formula, as OWASP describes it."""
    if re.fullmatch(r"-?\d+(\.\d+)?", cell, re.ASCII):
        return False
    return re.match(r"[\x00-\x1f\x7f-\x9f]|[\s\x00-\x1f\x7f-\x9f]*" + SIGNS, cell) is not None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1+1", "'-1+1"),
        ("-", "'-"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\rx", "'\rx"),
        ("\x00x", "'\x00x"),
        ("  =1", "  '=1"),
        ("\uff1d1", "'\uff1d1"),
        ('"=1', "\"'=1"),
        ("a;=1", "a;'=1"),
        ('a; "-1', "a; \"'-1"),
        ("a\n@x", "a\n'@x"),
        ("-1", "-1"),
        ("-12.50", "-12.50"),
        ("0012", "0012"),
        ("a=b", "a=b"),
        ("3,-1", "3,-1"),
        ("o'neill", "o'neill"),
        ("'t Hooft", "'t Hooft"),
        ("", ""),
    ],
)
def test_what_text_becomes(text: str, written: str) -> None:
    assert safe(text) == written


@example(rows=[["=1", Decimal("-1.50"), "-1"]])
@example(rows=[["\u2028\x07="]])
@given(rows=st.lists(st.lists(TEXT | NUMBER, min_size=1, max_size=4), max_size=4))
def test_a_file_holds_what_was_written(rows: list[list[CellValue]]) -> None:
    found = read(csv_bytes(rows))
    assert len(found) == len(rows)
    for cells, row in zip(found, rows, strict=True):
        for cell, given_value in zip(cells, row, strict=True):
            if isinstance(given_value, Decimal):
                assert cell == str(given_value)
            else:
                assert cell.replace("'", "") == given_value.replace("'", "")
                assert (
                    cell == given_value
                    or is_formula(given_value)
                    or re.search("[;\t\r\n]", given_value)
                    or '"' in given_value
                )


@given(rows=st.lists(st.lists(TEXT | NUMBER, min_size=1, max_size=4), max_size=4))
def test_no_cell_is_a_formula(rows: list[list[CellValue]]) -> None:
    for cells in read(csv_bytes(rows)):
        for cell in cells:
            assert not is_formula(cell) or cell in {
                str(value) for row in rows for value in row if isinstance(value, Decimal)
            }


@example(rows=[['a;"=1;']], delimiter=";")
@example(rows=[["a\n=1"]], delimiter=";")
@example(rows=[["a;\x00=1"]], delimiter=";")
@given(rows=st.lists(st.lists(SPECIAL, max_size=3), max_size=3), delimiter=st.sampled_from(";\t"))
def test_no_text_becomes_a_cell_that_is_a_formula_where_the_delimiter_is_another(
    rows: list[list[CellValue]], delimiter: str
) -> None:
    for cells in read(csv_bytes(["name", *row] for row in rows), delimiter):
        for cell in cells:
            assert not re.match(rf'[\s\x00-\x1f\x7f-\x9f"]*{SIGNS}', cell)


def test_text_is_in_quotes_and_numbers_are_not() -> None:
    assert csv_bytes([['a"b', "1", Decimal("2.50")]]) == b'"a""b","1",2.50\r\n'


def test_a_mark_if_it_is_wanted() -> None:
    assert csv_bytes([["é"]], mark=True) == b"\xef\xbb\xbf" + csv_bytes([["é"]])
