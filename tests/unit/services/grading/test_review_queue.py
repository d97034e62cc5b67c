"""The review queue: what is in it, what is shown of it, and which decisions are taken."""

import json
from typing import Any

import pytest

from aita.errors import ConflictError, MissingMaterialError, NotFoundError, RequestError
from aita.models.decision import DecisionAction
from aita.models.grade import Cell, CellState, CriterionGrade, cell_id
from aita.models.review import DecisionRequest
from aita.models.review_flags import Flag, FlagKind
from aita.services.grading.review_queue import Reviews
from tests.support.fakes import ASSIGNMENT, EXAM, QUESTIONS, Clock, Harness, Objects
from tests.support.grades import RUBRICS, answers, criteria, put_answers
from tests.support.memory_decisions import MemoryDecisions

ARN = "arn:aws:iam::123456789012:user/ada"
SECRET = "Maya wrote: a secret answer"


def cell(student: str, question: str, state: CellState = CellState.NEEDS_REVIEW, **changes: Any) -> Cell:
    worth = next(one["points"] for one in QUESTIONS if one["question_id"] == question)
    values: dict[str, Any] = {
        "cell_id": cell_id(student, question),
        "student_id": student,
        "question_id": question,
        "state": state,
        "max_points": worth,
        "basis": f"basis of {question}",
    }
    if state in (CellState.GRADED, CellState.NEEDS_REVIEW):
        values |= {
            "points": 3,
            "criteria": (
                CriterionGrade(points=2, quote=SECRET, reason="right"),
                CriterionGrade(points=1, quote="4", quote_found=False),
            ),
            "feedback": "Nearly.",
            "graders": (3, 2.5),
        }
    if state is CellState.NEEDS_REVIEW:
        values["flags"] = (Flag(kind=FlagKind.GRADERS_DISAGREE, note="from 1 to 3 of 5"),)
    if state is CellState.FAILED:
        values["reason"] = "UnparsableReplyError: it is no JSON"
    return Cell(**values | changes)


FIRST = cell_id("s-1", "1a")
FAILED = cell_id("s-1", "2")
GRADED = cell_id("s-2", "1a")


class Desk:
    """An assignment that was graded, and its reviews."""

    def __init__(self) -> None:
        self.objects = Objects()
        self.clock = Clock()
        self.decisions = MemoryDecisions()
        self.reviews = Reviews(objects=self.objects, decisions=self.decisions, clock=self.clock)
        self.put("questions.json", EXAM)
        self.grade(
            cell("s-1", "1a"),
            cell("s-1", "1b", CellState.GRADED),
            cell("s-1", "2", CellState.FAILED),
            cell("s-2", "1a", CellState.GRADED),
            cell("s-2", "1b"),
            cell("s-2", "2"),
        )
        answer = {"raw_text": SECRET, "confidence": 0.8, "pages": [{"page": 2, "top": 0.25, "bottom": 0.5}]}
        self.put("answers.json", {"s-1": {"question_answers": [{"question_id": "1a"} | answer]}})
        pages = [{"page": n, "key": f"p/{n}", "sha256": "x", "width": 850, "height": 1100} for n in (1, 2)]
        self.put("pages.json", {"s-1": pages})
        criteria = [{"points": 5, "description": "says four"}]
        self.put("rubrics.json", {"1a": {"question_id": "1a", "total_points": 5, "criteria": criteria}})
        self.put("answer_keys.json", {"1a": {"question_id": "1a", "correct_answer": "four"}})

    def put(self, name: str, data: Any) -> None:
        self.objects.data[f"{ASSIGNMENT}/{name}"] = json.dumps(data).encode()

    def grade(self, *cells: Cell) -> None:
        grades: dict[str, dict[str, Any]] = {}
        for one in cells:
            grades.setdefault(one.student_id, {})[one.question_id] = one.model_dump(mode="json")
        self.put("grades.json", grades)

    def decide(self, cell: str, action: str = "set", **changes: Any) -> Any:
        basis = self.reviews.show(ASSIGNMENT, cell).basis
        said = {"points": 4.5, "why": "half right"} if action == "set" else {}
        asked = DecisionRequest(action=DecisionAction(action), **{"by": "Ada", "basis": basis} | said | changes)
        return self.reviews.decide(ASSIGNMENT, cell, asked, ARN)

    def queue(self, limit: int = 100, token: str | None = None, *, closed: bool = False) -> Any:
        return self.reviews.queue(ASSIGNMENT, limit, token, closed=closed)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_queue_holds_the_open_cells_with_their_reasons(desk: Desk) -> None:
    page = desk.queue()
    assert [(one.question_id, one.student_id) for one in page.cells] == [
        ("1a", "s-1"),
        ("1b", "s-2"),
        ("2", "s-1"),
        ("2", "s-2"),
    ]
    assert (page.open_cells, page.next_token) == (4, None)
    first, _, failed, _ = page.cells
    assert (first.points, first.max_points) == (3, 5)
    assert [flag.text for flag in first.flags] == ["the graders' points are far apart: from 1 to 3 of 5"]
    assert (failed.state, failed.points, failed.reason) == (
        CellState.FAILED,
        None,
        "UnparsableReplyError: it is no JSON",
    )


