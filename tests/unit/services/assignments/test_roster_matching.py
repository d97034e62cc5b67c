"""Students found on the roster: folders keep their own ids, and nobody is merged."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import MissingMaterialError
from aita.models.student import RosterEntry, Students
from aita.services.assignments.name_forms import fold
from aita.services.assignments.roster_matching import find_on_roster, identify
from tests.support.fakes import Harness


def roster(*names: str) -> tuple[RosterEntry, ...]:
    return tuple(RosterEntry(name=name) for name in names)


def found(folders: list[str], *names: str) -> dict[str, tuple[str | None, str]]:
    students = identify(folders, roster(*names), Students()).students
    return {student.folder: (student.roster_name, student.match) for student in students}


class TestMatch:
    @pytest.mark.parametrize(
        ("folder", "name"),
        [
            ("Ann Lee", "Ann Lee"),
            ("ann lee", "Ann LEE"),
            ("Jose Nunez", "José Núñez"),
            ("Jose\u0301 Nu\u0301n\u0303ez", "José Núñez"),
            ("Ann_Lee", "Ann Lee"),
            ("Ann  Lee.", "Ann Lee"),
            ("O'Brien, Pat", "O Brien Pat"),
            ("Groß", "GROSS"),
            ("ﬁona", "Fiona"),
            ("李雷", "李雷"),
            ("김민수", "김민수"),
            ("Ann Lee", "Lee, Ann"),
            ("Lee, Ann", "Ann Lee"),
            ("Juana de la Cruz", "de la Cruz, Juana"),
            ("王小明", "王, 小明"),
            ("王小明", "小明 王"),
            ("王 小明", "小明 王"),
            ("김 철수", "철수 김"),
            ("mustererika", "Muster, Erika"),
            ("erikamuster", "Erika Muster"),
            ("obriensean", "Sean O'Brien"),
            ("Tina Test (late)", "Tina Test"),
            ("Test, Tina [2 pages]", "Tina Test"),
            ("Tina Test - Exam 1", "Tina Test"),
            ("Tina_Test_LATE", "Tina Test"),
            ("2025-11-01 Tina Test", "Tina Test"),
            ("Tina Test 01.11.2025", "Test, Tina"),
            ("tina_test_midterm2_v3", "Tina Test"),
            ("Sean OBrien", "Sean O\u2019Brien"),
            ("O'Brien, Sean", "OBrien, Sean"),
            ("Lukasz Zolc", "Łukasz Żółć"),
            ("Mueller, Jan", "Jan Müller"),
            ("Soeren Oestergaard", "Søren Østergaard"),
            ("Soren Ostergaard", "Søren Østergaard"),
            ("Dorde Balasevic", "Đorđe Balašević"),
        ],
    )
    def test_exact_after_case_accents_and_punctuation(self, folder: str, name: str) -> None:
        assert found([folder], name, "Somebody Else") == {folder: (name, "exact")}

    @pytest.mark.parametrize(
        ("folder", "names"),
        [
            ("annelee", ("Ann Elee", "Anne Lee")),
            ("Tina Test (late)", ("Tina Test", "Test, Tina")),
            ("Jan Mueller", ("Jan Müller", "Jan Mueller")),
            ("Ann Lee Bo", ("Ann Lee", "Lee Bo")),
        ],
    )
    def test_never_one_of_two_whose_name_it_may_be(self, folder: str, names: tuple[str, str]) -> None:
        assert found([folder], *names) == {folder: (None, "ambiguous")}

    def test_a_word_more_is_for_a_person_to_decide(self) -> None:
        assert found(["Maria Garcia Lopez"], "Maria Garcia", "Bo Chan") == {
            "Maria Garcia Lopez": ("Maria Garcia", "close")
        }

    def test_a_person_whose_name_is_a_word_of_papers(self) -> None:
        assert found(["Late", "Final Exam"], "Late", "Exam, Final") == {
            "Late": ("Late", "exact"),
            "Final Exam": ("Exam, Final", "exact"),
        }

    @pytest.mark.parametrize(("folder", "name"), [("कमला", "कमल"), ("たなが", "たなか"), ("ปู", "ป")])
    def test_marks_that_make_another_name_are_not_accents(self, folder: str, name: str) -> None:
        assert found([folder], name)[folder][1] != "exact"

    @pytest.mark.parametrize(
        ("folder", "name"),
        [
            ("Lee Ann Marie", "Ann Marie Lee"),
            ("Anna Schmid", "Anna Schmidt"),
            ("OBrien Sean", "Sean O'Brien"),
            ("Mohamed Ali Hassan", "Mohammed Ali Hassan"),
        ],
    )
    def test_close_by_likeness(self, folder: str, name: str) -> None:
        assert found([folder], name, "Somebody Else") == {folder: (name, "close")}

    def test_nobody_does(self) -> None:
        assert found(["Zoe Quinn"], "Ann Lee") == {"Zoe Quinn": (None, "none")}

    @pytest.mark.parametrize("suffix", ["Jr", "II", "2"])
    def test_a_suffix_is_part_of_the_name(self, suffix: str) -> None:
        assert found([f"Ann Lee {suffix}"], "Ann Lee")[f"Ann Lee {suffix}"][1] != "exact"

    def test_two_who_fit_alike_are_ambiguous(self) -> None:
        assert found(["Anna Schmidt"], "Anne Schmidt", "Anni Schmidt") == {"Anna Schmidt": (None, "ambiguous")}

    def test_two_of_the_same_name_are_ambiguous(self) -> None:
        result = identify(["Ann Lee"], roster("Ann Lee", "Ann Lee"), Students())
        assert [(s.roster_name, s.match) for s in result.students] == [(None, "ambiguous")]
        assert result.missing == ("Ann Lee", "Ann Lee")

    def test_two_names_that_differ_in_accents_only_are_ambiguous(self) -> None:
        assert found(["Jose"], "José", "Jose") == {"Jose": (None, "ambiguous")}

    def test_two_folders_for_one_name_are_both_ambiguous(self) -> None:
        assert found(["Ann Lee", "ANN LEE"], "Ann Lee") == {
            "Ann Lee": (None, "ambiguous"),
            "ANN LEE": (None, "ambiguous"),
        }

    def test_two_slips_of_one_name_are_both_ambiguous(self) -> None:
        assert {match for _, match in found(["Anna Schmitt", "Anna Schmid"], "Anna Schmidt").values()} == {"ambiguous"}

    def test_who_is_there_exactly_is_not_taken_by_a_slip(self) -> None:
        assert found(["Anna Schmidt", "Anna Schmid"], "Anna Schmidt") == {
            "Anna Schmidt": ("Anna Schmidt", "exact"),
            "Anna Schmid": (None, "none"),
        }

    def test_no_roster(self) -> None:
        students = identify(["Ann"], None, Students())
        assert [(s.roster_name, s.match) for s in students.students] == [(None, "no_roster")]
        assert students.missing == ()

    def test_who_is_missing(self) -> None:
        assert identify(["Ann Lee", "Zoe"], roster("Ann Lee", "Bo Chan"), Students()).missing == ("Bo Chan",)

    def test_a_name_without_letters(self) -> None:
        assert found(["???", "!!!"], "!!!", "Ann") == {"???": (None, "none"), "!!!": (None, "none")}
        assert fold("  Ünal-Öz,  İ. ") == "unal oz i"


def by_number(*folders: str) -> list[tuple[str, str]]:
    """Return the number of the line that each folder is found for, and how."""
    people = (
        RosterEntry(name="Ann Lee", number="1001"),
        RosterEntry(name="Lee, Ann", number="1002"),
        RosterEntry(name="Bo Chan", number="2"),
        RosterEntry(name="Jane Smith", number="S-77"),
        RosterEntry(name="Bob Jones", number="1005"),
    )
    return [(entry.number if entry else "", match) for entry, match in find_on_roster(folders, people).values()]


class TestNumbers:
    def test_two_of_one_name_are_told_apart(self) -> None:
        assert by_number("Ann Lee_1001", "Lee_1002") == [("1001", "exact"), ("1002", "exact")]

    def test_who_of_them_has_no_number_stays_ambiguous(self) -> None:
        assert by_number("Ann Lee_1001", "Ann Lee") == [("1001", "exact"), ("", "ambiguous")]

    @pytest.mark.parametrize(
        "folder", ["1001", "1001 Ann", "Lee, Ann (1001)", "exam ANN LEE 1001", "1001_Lee", "Anne Lee 1001"]
    )
    def test_a_number_with_as_much_of_the_name_as_there_is(self, folder: str) -> None:
        assert by_number(folder) == [("1001", "exact")]

    def test_a_number_of_several_parts(self) -> None:
        assert by_number("Smith_s-77", "Smith 77") == [("S-77", "exact"), ("", "none")]

    @pytest.mark.parametrize("folder", ["Zoe Quinn 2", "Bob Lee 1001", "Ann Lee 2", "11001 Ann Lee", "exam 2"])
    def test_a_number_in_anothers_folder_decides_nothing(self, folder: str) -> None:
        assert by_number(folder) == [("", "none")]

    def test_one_folder_of_the_number_and_one_of_the_name_are_both_ambiguous(self) -> None:
        assert by_number("Bob Jones", "1005") == [("", "ambiguous"), ("", "ambiguous")]

    def test_two_numbers_are_ambiguous(self) -> None:
        assert by_number("1001 1002 Ann Lee") == [("", "ambiguous")]

    def test_a_name_without_letters_agrees_with_none(self) -> None:
        people = (RosterEntry(name="!!!", number="7"),)
        assert [match for _, match in find_on_roster(["Ann Lee 7"], people).values()] == ["none"]
        assert [match for _, match in find_on_roster(["7"], people).values()] == ["exact"]

    def test_who_is_missing_of_two_of_one_name_is_told_by_number(self) -> None:
        people = (RosterEntry(name="Ann Lee", number="1"), RosterEntry(name="Ann Lee", number="2"))
        assert identify(["Ann Lee 1"], people, Students()).missing == ("Ann Lee (2)",)


class TestLeadingZeros:
    def found(self, people: dict[str, str], *folders: str) -> list[tuple[str, str]]:
        roster = tuple(RosterEntry(name=name, number=number) for number, name in people.items())
        return [(entry.number if entry else "", match) for entry, match in find_on_roster(folders, roster).values()]

    @pytest.mark.parametrize("folder", ["12345", "012345", "Ann Lee 12345", "12345_Lee"])
    def test_a_long_number_is_found_without_them(self, folder: str) -> None:
        assert self.found({"0012345": "Ann Lee", "20000": "Bo"}, folder) == [("0012345", "exact")]
        assert self.found({"12345": "Ann Lee"}, f"000{folder}" if folder == "12345" else folder)[0][1] == "exact"

    def test_not_if_two_have_it(self) -> None:
        assert self.found({"0012345": "Ann Lee", "012345": "Bo"}, "12345") == [("", "ambiguous")]
        assert self.found({"0012345": "Ann Lee", "12345": "Bo"}, "12345", "0012345") == [
            ("12345", "exact"), ("0012345", "exact"),
        ]  # fmt: skip
        assert self.found({"0012345": "Ann Lee"}, "12345", "0012345") == [("", "ambiguous"), ("", "ambiguous")]

    @pytest.mark.parametrize("folder", ["0012", "12", "Zoe Quinn 12345", "scan 12345"])
    def test_nor_a_short_one_or_with_another_name(self, folder: str) -> None:
        assert self.found({"012": "Ann Lee", "0012345": "Ann Lee"}, folder) == [("", "none")]


names = st.text(st.sampled_from("aAáÁbß -.'İıéかが\u0301"), min_size=1, max_size=6)


class TestIds:
    @given(folders=st.lists(names, unique=True, max_size=8), people=st.lists(names, max_size=6), data=st.data())
    def test_each_folder_has_its_own_id_and_keeps_it(
        self, folders: list[str], people: list[str], data: st.DataObject
    ) -> None:
        first = identify(folders, roster(*people), Students())
        ids = {student.folder: student.student_id for student in first.students}
        assert list(ids) == folders
        assert len(set(ids.values())) == len(folders)
        claimed = [student.roster_name for student in first.students if student.roster_name is not None]
        assert len(claimed) == len(set(claimed)), "two folders are one person"

        more = [*data.draw(st.permutations(folders)), "a new student"]
        second = {s.folder: s.student_id for s in identify(more, None, first).students}
        assert {folder: second[folder] for folder in folders} == ids
        assert second["a new student"] not in ids.values()

    def test_an_id_says_nothing_of_the_name(self) -> None:
        first, second = (identify(["Ann"], None, Students()).students[0].student_id for _ in range(2))
        assert first != second
        assert re.fullmatch("s-[0-9a-f]{16}", first)


class TestStudentsFile:
    def students(self, harness: Harness) -> dict[str, Any]:
        return {student["folder"]: student for student in harness.artifact("students.json")["students"]}

    def test_it_holds_who_was_found_and_who_is_missing(self, harness: Harness) -> None:
        harness.put("roster.csv", "Student Name,Student ID\nJosé Núñez,1\nBo Chan,2\n")
        harness.put("scans/jose nunez/1.jpg", b"a")
        harness.put("scans/Zoe/1.jpg", b"b")
        harness.run("transcribe")
        students = self.students(harness)
        assert (students["jose nunez"]["roster_name"], students["jose nunez"]["match"]) == ("José Núñez", "exact")
        assert (students["Zoe"]["roster_name"], students["Zoe"]["match"]) == (None, "none")
        assert harness.artifact("students.json")["missing"] == ["Bo Chan"]

    def test_ids_are_kept_by_the_next_run(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        harness.run("transcribe")
        before = self.students(harness)
        harness.put("scans/Bo/1.jpg", b"b")
        harness.run("transcribe")
        assert self.students(harness)["Ann"] == before["Ann"]
        assert set(self.students(harness)) == {"Ann", "Bo"}

    def test_an_unchanged_one_is_not_written_again(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        harness.run("transcribe")
        harness.objects.crashes.append("students.json")
        harness.run("transcribe")
        assert harness.objects.crashes == ["students.json"]

    @pytest.mark.parametrize("others", [1, 4])
    def test_what_another_run_wrote_meanwhile_is_kept(
        self, harness: Harness, monkeypatch: pytest.MonkeyPatch, others: int
    ) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        put_if, left = harness.objects.put_if, [others]

        def contended(key: str, data: bytes, etag: str | None) -> None:
            if left[0]:
                left[0] -= 1
                student = {"student_id": "s-other", "folder": "Ann", "match": "no_roster"}
                harness.put("students.json", {"students": [student], "missing": [str(left[0])]})
            put_if(key, data, etag)

        monkeypatch.setattr(harness.objects, "put_if", contended)
        harness.run("transcribe")
        assert self.students(harness)["Ann"]["student_id"] == "s-other"
        assert list(harness.artifact("pages.json")) == ["s-other"]

    def test_one_that_is_written_all_the_time_is_given_up(
        self, harness: Harness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        put_if, writes = harness.objects.put_if, []

        def contended(key: str, data: bytes, etag: str | None) -> None:
            writes.append(key)
            harness.put("students.json", {"students": [], "missing": [str(len(writes))]})
            put_if(key, data, etag)

        monkeypatch.setattr(harness.objects, "put_if", contended)
        run = harness.begin("transcribe")
        assert harness.plan(run).count == 0
        assert "students.json of midterm is being written by another run" in harness.runs.get(run.run_id).reason
        assert len(writes) == 5

    def test_two_folders_that_look_alike_stay_two(self, harness: Harness) -> None:
        harness.put("roster.csv", "Student Name\nJosé\n")
        harness.put("scans/Jos\u00e9/1.jpg", b"nfc")
        harness.put("scans/Jose\u0301/1.jpg", b"nfd")
        harness.run("transcribe")
        students = self.students(harness)
        assert len(students) == 2
        assert {student["match"] for student in students.values()} == {"ambiguous"}
        assert len(harness.artifact("pages.json")) == 2


class TestFiles:
    def test_what_desktops_leave_is_passed_over(self, harness: Harness) -> None:
        for name in (
            ".DS_Store",
            "Ann/.DS_Store",
            "Ann/Thumbs.db",
            "Ann/sub/.DS_Store",
            "Ann/sub/Thumbs.db",
            "Ann/._1.jpg",
        ):
            harness.put(f"scans/{name}", b"BAD")
        harness.put("scans/Ann/", b"")
        harness.put("scans/Ann/1.jpg", b"a")
        harness.put("scans/Ann/sub/2.jpg", b"b")
        run = harness.run("transcribe")
        assert (run.status, run.stages["split"].total) == ("SUCCEEDED", 2)

    def test_a_file_beside_the_folders_is_refused(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        harness.put("scans/stray.jpg", b"b")
        run = harness.begin("transcribe")
        assert harness.plan(run).count == 0
        reason = harness.runs.get(run.run_id).reason
        assert "a file lies directly under scans/" in reason
        assert "stray" not in reason

    def test_no_scans(self, harness: Harness) -> None:
        harness.put("scans/.DS_Store", b"")
        harness.put("scans/Ann/1.jpg", b"", assignment="midterm-2")
        with pytest.raises(MissingMaterialError, match="assignment midterm has no scans: upload"):
            harness.begin("transcribe")

    def test_a_scan_that_went_away_is_told_without_its_name(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        run = harness.begin("transcribe")
        (event,) = harness.events(run)
        del harness.objects.data["midterm/scans/Ann/1.jpg"]
        assert harness.invoke(event, "arn:split").answer.outcome == "FAILED"
        (row,) = harness.rows(run)
        assert (row.error_type, "Ann" in row.error_message) == ("MissingInputError", False)

    def test_a_source_that_no_plan_knows_fails_its_task(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        run = harness.begin("transcribe")
        (event,) = harness.events(run)
        harness.put(f"{run.run_id}/split/sources.json", {}, assignment="runs")
        assert harness.invoke(event, "arn:split").answer.outcome == "FAILED"

    def test_split_is_skipped_when_the_run_was_cancelled(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a")
        run = harness.begin("transcribe")
        (event,) = harness.events(run)
        harness.submissions.cancel(run.run_id)
        before = dict(harness.objects.data)
        assert harness.invoke(event, "arn:split").answer.outcome == "SKIPPED"
        assert harness.objects.data == before

    def test_split_run_twice_changes_nothing(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a|b")
        run = harness.begin("transcribe")
        (event,) = harness.events(run)
        harness.invoke(event, "arn:split")
        before = harness.snapshot(run)
        harness.clock.advance(9)
        assert harness.invoke(event, "arn:split").answer.outcome == "SUCCEEDED"
        assert harness.snapshot(run) == before

    def test_sources_are_known_to_split_alone(self, harness: Harness) -> None:
        harness.put("scans/Ann Lee/1.jpg", b"a")
        run = harness.run("transcribe")
        holding = {key for key, data in harness.objects.data.items() if b"Ann Lee" in data and run.run_id in key}
        assert holding == {f"runs/{run.run_id}/split/sources.json"}
        assert json.loads(harness.objects.data[holding.pop()])


@pytest.mark.parametrize(
    ("folder", "match"),
    [
        ("Anna Lee (12345)", "none"),
        ("Anna Lee (Ben Kim)", "ambiguous"),
        ("Anna Page Lee", "close"),
        ("Nguyễn Văn An", "close"),
        ("Nguyen Van An", "exact"),
        ("mali", "ambiguous"),
        ("Anna Lee (2)", "exact"),
        ("Anna Lee (late)", "exact"),
    ],
)
def test_a_folder_that_may_be_another_ones_is_not_sure(folder: str, match: str) -> None:
    roster = (
        RosterEntry(name="Lee, Anna", number="11111"),
        RosterEntry(name="Kim, Ben", number="12345"),
        RosterEntry(name="Nguyễn Vân Ân", number="3"),
        RosterEntry(name="Ma, Li", number="4"),
        RosterEntry(name="Malinowski, Ewa", number="5", login="mali"),
    )
    assert find_on_roster([folder], roster)[folder][1] == match


def test_accents_tell_students_apart() -> None:
    roster = (RosterEntry(name="Nguyễn Vân Ân"), RosterEntry(name="Nguyễn Văn An"))
    assert find_on_roster(["Nguyễn Văn An"], roster)["Nguyễn Văn An"] == (roster[1], "exact")
    assert find_on_roster(["Nguyen Van An"], roster)["Nguyen Van An"] == (None, "ambiguous")


class TestNamesThatAreSpelledAlike:
    """``Müller`` is written ``Mueller`` where there are no umlauts, and both are names."""

    MUELLERS = ("Müller, Jan", "Mueller, Jan")

    def test_each_is_the_one_it_is_written_as_where_both_are_there(self) -> None:
        assert found(["Jan Müller", "Jan Mueller"], *self.MUELLERS) == {
            "Jan Müller": ("Müller, Jan", "exact"),
            "Jan Mueller": ("Mueller, Jan", "exact"),
        }
        assert found(["Jose", "José"], "José", "Jose") == {"Jose": ("Jose", "exact"), "José": ("José", "exact")}

    @pytest.mark.parametrize("folder", ["Jan Müller", "Jan Mueller"])
    def test_one_alone_may_be_either(self, folder: str) -> None:
        assert found([folder], *self.MUELLERS) == {folder: (None, "ambiguous")}

    def test_a_third_is_nobodys_and_takes_none(self) -> None:
        given = ["Jan Müller", "Jan Mueller", "Mueller, Jan"]
        assert {match for _, match in found(given, *self.MUELLERS).values()} == {"ambiguous"}

    def test_a_login_name_that_is_anothers_name_stays_doubtful(self) -> None:
        entries = (RosterEntry(name="Lee"), RosterEntry(name="Ann Bo", login="lee"))
        result = find_on_roster(["lee", "Ann Bo"], entries)
        assert result["lee"] == (None, "ambiguous")


@pytest.mark.parametrize("number", ["١٢٣٤٥", "۱۲۳۴۵", "१२३४५", "\uff11\uff12\uff13\uff14\uff15", "12345"])
@pytest.mark.parametrize("listed", ["12345", "٠١٢٣٤٥"])
@pytest.mark.parametrize("folder", ["{}", "Ann Lee {}", "{}_Lee"])
def test_digits_of_all_scripts_are_digits(number: str, listed: str, folder: str) -> None:
    name = folder.format(number)
    entries = (RosterEntry(name="Ann Lee", number=listed), RosterEntry(name="Ann Lee", number="54321"))
    assert find_on_roster([name], entries)[name] == (entries[0], "exact")


@pytest.mark.parametrize(
    ("listed", "folder"),
    [("20-123-456", "20123456"), ("1 234 567", "1234567"), ("i123456-7", "Ann Lee i1234567"), ("12345 6", "123456")],
)
def test_a_number_that_the_roster_has_in_groups_is_found_as_one_word(listed: str, folder: str) -> None:
    people = (RosterEntry(name="Lee, Ann", number=listed), RosterEntry(name="Bo", number="7"))
    assert find_on_roster([folder], people)[folder] == (people[0], "exact")


def test_a_number_that_is_anothers_in_groups_is_whose_it_is_as_it_stands() -> None:
    people = (RosterEntry(name="Ann Lee", number="12345-6"), RosterEntry(name="Bo Fox", number="123456"))
    assert find_on_roster(["123456"], people)["123456"] == (people[1], "exact")
    assert find_on_roster(["123456 Ann Lee"], people)["123456 Ann Lee"] == (people[0], "exact")


@pytest.mark.parametrize(
    ("folder", "name"), [("Maria Garcia", "García López, María"), ("Jan Berg", "Jan van der Berg")]
)
def test_a_word_less_is_for_a_person_to_decide(folder: str, name: str) -> None:
    assert found([folder], name, "Bo Chan") == {folder: (name, "close")}


def test_a_name_with_a_word_less_than_two_have_is_nobodys() -> None:
    assert found(["Maria Garcia"], "García López, María", "García Pérez, María") == {
        "Maria Garcia": (None, "ambiguous")
    }


@pytest.mark.parametrize(("folder", "name"), [("MaryAnn Smith", "Mary-Ann Smith"), ("D Angelo Lia", "Lia D'Angelo")])
def test_a_name_that_is_written_in_other_words_is_for_a_person_to_decide(folder: str, name: str) -> None:
    assert found([folder], name, "Bo Chan") == {folder: (name, "close")}
