"""The gradebook: what counts when grades, an exam that changes, and people's decisions come together."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import NotFoundError
from aita.models.decision import Decision, DecisionAction
from aita.models.exam import ExamSpec
from aita.models.grade import Cell, CellState, CriterionGrade, GradeScale, cell_id
from aita.models.points import exact, total
from aita.models.review_flags import Flag, FlagKind
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.letter_grades import USUAL_SCALE, letter
from aita.services.grading.unplaced_parts import NO_PARTS
from tests.support.fakes import EXAM, QUESTIONS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WORTH: dict[str, float] = {question["question_id"]: question["points"] for question in QUESTIONS}
OUT_OF = 18.5
DOUBT = (Flag(kind=FlagKind.LOW_CONFIDENCE),)


def exam(**worth: float) -> ExamSpec:
    """Return the sample exam, with another worth of some questions."""
    questions = [question | {"points": (WORTH | worth)[question["question_id"]]} for question in QUESTIONS]
    return ExamSpec.model_validate(EXAM | {"questions": questions})


def cell(question: str, state: CellState = CellState.GRADED, student: str = "s-1", **changes: Any) -> Cell:
    """Return a cell as grading makes it: two points for one criterion, unless it is blank or failed."""
    worth = WORTH[question]
    values: dict[str, Any] = {
        "cell_id": cell_id(student, question),
        "student_id": student,
        "question_id": question,
        "state": state,
        "max_points": worth,
        "basis": f"basis of {question}",
    }
    match state:
        case CellState.FAILED:
            values["reason"] = "the reply was not JSON"
        case CellState.BLANK:
            values["points"] = 0
        case _:
            values |= {"points": 2, "criteria": (CriterionGrade(points=2, quote="four"),)}
    if state is CellState.NEEDS_REVIEW:
        values["flags"] = DOUBT
    return Cell(**values | changes)


def decision(of: Cell, action: DecisionAction = DecisionAction.SET, points: float = 1, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "decision_id": "1",
        "cell_id": of.cell_id,
        "student_id": of.student_id,
        "question_id": of.question_id,
        "action": action,
        "points": points if action in (DecisionAction.ACCEPT, DecisionAction.SET) else None,
        "why": "half right",
        "by": "Prof. Ada",
        "at": NOON,
        "basis": of.basis,
        "old_state": of.state,
        "old_points": of.points,
    }
    return Decision(**values | changes)


def book(*cells: Cell, decisions: tuple[Decision, ...] = (), **worth: float) -> Gradebook:
    by_student: dict[str, dict[str, Cell]] = {}
    for one in cells:
        by_student.setdefault(one.student_id, {})[one.question_id] = one
    return Gradebook(exam(**worth), by_student, decisions, NO_PARTS)


def test_a_total_is_out_of_the_whole_exam_and_final_once_no_cell_is_open() -> None:
    closed = book(cell("1a"), cell("1b"), cell("2", CellState.BLANK)).students["s-1"]
    assert (closed.points, closed.out_of, closed.final, closed.letter) == (4, OUT_OF, True, "F")
    so_far = book(cell("1a"), cell("1b", CellState.NEEDS_REVIEW), cell("2", CellState.FAILED)).students["s-1"]
    assert (so_far.points, so_far.out_of, so_far.final, so_far.letter) == (2, OUT_OF, False, None)
    assert so_far.open_questions == ("1b", "2")


def test_the_decision_that_counts_is_the_last_one_about_the_cell_as_it_was_graded() -> None:
    graded = cell("1a", CellState.NEEDS_REVIEW)
    made = (
        decision(graded, decision_id="1", points=4),
        decision(graded, DecisionAction.ACCEPT, 4, decision_id="2"),
        decision(graded, decision_id="3", basis="another"),
    )
    assert book(graded, decisions=made).decision(graded.cell_id) == made[0], "4 were set, and 2 are proposed"
    accepted = decision(graded, DecisionAction.ACCEPT, 2, decision_id="4")
    assert book(graded, decisions=(*made, accepted)).decision(graded.cell_id) == accepted
    assert book(graded, decisions=made[1:]).decision(graded.cell_id) is None
    assert book(graded).decision(graded.cell_id) is None


def test_points_that_are_set_count_and_the_old_value_stays_in_the_decision() -> None:
    graded = cell("1a", CellState.NEEDS_REVIEW)
    made = decision(graded, points=4.5)
    grades = book(graded, decisions=(made,))
    found = grades.cell(graded.cell_id)
    assert (found.state, found.points, found.reason, found.flags) == (CellState.OVERRIDDEN, 4.5, "half right", ())
    assert grades.decisions(graded.cell_id) == (made,)
    assert (made.old_state, made.old_points) == (CellState.NEEDS_REVIEW, 2)
    assert grades.graded(graded.cell_id) == graded


@pytest.mark.parametrize(
    ("proposal", "state"),
    [
        (cell("1a", CellState.NEEDS_REVIEW), CellState.GRADED),
        (cell("1a", CellState.NEEDS_REVIEW, points=0, criteria=()), CellState.BLANK),
    ],
)
def test_a_proposal_that_is_accepted_counts(proposal: Cell, state: CellState) -> None:
    accepted = decision(proposal, DecisionAction.ACCEPT, proposal.points or 0, why="")
    found = book(proposal, decisions=(accepted,)).cell(proposal.cell_id)
    assert (found.state, found.points, found.flags) == (state, proposal.points, ())


def test_a_failed_cell_can_be_given_points() -> None:
    failed = cell("1a", CellState.FAILED)
    assert book(failed, decisions=(decision(failed),)).cell(failed.cell_id).state is CellState.OVERRIDDEN


def test_the_latest_decision_counts_in_whatever_order_they_are_read() -> None:
    graded = cell("1a")
    first, second = decision(graded), decision(graded, points=3, decision_id="2", at=NOON + timedelta(seconds=1))
    taken_back = decision(graded, DecisionAction.ACCEPT, 2, decision_id="3", at=NOON + timedelta(seconds=2))
    assert book(graded, decisions=(second, first)).cell(graded.cell_id).points == 3
    found = book(graded, decisions=(taken_back, second, first))
    assert (found.cell(graded.cell_id).state, found.cell(graded.cell_id).points) == (CellState.GRADED, 2)
    assert found.decisions(graded.cell_id) == (first, second, taken_back)


@pytest.mark.parametrize(
    "outdated",
    [
        decision(cell("1a"), basis="another"),
        decision(cell("1a"), DecisionAction.ACCEPT, points=3),  # graded again on the same basis, and otherwise
    ],
)
@pytest.mark.parametrize("state", [CellState.GRADED, CellState.BLANK, CellState.NEEDS_REVIEW, CellState.FAILED])
def test_what_was_decided_of_something_else_opens_the_cell(outdated: Decision, state: CellState) -> None:
    graded = cell("1a", state)
    found = book(graded, decisions=(outdated,)).cell(graded.cell_id)
    assert found.state is (CellState.FAILED if state is CellState.FAILED else CellState.NEEDS_REVIEW)
    assert found.points == graded.points
    (changed,) = [flag for flag in found.flags if flag.kind is FlagKind.CHANGED]
    assert "Prof. Ada decided" in changed.note
    assert "2026-03-02" in changed.note
    assert set(graded.flags) < set(found.flags)


def test_a_decision_counts_again_once_the_grading_is_the_old_one_again() -> None:
    graded = cell("1a")
    decisions = (decision(graded), decision(graded, basis="another", points=3, at=NOON + timedelta(hours=1)))
    assert book(graded, decisions=decisions).cell(graded.cell_id).points == 1


def test_a_question_that_was_never_graded_is_open_and_counts_in_the_denominator() -> None:
    grades = Gradebook(exam(), {"s-1": {"1a": cell("1a")}, "s-2": {}}, (), NO_PARTS)
    assert grades.students["s-1"].open_questions == ("1b", "2")
    assert grades.students["s-2"].open_questions == ("1a", "1b", "2")
    assert grades.students["s-2"].out_of == OUT_OF
    missing = grades.cell(cell_id("s-1", "2"))
    assert (missing.state, missing.points, missing.max_points) == (CellState.FAILED, None, 10)
    assert "grade again" in missing.reason


@pytest.mark.parametrize("state", [CellState.GRADED, CellState.BLANK, CellState.NEEDS_REVIEW, CellState.FAILED])
def test_a_grade_of_another_worth_is_open_without_points(state: CellState) -> None:
    graded = cell("1a", state)
    earlier = decision(graded, points=4.5)
    found = book(graded, decisions=(earlier,), **{"1a": 4}).cell(graded.cell_id)
    assert found.state is (CellState.FAILED if state is CellState.FAILED else CellState.NEEDS_REVIEW)
    assert (found.points, found.max_points) == (None, 4)
    notes = " ".join(flag.note for flag in found.flags if flag.kind is FlagKind.CHANGED)
    assert "points, from 5 to 4" in notes
    assert "Prof. Ada" in notes
    now = decision(found, points=4, at=NOON + timedelta(hours=1))
    assert book(graded, decisions=(earlier, now), **{"1a": 4}).cell(graded.cell_id).state is CellState.OVERRIDDEN


def test_a_question_that_is_no_longer_asked_does_not_count() -> None:
    gone = cell("1a").model_copy(update={"question_id": "9", "cell_id": cell_id("s-1", "9")})
    student = book(gone, cell("1a")).students["s-1"]
    assert [one.question_id for one in student.cells] == ["1a", "1b", "2"]
    assert student.out_of == OUT_OF


def test_open_cells_go_question_by_question() -> None:
    cells = [cell(q, CellState.NEEDS_REVIEW, s) for s in ("s-2", "s-1") for q in ("2", "1a")]
    cells += [cell("1b", student=s) for s in ("s-2", "s-1")]
    found = [(one.question_id, one.student_id) for one in book(*cells).open_cells()]
    assert found == [("1a", "s-2"), ("1a", "s-1"), ("2", "s-2"), ("2", "s-1")]


def test_a_cell_that_nobody_has_is_refused() -> None:
    with pytest.raises(NotFoundError):
        book(cell("1a")).cell("c-000000000000")


@pytest.mark.parametrize(
    ("points", "expected"),
    [(100, "A"), (90, "A"), (89.99, "B"), (80, "B"), (79.99, "C"), (69.99, "D"), (59.99, "F"), (0, "F")],
)
def test_letters_are_not_rounded_up(points: float, expected: str) -> None:
    assert letter(points, 100, USUAL_SCALE) == expected


def test_the_instructor_can_give_a_table_of_letters() -> None:
    steps = [{"letter": "pass", "from_percent": 33.335}, {"letter": "fail", "from_percent": 0}]
    scale = GradeScale.model_validate({"steps": steps})
    assert [letter(points, 200, scale) for points in (66.66, 66.67)] == ["fail", "pass"]


CELLS = st.fixed_dictionaries(
    {
        question: st.one_of(
            st.none(),
            st.sampled_from([s for s in CellState if s is not CellState.OVERRIDDEN]),
        )
        for question in WORTH
    }
)
DECIDED = st.fixed_dictionaries(
    {
        question: st.one_of(
            st.none(),
            st.tuples(
                st.sampled_from(DecisionAction), st.sampled_from(["same", "another"]), st.integers(0, round(worth * 4))
            ),
        )
        for question, worth in WORTH.items()
    }
)
CHANGED = st.dictionaries(st.sampled_from([*WORTH]), st.integers(1, 40).map(lambda quarters: quarters / 4))


@given(states=CELLS, decided=DECIDED, worth=CHANGED)
def test_a_total_is_the_sum_of_the_closed_cells_whatever_happened(
    states: dict[str, CellState | None], decided: dict[str, Any], worth: dict[str, float]
) -> None:
    graded = {question: cell(question, state) for question, state in states.items() if state is not None}
    decisions = [
        decision(
            cell(question),
            action,
            quarters / 4,
            basis=cell(question).basis if basis == "same" else basis,
        )
        for question, made in decided.items()
        if made is not None
        for action, basis, quarters in [made]
    ]
    grades = Gradebook(exam(**worth), {"s-1": graded}, decisions, NO_PARTS)
    student = grades.students["s-1"]
    assert [one.question_id for one in student.cells] == [*WORTH]
    assert student.out_of == total((WORTH | worth).values())
    closed = [one for one in student.cells if not one.state.is_open]
    assert exact(student.points) == sum(exact(one.points or 0) for one in closed)
    assert student.points <= student.out_of
    assert [*student.open_questions] == [one.question_id for one in grades.open_cells()]
    assert student.final == (len(closed) == len(WORTH))
    for one in student.cells:
        was = graded.get(one.question_id)
        assert one.state is not CellState.FAILED or one.points is None
        if was is None or was.state is CellState.FAILED or one.max_points != was.max_points:
            assert one.state.is_open or one.state is CellState.OVERRIDDEN
        if one.state is CellState.OVERRIDDEN:
            made = grades.decisions(one.cell_id)[-1]
            assert (made.points, made.action) == (one.points, DecisionAction.SET)
            assert grades.graded(one.cell_id).points == (was.points if was else None)
