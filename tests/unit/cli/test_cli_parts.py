"""Parts of pages on the command line: what is listed and shown, what is sent, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from aita.errors import ConflictError
from aita.models.part_decision import PartAction, PartDecision
from aita.models.part_review import PartDecisions, PartPage, PartView
from aita.models.student import Student, Students
from aita.models.transcription import Line, LineKind
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack
from tests.support.ledgers import on_part

LIST = "/assignments/midterm/parts"
PART = f"{LIST}/p-1"
DECIDE = f"{PART}/decisions"
FILES = "/assignments/midterm/files"
NASTY = "[red]x\x1b[2J = 5\u202e"


def view(part_id: str = "p-1", **changes: Any) -> PartView:
    values: dict[str, Any] = {
        "part_id": part_id,
        "student_id": "s-1",
        "page": 2,
        "top": 0.14,
        "bottom": 0.18,
        "lines": (Line(text=NASTY, kind=LineKind.ANSWER), Line(text="a sum", kind=LineKind.SCRATCH)),
        "ink": 120,
        "opens": ("1b", "2"),
        "question_ids": ("1a", "1b", "2"),
        "counts": None,
        "decisions": (),
        "basis": "b1",
        "url": None,
    }
    return PartView(**values | changes)


def decided(action: PartAction = PartAction.SCRATCH, **changes: Any) -> PartDecision:
    return on_part(action=action, **changes)


@pytest.fixture
def known(stack: FakeStack) -> FakeStack:
    """A stack that knows a student by name."""
    students = Students(students=(Student(student_id="s-1", folder="Maya Lindqvist"),))
    stack.answer("GET", FILES, {"files": [stack.file("students.json", students.model_dump_json().encode())]})
    return stack


def test_parts_are_listed_with_what_is_open_beside_them(known: FakeStack, aita: Aita) -> None:
    belongs = decided(PartAction.BELONGS, question_id="1a")
    parts = (
        view(),
        view("p-2", student_id="s-9", lines=(), opens=()),
        view("p-3", lines=(), opens=(), counts=belongs, decisions=(belongs,)),
    )
    known.answer("GET", LIST, PartPage(parts=parts, open_parts=1, next_token="t"))
    code, out, _ = aita("review", "parts", "-a", "midterm", "--limit", "3")
    assert code == 0
    assert [line.rstrip() for line in out.splitlines()] == [
        "1 part of pages to decide on",
        "",
        "  p-1  Maya Lindqvist",
        "    page 2, from 14% to 18% of its height",
        r"    [red]x\x1b[2J = 5\u202e",
        "    open beside it: 1b, 2",
        "    aita review part p-1 --assignment midterm",
        "",
        "Parts that no answer waits for",
        "",
        "  p-2  s-9",
        "    page 2, from 14% to 18% of its height",
        "    undecided, and no answer is open beside it",
        "",
        "  p-3  Maya Lindqvist",
        "    page 2, from 14% to 18% of its height",
        "    belongs to question 1a",
        "",
        "There are more: raise --limit",
    ]
    known.answers["GET", LIST].clear()
    known.answer("GET", LIST, PartPage(parts=parts, open_parts=1))
    document = json.loads(aita("review", "parts", "-a", "midterm", "--json")[1])
    assert [part["student"] for part in document["parts"]] == ["Maya Lindqvist", None, "Maya Lindqvist"]


def test_a_part_is_shown_with_the_commands_that_decide(known: FakeStack, aita: Aita) -> None:
    page = known.file("page", b"a jpeg")["url"]
    earlier = decided(why="a sum", caller="arn:ada", alike="p-0")
    known.answer("GET", PART, view(decisions=(earlier,), url=page))
    code, out, _ = aita("review", "part", "p-1", "-a", "midterm")
    assert code == 0
    told = [line.strip() for line in out.splitlines()]
    for expected in (
        "Part p-1",
        "Maya Lindqvist, page 2, from 14% to 18% of its height",
        "open beside it: 1b, 2",
        r"[red]x\x1b[2J = 5\u202e",
        "a sum  [scratch]",
        "aita review part p-1 --open --assignment midterm",
        "aita review part p-1 --belongs-to 1b --assignment midterm",
        "aita review part p-1 --belongs-to 2 --assignment midterm",
        "aita review part p-1 --scratch --assignment midterm",
        "aita review part p-1 --nothing --assignment midterm",
    ):
        assert expected in told
    assert "Ada: scratch work, as p-0: a sum" in out
    assert not known.asked("POST", DECIDE)


@pytest.mark.parametrize("opens", [(), ("1b",)])
def test_a_part_can_belong_to_any_question(known: FakeStack, aita: Aita, opens: tuple[str, ...]) -> None:
    known.answer("GET", PART, view(lines=(), opens=opens))
    out = aita("review", "part", "p-1", "-a", "midterm")[1]
    assert "nothing was read" in out
    assert [line.split()[5] for line in out.splitlines() if "--belongs-to" in line] == [*opens, "QUESTION"]
    assert "QUESTION may be any of the exam's: 1a, 1b, 2\n" in out
    assert "--open" not in out


@pytest.mark.parametrize(("again", "sent"), [((), 0), (("--again",), 1)])
def test_another_decision_is_only_undone_if_that_is_asked_for(
    known: FakeStack, aita: Aita, again: tuple[str, ...], sent: int
) -> None:
    before = decided(PartAction.BELONGS, question_id="2")
    known.answer("GET", PART, view(opens=(), counts=before, decisions=(before,)))
    known.answer("POST", DECIDE, PartDecisions(decisions=(decided(),)))
    known.answer("GET", LIST, PartPage(parts=(), open_parts=4))
    code, out, err = aita("review", "part", "p-1", "-a", "midterm", "--scratch", "--by", "Bob", *again)
    assert code == (0 if again else 1)
    assert len(known.asked("POST", DECIDE)) == sent
    assert ("p-1: Ada: belongs to question 2, 20" in err) == (not again)
    assert ("Grade question 2 anew: aita grade --assignment midterm\n" in out) == bool(again)
    shown = aita("review", "part", "p-1", "-a", "midterm")[1]
    assert "aita review part p-1 --nothing --again --assignment midterm\n" in shown


def test_a_part_that_stays_where_it_was_changes_no_answer(known: FakeStack, aita: Aita) -> None:
    before = decided(PartAction.BELONGS, question_id="2")
    known.answer("GET", PART, view(opens=(), counts=before, decisions=(before,)))
    known.answer("POST", DECIDE, PartDecisions(decisions=(before,)))
    known.answer("GET", LIST, PartPage(parts=(), open_parts=4))
    out = aita("review", "part", "p-1", "-a", "midterm", "--belongs-to", "2", "--by", "Bob", "--again")[1]
    assert "belongs to question 2" in out
    assert "anew: aita grade" not in out


def test_everything_fits_a_narrow_terminal(known: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    part = view(lines=(Line(text="word " * 40),))
    known.answer("GET", PART, part)
    known.answer("GET", LIST, PartPage(parts=(part,), open_parts=1))
    for arguments in (("part", "p-1"), ("parts",)):
        out = aita("review", *arguments, "-a", "midterm")[1]
        assert out.count("word") == 40
        assert max(len(line) for line in out.splitlines() if "aita " not in line) <= 60
    assert "  aita review part p-1 --nothing --assignment midterm" in aita("review", "part", "p-1", "-a", "midterm")[1]


@pytest.mark.parametrize(
    ("options", "body", "said"),
    [
        (("--belongs-to", "2"), {"action": "belongs", "question_id": "2"}, "belongs to question 2"),
        (("--scratch", "--why", "a sum"), {"action": "scratch", "why": "a sum"}, "scratch work"),
        (("--nothing", "--class"), {"action": "nothing", "for_class": True}, "nothing that counts"),
    ],
)
def test_what_a_part_is_is_sent_as_it_was_seen(
    known: FakeStack,
    aita: Aita,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    body: dict[str, Any],
    said: str,
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    made = decided(PartAction(body["action"]), question_id=body.get("question_id"))
    others = (decided(part_id="p-2"), decided(part_id="p-3")) if "for_class" in body else ()
    known.answer("GET", PART, view())
    known.answer("POST", DECIDE, PartDecisions(decisions=(made, *others)))
    known.answer("GET", LIST, PartPage(parts=(), open_parts=4))
    code, out, _ = aita("review", "part", "p-1", "-a", "midterm", *options)
    assert code == 0
    assert f"Maya Lindqvist, page 2, from 14% to 18% of its height: {said}\n" in out
    assert ("The same for 2 parts of other pages" in out) == bool(others)
    assert ("Grade question 2 anew: aita grade --assignment midterm\n" in out) == (body["action"] == "belongs")
    assert "4 parts still to decide on" in out
    assert "Make them anew: aita report --assignment midterm\n" in out
    [sent] = known.asked("POST", DECIDE)
    assert sent.body == {"for_class": False, "why": "", "by": "ada", "basis": "b1"} | body


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"masked": 0.2, "source": "f1"},
            "20% of its height, also where this stands. See scans/Maya Lindqvist/1.jpg",
        ),
        ({"masked": 0.15, "source": "f2"}, "15% of its height, also where this stands. See the scan itself"),
        ({"masked": 0.14, "source": "f1"}, ""),
        ({}, ""),
    ],
)
def test_a_part_under_the_mask_says_where_to_see_it(
    stack: FakeStack, aita: Aita, changes: dict[str, Any], told: str
) -> None:
    students = Students(students=(Student(student_id="s-1", folder="Maya Lindqvist", files={"f1": "1.jpg"}),))
    stack.answer("GET", FILES, {"files": [stack.file("students.json", students.model_dump_json().encode())]})
    stack.answer("GET", PART, view(**changes))
    out = " ".join(aita("review", "part", "p-1", "-a", "midterm")[1].split())
    assert ("Page 2 is masked: its image is white from the top " in out) == bool(told)
    assert told in out


def test_the_page_of_a_part_is_saved_and_opened(
    known: FakeStack, aita: Aita, tmp_path: Path, opened: list[str]
) -> None:
    known.answer("GET", PART, view(url=known.file("page", b"a jpeg")["url"]))
    out = aita("review", "part", "p-1", "-a", "midterm", "--out", str(tmp_path), "--open", "--json")[1]
    image = tmp_path / "p-1-page-2.jpg"
    assert image.read_bytes() == b"a jpeg"
    assert opened == [image.as_uri()]
    assert json.loads(out)["images"] == [str(image)]


def test_a_decision_for_the_class_says_if_no_other_part_is_alike(known: FakeStack, aita: Aita) -> None:
    known.answer("GET", PART, view())
    known.answer("POST", DECIDE, PartDecisions(decisions=(decided(),)))
    known.answer("GET", LIST, PartPage(parts=(), open_parts=4))
    out = aita("review", "part", "p-1", "-a", "midterm", "--scratch", "--class", "--by", "Ada")[1]
    assert "The same for 0 parts of other pages\n" in out


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--scratch", "--nothing"), "--scratch and --nothing contradict each other"),
        (("--scratch", "--belongs-to", "2"), "--belongs-to and --scratch contradict each other"),
        (("--class",), "give one of --belongs-to, --scratch and --nothing"),
        (("--why", "so"), "give one of"),
        (("--by", "Ada"), "give one of"),
        (("--again",), "give one of"),
        (("--scratch", "--why", "x" * 2001), "--why: "),
        (("--scratch", "--by", "x" * 201), "--by: "),
        (("--belongs-to", ""), "--belongs-to takes the question that it belongs to, one of 1a, 1b, 2"),
        (("--belongs-to", "99"), "--belongs-to takes the question that it belongs to, one of 1a, 1b, 2"),
    ],
)
def test_what_can_not_be_decided_is_not_sent(known: FakeStack, aita: Aita, options: tuple[str, ...], told: str) -> None:
    known.answer("GET", PART, view())
    code, _, err = aita("review", "part", "p-1", "-a", "midterm", *options)
    assert code == 2
    assert "nothing was decided: " in err
    assert told in err
    assert "--question_id" not in err
    assert not known.asked("POST", DECIDE)


def test_what_the_stack_refuses_is_told(known: FakeStack, aita: Aita) -> None:
    known.answer("GET", PART, view())
    known.answer("POST", DECIDE, ConflictError("p-1 was decided: look again (aita review part p-1 -a midterm)"))
    code, out, err = aita("review", "part", "p-1", "-a", "midterm", "--scratch", "--by", "Ada")
    assert (code, out) == (1, "")
    assert "look again" in err
