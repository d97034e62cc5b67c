"""The class list: students as the roster and people's decisions have them now, and what those decisions are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import ConflictError, MissingMaterialError, NotFoundError, RequestError
from aita.models.match import HeadedStudent, MatchAction, MatchDecision, MatchRequest
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


def head(digest: str, page: int = 1) -> dict[str, Any]:
    return {"page": page, "key": f"{ASSIGNMENT}/heads/x/{digest}.jpg", "sha256": digest, "width": 850, "height": 165}


def read(harness: Harness, **names: tuple[str, str]) -> None:
    """Give what was read on the heads of students' pages: name and number by student id."""
    ids = {each.replace("_", "-"): value for each, value in names.items()}
    harness.put("heads.json", {each: [head(f"of {each}"), head("more", 2)] for each in ids})
    found = {each: {"name": name, "number": number, "heads": [f"of {each}"]} for each, (name, number) in ids.items()}
    harness.put("read_names.json", found)


def headed(harness: Harness) -> dict[str, HeadedStudent]:
    return {each.student_id: each for each in matches(harness).names(ASSIGNMENT, 100, None).students}


def likely(student: HeadedStudent, harness: Harness) -> list[tuple[str, int]]:
    entries = read_roster(harness.objects.data[f"{ASSIGNMENT}/roster.csv"]).entries
    names = {entry.version: entry.name for entry in entries}
    return [(names[each.line], each.cost) for each in student.likely]


class TestReadNames:
    """What a model read on the heads of pages counts where folders and people tell nothing."""

    @pytest.fixture(autouse=True)
    def with_grace(self, harness: Harness) -> None:
        enrol(harness, CHRISTINA, ANN, "Grace Hopper,1003")

    def test_a_clear_name_is_the_students(self, harness: Harness) -> None:
        read(harness, s_3=("Grace Hoper", "1003"))
        assert listed(harness)["scan 7"] == ("Grace Hopper", "read")
        assert listed(harness)["Christian Miller"] == ("Christian Miller", "close")
        assert missing(harness) == ("Christina Miller",)

    def test_a_line_is_never_two_peoples(self, harness: Harness) -> None:
        read(harness, s_1=("Grace Hopper", "1003"), s_3=("Grace Hopper", "1003"))
        assert [match for _, match in listed(harness).values()] == ["close", "exact", "none"]

    def test_a_line_that_a_folders_name_is_close_to_is_a_persons_to_give(self, harness: Harness) -> None:
        read(harness, s_3=("Christina Miller", "1001"))
        assert [match for _, match in listed(harness).values()] == ["close", "exact", "none"]

    @pytest.mark.parametrize("told", [("", ""), ("Somebody Else", ""), ("Grac", ""), ("Grace Hopper", "2999")])
    def test_a_doubtful_one_is_a_persons_to_decide(self, harness: Harness, told: tuple[str, str]) -> None:
        read(harness, s_3=told)
        assert listed(harness)["scan 7"] == ("scan 7", "none")

    def test_a_line_whose_folder_has_its_name_is_no_other_students(self, harness: Harness) -> None:
        read(harness, s_3=("Ann Lee", "1002"))
        assert listed(harness)["scan 7"] == ("scan 7", "none")

    def test_nor_is_a_line_like_it_theirs(self, harness: Harness) -> None:
        """Ann Lee may have handed in twice: that Anna Lee is nobody's yet says nothing."""
        enrol(harness, ANN, "Anna Lee,1009")
        for told in (("Ann Lee", ""), ("Ann Lee", "1002"), ("Anna Lee", "1002")):
            read(harness, s_3=told)
            assert listed(harness)["scan 7"] == ("scan 7", "none")
        read(harness, s_3=("Anna Lee", ""))
        assert listed(harness)["scan 7"] == ("Anna Lee", "read")

    @pytest.mark.parametrize(
        ("told", "match"),
        [
            (("", "12345678"), "read"),
            (("", "12345679"), "none"),
            (("", "7"), "none"),
            (("Bob Ray", "12345678"), "none"),
            (("Bob Ray", "12345676"), "read"),
        ],
    )
    def test_a_number_is_its_owners_and_nobody_elses(self, harness: Harness, told: tuple[str, str], match: str) -> None:
        """Numbers of a class differ in a digit, and a short one may be a page's."""
        enrol(harness, "Alice Moor,12345678", "Bob Ray,12345673", "Cy Poe,7")
        read(harness, s_3=told)
        assert listed(harness)["scan 7"][1] == match

    def test_namesakes_are_told_apart_by_their_numbers_alone(self, harness: Harness) -> None:
        enrol(harness, "Min Park,2001", "Min Park,2222")
        read(harness, s_1=("Min Park", ""), s_3=("Min Park", ""))
        assert [match for _, match in listed(harness).values()] == ["none"] * 3
        read(harness, s_1=("Min Park", "2222"), s_3=("Min Park", "2001"))
        assert [match for _, match in listed(harness).values()] == ["read", "none", "read"]

    def test_of_other_heads_it_counts_no_longer(self, harness: Harness) -> None:
        read(harness, s_3=("Grace Hopper", "1003"))
        harness.put("heads.json", {"s-3": [head("other")]})
        assert listed(harness)["scan 7"] == ("scan 7", "none")

    def test_a_persons_word_counts_more(self, harness: Harness) -> None:
        read(harness, s_3=("Grace Hopper", "1003"))
        decide(harness, "s-3", None)
        assert listed(harness)["scan 7"] == ("scan 7", "nobody")
        decide(harness, "s-1", "1003")
        assert listed(harness)["Christian Miller"] == ("Grace Hopper", "decided")

    def test_the_line_that_was_read_is_refused_to_another_with_the_way_out(self, harness: Harness) -> None:
        read(harness, s_3=("Grace Hopper", "1003"))
        with pytest.raises(ConflictError, match="aita students match s-3 --nobody"):
            decide(harness, "s-1", "1003")


