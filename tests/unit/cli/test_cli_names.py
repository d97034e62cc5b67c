"""Listing booklets with the heads of their pages, and saying whose they are."""

import json
from pathlib import Path
from typing import Any

import pytest

from aita.models.match import HeadedStudent, HeadedStudentPage, LikelyLine, MatchAction, PageHead
from aita.models.student import Match, Student, Students
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack
from tests.unit.cli.test_cli_students import LINES, LIST, NASTY, ROSTER, decision

NAMES = "/assignments/midterm/names"
FOLDERS = {"s-1": "booklet-class-0001", "s-2": "booklet-002", "s-3": NASTY}


@pytest.fixture
def pile(stack: FakeStack) -> FakeStack:
    """Three booklets: one that may be two people's, one that was read, and one of which nothing is known."""
    students = Students(students=tuple(Student(student_id=each, folder=name) for each, name in FOLDERS.items()))
    files = [stack.file("students.json", students.model_dump_json().encode()), stack.file("roster.csv", ROSTER)]
    stack.answer("GET", "/assignments/midterm/files", {"files": files})
    uploads = [{"name": f"scans/{folder}/1.jpg", "size": 1, "etag": "e"} for folder in FOLDERS.values()]
    stack.answer("GET", "/assignments/midterm/uploads", {"files": uploads})
    heads = [PageHead(page=number, url=stack.file("h", b"head %d" % number)["url"]) for number in (1, 2)]
    likely = [LikelyLine(line=LINES[name], cost=cost) for name, cost in (("Ann Lee", 62), ("Jan Schmidt", 310))]
    shown = (
        headed("s-1", "none", likely=tuple(likely), heads=tuple(heads)),
        headed("s-2", "read", line=LINES["Grace Hopper"], was_read=True),
        headed("s-3", "none"),
    )
    stack.answer("GET", NAMES, HeadedStudentPage(students=shown))
    return stack


def headed(student_id: str, match: Match, **changes: Any) -> HeadedStudent:
    return HeadedStudent(student_id=student_id, match=match, **changes)


def test_who_waits_comes_first_with_who_is_likely(pile: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = aita("names", "list", "-a", "midterm")
    assert code == 0
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "3 booklets not told by the folder's name, 2 to decide",
        "booklet id whose likely (distance) heads",
        "booklet-class-0001 s-1 nobody's yet Ann Lee (1) (62); Jan Schmidt (1002) (310) 2",
        r"[red]Eve\x1b[31m s-3 not on the roster 0",
        "booklet-002 s-2 Grace Hopper (1003): by the name that a model read on the pages 0",
        "look aita names list --out heads --assignment midterm",
        "decide aita names set BOOKLET_OR_ID NUMBER_OR_NAME --assignment midterm",
        "or aita names set BOOKLET_OR_ID --nobody --assignment midterm",
    ]


def test_heads_are_fetched_into_a_new_folder(pile: FakeStack, aita: Aita) -> None:
    code, out, _ = aita("names", "list", "-a", "midterm", "--out", "heads", "--json")
    assert code == 0
    first, second, _ = json.loads(out)["students"]
    assert first["files"] == ["heads/s-1-page-1.jpg", "heads/s-1-page-2.jpg"]
    assert [Path(each).read_bytes() for each in first["files"]] == [b"head 1", b"head 2"]
    assert first["likely"][0] == {"roster": {"name": "Ann Lee", "number": "1", "email": ""}, "cost": 62}
    assert (second["roster"]["name"], second["was_read"]) == ("Grace Hopper", True)
    assert Path("heads").stat().st_mode & 0o077 == 0, "only their owner may look at them"
    code, _, error = aita("names", "list", "-a", "midterm", "--out", "heads")
    assert code != 0
    assert "name a new folder" in error


@pytest.mark.parametrize(
    ("said", "action", "line", "told"),
    [
        (["set", "booklet-class-0001", "1"], "match", "Ann Lee", "Folder booklet-class-0001 (s-1) is Ann Lee (1)'s"),
        (["set", "s-1", "lee, ann"], "match", "Ann Lee", "is Ann Lee (1)'s"),
        (["set", "s-1", "--nobody"], "nobody", "", "is nobody's on the roster"),
        (["undo", "s-1"], "undo", "", "the last decision is taken back"),
    ],
)
def test_a_decision_goes_to_the_matches(
    pile: FakeStack, aita: Aita, said: list[str], action: str, line: str, told: str
) -> None:
    pile.answer("POST", f"{LIST}/s-1", decision(student_id="s-1", action=MatchAction(action)))
    code, out, _ = aita("names", *said, "-a", "midterm", "--by", "Ada")
    assert code == 0
    assert told in out
    [sent] = pile.asked("POST", f"{LIST}/s-1")
    assert sent.body == {"action": action, "line": LINES.get(line, ""), "why": "", "by": "Ada", "replaces": ""}


def test_undo_knows_of_the_decision_that_it_takes_back(pile: FakeStack, aita: Aita) -> None:
    made = decision(student_id="s-1", line=LINES["Ann Lee"])
    told = {"student_id": "s-1", "match": "decided", "decisions": [made.model_dump(mode="json")]}
    pile.answer("GET", LIST, {"students": [told]})
    pile.answer("POST", f"{LIST}/s-1", decision(student_id="s-1", action=MatchAction.UNDO))
    assert aita("names", "undo", "s-1", "-a", "midterm", "--by", "Ada")[0] == 0
    [sent] = pile.asked("POST", f"{LIST}/s-1")
    assert sent.body["replaces"] == "000001"


@pytest.mark.parametrize("said", [["set", "s-1"], ["set", "s-1", "1", "--nobody"]])
def test_it_takes_one_person_or_nobody(pile: FakeStack, aita: Aita, said: list[str]) -> None:
    code, _, error = aita("names", *said, "-a", "midterm")
    assert code != 0
    assert "with either a number or name on the roster or --nobody" in error
