"""The class list: students as the roster and people's decisions have them now, and what those decisions are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import ConflictError, MissingMaterialError, NotFoundError, RequestError
from aita.models.match import MatchAction, MatchDecision, MatchRequest
from aita.models.student import Student, Students
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.match_decisions import RosterMatches
from aita.services.assignments.roster_csv import read_roster
from aita.services.assignments.roster_matching import roster_line
from tests.support.fakes import ASSIGNMENT, Harness

CHRISTINA, ANN = "Christina Miller,1001", "Ann Lee,1002"
FOLDERS = {"s-1": "Christian Miller", "s-2": "Ann Lee", "s-3": "scan 7"}


@pytest.fixture
def harness() -> Harness:
    """A class of three folders: one close to a name, one of a name, and one of none."""
    harness = Harness()
    students = [Student(student_id=each, folder=folder) for each, folder in FOLDERS.items()]
    harness.put("students.json", Students(students=tuple(students)).model_dump_json())
    for folder in FOLDERS.values():
        harness.put(f"scans/{folder}/1.jpg", folder.encode())
    enrol(harness, CHRISTINA, ANN)
    return harness


def enrol(harness: Harness, *lines: str) -> None:
    harness.put("roster.csv", "\n".join(["Name,Student ID", *lines]))


def listed(harness: Harness) -> dict[str, tuple[str, str]]:
    """Return each folder's name and match."""
    material = AssignmentFiles(harness.objects, ASSIGNMENT)
    found = ClassList.of(material, harness.decisions.matches(ASSIGNMENT))
    return {each.folder: (each.name, each.match) for each in found.students.students}


def missing(harness: Harness) -> tuple[str, ...]:
    material = AssignmentFiles(harness.objects, ASSIGNMENT)
    return ClassList.of(material, harness.decisions.matches(ASSIGNMENT)).students.missing


def decide(harness: Harness, student_id: str, to: str | None, **changes: Any) -> MatchDecision:
    line = roster_line(read_roster(harness.objects.data[f"{ASSIGNMENT}/roster.csv"]).entries, to).version if to else ""
    action = MatchAction.MATCH if to else MatchAction.NOBODY
    request = MatchRequest(**{"action": action, "line": line, "by": "Ada", "why": "asked them"} | changes)
    harness.clock.advance(1)
    return matches(harness).decide(ASSIGNMENT, student_id, request, "arn:ada")


def matches(harness: Harness) -> RosterMatches:
    return RosterMatches(harness.objects, harness.decisions, harness.clock)