def test_the_queue_can_list_the_closed_cells_too(desk: Desk) -> None:
    page = desk.queue(closed=True)
    assert len(page.cells) == 6
    assert page.open_cells == 4


def test_pages_go_on_behind_a_cell_that_was_decided_meanwhile(desk: Desk) -> None:
    first = desk.queue(2)
    desk.decide(first.cells[-1].cell_id, "accept")
    second = desk.queue(2, first.next_token)
    assert [(one.question_id, one.student_id) for one in second.cells] == [("2", "s-1"), ("2", "s-2")]
    assert (second.open_cells, second.next_token) == (3, None)
    with pytest.raises(RequestError, match="next_token"):
        desk.queue(2, "c-none")


def test_a_cell_is_shown_with_all_there_is_to_decide_by(desk: Desk) -> None:
    desk.decide(FIRST, why="first thought")
    shown = desk.reviews.show(ASSIGNMENT, FIRST)
    assert (shown.state, shown.points, shown.reason) == (CellState.OVERRIDDEN, 4.5, "first thought")
    assert (shown.raw_text, shown.confidence) == (SECRET, 0.8)
    (place,) = shown.pages
    assert (place.page, place.top, place.bottom) == (2, 0.25, 0.5)
    assert place.url.startswith("memory:///p/2")
    assert shown.question.question_text == "What is 2 + 2?"
    assert shown.rubric is not None
    assert shown.rubric.criteria[0].description == "says four"
    assert shown.answer_key is not None
    assert shown.answer_key.correct_answer == "four"
    assert (shown.proposal.points, shown.proposal.graders, shown.proposal.feedback) == (3, (3, 2.5), "Nearly.")
    assert [criterion.quote_found for criterion in shown.proposal.criteria] == [True, False]
    (decision,) = shown.decisions
    assert (decision.old_state, decision.old_points, decision.points) == (CellState.NEEDS_REVIEW, 3, 4.5)


def test_a_cell_is_shown_without_what_is_not_there(desk: Desk) -> None:
    for name in ("answers", "pages", "rubrics", "answer_keys"):
        del desk.objects.data[f"{ASSIGNMENT}/{name}.json"]
    shown = desk.reviews.show(ASSIGNMENT, FIRST)
    assert (shown.raw_text, shown.pages, shown.rubric, shown.answer_key) == ("", (), None, None)


def test_the_instructors_own_rubric_is_the_one_shown(desk: Desk) -> None:
    desk.put("user_rubrics.json", {"1a": {"total_points": 5, "criteria": [{"points": 5, "description": "mine"}]}})
    shown = desk.reviews.show(ASSIGNMENT, FIRST)
    assert shown.rubric is not None
    assert shown.rubric.criteria[0].description == "mine"


def test_the_rubric_shown_is_the_one_that_was_graded_against(desk: Desk) -> None:
    criteria = [{"points": 5, "description": "was asked then"}]
    desk.put("rubric_versions/v1.json", {"question_id": "1a", "total_points": 5, "criteria": criteria})
    desk.grade(cell("s-1", "1a", rubric="v1"))
    shown = desk.reviews.show(ASSIGNMENT, FIRST)
    assert shown.rubric is not None
    assert shown.rubric.criteria[0].description == "was asked then"


