"""Rosters in workbooks of Excel: what is read, and what is named as what it is."""

import datetime
import io
import json
import random
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from aita.cli.files.roster_workbook import roster_of_workbook
from aita.errors import InvalidMaterialError
from aita.services.assignments.roster_csv import read_roster
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack

HEADERS = ("Name", "Student ID", "E-Mail")


def workbook(*rows: Sequence[Any], change: Callable[[Workbook], None] = lambda _: None) -> bytes:
    """Return a workbook whose sheet has the headers and these rows."""
    made = Workbook()
    for row in (HEADERS, *rows):
        made.active.append(row)
    change(made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def formats(**number_formats: str) -> Callable[[Workbook], None]:
    def change(made: Workbook) -> None:
        for place, number_format in number_formats.items():
            made.active[place].number_format = number_format

    return change


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a workbook with a part changed, as openpyxl writes none."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(out, "w") as after:
        for each in before.namelist():
            after.writestr(each, change(before.read(each)) if each == name else before.read(each))
    return out.getvalue()


def computed(data: bytes, place: str, value: str) -> bytes:
    """Return a workbook with the value that Excel computed for a formula, which openpyxl does not write."""

    def change(part: bytes) -> bytes:
        begin = part.index(b"<v", part.index(f'r="{place}"'.encode()))
        end = part.index(b">", begin)
        return part[:begin] + f"<v>{value}</v>".encode() + part[end + 1 :].removeprefix(b"</v>")

    return with_part(data, "xl/worksheets/sheet1.xml", change)


def entries(data: bytes) -> list[tuple[str, str, str]]:
    read = read_roster(roster_of_workbook(data).csv)
    return [(entry.name, entry.number, entry.email) for entry in read.entries]


def test_names_of_all_scripts_and_plain_numbers() -> None:
    rows = [("王小明", 12345, "w@x.edu"), ("O'Brien, Seán", "A-7", None), ("Żółć, Łukasz", 7.0, "")]
    assert entries(workbook(*rows)) == [
        ("王小明", "12345", "w@x.edu"),
        ("O'Brien, Seán", "A-7", ""),
        ("Żółć, Łukasz", "7", ""),
    ]


@pytest.mark.parametrize(
    ("value", "number_format", "number"),
    [
        (12345, "0000000", "0012345"),
        (12345, "General", "12345"),
        (12345, "0", "12345"),
        (12345, "#,##0", "12345"),
        (12345, "0.00", "12345"),
        (12345678, "000-00-000", "123-45-678"),
        (45678, "00\\-000\\-000", "00-045-678"),
        (123456789, "0000000", "123456789"),
        ("0012345", "@", "0012345"),
        (123456789012, "0.00E+00", "123456789012"),
        (7, '0000;"none"', "0007"),
        (7, '"S"0000', "S0007"),
        (123456, '"S-"0000', "S-123456"),
        (12345, "0000\\-00", "0123-45"),
        (12345, "_(* #,##0_)", "12345"),
        (12345, "[Red]0", "12345"),
    ],
)
def test_a_number_has_the_zeros_that_excel_shows(value: Any, number_format: str, number: str) -> None:
    assert entries(workbook(("Ann Lee", value), change=formats(B2=number_format))) == [("Ann Lee", number, "")]


def test_a_number_in_scientific_notation_is_read_whole_and_named() -> None:
    read = roster_of_workbook(workbook(("Ann Lee", 123456789012), change=formats(B2="0.00E+00")))
    assert [note.rpartition(": ")[2] for note in read.notes] == ["check B2"]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (datetime.date(2025, 12, 3), "B3: a date or time"),
        (datetime.time(3, 12), "B3: a date or time"),
        (12345.5, "B3: a number with decimals"),
        (1234567890123456, "B3: a number of more than 15 digits, which Excel rounds"),
        (True, "B3: TRUE or FALSE"),
        ("#N/A", "B3: the error #N/A"),
        ("#SPILL!", "B3: the error #SPILL!"),
        ("#GETTING_DATA", "B3: the error #GETTING_DATA"),
        ("=A2", "B3: a formula that was never computed"),
    ],
)
def test_what_is_no_number_is_named_with_its_cell(value: Any, told: str) -> None:
    with pytest.raises(InvalidMaterialError) as error:
        roster_of_workbook(workbook(("Ann Lee", 1), ("Bob Fox", value)))
    assert told in str(error.value)
    assert "Bob" not in str(error.value)


def test_many_cells_are_counted() -> None:
    rows = [(f"Student {number}", datetime.date(2025, 1, 1)) for number in range(9)]
    with pytest.raises(InvalidMaterialError, match=r"B2, B3, B4, B5, B6 and 4 more: a date"):
        roster_of_workbook(workbook(*rows))