class TestMatches:
    def test_a_close_name_is_nobodys_until_a_person_says_so(self, harness: Harness) -> None:
        assert listed(harness)["Christian Miller"] == ("Christian Miller", "close")
        assert missing(harness) == ("Christina Miller",)
        decide(harness, "s-1", "1001")
        assert listed(harness)["Christian Miller"] == ("Christina Miller", "decided")
        assert missing(harness) == ()

    def test_a_person_may_say_that_it_is_nobodys(self, harness: Harness) -> None:
        decide(harness, "s-1", None)
        assert listed(harness)["Christian Miller"] == ("Christian Miller", "nobody")
        assert missing(harness) == ("Christina Miller",)

    def test_a_folder_of_any_name_can_be_matched_and_its_line_is_close_to_no_other(self, harness: Harness) -> None:
        decide(harness, "s-3", "Miller, Christina")
        assert listed(harness) == {
            "Christian Miller": ("Christian Miller", "none"),
            "Ann Lee": ("Ann Lee", "exact"),
            "scan 7": ("Christina Miller", "decided"),
        }

    def test_a_decision_outlasts_the_next_split(self, harness: Harness) -> None:
        decide(harness, "s-1", "1001")
        harness.put("scans/Bo/1.jpg", b"bo")
        harness.run("transcribe")
        assert listed(harness)["Christian Miller"] == ("Christina Miller", "decided")
        (stored,) = [
            each for each in harness.artifact("students.json")["students"] if each["folder"] == "Christian Miller"
        ]
        assert (stored["student_id"], stored["match"]) == ("s-1", "close")

    @pytest.mark.parametrize("line", ["Christina Miller,1003", "Christina Millar,1001"])
    def test_a_line_that_changed_opens_its_match_again(self, harness: Harness, line: str) -> None:
        decide(harness, "s-1", "1001")
        enrol(harness, line, ANN)
        assert listed(harness)["Christian Miller"] == ("Christian Miller", "changed")
        assert line.partition(",")[0] in missing(harness)
        enrol(harness, ANN, CHRISTINA)
        assert listed(harness)["Christian Miller"] == ("Christina Miller", "decided")

    def test_an_exact_name_that_a_person_took_from_it_does_not_come_back_by_itself(self, harness: Harness) -> None:
        """It would be the wrong student's grade, and look right."""
        decide(harness, "s-2", "1001")
        enrol(harness, "Christina Miller-Jones,1001", ANN)
        assert listed(harness)["Ann Lee"] == ("Ann Lee", "changed")
        assert "Ann Lee" in missing(harness)

    def test_nobody_is_asked_again_once_the_roster_has_another_line_for_them(self, harness: Harness) -> None:
        decide(harness, "s-3", None)
        assert listed(harness)["scan 7"] == ("scan 7", "nobody")
        enrol(harness, CHRISTINA, ANN, "Scan 7,1004")
        assert listed(harness)["scan 7"] == ("scan 7", "changed")

    def test_nobody_holds_beside_a_folder_that_was_not_split_yet(self, harness: Harness) -> None:
        """That folder takes a line, so that the name fits another line than it does without the folder."""
        enrol(harness, CHRISTINA, ANN, "Cristian Miller,1003")
        harness.put("scans/Christina Miller/1.jpg", b"late")
        assert listed(harness)["Christian Miller"] == ("Christian Miller", "close")
        decide(harness, "s-1", None)
        assert listed(harness)["Christian Miller"] == ("Christian Miller", "nobody")

    def test_what_a_person_decided_wins_over_a_name_that_comes_later(self, harness: Harness) -> None:
        decide(harness, "s-1", "1001")
        harness.put("scans/Christina Miller/1.jpg", b"late")
        harness.run("transcribe")
        assert listed(harness)["Christian Miller"] == ("Christina Miller", "decided")
        assert listed(harness)["Christina Miller"] == ("Christina Miller", "ambiguous")

    def test_without_a_roster_students_keep_the_names_that_they_had(self, harness: Harness) -> None:
        harness.run("transcribe")
        del harness.objects.data[f"{ASSIGNMENT}/roster.csv"]
        assert listed(harness)["Ann Lee"] == ("Ann Lee", "exact")

    def test_folders_that_were_not_split_yet_are_told(self, harness: Harness) -> None:
        harness.put("scans/Bo Chan/1.jpg", b"bo")
        harness.put("scans/stray.jpg", b"stray")
        material = AssignmentFiles(harness.objects, ASSIGNMENT)
        assert ClassList.of(material, ()).untranscribed == ("Bo Chan",)


