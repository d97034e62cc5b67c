"""`aita assignments` and `aita review equal`, as they print what the API tells."""

import io
from decimal import Decimal

from rich.console import Console, RenderableType

from aita.cli.views.assignment_view import assignments_table, state_view
from aita.cli.views.equal_view import equal_view
from aita.models.assignment_state import AssignmentLine, AssignmentList, AssignmentState
from aita.models.equal_answers import EqualAnswers, EqualAnswersList
from aita.models.grade import CellState
from aita.models.review import ReviewLine


def shown(view: RenderableType) -> str:
    console = Console(width=120, file=(out := io.StringIO()))
    console.print(view)
    return out.getvalue()


STATE = AssignmentState(
    assignment="midterm",
    names_to_match=1,
    questions=3,
    without_rubric=("1a", "2"),
    open_parts=0,
    open_answers=41,
    answers=540,
    final_students=150,
    students=180,
    runs=(),
    cost_usd=Decimal("1.234"),
    unpriced_calls=2,
)


def test_what_waits_for_a_person_is_told() -> None:
    told = shown(state_view(STATE))
    for line in (
        "1 name to match",
        "2 questions without a rubric",
        "41 answers to review",
        "150 of 180 students final",
    ):
        assert line in told
    assert "part" not in told
    assert "Cost so far: $1.23, and 2 calls of unknown price" in told


def test_pages_of_piles_in_no_booklet_are_told_with_the_command_that_lists_them() -> None:
    told = shown(state_view(STATE.model_copy(update={"unplaced_pages": 3})))
    assert "3 pages of piles in no booklet" in told
    assert "aita piles list --assignment midterm" in told


def test_work_that_waits_for_a_run_is_told() -> None:
    counts = {"unseparated_piles": 1, "untranscribed_students": 2, "ungraded_answers": 1}
    told = shown(state_view(STATE.model_copy(update=counts)))
    for line in (
        "1 file of a pile to separate by a run",
        "2 students' scans to transcribe",
        "1 answer to grade by a run",
    ):
        assert line in told


def test_nothing_waits() -> None:
    done = STATE.model_copy(update={"names_to_match": 0, "without_rubric": (), "open_answers": 0, "unpriced_calls": 0})
    assert "Nothing waits for a person" in shown(state_view(done))


def test_assignments_are_listed() -> None:
    told = shown(assignments_table(AssignmentList(assignments=(AssignmentLine(assignment="midterm", run=None),))))
    assert "midterm" in told


def test_equal_answers_are_told_with_their_points() -> None:
    cells = tuple(
        ReviewLine(
            cell_id=f"c-{student}",
            student_id=student,
            question_id="1a",
            state=CellState.GRADED,
            points=points,
            max_points=5,
            flags=(),
            reason="",
            basis="b",
        )
        for student, points in (("s-1", 2.0), ("s-2", None))
    )
    texts = ("four\x1b[31m\nfive", "4.0")
    group = EqualAnswers(question_id="1a", text=texts[0], texts=texts, differ=True, max_points=5, cells=cells)
    told = shown(equal_view(EqualAnswersList(groups=(group,)), {"s-1": "Ada"}))
    assert "Question 1a, 2 answers, with different points: four" in told
    assert "\x1b[31m" not in told
    assert "five | 4.0" in " ".join(told.split())
    assert "c-s-1  Ada  2 of 5" in told
    assert "c-s-2  s-2  no points" in told
    assert shown(equal_view(EqualAnswersList(groups=()), {})) == "No two answers say the same\n"