def test_a_formula_counts_as_excel_computed_it() -> None:
    data = computed(workbook(("Ann Lee", 1), ("Bob Fox", "=B2+1")), "B3", "2")
    assert entries(data) == [("Ann Lee", "1", ""), ("Bob Fox", "2", "")]
    assert roster_of_workbook(data).notes == ("formulas were read as Excel last computed them: B3",)


def test_what_stands_in_columns_that_are_not_used_does_not_matter() -> None:
    def change(made: Workbook) -> None:
        made.active["D1"], made.active["D2"] = "Born", datetime.date(2001, 2, 3)
        made.active["E1"], made.active["E2"] = "Points", "=1/0"

    assert entries(workbook(("Ann Lee", 1), change=change)) == [("Ann Lee", "1", "")]


def test_empty_rows_line_breaks_and_other_sheets_are_passed_over() -> None:
    def change(made: Workbook) -> None:
        made.active.insert_rows(1, 2)
        made.create_sheet("Notes", 0).append(["to do"])
        made.create_sheet("Old").append(["Name"])
        made.create_sheet("Hidden", 0).append(["Name"])
        made["Hidden"].sheet_state = "hidden"

    data = workbook(("Ann\nLee", 1), (), ("Bob Fox", 2), change=change)
    assert entries(data) == [("Ann Lee", "1", ""), ("Bob Fox", "2", "")]
    assert roster_of_workbook(data).notes == ("the sheet 'Sheet' was read, and 'Notes', 'Old' passed over",)


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (zipped(a=b"\0" * 49 * 1024**2), "more than 48 MB"),
        (zipped(**{str(number): b"" for number in range(2001)}), "more than 48 MB"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, "has a password, or is of before Excel 2007"),
        (zipped(word=b"no workbook"), "can't be read"),
        (b"PK\x03\x04 and no more", "can't be read"),
        (workbook()[:-30], "can't be read"),
    ],
    ids=["a bomb", "parts", "a password", "another document", "a begin", "cut off"],
)
def test_what_is_no_roster_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(InvalidMaterialError, match=told):
        roster_of_workbook(data)


def test_entities_that_grow_are_refused() -> None:
    entities = b'<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">'
    entities += b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)) + b"]>"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(("Ann Lee", 1)))) as before, zipfile.ZipFile(out, "w") as after:
        for name in before.namelist():
            part = before.read(name)
            if name == "xl/worksheets/sheet1.xml":
                part = entities + part[part.index(b"<worksheet") :].replace(b"Ann Lee", b"&a11;")
            after.writestr(name, part)
    with pytest.raises(InvalidMaterialError, match="has a document type"):
        roster_of_workbook(out.getvalue())


def test_a_sheet_without_names_is_told() -> None:
    made = Workbook()
    made.active.append(["a", "b"])
    out = io.BytesIO()
    made.save(out)
    with pytest.raises(InvalidMaterialError, match="no sheet of the workbook has the names of columns"):
        roster_of_workbook(out.getvalue())


def test_more_rows_than_a_class_has_are_refused() -> None:
    def change(made: Workbook) -> None:
        made.active["A20001"] = "far away"

    with pytest.raises(InvalidMaterialError, match="more than 20,000 rows"):
        roster_of_workbook(workbook(("Ann Lee", 1), change=change))


def test_a_row_of_any_number_is_not_counted_up_to() -> None:
    data = with_part(
        workbook(("Ann Lee", 1), ("Bob Fox", 2)),
        "xl/worksheets/sheet1.xml",
        lambda part: part.replace(b'<row r="3"', b'<row r="999999999999"'),
    )
    with pytest.raises(InvalidMaterialError, match="'Sheet' has rows beyond Excel's last"):
        roster_of_workbook(data)


def test_a_value_for_several_rows_is_not_lost_for_all_but_the_first() -> None:
    def change(made: Workbook) -> None:
        made.active["D1"], made.active["D2"] = "Section", "Group A"
        made.active["E1"], made.active["E2"] = "Room", "12"
        made.active.merge_cells("D2:D3")
        made.active.merge_cells("E2:E3")  # of a column that is not used
        made.active.merge_cells("A4:C5")  # of nothing

    with pytest.raises(InvalidMaterialError, match="the workbook has D2: a value for several rows, in merged cells"):
        roster_of_workbook(workbook(("Ann Lee", 1), ("Bob Fox", 2), change=change))

    def without_section(made: Workbook) -> None:
        change(made)
        made.active["D1"] = "Colour"

    assert len(entries(workbook(("Ann Lee", 1), ("Bob Fox", 2), change=without_section))) == 2


