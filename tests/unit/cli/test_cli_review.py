"""Reviewing on the command line: what is listed and shown, what is sent, and what is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aita.cli.output import Output
from aita.errors import ConflictError, NotFoundError
from aita.models.answer import AnswerPlace
from aita.models.decision import Decision, DecisionAction
from aita.models.exam import AnswerKey, Question, Rubric
from aita.models.grade import CellState, CriterionGrade
from aita.models.review import FlagView, PlaceView, Proposal, ReviewLine, ReviewPage, ReviewView, fingerprint
from aita.models.review_flags import FlagKind
from aita.models.second_look import ReadingDoubt, ReadLine, SecondLook
from aita.models.student import Student, Students
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack, Raw

CELL = "c-0123456789ab"
QUEUE = "/assignments/midterm/reviews"
PATH = f"{QUEUE}/{CELL}"
FILES = "/assignments/midterm/files"
SEEN = fingerprint("b1")
NASTY = "[red]Eve[/red]\x1b[31m\u202e"
WROTE = "first line\nsecond \x1b[2J line"
DOUBT = FlagView(kind=FlagKind.GRADERS_DISAGREE, text="the graders' points are far apart: from 1 to 3 of 5")


def line(cell: str = CELL, **changes: Any) -> ReviewLine:
    values: dict[str, Any] = {
        "cell_id": cell,
        "student_id": "s-1",
        "question_id": "1a",
        "state": CellState.NEEDS_REVIEW,
        "points": 3,
        "max_points": 5,
        "flags": (DOUBT,),
        "reason": "",
        "basis": "b1",
    }
    return ReviewLine(**values | changes)


def decision(**changes: Any) -> Decision:
    values: dict[str, Any] = {
        "decision_id": "01J",
        "cell_id": CELL,
        "student_id": "s-1",
        "question_id": "1a",
        "action": DecisionAction.SET,
        "points": 4.5,
        "why": "the method is right",
        "by": "Ada",
        "caller": "arn:aws:iam::1:user/ada",
        "at": datetime(2026, 3, 2, 12, tzinfo=UTC),
        "basis": "b1",
        "old_state": CellState.NEEDS_REVIEW,
        "old_points": 3,
    }
    return Decision(**values | changes)


def shown(stack: FakeStack, **changes: Any) -> ReviewView:
    page = stack.file("p", b"a jpeg")["url"]
    criteria = [{"points": 4, "description": "says four"}, {"points": 1, "description": "shows how"}]
    values: dict[str, Any] = {
        "question": Question(question_id="1a", question_text="2 + 2?", points=5, question_type="short_answer"),
        "points_step": 0.5,
        "raw_text": WROTE,
        "confidence": 0.8,
        "pages": (PlaceView(page=2, top=0.25, bottom=0.5, url=page),),
        "rubric": Rubric(question_id="1a", total_points=5, criteria=criteria),
        "answer_key": AnswerKey(question_id="1a", correct_answer="four"),
        "proposal": Proposal(
            points=3,
            criteria=(
                CriterionGrade(points=2, quote="second", reason="right"),
                CriterionGrade(points=1, quote="third", quote_found=False, reason="clear"),
            ),
            feedback="Nearly.",
            graders=(3, 2.5, 3),
        ),
        "decisions": (decision(),),
    }
    return ReviewView(**dict(line()) | values | changes)


@pytest.fixture
def known(stack: FakeStack) -> FakeStack:
    """A stack that knows two students of one name, and one whose name is no plain text."""
    students = Students(
        students=(
            Student(student_id="s-1", folder="Lindqvist Maya", roster_name="Maya Lindqvist", match="exact"),
            Student(student_id="s-2", folder="maya l", roster_name="Maya Lindqvist", match="exact"),
            Student(student_id="s-3", folder=NASTY),
        )
    )
    stack.answer("GET", FILES, {"files": [stack.file("students.json", students.model_dump_json().encode())]})
    return stack


def test_the_queue_is_listed_question_by_question_with_names(known: FakeStack, aita: Aita) -> None:
    cells = (
        line(),
        line("c-2", student_id="s-2", state=CellState.FAILED, points=None, flags=(), reason="it is no JSON"),
        line("c-3", student_id="s-3", question_id="2"),
        line("c-4", student_id="s-9", question_id="2", state=CellState.GRADED, flags=(), parts=("p-1", "p-2")),
    )
    known.answer("GET", QUEUE, ReviewPage(cells=cells, open_cells=3))
    code, out, _ = aita("review", "list", "-a", "midterm")
    assert code == 0
    assert [text.rstrip() for text in out.splitlines()] == [
        "3 answers to review",
        "  --seen CODE, given with a decision, refuses it if the answer has changed since",
        "",
        "Question 1a",
        f"  {CELL}  Maya Lindqvist (Lindqvist Maya)  proposed 3 of 5  waits for a decision  --seen {SEEN}",
        "    the graders' points are far apart: from 1 to 3 of 5 [graders_disagree]",
        "  c-2  Maya Lindqvist (maya l)  no proposal, of 5  failed",
        "    it is no JSON",
        "",
        "Question 2",
        rf"  c-3  [red]Eve[/red]\x1b[31m\u202e  proposed 3 of 5  waits for a decision  --seen {SEEN}",
        "    the graders' points are far apart: from 1 to 3 of 5 [graders_disagree]",
        f"  c-4  s-9  3 of 5  graded  --seen {SEEN}",
        "    aita review part p-1 --assignment midterm",
        "    aita review part p-2 --assignment midterm",
        "",
        "look, and decide  aita review show ANSWER --assignment midterm",
    ]
    assert known.asked("GET", QUEUE)[0].query == {"limit": "50"}


@pytest.mark.parametrize("option", ["--all", "--mine"])
def test_the_headline_counts_what_is_listed(known: FakeStack, aita: Aita, option: str) -> None:
    cells = (line(state=CellState.OVERRIDDEN, flags=(), reason="half right"), line("c-2"))
    known.answer("GET", QUEUE, ReviewPage(cells=cells, open_cells=1))
    out = aita("review", "list", "-a", "midterm", option)[1]
    assert out.splitlines()[0] == "2 answers listed, open and closed. 1 answer to review"
    assert "    decided: half right\n" in out
    assert aita("review", "list", "-a", "midterm")[1].splitlines()[0] == "1 answer to review"


@pytest.mark.parametrize(
    ("state", "title"),
    [(CellState.GRADED, "Grading"), (CellState.OVERRIDDEN, "Grading, in place of which a person set points")],
)
def test_a_closed_answer_has_the_doubts_of_its_grading_and_no_proposal(
    known: FakeStack, aita: Aita, state: CellState, title: str
) -> None:
    found = shown(known, state=state, flags=(), reason="the method is right", counts="01J")
    proposal = found.proposal.model_copy(update={"flags": (DOUBT,)})
    known.answer("GET", PATH, found.model_copy(update={"proposal": proposal}))
    out = aita("review", "show", CELL, "-a", "midterm")[1]
    lines = out.splitlines()
    assert lines[lines.index("Doubts of the grading") + 1].strip() == f"{DOUBT.text} [graders_disagree]"
    assert (title in lines, "Reasons" in lines, "Proposal" in lines) == (True, False, False)
    assert out.count("the method is right") == 1, "among the decisions"


def test_the_queue_in_json_pages_up_to_the_limit(known: FakeStack, aita: Aita) -> None:
    first = ReviewPage(cells=(line(),) * 100, open_cells=130, next_token="c-100")
    known.answer("GET", QUEUE, first, ReviewPage(cells=(line(),) * 20, open_cells=130, next_token="c-120"))
    code, out, _ = aita("review", "list", "-a", "midterm", "--limit", "120", "--all", "--json")
    document = json.loads(out)
    assert (code, len(document["cells"]), document["open_cells"]) == (0, 120, 130)
    assert document["cells"][0]["student"] == "Maya Lindqvist (Lindqvist Maya)"
    asked = [one.query for one in known.asked("GET", QUEUE)]
    assert asked == [
        {"limit": "100", "closed": "true"},
        {"limit": "20", "closed": "true", "next_token": "c-100"},
    ]
    known.answers["GET", QUEUE].clear()
    known.answer("GET", QUEUE, ReviewPage(cells=(line(),), open_cells=2, next_token="c-1"))
    assert "raise --limit" in aita("review", "list", "-a", "midterm", "--limit", "1")[1]


def test_a_cell_is_shown_with_all_there_is_to_decide_by(known: FakeStack, aita: Aita) -> None:
    known.answer("GET", PATH, shown(known))
    code, out, _ = aita("review", "show", CELL, "-a", "midterm")
    assert code == 0
    told = [text.strip() for text in out.splitlines()]
    for expected in (
        "Question 1a  proposed 3 of 5  waits for a decision",
        f"Maya Lindqvist (Lindqvist Maya), {CELL}",
        f"{DOUBT.text} [graders_disagree]",
        "2 + 2?",
        "first line",
        r"second \x1b[2J line",
        "page 2 from 25% to 50% of its height; confidence 0.80",
        "four",
        "1. says four (4)",
        "2. shows how (1)",
        "3 of 5 (the graders: 3, 2.5, 3)",
        "1. 2 of 4: right",
        "2. 1 of 1: clear",
        '"second"',
        '"third"  [not in the transcription]',
        "Criterion 2 has no quote that stands in the transcription",
        "Nearly.",
        f"aita review accept {CELL} --seen {SEEN} --assignment midterm",
        f"aita review set {CELL} --points P --seen {SEEN} --why TEXT --assignment midterm",
    ):
        assert expected in told
    assert "Ada set 4.5 (before: waits for a decision, 3): the method is right" in out


def test_both_readings_of_a_line_are_shown(known: FakeStack, aita: Aita) -> None:
    place = AnswerPlace(page=2, top=0.25, bottom=0.5)
    lines = (ReadLine(transcribed="4\x1b[2J3 N", read="48 N"), ReadLine(read="so it is"))
    look = SecondLook(doubts=(ReadingDoubt.QUANTITY,), strips=(place,), reading=lines)
    known.answer("GET", PATH, shown(known, second_look=look))
    out = aita("review", "show", CELL, "-a", "midterm")[1]
    told = [text.strip() for text in out.splitlines()]
    assert "the graders saw it on the page (a number with a sign, decimals or a unit)" in " ".join(told)
    for expected in (
        r"transcribed: 4\x1b[2J3 N",
        "read:        48 N",
        "transcribed: (nothing)",
        "read:        so it is",
    ):
        assert expected in told


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_second_reading_is_shown_beside_the_first(known: FakeStack, aita: Aita, is_seen: bool) -> None:
    places = (AnswerPlace(page=2, top=0.25, bottom=0.5),) if is_seen else ()
    lines = (ReadLine(transcribed="43 N", read="48 N"),)
    look = SecondLook(doubts=(ReadingDoubt.QUANTITY,), strips=places, read_twice=True, second_reading=lines)
    known.answer("GET", PATH, shown(known, second_look=look))
    out = aita("review", "show", CELL, "-a", "midterm")[1]
    assert ("the graders saw it on the page" in out) == is_seen
    assert out.count("a number with a sign, decimals or a unit") == 1
    assert "differs" in out
    assert "transcribed: 43 N" in out
    assert "read:        48 N" in out


def test_it_is_said_that_a_second_reading_says_the_same(known: FakeStack, aita: Aita) -> None:
    known.answer("GET", PATH, shown(known, second_look=SecondLook(read_twice=True)))
    assert "a second reading of it on the page says the same" in aita("review", "show", CELL, "-a", "midterm")[1]


def test_it_is_said_why_graders_did_not_see_the_page(known: FakeStack, aita: Aita) -> None:
    look = SecondLook(doubts=(ReadingDoubt.DRAWING,), missing="its strips were not cut")
    known.answer("GET", PATH, shown(known, second_look=look))
    out = " ".join(aita("review", "show", CELL, "-a", "midterm")[1].split())
    assert "the graders did not see it on the page (a drawing): its strips were not cut" in out


def test_a_cell_without_a_proposal_can_not_be_accepted(known: FakeStack, aita: Aita) -> None:
    nothing = {
        "state": CellState.FAILED,
        "points": None,
        "reason": "it is no JSON",
        "raw_text": "",
        "pages": (),
        "rubric": None,
        "answer_key": None,
        "proposal": Proposal(points=None, criteria=(), feedback="", graders=()),
        "decisions": (),
    }
    known.answer("GET", PATH, shown(known, **nothing))
    code, out, err = aita("review", "show", CELL, "-a", "midterm", "--open")
    assert code == 0
    assert "nothing was read" in out
    assert "review set" in out
    assert "review accept" not in out
    assert "there is no image" in err


def test_everything_fits_a_narrow_terminal(known: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    known.answer("GET", PATH, shown(known, raw_text="word " * 60 + "x" * 100))
    known.answer("GET", QUEUE, ReviewPage(cells=(line(reason="word " * 60),), open_cells=1))
    for arguments in (("show", CELL), ("list",)):
        code, out, _ = aita("review", *arguments, "-a", "midterm")
        assert code == 0
        assert "word word" in out
        commands = [text for text in out.splitlines() if text.startswith("  aita ")]  # each is one line to paste
        assert max(len(text) for text in out.splitlines() if text not in commands) <= 80
        assert out.count("word") == 60


@pytest.mark.parametrize("width", range(66, 80))
def test_a_listed_answer_is_wrapped_between_words(
    known: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    known.answer("GET", QUEUE, ReviewPage(cells=(line(),), open_cells=1))
    out = aita("review", "list", "-a", "midterm")[1]
    assert {"waits", "decision"} <= set(out.split())
    assert max(map(len, out.splitlines())) <= width


def test_a_command_is_one_line_that_can_be_pasted(
    known: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    known.answer("GET", PATH, shown(known, parts=("p-1",)))
    _, out, _ = aita("review", "show", CELL, "-a", "midterm")
    assert f"  aita review accept {CELL} --seen {SEEN} --assignment midterm" in out.splitlines()
    assert "  aita review part p-1 --assignment midterm" in out.splitlines()


def test_the_images_of_a_cell_are_saved_and_opened(
    known: FakeStack, aita: Aita, tmp_path: Path, opened: list[str]
) -> None:
    known.answer("GET", PATH, shown(known))
    code, out, err = aita("review", "show", CELL, "-a", "midterm", "--out", str(tmp_path / "new"), "--open", "--json")
    image = tmp_path / "new" / f"{CELL}-page-2.jpg"
    assert code == 0
    assert image.read_bytes() == b"a jpeg"
    assert opened == [image.as_uri()]
    assert json.loads(out)["images"] == [str(image)]
    assert str(image) in err


def test_where_the_images_are_is_said_below_the_answer(
    known: FakeStack, aita: Aita, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def recorded(name: str) -> None:
        kept = getattr(Output, name)

        def call(*arguments: Any) -> None:
            order.append(name)
            kept(*arguments)

        monkeypatch.setattr(Output, name, call)

    recorded("result")
    recorded("note")
    known.answer("GET", PATH, shown(known))
    assert aita("review", "show", CELL, "-a", "midterm", "--out", str(tmp_path / "new"))[0] == 0
    assert (order[0], "note" in order) == ("result", True)


def test_images_that_are_only_opened_lie_beside_the_reports(
    known: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    known.answer("GET", PATH, shown(known))
    assert aita("review", "show", CELL, "-a", "midterm", "--open")[0] == 0
    image = Path("out/midterm/pages") / f"{CELL}-page-2.jpg"
    assert image.read_bytes() == b"a jpeg"
    assert opened == [image.resolve().as_uri()]


def test_a_proposal_is_accepted_as_it_was_seen(known: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    known.answer("GET", PATH, shown(known))
    known.answer("POST", PATH, decision(action=DecisionAction.ACCEPT, points=3, why=""))
    known.answer("GET", QUEUE, ReviewPage(cells=(), open_cells=7))
    code, out, _ = aita("review", "accept", CELL, "--seen", SEEN, "-a", "midterm")
    assert code == 0
    assert "Accepted: 3 of 5 for Maya Lindqvist (Lindqvist Maya), question 1a (before: waits for a decision, 3)" in out
    assert "7 answers still to review" in out
    assert "Criterion 2 has no quote that stands in the transcription: the student's report says that a person" in out
    assert "Reports that were made before are out of date. Make them anew: aita report --assignment midterm\n" in out
    [sent] = known.asked("POST", PATH)
    assert sent.body == {"action": "accept", "why": "", "by": "ada", "basis": "b1"}


@pytest.mark.parametrize("again", [(), ("--again",)])
@pytest.mark.parametrize("action", [("accept", "--seen", SEEN), ("set", "--points", "4", "--why", "half")])
def test_another_persons_decision_is_only_undone_if_that_is_asked_for(
    known: FakeStack, aita: Aita, action: tuple[str, ...], again: tuple[str, ...]
) -> None:
    known.answer("GET", PATH, shown(known, state=CellState.OVERRIDDEN, points=4.5))
    known.answer("POST", PATH, decision())
    known.answer("GET", QUEUE, ReviewPage(cells=(), open_cells=1))
    command, *options = action
    code, _, err = aita("review", command, CELL, "-a", "midterm", "--by", "Bob", *options, *again)
    assert code == (0 if again else 1)
    assert len(known.asked("POST", PATH)) == bool(again)
    told = f"{CELL}: Ada set 4.5, 2026-03-0"
    assert (told in err) == (not again)
    assert (f"(aita review show {CELL} --assignment midterm), and add --again" in err) == (not again)


def test_an_answer_under_the_mask_says_where_to_see_it(known: FakeStack, aita: Aita) -> None:
    first = PlaceView(page=1, top=0.05, bottom=0.5, url="u", masked=0.12)
    second = PlaceView(page=2, top=0.2, bottom=1, url="u", masked=0.12)
    known.answer("GET", PATH, shown(known, pages=(first, second)))
    out = " ".join(aita("review", "show", CELL, "-a", "midterm")[1].split())
    assert "Page 1 is masked: its image is white from the top to 12% of its height" in out
    assert "Page 2 is masked" not in out


def test_of_two_decisions_with_the_same_points_the_one_that_counts_is_told(known: FakeStack, aita: Aita) -> None:
    """Bob's is about other points of the rubric, which were taken back since: Ada's counts again."""
    about_others = decision(decision_id="02J", by="Bob", basis="b2", at=datetime(2026, 3, 3, 12, tzinfo=UTC))
    found = shown(known, state=CellState.OVERRIDDEN, points=4.5, basis="b1, after 02J")
    known.answer("GET", PATH, found.model_copy(update={"decisions": (decision(), about_others)}))
    code, _, err = aita("review", "accept", CELL, "--seen", SEEN, "-a", "midterm", "--by", "Cyd")
    assert code == 1
    assert f"{CELL}: Ada set 4.5, 2026-03-02" in err


def test_a_failure_after_a_decision_was_recorded_says_that_it_was(known: FakeStack, aita: Aita) -> None:
    known.answer("GET", PATH, shown(known))
    known.answer("POST", PATH, decision())
    known.answer("GET", QUEUE, Raw(404, b'{"error": "NotFoundError", "message": "there is no such list"}'))
    code, out, err = aita("review", "set", CELL, "-a", "midterm", "--points", "4.5", "--why", "half", "--by", "Ada")
    assert code == 1
    assert "there is no such list" in err
    assert "recorded" in out + err


def test_what_was_decided_is_shown_with_the_commands_that_undo_it(known: FakeStack, aita: Aita) -> None:
    known.answer("GET", PATH, shown(known, state=CellState.OVERRIDDEN, points=4.5))
    out = aita("review", "show", CELL, "-a", "midterm")[1]
    assert f"  aita review accept {CELL} --seen {SEEN} --again --assignment midterm\n" in out
    assert f"  aita review set {CELL} --points P --seen {SEEN} --why TEXT --again --assignment midterm\n" in out
    assert f"  aita review correct {CELL} --transcription FILE --seen {SEEN} --again --assignment midterm\n" in out
    assert f"  aita review undo {CELL} --seen {SEEN} --again --assignment midterm\n" in out
    assert "arn:" not in out


def test_an_open_answer_is_decided_whatever_was_decided_before(known: FakeStack, aita: Aita) -> None:
    known.answer("GET", PATH, shown(known, points=4.5))
    known.answer("POST", PATH, decision())
    known.answer("GET", QUEUE, ReviewPage(cells=(), open_cells=1))
    assert aita("review", "accept", CELL, "--seen", SEEN, "-a", "midterm", "--by", "Bob")[0] == 0
    out = aita("review", "show", CELL, "-a", "midterm")[1]
    assert {text.split()[2] for text in out.splitlines() if "--again" in text} == {"undo"}


def test_points_are_set_with_their_reason(known: FakeStack, aita: Aita) -> None:
    known.answer("GET", PATH, shown(known))
    known.answer("POST", PATH, decision())
    known.answer("GET", QUEUE, ReviewPage(cells=(), open_cells=1))
    command = ("review", "set", CELL, "-a", "midterm", "--points", "4.5", "--why", "half", "--by", "Ada", "--json")
    code, out, _ = aita(*command)
    document = json.loads(out)
    assert (code, document["points"], document["open_cells"]) == (0, 4.5, 1)
    [sent] = known.asked("POST", PATH)
    assert sent.body == {"action": "set", "points": 4.5, "why": "half", "by": "Ada", "basis": "b1"}


def test_who_reads_a_reason_is_told(known: FakeStack, aita: Aita) -> None:
    known.answer("GET", PATH, shown(known))
    known.answer("POST", PATH, decision())
    known.answer("GET", QUEUE, ReviewPage(cells=(), open_cells=1))
    out = aita("review", "set", CELL, "-a", "midterm", "--points", "4.5", "--why", "half", "--by", "Ada")[1]
    assert "The student reads your reason: the method is right" in out
    assert "The student reads it, word for word" in " ".join(aita("review", "set", "--help")[1].split())
    for command in ("correct", "undo", "part"):
        assert "for staff alone" in " ".join(aita("review", command, "--help")[1].split())


def test_what_is_set_needs_no_quotes_and_outdates_reports(known: FakeStack, aita: Aita) -> None:
    known.answer("GET", PATH, shown(known))
    known.answer("POST", PATH, decision())
    known.answer("GET", QUEUE, ReviewPage(cells=(), open_cells=1))
    out = aita("review", "set", CELL, "-a", "midterm", "--points", "4.5", "--why", "half", "--by", "Ada")[1]
    assert "quote" not in out
    assert "Make them anew: aita report --assignment midterm\n" in out


def test_criteria_that_all_have_their_quotes_are_not_spoken_of(known: FakeStack, aita: Aita) -> None:
    found = shown(known)
    quoted = tuple(each.model_copy(update={"quote_found": True}) for each in found.proposal.criteria)
    known.answer("GET", PATH, shown(known, proposal=found.proposal.model_copy(update={"criteria": quoted})))
    known.answer("POST", PATH, decision(action=DecisionAction.ACCEPT, points=3, why=""))
    known.answer("GET", QUEUE, ReviewPage(cells=(), open_cells=1))
    assert "no quote" not in aita("review", "show", CELL, "-a", "midterm")[1]
    assert "no quote" not in aita("review", "accept", CELL, "--seen", SEEN, "-a", "midterm", "--by", "Ada")[1]


@pytest.mark.parametrize(
    ("error", "told"),
    [(ConflictError("it was graded anew"), "graded anew"), (NotFoundError("no such answer"), "no such answer")],
)
def test_what_the_stack_refuses_is_told(known: FakeStack, aita: Aita, error: Exception, told: str) -> None:
    known.answer("GET", PATH, shown(known))
    known.answer("POST", PATH, error)  # type: ignore[arg-type]
    code, out, err = aita("review", "accept", CELL, "--seen", SEEN, "-a", "midterm", "--by", "Ada")
    assert (code, out) == (1, "")
    assert told in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("set", CELL, "--points", "-1", "--why", "x"),
        ("set", CELL, "--points", "nan", "--why", "x"),
        ("set", CELL, "--points", "1"),
        ("set", CELL, "--why", "x"),
        ("set", CELL, "--points", "1", "--why", "x" * 2001),
        ("accept", CELL, "--by", "x" * 201),
        ("accept",),
    ],
)
def test_what_can_not_be_decided_is_not_sent(known: FakeStack, aita: Aita, arguments: tuple[str, ...]) -> None:
    known.answer("GET", PATH, shown(known))
    code, _, _ = aita("review", *arguments, "-a", "midterm")
    assert code == 2
    assert not known.asked("POST", PATH)


def test_nobody_decides_namelessly(known: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise OSError("no such user")

    monkeypatch.setattr("getpass.getuser", unknown)
    known.answer("GET", PATH, shown(known))
    code, _, err = aita("review", "accept", CELL, "--seen", SEEN, "-a", "midterm")
    assert code == 2
    assert "--by" in err
    assert not known.asked("POST", PATH)


def test_a_rubric_of_other_criteria_tells_no_worths(known: FakeStack, aita: Aita) -> None:
    other = Rubric(question_id="1a", total_points=5, criteria=[{"points": 5, "description": "all of it"}])
    known.answer("GET", PATH, shown(known, rubric=other))
    out = aita("review", "show", CELL, "-a", "midterm")[1]
    assert "1. all of it (5)" in out
    assert "1. 2: right" in out
