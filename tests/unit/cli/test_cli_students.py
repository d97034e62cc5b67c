"""Listing students with their lines on the roster, and deciding whose folder one is."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from aita.errors import ConflictError
from aita.models.match import MatchAction, MatchDecision
from aita.models.student import Student, Students
from aita.services.assignments.roster_csv import read_roster
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack

NASTY = "[red]Eve\x1b[31m"
ROSTER = b"Name,Student ID\nAnn Lee,1\nChristina Miller,1001\nJan Schmidt,1002\nGrace Hopper,1003\n"
LINES = {entry.name: entry.version for entry in read_roster(ROSTER).entries}
LIST = "/assignments/midterm/students"


def decision(**changes: Any) -> MatchDecision:
    values: dict[str, Any] = {
        "decision_id": "000001",
        "student_id": "s-2",
        "action": MatchAction.MATCH,
        "line": LINES["Christina Miller"],
        "why": "asked her",
        "by": "Ada",
        "at": datetime(2026, 3, 2, 12, tzinfo=UTC),
    }
    return MatchDecision(**values | changes)


@pytest.fixture
def known(stack: FakeStack) -> FakeStack:
    """A class with a sure student, two that are close to a name, and one that is nobody's."""
    folders = {"s-1": "Ann Lee", "s-2": "Christian Miller", "s-3": NASTY, "s-4": "Jan Schmitt"}
    students = Students(students=tuple(Student(student_id=each, folder=name) for each, name in folders.items()))
    files = [stack.file("students.json", students.model_dump_json().encode()), stack.file("roster.csv", ROSTER)]
    stack.answer("GET", "/assignments/midterm/files", {"files": files})
    uploads = [{"name": f"scans/{folder}/1.jpg", "size": 1, "etag": "e"} for folder in (*folders.values(), "Cyd")]
    stack.answer("GET", "/assignments/midterm/uploads", {"files": uploads})
    return stack


def decided(stack: FakeStack, *decisions: MatchDecision) -> None:
    told = {"student_id": "s-2", "match": "decided", "decisions": [each.model_dump(mode="json") for each in decisions]}
    stack.answer("GET", LIST, {"students": [told]})


def test_those_to_decide_come_first_with_the_line_that_may_be_theirs(known: FakeStack, aita: Aita) -> None:
    code, out, _ = aita("students", "list", "-a", "midterm")
    assert code == 0
    shown = [" ".join(line.split()) for line in out.splitlines()]
    assert shown == [
        "4 students with scans, 3 to decide",
        "folder id on the roster how it was found",
        "Christian Miller s-2 perhaps Christina Miller (1001) close to the name: nobody's until a person decides",
        "Jan Schmitt s-4 perhaps Jan Schmidt (1002) close to the name: nobody's until a person decides",
        r"[red]Eve\x1b[31m s-3 not on the roster",
        "Ann Lee s-1 Ann Lee (1) found by name or number",
        "uploaded after the last transcription: Cyd",
        "on the roster, and no scans are surely theirs: Christina Miller; Jan Schmidt; Grace Hopper",
        "decide aita students match FOLDER_OR_ID --to NAME_OR_NUMBER --assignment midterm",
        "or aita students match FOLDER_OR_ID --nobody --assignment midterm",
    ]


def test_who_decided_when_and_why_is_listed(known: FakeStack, aita: Aita) -> None:
    decided(known, decision())
    _, out, _ = aita("students", "list", "-a", "midterm")
    (line,) = [line for line in out.splitlines() if line.startswith("Christian Miller")]
    assert "Christina Miller (1001)" in line
    assert "perhaps" not in line
    assert "a person decided: Ada 2026-03-02" in line
    assert line.rstrip().endswith("asked her")
    document = json.loads(aita("students", "list", "-a", "midterm", "--json")[1])
    found = {each["student_id"]: each for each in document["students"]}
    assert found["s-2"]["roster"] == {"name": "Christina Miller", "number": "1001", "email": ""}
    assert [each["by"] for each in found["s-2"]["decisions"]] == ["Ada"]
    assert (found["s-4"]["roster"], found["s-4"]["closest"]["name"]) == (None, "Jan Schmidt")
    assert document["untranscribed"] == ["Cyd"]


