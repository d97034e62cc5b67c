"""Rosters as people have them: every encoding, delimiter and LMS's headers, or refused with line and reason."""

import contextlib
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import InvalidMaterialError
from aita.models.student import RosterEntry
from aita.services.assignments.roster_csv import RosterFile, read_roster, without_student
from aita.services.assignments.roster_totals import is_of_totals


def read(text: str) -> tuple[RosterEntry, ...]:
    return read_roster(text.encode()).entries


def problem(data: str | bytes) -> str:
    with pytest.raises(InvalidMaterialError) as caught:
        read_roster(data.encode() if isinstance(data, str) else data)
    return str(caught.value)


ANN = RosterEntry(name="Ann Lee", number="17", email="ann@x.test")


class TestColumns:
    def test_names_numbers_and_emails(self) -> None:
        assert read("Student Name, Student ID ,Email,More\nAnn Lee,17,ann@x.test,B\n\nBo,,\n") == (
            ANN,
            RosterEntry(name="Bo"),
        )

    @pytest.mark.parametrize("header", ["Student Name", "NAME", "student", "Full_Name", '"Name"', "Student-Name"])
    def test_columns_of_names(self, header: str) -> None:
        assert [entry.name for entry in read(f"{header}\nAnn Lee\n")] == ["Ann Lee"]

    @pytest.mark.parametrize(
        "header", ["SID", "student id", "ID", "ID number", "Matrikelnummer", "Student-ID", "SIS User ID", "StudentID"]
    )
    def test_columns_of_numbers(self, header: str) -> None:
        assert read(f"Name,{header}\nAnn,17\n")[0].number == "17"

    @pytest.mark.parametrize("header", ["email", "E-mail", "Email address", "E-Mail Address"])
    def test_columns_of_email_addresses(self, header: str) -> None:
        assert read(f"{header},Name\na@x.test,Ann\n")[0].email == "a@x.test"

    def test_first_and_last_names(self) -> None:
        assert read("Surname,First name\nde la Cruz,Juana\n,Cher\n") == (
            RosterEntry(name="Juana de la Cruz", first_name="Juana", last_name="de la Cruz"),
            RosterEntry(name="Cher", first_name="Cher"),
        )

    def test_a_gradebook_of_canvas(self) -> None:
        text = (
            "Student,ID,SIS User ID,SIS Login ID,Section,Midterm (12)\n"
            ",,,,,Manual Posting\n"
            '"    Points Possible",,,,,10\n'
            '"Lee, Ann",881,S17,alee,"A, B",\n'
        )
        assert read(text) == (
            RosterEntry(name="Lee, Ann", number="S17", login="alee", section="A, B", canvas_id="881"),
        )

    def test_participants_of_moodle(self) -> None:
        text = "First name,Last name,ID number,Institution,Email address\nAnn,Lee,17,,ann@x.test\n"
        assert read(text) == (ANN.model_copy(update={"first_name": "Ann", "last_name": "Lee"}),)

    def test_a_roster_of_gradescope(self) -> None:
        text = "First Name,Last Name,SID,Email,Role,Sections\nAnn,Lee,17,ann@x.test,Student,A\n"
        assert read(text)[0].section == "A"
        assert read(text)[0].number == "17"

    @pytest.mark.parametrize(
        "text", ["", "Ann Lee\nBo\n", "First Name\nAnn\n", "Email,ID\na@x.test,1\n", "sep=;\nEmail\n"]
    )
    def test_the_column_of_names_must_be_there(self, text: str) -> None:
        assert problem(text).startswith("roster.csv, line 1: there is no column 'Student Name'")

    def test_two_columns_for_one_thing_are_refused(self) -> None:
        said = problem("Name,SID,Email,Student ID\nAnn,1,a,2\n")
        assert said == "roster.csv, line 1: columns 2 and 4 both are the student's number: leave one"


