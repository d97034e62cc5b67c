"""Unplaced parts of pages: the answers that are open beside them, wherever grades are read, and what closes these."""

from typing import Any

import pytest

from aita.errors import ConflictError
from aita.models.decision import Decision, DecisionAction
from aita.models.grade import CellState, cell_id
from aita.models.review import DecisionRequest
from aita.models.review_flags import FlagKind
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from aita.services.exports.export_roster import call_roll
from aita.services.exports.gradescope import export_gradescope
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.review_queue import Reviews
from aita.services.reporting.report_builder import ReportSources
from tests.support.fakes import ASSIGNMENT, Harness
from tests.support.grades import answer, answers, put_answers
from tests.support.ledgers import ledger, part

FIRST = cell_id("s-1", "1a")
SECOND = cell_id("s-1", "1b")
WHERE = "something on the page belongs to no answer: page 1, from 14% to 18% of its height"


@pytest.fixture
def graded(harness: Harness) -> Harness:
    """Two students whose answers are all graded, but for one without an answer to the second question."""
    put_answers(harness)
    blank = answer("1b", "", presence="blank")
    harness.put("answers.json", {"s-1": answers(q1b=blank), "s-2": answers()})
    harness.run("grade")
    assert not [*book(harness).open_cells()]
    return harness


def files(harness: Harness) -> AssignmentFiles:
    return AssignmentFiles(harness.objects, ASSIGNMENT, harness.decisions)


def book(harness: Harness) -> Gradebook:
    return Gradebook.of(files(harness), harness.decisions.all(ASSIGNMENT))


def state(harness: Harness, cell: str = FIRST) -> CellState:
    return book(harness).cell(cell).state


def reviews(harness: Harness) -> Reviews:
    return Reviews(objects=harness.objects, decisions=harness.decisions, clock=harness.clock)


def decide(harness: Harness, cell: str = FIRST, action: str = "accept", **changes: Any) -> Decision:
    """Decide as a person does, who sees the cell first."""
    harness.clock.advance(1)
    said = {"points": 1, "why": "so"} if action == "set" else {}
    seen = {"basis": reviews(harness).show(ASSIGNMENT, cell).basis}
    asked = DecisionRequest(action=DecisionAction(action), by="Ada", **seen | said | changes)
    return reviews(harness).decide(ASSIGNMENT, cell, asked)


def test_an_answer_beside_a_part_is_open_with_its_points_as_a_proposal(graded: Harness) -> None:
    before = book(graded).students["s-1"]
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a")]))
    found = book(graded)
    cell = found.cell(FIRST)
    assert (cell.state, cell.points) == (CellState.NEEDS_REVIEW, 5)
    assert [flag.text for flag in cell.flags] == [WHERE]
    now = found.students["s-1"]
    assert (now.open_questions, now.points, now.letter) == (("1a",), before.points - 5, None)
    assert found.students["s-2"].final
    assert found.graded(FIRST).state is CellState.GRADED, "nothing is stored"


def test_a_blank_answer_beside_a_part_is_open(graded: Harness) -> None:
    assert state(graded, SECOND) is CellState.BLANK
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1b")]))
    cell = book(graded).cell(SECOND)
    assert (cell.state, cell.points, cell.reason) == (CellState.NEEDS_REVIEW, 0, "blank")
    decide(graded, SECOND)
    assert state(graded, SECOND) is CellState.BLANK


def test_one_flag_names_all_parts_beside_an_answer(graded: Harness) -> None:
    below = part("p-2", "1a", page=2, top=0.5, bottom=0.625)
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a", "2"), below]))
    found = book(graded)
    assert [flag.text for flag in found.cell(FIRST).flags] == [f"{WHERE}; page 2, from 50% to 62% of its height"]
    assert [each.part_id for each in found.parts_that_open(FIRST)] == ["p-1", "p-2"]
    assert found.students["s-1"].open_questions == ("1a", "2")