class TestNames:
    """The list of students whom their folders' names don't tell."""

    def test_it_has_their_heads_and_the_likely_lines(self, harness: Harness) -> None:
        enrol(harness, CHRISTINA, ANN, "Bartholomew Hess,1003")
        read(harness, s_3=("Barthol. Hess", ""))
        found = headed(harness)
        assert [*found] == ["s-1", "s-3"]
        assert [each.page for each in found["s-3"].heads] == [1, 2]
        assert (found["s-3"].was_read, found["s-1"].was_read) == (True, False)
        assert likely(found["s-1"], harness)[0] == ("Christina Miller", 62)
        assert [name for name, _ in likely(found["s-3"], harness)] == ["Bartholomew Hess"]

    def test_what_was_decided_and_what_was_read_stay_on_it(self, harness: Harness) -> None:
        enrol(harness, CHRISTINA, ANN, "Grace Hopper,1003")
        read(harness, s_3=("Grace Hopper", "1003"))
        made = decide(harness, "s-1", None)
        found = headed(harness)
        assert [(each.match, bool(each.line)) for each in found.values()] == [("nobody", False), ("read", True)]
        assert found["s-1"].decisions == (made,)

    def test_it_comes_in_pages(self, harness: Harness) -> None:
        first = matches(harness).names(ASSIGNMENT, 1, None)
        second = matches(harness).names(ASSIGNMENT, 1, first.next_token)
        assert [first.students[0].student_id, second.students[0].student_id] == ["s-1", "s-3"]
        assert second.next_token is None
        with pytest.raises(RequestError):
            matches(harness).names(ASSIGNMENT, 1, "s-2")


class TestUndo:
    def test_the_decision_before_holds_again(self, harness: Harness) -> None:
        decide(harness, "s-3", "1001")
        decide(harness, "s-3", None, replaces="000001")
        undone = decide(harness, "s-3", None, action=MatchAction.UNDO, replaces="000002")
        assert (undone.decision_id, undone.line) == ("000003", "")
        assert listed(harness)["scan 7"] == ("Christina Miller", "decided")
        decide(harness, "s-3", None, action=MatchAction.UNDO, replaces="000003")
        assert listed(harness)["scan 7"] == ("scan 7", "none")

    def test_the_line_is_free_for_another(self, harness: Harness) -> None:
        decide(harness, "s-3", "1001")
        with pytest.raises(ConflictError, match="is student s-3's"):
            decide(harness, "s-1", "1001")
        decide(harness, "s-3", None, action=MatchAction.UNDO, replaces="000001")
        decide(harness, "s-1", "1001")
        assert listed(harness)["Christian Miller"] == ("Christina Miller", "decided")

    def test_nothing_can_not_be_taken_back(self, harness: Harness) -> None:
        with pytest.raises(ConflictError, match="nothing to take back"):
            decide(harness, "s-3", None, action=MatchAction.UNDO)

    def test_somebody_elses_decision_in_between_is_told(self, harness: Harness) -> None:
        decide(harness, "s-3", "1001")
        with pytest.raises(ConflictError, match="Ada decided on student s-3"):
            decide(harness, "s-3", None, action=MatchAction.UNDO)