class TestLines:
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_every_systems_line_ends(self, end: str) -> None:
        assert [entry.name for entry in read(end.join(["Student Name", "Ann", "Bo", ""]))] == ["Ann", "Bo"]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_every_delimiter(self, delimiter: str) -> None:
        lines = [["Student Name", "Student ID", "Email"], ["Lee, Ann; or\tAnnie", "17", "ann@x.test"]]
        written = io.StringIO()
        csv.writer(written, delimiter=delimiter).writerows(lines)
        assert read(written.getvalue()) == (RosterEntry(name="Lee, Ann; or\tAnnie", number="17", email="ann@x.test"),)

    def test_a_comma_in_a_name(self) -> None:
        assert read('Student Name\n"Lee, Ann"\n')[0].name == "Lee, Ann"

    def test_a_comma_that_would_cut_a_name_is_told(self) -> None:
        assert problem("Student Name\nBo\nLee, Ann\n").startswith("roster.csv, line 3: it has more cells than line 1")

    def test_empty_cells_at_the_end_are_no_matter(self) -> None:
        assert [entry.name for entry in read("Name,ID\nAnn,1,,,\nBo\n,,,,\n")] == ["Ann", "Bo"]

    def test_a_line_without_a_name_is_told(self) -> None:
        assert problem("Student Name,Email\nAnn,a\n,b\n") == "roster.csv, line 3: there is no student's name"

    @pytest.mark.parametrize(
        "text", ["Student Name\n" + '"' + "x" * 200_000 + '"\n', 'Name\n"Ann\nBo\n', 'Name\n"A"n\n']
    )
    def test_what_is_not_csv_is_told_with_its_line(self, text: str) -> None:
        assert "it is not CSV" in problem(text)
        assert problem(text).startswith("roster.csv, line ")

    @pytest.mark.parametrize(
        ("header", "what"),
        [("SID", "number"), ("Email", "email address"), ("Login", "login"), ("SIS User ID,ID", "Canvas id")],
    )
    def test_who_is_there_twice_is_told(self, header: str, what: str) -> None:
        lines = (
            f"Name,{header}\nAnn,,aB\n" + "Bo,,c\nCy,,Ab\n"
            if "," in header
            else f"Name,{header}\nAnn,aB\nBo,c\nCy,Ab\n"
        )
        assert problem(lines) == f"roster.csv, line 4: it has the {what} of line 2: give each student one line"

    def test_two_students_of_one_name_both_stay(self) -> None:
        assert len(read("Name,ID\nAnn,1\nAnn,2\nBo,\nBo,\n")) == 4


class TestEncoding:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_unicode_is_read_as_it_is(self, encoding: str) -> None:
        assert read_roster("Student Name\nJosé Łukasz 李\n".encode(encoding)) == RosterFile(
            (RosterEntry(name="José Łukasz 李"),)
        )

    def test_a_mark_before_a_quote_is_no_part_of_the_cell(self) -> None:
        assert read_roster('"What, else",Name\nx,Ann\n'.encode("utf-8-sig")).entries == (RosterEntry(name="Ann"),)

    def test_utf_16_of_both_orders(self) -> None:
        for encoding in ("utf-16-le", "utf-16-be"):
            assert read_roster("\ufeffStudent Name\nJosé\n".encode(encoding)).entries[0].name == "José"

    @pytest.mark.parametrize("encoding", ["latin-1", "windows-1252"])
    def test_what_is_not_utf_8_is_read_as_windows_1252_with_a_note(self, encoding: str) -> None:
        found = read_roster("Student Name\nJosé Muñoz\n".encode(encoding))
        assert found.entries[0].name == "José Muñoz"
        (note,) = found.notes
        assert "read as Windows-1252" in note

    @pytest.mark.parametrize(
        ("encoding", "names"),
        [
            ("mac_roman", ["Zoë Müller"]),
            ("mac_roman", ["José Muñoz", "François L\u2019Été"]),
            ("cp1252", ["Zoë Müller", "SEAN O\u2019BRIEN", "José MUÑOZ"]),
            ("cp1252", ["ÖZIL MESUT", "ÅSA ÅBERG"]),
            ("cp1250", ["Łukasz Żółć"]),
            ("cp1251", ["Иван Петров"]),
            ("cp932", ["山田 太郎"]),
            ("cp932", ["佐藤 花子", "たなか ゆき"]),
            ("gbk", ["王小明"]),
            ("gbk", ["李伟", "张敏", "欧阳修"]),
            ("big5", ["王小明", "陳怡君"]),
            ("cp949", ["김철수", "이영희", "박지민"]),
            ("utf-16-le", ["Elizabeth Mei"]),
            ("utf-16-be", ["Elizabeth Mei", "Zoë Müller"]),
        ],
    )
    def test_names_in_an_encoding_that_nothing_tells(self, encoding: str, names: list[str]) -> None:
        lines = [f"{name},{number}" for number, name in enumerate(names)]
        found = read_roster("\r\n".join(["Student Name,Student ID", *lines]).encode(encoding))
        assert [entry.name for entry in found.entries] == names
        assert encoding.startswith("utf") or "check the names" in found.notes[0]

    def test_two_encodings_that_fit_alike_are_refused(self) -> None:
        said = problem("Student Name,Student ID\n김철수,1\n".encode("cp949"))
        assert "line 2: it is not UTF-8, and may be GBK or Big5 or EUC-KR: save it as CSV in UTF-8" in said

    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (b"Student Name\nAnn\nB\xa4 b\xa9 c\xae\n", "line 3: it is not UTF-8"),
            (b"Student Name\nAnn\0\n", "line 2: it has a NUL character"),
            ("Student Name\nAnn\n".encode("utf-32"), "line 1: it has a NUL character"),
            (
                b"PK\x03\x04\x00\x00",
                "line 1: it is a workbook, not CSV: upload it with the command line, or save it as CSV",
            ),
            (b"\xff\xfeN\x00a", "line 1: it is not UTF-16"),
        ],
    )
    def test_what_can_not_be_decoded_is_told_with_its_line(self, data: bytes, said: str) -> None:
        assert f"roster.csv, {said}" in problem(data)