def test_parts_with_an_owner_and_parts_that_are_only_listed_open_nothing(graded: Harness) -> None:
    owned = [part(f"p-{owner}", "1a", owner=owner) for owner in ("answer", "print", "page_head", "furniture")]
    graded.put("ledger.json", ledger(s_1=[*owned, part("p-1")], s_3=[part("p-2", "1a")]))
    assert not [*book(graded).open_cells()]


def test_an_answer_that_is_open_for_another_reason_names_the_part_too(graded: Harness) -> None:
    graded.put("answers.json", {"s-1": answers(q1a={"raw_text": "five"}), "s-2": answers()})
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a")]))
    kinds = [flag.kind for flag in book(graded).cell(FIRST).flags]
    assert kinds == [FlagKind.CHANGED, FlagKind.UNPLACED]


def test_points_that_a_person_set_stay(graded: Harness) -> None:
    decide(graded, action="set")
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a")]))
    assert state(graded) is CellState.OVERRIDDEN


def test_a_proposal_that_was_accepted_without_the_part_is_open(graded: Harness) -> None:
    decide(graded)
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a")]))
    assert state(graded) is CellState.NEEDS_REVIEW


def test_who_accepts_with_a_part_in_view_has_decided_on_the_answer(graded: Harness) -> None:
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a", "2")]))
    made = decide(graded)
    assert (made.parts, made.old_state, made.old_points) == (("p-1",), CellState.NEEDS_REVIEW, 5)
    assert state(graded) is CellState.GRADED
    assert state(graded, cell_id("s-1", "2")) is CellState.NEEDS_REVIEW, "nobody looked at that one"
    graded.run("grade")
    assert state(graded) is CellState.GRADED
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a"), part("p-2", "1a")]))
    assert [each.part_id for each in book(graded).parts_that_open(FIRST)] == ["p-2"]
    assert decide(graded).parts == ("p-1", "p-2")
    assert state(graded) is CellState.GRADED


def test_points_set_before_a_part_was_there_are_no_look_at_it(graded: Harness) -> None:
    decide(graded, action="set")
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a")]))
    decide(graded)
    assert state(graded) is CellState.NEEDS_REVIEW
    decide(graded)
    assert state(graded) is CellState.GRADED


def test_a_decision_conflicts_if_other_parts_are_beside_the_answer_than_were_shown(graded: Harness) -> None:
    seen = reviews(graded).show(ASSIGNMENT, FIRST).basis
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a")]))
    with pytest.raises(ConflictError, match="a part of a page beside it"):
        decide(graded, basis=seen)
    seen = reviews(graded).show(ASSIGNMENT, FIRST).basis
    graded.put("ledger.json", ledger(s_1=[part("p-2", "1a")]))
    with pytest.raises(ConflictError):
        decide(graded, basis=seen)
    assert not graded.decisions.data


def test_everybody_who_reads_grades_sees_the_same(graded: Harness) -> None:
    graded.put("students.json", {"students": [{"student_id": each, "folder": each} for each in ("s-1", "s-2")]})
    graded.put("ledger.json", ledger(s_1=[part("p-1", "1a", "1b")]))
    queue = reviews(graded).queue(ASSIGNMENT, 10, None)
    assert [(line.question_id, line.parts) for line in queue.cells] == [("1a", ("p-1",)), ("1b", ("p-1",))]
    (run,) = graded.runs.rows.values()
    counts = graded.reader.grade_counts(graded.runs.get(run.run_id))
    assert (counts.final, counts.states[CellState.NEEDS_REVIEW]) == (1, 2)
    sources = ReportSources.read(files(graded), graded.decisions.all, graded.decisions.matches(ASSIGNMENT))
    report = sources.class_report((), graded.clock.now)
    assert [(each.name, each.cell.question_id) for each in report.review] == [("s-1", "1a"), ("s-1", "1b")]
    shown = sources.student_report("s-1", {}, graded.clock.now)
    assert shown is not None
    assert [each.shown.points for each in shown.questions] == [None, None, 10]
    exported = export_gradescope(call_roll(book(graded), ClassList.of(files(graded), ())))
    assert [(each.name, each.open_questions) for each in exported.left_out] == [("s-1", ("1a", "1b"))]