def test_a_decision_closes_its_cell_and_is_kept(desk: Desk) -> None:
    made = desk.decide(FIRST)
    assert list(desk.decisions.all(ASSIGNMENT)) == [made]
    assert (made.by, made.caller, made.at, made.why) == ("Ada", ARN, desk.clock.now, "half right")
    assert desk.queue().open_cells == 3
    desk.clock.advance(1)
    taken_back = desk.decide(FIRST, "accept")
    assert (taken_back.points, taken_back.old_points) == (3, 4.5)
    assert desk.reviews.show(ASSIGNMENT, FIRST).state is CellState.GRADED
    assert desk.reviews.decided(ASSIGNMENT, 10, None).decisions == (made, taken_back)


def test_the_doubts_of_a_grading_stay_once_a_person_has_decided(desk: Desk) -> None:
    before = desk.reviews.show(ASSIGNMENT, FIRST)
    desk.decide(FIRST)
    after = desk.reviews.show(ASSIGNMENT, FIRST)
    assert (after.state, after.flags) == (CellState.OVERRIDDEN, ())
    assert after.proposal.flags == before.proposal.flags == before.flags != ()


def test_a_closed_cell_and_a_failed_one_can_be_set(desk: Desk) -> None:
    for each in (GRADED, FAILED):
        desk.decide(each)
        assert desk.reviews.show(ASSIGNMENT, each).state is CellState.OVERRIDDEN


@pytest.mark.parametrize("points", [0, 0.5, 3.5, 3])
def test_points_are_steps_of_the_exam_or_all(desk: Desk, points: float) -> None:
    desk.put("questions.json", EXAM | {"points_step": 0.5})
    assert desk.decide(cell_id("s-2", "1b"), points=points).points == points


def test_all_of_two_thirds_of_a_point_can_be_set(desk: Desk) -> None:
    desk.grade(cell("s-2", "1b", max_points=2 / 3, points=0.0))
    desk.put("questions.json", EXAM | {"questions": [question | {"points": 2 / 3} for question in QUESTIONS]})
    assert desk.decide(cell_id("s-2", "1b"), points=0.67).points == 0.67


@pytest.mark.parametrize(
    ("step", "points", "told"),
    [(0.5, 3.25, "no multiple of 0.5"), (2, 3, "no multiple of 2"), (0.5, 4, "worth, 3.5"), (0.01, 1.001, "multiple")],
)
def test_points_that_the_question_can_not_have_are_refused(desk: Desk, step: float, points: float, told: str) -> None:
    desk.put("questions.json", EXAM | {"points_step": step})
    with pytest.raises(RequestError, match=told):
        desk.decide(cell_id("s-2", "1b"), points=points)
    assert not desk.decisions.data