LMS = {
    "Moodle, German": "Vorname;Nachname;ID-Nummer;E-Mail-Adresse\nAnn;Lee;17;ann@x.test\n",
    "Moodle, French": "Prénom,Nom,Numéro d'identification,Adresse de courriel\nAnn,Lee,17,ann@x.test\n",
    "Moodle, Spanish": "Nombre,Apellido(s),Número de ID,Dirección de correo\nAnn,Lee,17,ann@x.test\n",
    "Moodle, Italian": "Nome,Cognome,Numero di matricola,Indirizzo email\nAnn,Lee,17,ann@x.test\n",
    "Brightspace": "OrgDefinedId,Last Name,First Name,Email,End-of-Line Indicator\n#17,Lee,Ann,ann@x.test,#\n",
    "Excel": "sep=;\r\nStudent Name;Student ID;Email\r\nAnn Lee;17;ann@x.test\r\n",
    "lines between": "Student Name|Student ID|Email\nAnn Lee|17|ann@x.test\n",
    "whole name, French": "Nom,Matricule,Courriel\nAnn Lee,17,ann@x.test\n",
    "whole name, Spanish": "Nombre,Matrícula,Correo electrónico\nAnn Lee,17,ann@x.test\n",
    "Gradescope, with staff": "Name,SID,Email,Role\nAnn Lee,17,ann@x.test,Student\nTeach Er,9,t@x.test,Instructor\n",
    "Canvas, with its test student": (
        'Student,ID,SIS User ID,SIS Login ID,Section,Email\nAnn Lee,5,17,,,ann@x.test\n"Student, Test",6,,ab,,\n'
    ),
    "invisible": "Student Name,Student ID,Email\n\u200bAnn\u00a0Lee\u200b,17,ann@x.test\n",
}