def test_a_workbook_of_the_strict_kind_is_named_so() -> None:
    transitional, strict = b"http://schemas.openxmlformats.org/", b"http://purl.oclc.org/ooxml/"
    data = with_part(workbook(("Ann Lee", 1)), "xl/workbook.xml", lambda part: part.replace(transitional, strict))
    with pytest.raises(InvalidMaterialError, match="Strict Open XML, not Excel Workbook"):
        roster_of_workbook(data)


def test_an_error_of_any_name_and_escaped_characters_are_read_as_excel_has_them() -> None:
    sheet = "xl/worksheets/sheet1.xml"
    failed = with_part(
        workbook(("Ann Lee", 7)), sheet, lambda part: part.replace(b't="n"><v>7</v>', b't="e"><v>#PYTHON</v>')
    )
    with pytest.raises(InvalidMaterialError, match="B2: the error #PYTHON"):
        roster_of_workbook(failed)
    assert entries(workbook(("Ann_x000D_\nLee", 1), ("Bob_x0020_Fox", 2))) == [
        ("Ann Lee", "1", ""),
        ("Bob Fox", "2", ""),
    ]


@pytest.mark.slow
def test_damaged_parts_are_refused_or_read() -> None:
    whole = workbook(*((f"Student {number}", number) for number in range(5)))
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for seed in range(300):
        chance = random.Random(seed)
        name = chance.choice([*parts])
        data = bytearray(parts[name])
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(data))
            data[place : place + chance.choice((0, 1, 9))] = chance.choice((b"", b"<", b"9", b'"', b"\xff", b"a"))
        try:
            roster_of_workbook(zipped(**parts | {name: bytes(data)}))
        except InvalidMaterialError:
            continue


class TestUpload:
    @pytest.fixture
    def stack(self, stack: FakeStack) -> FakeStack:
        stack.answer("GET", "/assignments/midterm/files", {"files": []})
        return stack

    @pytest.mark.parametrize("name", ["roster.xlsx", "Roster.XLSX", "roster.csv"])
    def test_the_csv_of_a_workbook_is_uploaded(self, stack: FakeStack, aita: Aita, name: str) -> None:
        data = workbook(("Ann Lee", 12345), ("王小明", 7), change=formats(B2="0000000", B3="0.00E+00"))
        Path(name).write_bytes(data)
        code, out, error = aita("upload", name, "-a", "midterm", "--json")
        assert code == 0, error
        document = json.loads(out)
        assert [(file["name"], file["path"]) for file in document["files"]] == [("roster.csv", name)]
        (sent,) = stack.uploads.values()
        assert [(entry.name, entry.number) for entry in read_roster(sent).entries] == [
            ("Ann Lee", "0012345"),
            ("王小明", "7"),
        ]
        assert [note for note in document["notes"] if note.startswith(f"{name}: numbers that Excel shows")]

    def test_what_is_wrong_is_told_with_the_workbooks_name(self, stack: FakeStack, aita: Aita) -> None:
        Path("roster.xlsx").write_bytes(workbook(("Ann Lee", datetime.date(2025, 1, 2))))
        code, _, error = aita("upload", "roster.xlsx", "-a", "midterm")
        assert code != 0
        assert "nothing was uploaded: roster.xlsx: the workbook has B2: a date" in error
        Path("roster.xlsx").write_bytes(workbook(("Ann Lee", 7), ("Bob Fox", 7)))
        code, _, error = aita("upload", "roster.xlsx", "-a", "midterm")
        assert code != 0
        assert "nothing was uploaded: roster.xlsx: line 3: it has the number of line 2" in error

    def test_two_rosters_are_refused(self, stack: FakeStack, aita: Aita) -> None:
        Path("exam").mkdir()
        Path("exam/roster.xlsx").write_bytes(workbook(("Ann Lee", 7)))
        Path("exam/roster.csv").write_bytes(b"Name\nAnn Lee\n")
        code, _, error = aita("upload", "exam", "-a", "midterm")
        assert code != 0
        assert "it would be roster.csv" in error


def test_titles_above_the_names_of_columns_are_passed_over() -> None:
    def with_titles(made: Workbook) -> None:
        made.active.insert_rows(1, 3)
        made.active["A1"], made.active["A2"], made.active["B2"] = "Physics 101", "Date", datetime.date(2025, 1, 1)

    made = roster_of_workbook(workbook(["Ann", 17, "a@x.test"], change=with_titles))
    assert [(each.name, each.number) for each in read_roster(made.csv).entries] == [("Ann", "17")]
    assert made.notes == ("the names of columns are at A4, and what is above them was passed over",)