@pytest.mark.parametrize(
    ("cell", "action", "changes", "told"),
    [
        (FAILED, "accept", {}, "no proposal"),
        (FIRST, "accept", {"points": 3}, "takes the points that are proposed"),
        (FIRST, "set", {"why": " "}, "why is missing"),
        (FIRST, "set", {"points": None}, "points are missing"),
    ],
)
def test_a_decision_that_lacks_something_is_refused(
    desk: Desk, cell: str, action: str, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(RequestError, match=told):
        desk.decide(cell, action, **changes)
    assert not desk.decisions.data


def test_a_decision_about_what_was_graded_anew_conflicts(desk: Desk) -> None:
    seen = desk.reviews.show(ASSIGNMENT, FIRST).basis
    desk.grade(cell("s-1", "1a", basis="another"))
    with pytest.raises(ConflictError, match="look again"):
        desk.decide(FIRST, basis=seen)
    assert not desk.decisions.data


def test_a_colleagues_decision_made_since_is_not_overwritten(desk: Desk) -> None:
    desk.grade(cell("s-1", "1a"))
    seen = desk.reviews.show(ASSIGNMENT, FIRST).basis
    desk.decide(FIRST, action="set", points=1, why="half right", by="Ann")
    with pytest.raises(
        ConflictError, match=r"was set to 1 of 5 points by Ann at .* UTC, since you looked at it: look again"
    ):
        desk.decide(FIRST, action="set", points=2, why="fine", by="Bob", basis=seen)
    desk.decide(FIRST, action="set", points=2, why="we agreed", by="Bob")
    assert [each.by for each in desk.decisions.all(ASSIGNMENT)] == ["Ann", "Bob"]


def test_an_exam_that_changed_after_grading_opens_its_cells(desk: Desk) -> None:
    desk.decide(GRADED)
    changed = [question | {"points": 4} if question["question_id"] == "1a" else question for question in QUESTIONS]
    desk.put("questions.json", EXAM | {"questions": changed})
    cells = [one for one in desk.queue().cells if one.question_id == "1a"]
    assert [(one.points, one.max_points) for one in cells] == [(None, 4), (None, 4)]
    assert any("points, from 5 to 4" in flag.text for flag in cells[1].flags)
    with pytest.raises(RequestError, match="no proposal"):
        desk.decide(FIRST, "accept")
    desk.decide(FIRST, points=4)
    assert desk.reviews.show(ASSIGNMENT, FIRST).state is CellState.OVERRIDDEN


def test_a_student_whose_scans_came_after_grading_is_in_the_queue(desk: Desk) -> None:
    desk.put("scans.json", {"s-1": {}, "s-3": {"unreadable": 1}})
    page = desk.queue()
    assert [one.question_id for one in page.cells if one.student_id == "s-3"] == ["1a", "1b", "2"]
    assert page.open_cells == 7


def test_what_is_not_there_is_named(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="c-none"):
        desk.reviews.show(ASSIGNMENT, "c-none")
    with pytest.raises(RequestError, match="letters, digits"):
        desk.reviews.queue("a/b", 1, None)
    with pytest.raises(RequestError, match="letters, digits"):
        desk.reviews.decided("a/b", 1, None)
    del desk.objects.data[f"{ASSIGNMENT}/grades.json"]
    with pytest.raises(MissingMaterialError, match="aita grade"):
        desk.queue()


def test_what_a_student_wrote_is_in_no_log(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    desk.decide(FIRST, why="they wrote nonsense")
    assert caplog.messages == [f"decided on {FIRST}: set"]


class TestDecisionsOverRuns:
    """What people decided, when the exam is graded again."""

    @pytest.fixture
    def graded(self, harness: Harness) -> Harness:
        put_answers(harness)
        harness.run("grade")
        return harness

    def decide(self, harness: Harness) -> Reviews:
        reviews = Reviews(objects=harness.objects, decisions=harness.decisions, clock=harness.clock)
        basis = reviews.show(ASSIGNMENT, FIRST).basis
        asked = DecisionRequest(action=DecisionAction.SET, points=2, why="half right", by="Ada", basis=basis)
        reviews.decide(ASSIGNMENT, FIRST, asked, ARN)
        return reviews

    def test_a_run_that_changes_nothing_leaves_them(self, graded: Harness) -> None:
        reviews = self.decide(graded)
        graded.run("grade")
        shown = reviews.show(ASSIGNMENT, FIRST)
        assert (shown.state, shown.points) == (CellState.OVERRIDDEN, 2)

    @pytest.mark.parametrize("what", ["rubric", "points", "answer", "question"])
    def test_a_run_on_something_else_opens_the_cell_and_keeps_who_decided(self, graded: Harness, what: str) -> None:
        reviews = self.decide(graded)
        stricter = {"total_points": 5, "criteria": [{"points": 5, "description": "stricter"}]}
        match what:
            case "rubric":
                graded.put("user_rubrics.json", RUBRICS | {"1a": stricter})
            case "points":
                four = {"total_points": 4, "criteria": criteria(2, 2)}
                graded.put("user_rubrics.json", RUBRICS | {"1a": four})
                graded.exam(QUESTIONS[0] | {"points": 4}, *QUESTIONS[1:])
            case "answer":
                graded.put("answers.json", {"s-1": answers(q1a={"raw_text": "five"}), "s-2": answers()})
            case "question":
                graded.exam(QUESTIONS[0] | {"question_text": "What is 3 + 3?"}, *QUESTIONS[1:])
                graded.run("rubric")
        graded.run("grade")
        shown = reviews.show(ASSIGNMENT, FIRST)
        assert shown.state is CellState.NEEDS_REVIEW
        assert shown.points is not None
        assert any("Ada decided on 2 points" in flag.text for flag in shown.flags)
        assert not any(ARN in flag.text for flag in shown.flags), "students see flags"
        assert [decision.points for decision in shown.decisions] == [2]