@pytest.mark.parametrize("name", LMS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_lines_of_every_system_and_language(name: str, encoding: str) -> None:
    (entry,) = read_roster(LMS[name].encode(encoding)).entries
    assert (entry.name, entry.number, entry.email) == ("Ann Lee", "17", "ann@x.test")


@pytest.mark.parametrize("line", ["sep=", 'sep="', "sep=\r", "sep=a", "sep=;;"])
def test_a_first_line_that_names_no_delimiter_is_a_title(line: str) -> None:
    found = read_roster(f"{line}\nStudent Name;Student ID\nAnn Lee;17\n".encode())
    assert [(each.name, each.number) for each in found.entries] == [("Ann Lee", "17")]
    assert "names the columns, and what is above it was passed over" in found.notes[0]


@pytest.mark.parametrize(
    "titles",
    ["Physics 101\n\n", "Course;Physics\nDate;1.1.2025;\n\n", "\n", '"Physics; 101"\n', "Name: Ann Lee\n"],
)
def test_titles_above_the_names_of_columns_are_passed_over(titles: str) -> None:
    found = read_roster(f"{titles}Nachname;Vorname;Matrikelnummer\nLee;Ann;0017\nLee;Bo;18\n".encode())
    assert [(each.name, each.number) for each in found.entries] == [("Ann Lee", "0017"), ("Bo Lee", "18")]
    line = titles.count("\n") + 1
    assert found.notes == (f"line {line} names the columns, and what is above it was passed over",)


def test_lines_of_students_are_no_titles() -> None:
    assert "there is no column" in problem("Ann Lee;17\nBo Fox;18\nName;Student ID\nCy;19\n")
    assert "there is no column" in problem("\n" * 30 + "Name;Student ID\nCy;19\n")


def test_a_problem_below_titles_is_told_by_its_line() -> None:
    assert "line 5: it has the number of line 4" in problem("Physics\n\nName;ID\nAnn;17\nBo;17\n")
    assert "line 3: it has more cells than line 2" in problem("Physics\nName;ID\nAnn;17;x\n")


@pytest.mark.parametrize(
    "text",
    [
        "Student,,Contact\nName,ID,Email\nAnn Lee,17,ann@x.test\n",
        "Name,Student ID\nAnn Lee,17\nName,Student ID\nBob Fox,18\n",
        "Nom,Prénom\nLee,Ann\nNom,Prénom\n",
    ],
)
def test_a_second_line_of_headers_is_no_student(text: str) -> None:
    assert "it has names of columns, as line 1 has" in problem(text)


def test_a_person_may_be_called_as_a_column() -> None:
    text = "First Name,Last Name,Role\nStudent,Student,\nAnn,First,Student\nMail,Lee,\n"
    assert [entry.name for entry in read(text)] == ["Student Student", "Ann First", "Mail Lee"]


def test_columns_that_are_not_used_are_named() -> None:
    found = read_roster(b"Student Name,Student ID,Midterm (12),Final Score\nAnn,1,2,3\n")
    assert found.notes == ("columns that are not used: 'Midterm (12)', 'Final Score'",)
    headers = ",".join(f"Quiz {number}" for number in range(30))
    (note,) = read_roster(f"Name,{headers}\nAnn\n".encode()).notes
    assert note.endswith("'Quiz 11' and 18 more")


def test_people_who_are_no_students_are_told_of() -> None:
    (note,) = read_roster(LMS["Gradescope, with staff"].encode()).notes
    assert note == "1 of its lines are of people with another role, and passed over"


class TestIds:
    @pytest.mark.parametrize(
        ("written", "read"),
        [("12345.0", "12345"), ('"=""0012345"""', "0012345"), ('="0012345"', "0012345"), ("7.00", "7")],
    )
    def test_what_a_spreadsheet_adds_is_left_out_with_a_note(self, written: str, read: str) -> None:
        found = read_roster(f"Name,Student ID,Login\nAnn Lee,1,ann1.0\nBo Chan,{written},\n".encode())
        assert [entry.number for entry in found.entries] == ["1", read]
        assert found.entries[0].login == "ann1.0"
        (note,) = found.notes
        assert "ids were read without what a spreadsheet adds" in note
        assert note.endswith("on 1 of its lines, first on line 3")

    def test_two_numbers_that_were_rounded_alike_are_told_as_that(self) -> None:
        assert "line 3: its number and that of line 2 were rounded by a spreadsheet" in problem(
            b"Name,ID\nAnn,1.23457E+11\nBo,1.23457E+11\n"
        )

    def test_two_of_one_id_are_still_told(self) -> None:
        assert "line 3: it has the number of line 2" in problem(b"Name,ID\nAnn,12345\nBo,12345.0\n")

    def test_a_number_that_was_rounded_is_told(self) -> None:
        found = read_roster(b"Name,ID\nAnn,1.23457E+11\nBo,12E3\n")
        assert [entry.number for entry in found.entries] == ["1.23457E+11", "12E3"]
        (note,) = found.notes
        assert "1 of the numbers were rounded by a spreadsheet" in note


INVISIBLE = "\xad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=12).map(str.strip)


@given(
    names=st.lists(
        CELL.filter(
            lambda name: (
                name.strip(INVISIBLE + "\xa0 ") not in {"", "Points Possible"} and not is_of_totals({"name": name}, 1)
            )
        ),
        max_size=5,
    ),
    delimiter=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_name_is_read_as_it_was_written(names: list[str], delimiter: str, encoding: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(
        [["Student Name", "SID"], *([name, str(number)] for number, name in enumerate(names))]
    )
    found = read_roster(written.getvalue().encode(encoding))
    invisible = str.maketrans("\xa0", " ", INVISIBLE)
    seen = [name.translate(invisible).strip() for name in names]
    assert [(entry.name, entry.number) for entry in found.entries] == [(name, str(n)) for n, name in enumerate(seen)]
    assert found.notes == ()


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(InvalidMaterialError):
        assert all(entry.name for entry in read_roster(b"Name,SID\n" + data).entries)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("headers", [("First Name", "Last Name"), ("Name", "Section")])
def test_a_roster_without_a_student_has_all_others(encoding: str, delimiter: str, headers: tuple[str, str]) -> None:
    rows = [(*headers, "Email"), ("Ann", "Lee", "a@x.test"), ('"Inés', 'Muñoz"', "i@x.test"), ("Ann", "Leeds", "")]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    data = out.getvalue().encode(encoding)
    before = read_roster(data).entries
    left = read_roster(without_student(data, before[0].name)).entries
    assert left == tuple(entry for entry in before if entry.name != before[0].name)
    assert len(left) == (2 if headers[0] == "First Name" else 1)


@pytest.mark.parametrize("points", ["Points Possible", "Mögliche Punkte", "Points possibles"])
def test_the_row_of_points_is_no_student_in_any_language(points: str) -> None:
    text = f'Student,ID,SIS User ID,Exam\n"    {points}",,,10\n"Lee, Anna",501,11111,\n'
    assert [entry.name for entry in read_roster(text.encode()).entries] == ["Lee, Anna"]


@pytest.mark.parametrize(
    "headers", ["Pre\u0301nom;Nom;Nume\u0301ro e\u0301tudiant", "Prenom;Nom;Numero etudiant", "Vorname;Nachname;Mtknr"]
)
def test_headers_of_other_accents_are_known(headers: str) -> None:
    (entry,) = read_roster(f"{headers}\nAnna;Lee;\u202a00111\u202c\n".encode()).entries
    assert (entry.first_name, entry.last_name, entry.number) == ("Anna", "Lee", "00111")


@pytest.mark.parametrize("nothing", ["-", "\u2013", "n/a", "N/A", "."])
def test_a_dash_is_no_address_and_no_number(nothing: str) -> None:
    text = f"Name,ID,Email,Username\nAda,{nothing},{nothing},{nothing}\nBo,{nothing},{nothing},{nothing}\nCy-,7,c@x,c\n"
    assert [(each.name, each.number, each.email, each.login) for each in read_roster(text.encode()).entries] == [
        ("Ada", "", "", ""),
        ("Bo", "", "", ""),
        ("Cy-", "7", "c@x", "c"),
    ]


def test_a_number_in_other_digits_is_the_same_number() -> None:
    with pytest.raises(InvalidMaterialError, match="line 3: it has the number of line 2"):
        read_roster("Name,ID\nAda,١٢٣\nBo,123\n".encode())
    assert read_roster("Name,ID\nAda,١٢٣\n".encode()).entries[0].number == "١٢٣", "as it is written"


@pytest.mark.parametrize(
    ("encoding", "text", "names"),
    [
        ("gbk", "姓名,学号\n王小明,1001\n李雷,1002\n", ["王小明", "李雷"]),
        ("shift-jis", "氏名,学籍番号\n山田太郎,1001\n佐藤花子,1002\n", ["山田太郎", "佐藤花子"]),
        ("utf-8", "이름,학번\n김민준,1001\n", ["김민준"]),
    ],
)
def test_headers_in_chinese_japanese_and_korean(encoding: str, text: str, names: list[str]) -> None:
    entries = read_roster(text.encode(encoding)).entries
    assert [each.name for each in entries] == names
    assert entries[0].number == "1001"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("12345,0", "12345"),
        ("12345,00", "12345"),
        ("'0012345", "0012345"),
        ("12,345", "12,345"),
        ("o'neill", "o'neill"),
    ],
)
def test_ids_of_spreadsheets_of_other_languages(written: str, number: str) -> None:
    (entry,) = read_roster(f"Name;Student ID\nAnn Lee;{written}\n".encode()).entries
    assert entry.number == number


def test_a_number_that_was_rounded_with_a_decimal_comma_is_told() -> None:
    found = read_roster(b"Name;ID\nAnn;1,23457E+11\n")
    assert "1 of the numbers were rounded by a spreadsheet" in found.notes[0]
    assert "were rounded by a spreadsheet" in problem("Name;ID\nAnn;1,23457E+11\nBo;1,23457E+11\n")


@pytest.mark.parametrize("error", ["#REF!", "#BEZUG!", "#\u00bfNOMBRE?", "#DIV/0!", "########"])
def test_an_error_of_a_spreadsheet_is_no_id(error: str) -> None:
    assert "line 2: it has a spreadsheet's error" in problem(f"Name;Student ID\nAnn;{error}\nBo;2\n")


@pytest.mark.parametrize("error", ["#N/A", "#NV", "#N/D"])
def test_an_id_that_a_lookup_did_not_find_is_none(error: str) -> None:
    assert [each.number for each in read(f"Name;Student ID\nAnn;{error}\nBo;{error}\n")] == ["", ""]


@pytest.mark.parametrize("footer", ["Total;2", "Anzahl: 2;", "Overall average;", "Summe;"])
def test_a_line_of_totals_is_no_student(footer: str) -> None:
    found = read_roster(f"Name;Student ID\nAnn Lee;17\nBo Fox;18\n{footer}\n".encode())
    assert [each.name for each in found.entries] == ["Ann Lee", "Bo Fox"]
    assert found.notes == ("line 4 is of totals and of no student, and passed over",)


@pytest.mark.parametrize("person", ["Total;19", "Ann Total;", "Mean Sum;"])
def test_a_person_may_be_called_as_a_total(person: str) -> None:
    assert len(read(f"Name;Student ID\nAnn Lee;17\nBo Fox;18\n{person}\n")) == 3


def test_canvas_test_student_has_a_name_of_another_language() -> None:
    text = f'Student,ID,SIS User ID,SIS Login ID\n"Lee, Ann",5,007,alee\n"Studierende, Test",9,,{"0a" * 20}\n'
    assert [each.name for each in read(text)] == ["Lee, Ann"]


@pytest.mark.parametrize("told", ["Participant 123", "Teilnehmer/in123", "Participante 123"])
def test_moodles_numbers_of_participants_are_no_ids(told: str) -> None:
    found = read_roster(f'ID,"Vollständiger Name","E-Mail-Adresse"\n{told},Ann Lee,a@x.test\n'.encode())
    assert [(each.number, each.email) for each in found.entries] == [("", "a@x.test")]
    assert "Moodle's own numbers of participants are no ids of students" in found.notes[0]


@pytest.mark.parametrize(
    "text",
    [
        '"sep=;"\nName;Student ID\nAnn;007\n',
        '"sep=;",\nName,Student ID\nAnn,007\n',
        "sep=;,\nName;Student ID\nAnn;007\n",
    ],
)
def test_a_line_of_the_delimiter_that_was_saved_again_is_none_of_headers(text: str) -> None:
    assert [(each.name, each.number) for each in read(text)] == [("Ann", "007")]


@pytest.mark.parametrize(
    ("headers", "person"),
    [
        ("Förnamn;Efternamn;E-post", "Åsa Öberg"),
        ("Fornavn;Efternavn;Studienummer", "Søren Ørsted"),
        ("Imię;Nazwisko;Numer albumu", "Łukasz Żółć"),
        ("Jméno;Příjmení;UČO", "Jiří Novák"),
        ("Ad\u0131;Soyad\u0131;Öğrenci No", "Ayşe Şahin"),
        ("Имя;Фамилия;Электронная почта", "Пётр Иванов"),
        ("名;姓;学号", "太郎 山田"),
    ],
)
def test_headers_of_further_languages(headers: str, person: str) -> None:
    (entry,) = read(f"{headers}\n{person.replace(' ', ';')};17\n")
    assert (entry.name, entry.number + entry.email) == (person, "17")


def test_a_prefix_of_a_column_of_its_own_is_of_the_last_name() -> None:
    text = "Voornaam;Tussenvoegsel;Achternaam;Studentnummer\nJan;van der;Berg;9\nAn;;Smit;10\n"
    entries = read(text)
    assert [(each.name, each.last_name) for each in entries] == [
        ("Jan van der Berg", "van der Berg"),
        ("An Smit", "Smit"),
    ]
    assert read(without_student(text.encode(), "Jan van der Berg").decode()) == entries[1:]