class TestDecisions:
    def test_who_when_and_why_are_kept_with_what_was_before(self, harness: Harness) -> None:
        first = decide(harness, "s-1", "1001")
        second = decide(harness, "s-1", None, replaces=first.decision_id)
        assert list(harness.decisions.matches(ASSIGNMENT)) == [first, second]
        assert (first.by, first.caller, first.why, first.at < second.at) == ("Ada", "arn:ada", "asked them", True)
        assert listed(harness)["Christian Miller"][1] == "nobody"

    def test_the_same_again_is_no_second_decision(self, harness: Harness) -> None:
        for to in ("1001", None):
            first = decide(harness, "s-1", to, replaces="" if to else "000001")
            assert decide(harness, "s-1", to, by="Bob") == first
        assert len(list(harness.decisions.matches(ASSIGNMENT))) == 2

    def test_a_decision_that_was_not_seen_is_a_conflict(self, harness: Harness) -> None:
        decide(harness, "s-1", "1001")
        with pytest.raises(ConflictError, match="Ada decided on student s-1 on 2026-03-02 at 09:00 UTC"):
            decide(harness, "s-1", None, by="Bob")
        assert listed(harness)["Christian Miller"][1] == "decided"

    def test_of_two_at_once_one_is_refused(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        first = decide(harness, "s-1", "1001")
        before = harness.decisions.matches
        monkeypatch.setattr(harness.decisions, "matches", lambda assignment: iter(()))
        with pytest.raises(ConflictError, match="recorded already"):
            decide(harness, "s-1", None)
        assert list(before(ASSIGNMENT)) == [first]

    def test_a_line_is_one_students(self, harness: Harness) -> None:
        with pytest.raises(ConflictError, match=r"is student s-2's.*aita students match s-2 --nobody"):
            decide(harness, "s-1", "Ann Lee")
        decide(harness, "s-2", None)
        decide(harness, "s-1", "Ann Lee")
        assert listed(harness)["Christian Miller"] == ("Ann Lee", "decided")

    def test_two_folders_of_one_name_are_decided_on_in_either_order(self, harness: Harness) -> None:
        enrol(harness, "Ann Lee,1002", "Scan 7,7")
        students = Students(students=tuple(Student(student_id=each, folder=each) for each in ("ann lee", "ANN LEE")))
        harness.put("students.json", students.model_dump_json())
        assert {match for _, match in listed(harness).values()} == {"ambiguous"}
        decide(harness, "ANN LEE", "1002")
        assert listed(harness) == {"ann lee": ("ann lee", "ambiguous"), "ANN LEE": ("Ann Lee", "decided")}

    def test_a_line_that_is_there_twice_can_not_be_told_apart(self, harness: Harness) -> None:
        enrol(harness, "Bo Chan,", "Bo Chan,", ANN)
        version = read_roster(harness.objects.data[f"{ASSIGNMENT}/roster.csv"]).entries[0].version
        request = MatchRequest(action=MatchAction.MATCH, line=version, by="Ada")
        with pytest.raises(ConflictError, match="this line twice"):
            matches(harness).decide(ASSIGNMENT, "s-1", request)

    def test_what_is_not_there_is_told(self, harness: Harness) -> None:
        with pytest.raises(NotFoundError, match=r"no student 's-9'.*aita students list --assignment midterm"):
            decide(harness, "s-9", None)
        request = MatchRequest(action=MatchAction.MATCH, line="0" * 32, by="Ada")
        with pytest.raises(ConflictError, match="no such line any more"):
            matches(harness).decide(ASSIGNMENT, "s-1", request)
        del harness.objects.data[f"{ASSIGNMENT}/roster.csv"]
        with pytest.raises(MissingMaterialError, match=r"no roster\.csv"):
            matches(harness).decide(ASSIGNMENT, "s-1", request)

    def test_no_decision_holds_a_name(self, harness: Harness) -> None:
        stored = decide(harness, "s-1", "1001", why="").model_dump_json()
        assert "Mill" not in stored
        assert "1001" not in stored

    def test_pages_go_through_the_class(self, harness: Harness) -> None:
        decision = decide(harness, "s-1", "1001")
        first = matches(harness).page(ASSIGNMENT, 2, None)
        second = matches(harness).page(ASSIGNMENT, 2, first.next_token)
        assert [each.student_id for each in (*first.students, *second.students)] == list(FOLDERS)
        assert second.next_token is None
        assert (first.students[0].line, first.students[0].decisions) == (decision.line, (decision,))
        assert [bool(each.line) for each in (*first.students, *second.students)] == [True, True, False]
        with pytest.raises(RequestError, match="next_token"):
            matches(harness).page(ASSIGNMENT, 2, "s-9")


class TestRosterLine:
    def test_by_number_then_by_name(self) -> None:
        roster = read_roster(b"Name,ID\nAnn Lee,7\nBo Chan,8\nBo Chan,9\n7,10\n").entries
        assert [roster_line(roster, each).number for each in ("7", "ann LEE", "Lee, Ann", "9")] == ["7", "7", "7", "9"]
        with pytest.raises(RequestError, match="2 lines of the roster have this name"):
            roster_line(roster, "Bo Chan")
        for nothing in ("Cyd", "", "!!"):
            with pytest.raises(RequestError, match="no line of the roster"):
                roster_line(roster, nothing)


NAMES = st.sampled_from(["Ann Lee", "Anna Lee", "Ana Lee", "Lee, Ann", "Bo Chan", "Bo Chen", "scan 1", "1", "2"])


@given(
    folders=st.lists(NAMES, unique=True, max_size=5),
    people=st.lists(NAMES, unique=True, max_size=5),
    picks=st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 4)), max_size=6),
)
def test_no_line_is_ever_two_students_and_a_close_one_is_nobodys(
    folders: list[str], people: list[str], picks: list[tuple[int, int]]
) -> None:
    roster = read_roster("\n".join(["Name,ID", *(f'"{name}",{n}' for n, name in enumerate(people))]).encode()).entries
    students = Students(students=tuple(Student(student_id=f"s-{n}", folder=name) for n, name in enumerate(folders)))
    decisions = [
        MatchDecision(
            decision_id=f"{number:06}",
            student_id=f"s-{student}",
            action=MatchAction.NOBODY if line < 0 else MatchAction.MATCH,
            line="" if line < 0 else roster[line].version,
            by="Ada",
            at="2026-03-02T09:00:00Z",
        )
        for number, (student, line) in enumerate(picks)
        if line < len(roster)
    ]
    found = ClassList.match(students, roster, decisions, ())
    entries = [entry.number for each in found.students.students if (entry := found.entry(each)) is not None]
    assert len(entries) == len(set(entries))
    assert len(entries) + len(found.students.missing) == len(people)
    for each in found.students.students:
        assert each.is_matched == (found.entry(each) is not None)
        assert each.match != "close" or each.name == each.folder