@pytest.mark.parametrize("who", ["Christian Miller", "s-2"])
@pytest.mark.parametrize("to", ["1001", "Christina Miller", "Miller, Christina"])
def test_a_folder_is_matched_with_a_line(known: FakeStack, aita: Aita, who: str, to: str) -> None:
    known.answer("POST", f"{LIST}/s-2", decision())
    code, out, _ = aita("students", "match", who, "-a", "midterm", "--to", to, "--why", "asked her", "--by", "Ada")
    assert code == 0
    assert "Folder Christian Miller (s-2) is Christina Miller (1001)'s" in out
    assert "aita report --assignment midterm" in out
    [sent] = known.asked("POST", f"{LIST}/s-2")
    line = LINES["Christina Miller"]
    assert sent.body == {"action": "match", "line": line, "why": "asked her", "by": "Ada", "replaces": ""}


def test_a_folder_is_nobodys(known: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    known.answer("POST", f"{LIST}/s-2", decision(action=MatchAction.NOBODY))
    code, out, _ = aita("students", "match", "s-2", "--nobody", "-a", "midterm")
    assert code == 0
    assert "Folder Christian Miller (s-2) is nobody's on the roster" in out
    [sent] = known.asked("POST", f"{LIST}/s-2")
    assert sent.body == {"action": "nobody", "line": "", "why": "", "by": "ada", "replaces": ""}


@pytest.mark.parametrize(
    ("made", "again", "replaces"),
    [
        (decision(), (), ""),
        (decision(), ("--again",), "000001"),
        (decision(line="0" * 32), (), "000001"),
    ],
    ids=["holds", "again", "the line has changed"],
)
def test_only_a_decision_that_does_not_hold_is_replaced_by_itself(
    known: FakeStack, aita: Aita, made: MatchDecision, again: tuple[str, ...], replaces: str
) -> None:
    decided(known, made)
    known.answer("POST", f"{LIST}/s-2", decision(decision_id="000002", action=MatchAction.NOBODY))
    aita("students", "match", "s-2", "--nobody", "-a", "midterm", "--by", "Bob", *again)
    [sent] = known.asked("POST", f"{LIST}/s-2")
    assert sent.body["replaces"] == replaces


def test_the_folder_that_has_the_line_is_named(known: FakeStack, aita: Aita) -> None:
    known.answer("POST", f"{LIST}/s-2", ConflictError("this line of the roster is student s-1's"))
    code, _, err = aita("students", "match", "s-2", "--to", "Ann Lee", "-a", "midterm", "--by", "Ada")
    assert code == 1
    assert "This line of the roster is that of folder Ann Lee (s-1)\n" in err


def test_a_conflict_is_told(known: FakeStack, aita: Aita) -> None:
    known.answer("POST", f"{LIST}/s-2", ConflictError("Bob decided on student s-2"))
    code, out, err = aita("students", "match", "s-2", "--nobody", "-a", "midterm", "--by", "Ada")
    assert (code, out) == (1, "")
    assert "Bob decided on student s-2" in err


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("s-2",), 2, "either --to or --nobody"),
        (("s-2", "--to", "1", "--nobody"), 2, "either --to or --nobody"),
        (("s-2", "--to", "Zoe"), 2, "no line of the roster has this name or number"),
        (("Zoe", "--nobody"), 1, "'aita students list --assignment midterm' lists both"),
        (("Cyd", "--nobody"), 1, "uploaded after the last transcription"),
        (("s-2", "--nobody", "--by", "x" * 201), 2, "--by"),
    ],
)
def test_what_can_not_be_decided_is_not_sent(
    known: FakeStack, aita: Aita, arguments: tuple[str, ...], code: int, told: str
) -> None:
    status, _, err = aita("students", "match", *arguments, "-a", "midterm")
    assert (status, told in err) == (code, True)
    assert not known.asked("POST", f"{LIST}/s-2")


def test_without_a_roster_nobody_can_be_matched(known: FakeStack, aita: Aita) -> None:
    known.answers["GET", "/assignments/midterm/files"].clear()
    students = Students(students=(Student(student_id="s-2", folder="Christian Miller"),))
    files = [known.file("students.json", students.model_dump_json().encode())]
    known.answer("GET", "/assignments/midterm/files", {"files": files})
    code, _, err = aita("students", "match", "s-2", "--to", "1", "-a", "midterm")
    assert (code, "no roster.csv" in err) == (1, True)
