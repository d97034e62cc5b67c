"""Equal answers: which ones say the same, and a decision on all of them."""

from typing import Any

import pytest

from aita.errors import ConflictError, NotFoundError, RequestError, StorageError
from aita.models.decision import Decision
from aita.models.equal_answers import EqualDecisionRequest
from aita.models.grade import cell_id
from aita.models.review import DecisionRequest
from aita.services.grading.equal_answers import EqualAnswerGroups
from aita.services.grading.review_queue import Reviews
from tests.support.fakes import ASSIGNMENT, Harness
from tests.support.grades import answers, put_answers
from tests.support.memory_decisions import MemoryDecisions

ADA, BEN = (f"arn:aws:iam::123456789012:user/{name}" for name in ("ada", "ben"))
FIRST, SECOND, THIRD = (cell_id(student, "1a") for student in ("s-1", "s-2", "s-3"))


class Desk:
    """A graded exam of three students, of whom two gave one answer to the first question."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        put_answers(harness, "s-1", "s-2", "s-3")
        harness.put(
            "answers.json",
            {
                "s-1": answers(q1a={"raw_text": "It is  4.0"}),
                "s-2": answers(q1a={"raw_text": "It is\n4."}),
                "s-3": answers(q1a={"raw_text": "It is 40"}),
            },
        )
        harness.run("grade")
        self.reviews = Reviews(objects=harness.objects, decisions=harness.decisions, clock=harness.clock)
        self.equal = EqualAnswerGroups(self.reviews)

    def bases(self) -> dict[str, str]:
        return {each: self.reviews.show(ASSIGNMENT, each).basis for each in (FIRST, SECOND, THIRD)}

    def decide(self, *others: str, bases: dict[str, str] | None = None, who: str = ADA, **asked: Any) -> Any:
        seen = bases or self.bases()
        decision = DecisionRequest(**{"action": "accept", "basis": seen[FIRST]} | asked)
        request = EqualDecisionRequest(decision=decision, others={each: seen[each] for each in others})
        return self.equal.decide(ASSIGNMENT, FIRST, request, who)


@pytest.fixture
def desk(harness: Harness) -> Desk:
    return Desk(harness)


def test_equal_answers_are_listed_together(desk: Desk) -> None:
    (group,) = desk.equal.list(ASSIGNMENT, "1a").groups
    assert [cell.cell_id for cell in group.cells] == [FIRST, SECOND]
    assert (group.text, group.differ, group.max_points) == ("It is  4.0", False, 5)
    assert {len(each.cells) for each in desk.equal.list(ASSIGNMENT).groups} == {2, 3}


def test_equal_answers_with_other_points_come_first(desk: Desk) -> None:
    basis = desk.bases()[SECOND]
    asked = DecisionRequest(action="set", points=0.5, why="slip", basis=basis)
    desk.reviews.decide(ASSIGNMENT, SECOND, asked, ADA)
    first = desk.equal.list(ASSIGNMENT).groups[0]
    assert (first.question_id, first.differ) == ("1a", True)
    assert {cell.points for cell in first.cells} == {0.5, desk.reviews.show(ASSIGNMENT, FIRST).points}


def test_they_are_decided_at_once_and_taken_back_singly(desk: Desk) -> None:
    made = desk.decide(SECOND, action="set", criteria={1: 1, 2: 0.5})
    assert [each.cell_id for each in made.decisions] == [FIRST, SECOND]
    assert [each.points for each in made.decisions] == [1.5, 1.5]
    assert {each.by for each in made.decisions} == {"ada"}
    undo = DecisionRequest(action="undo", basis=desk.bases()[SECOND])
    desk.reviews.decide(ASSIGNMENT, SECOND, undo, ADA)
    shown = [desk.reviews.show(ASSIGNMENT, each) for each in (FIRST, SECOND)]
    assert [each.points == 1.5 for each in shown] == [True, False]


def test_an_answer_that_changed_meanwhile_is_left(desk: Desk) -> None:
    seen = desk.bases()
    desk.reviews.decide(ASSIGNMENT, SECOND, DecisionRequest(action="accept", basis=seen[SECOND]), BEN)
    made = desk.decide(SECOND, bases=seen)
    assert [each.cell_id for each in made.decisions] == [FIRST]
    assert [each.cell_id for each in made.left] == [SECOND]
    with pytest.raises(ConflictError, match="accepted with"):
        desk.decide(SECOND, bases=seen, who=BEN)  # the named one was decided


class FailsOnce(MemoryDecisions):
    """Rows of which the second is written or not, and its answer is lost all the same."""

    def __init__(self, *, is_written: bool) -> None:
        super().__init__()
        self.is_written, self.asked = is_written, 0

    def add(self, assignment: str, decision: Decision) -> None:
        self.asked += 1
        if self.asked != 2:
            super().add(assignment, decision)
            return
        if self.is_written:
            super().add(assignment, decision)
        raise StorageError("no answer came")


@pytest.mark.parametrize("is_written", [False, True])
@pytest.mark.parametrize("asked", [{}, {"action": "set", "criteria": {1: 1}, "feedback": "half"}])
def test_a_request_sent_again_goes_on_with_what_is_left(
    harness: Harness, asked: dict[str, Any], is_written: bool
) -> None:
    harness.decisions = FailsOnce(is_written=is_written)
    desk = Desk(harness)
    seen = desk.bases()
    with pytest.raises(StorageError):
        desk.decide(SECOND, bases=seen, **asked)
    harness.clock.advance(60)
    made = desk.decide(SECOND, bases=seen, **asked)
    assert ([each.cell_id for each in made.decisions], made.left) == ([FIRST, SECOND], ())
    assert sorted(each.cell_id for each in harness.decisions.all(ASSIGNMENT)) == sorted((FIRST, SECOND))
    assert {desk.reviews.show(ASSIGNMENT, each).points for each in (FIRST, SECOND)} == {3 if asked else 5}


@pytest.mark.parametrize(
    "other",
    [{"who": BEN}, {"criteria": {1: 2}}, {"feedback": "other"}, {"why": "other"}, {"action": "accept", "criteria": {}}],
)
def test_another_request_is_not_taken_for_the_one_that_was_recorded(desk: Desk, other: dict[str, Any]) -> None:
    seen, asked = desk.bases(), dict[str, Any](action="set", criteria={1: 1})
    desk.decide(SECOND, bases=seen, **asked)
    with pytest.raises(ConflictError, match="set to 3 of 5 points by ada"):
        desk.decide(SECOND, bases=seen, **asked | other)
    assert len([*desk.harness.decisions.all(ASSIGNMENT)]) == 2


def test_a_request_sent_again_after_the_question_was_given_other_points_is_a_conflict(desk: Desk) -> None:
    seen, asked = desk.bases(), dict[str, Any](action="set", points=5, why="right")
    desk.decide(SECOND, bases=seen, **asked)
    questions = desk.harness.artifact("questions.json")
    questions["questions"][0]["points"] = 4
    desk.harness.put("questions.json", questions)
    with pytest.raises(ConflictError, match="look again"):
        desk.decide(SECOND, bases=seen, **asked)


def test_accepting_what_somebody_gave_points_without_a_proposal_is_a_conflict(desk: Desk) -> None:
    stored = desk.harness.artifact("grades.json")
    stored["s-1"]["1a"] |= {"points": None, "criteria": [], "state": "NEEDS_REVIEW"}
    desk.harness.put("grades.json", stored)
    seen = desk.bases()
    asked = DecisionRequest(action="set", points=1, why="by hand", basis=seen[FIRST])
    desk.reviews.decide(ASSIGNMENT, FIRST, asked, BEN)
    with pytest.raises(ConflictError, match="set to 1 of 5 points by ben"):
        desk.decide(SECOND, bases=seen)


def test_what_was_taken_back_since_is_not_decided_by_a_request_sent_again(desk: Desk) -> None:
    seen = desk.bases()
    desk.decide(SECOND, bases=seen, action="set", criteria={1: 1})
    undo = DecisionRequest(action="undo", basis=desk.bases()[SECOND])
    desk.reviews.decide(ASSIGNMENT, SECOND, undo, BEN)
    made = desk.decide(SECOND, bases=seen, action="set", criteria={1: 1})
    assert ([each.cell_id for each in made.decisions], [each.cell_id for each in made.left]) == ([FIRST], [SECOND])
    assert desk.reviews.show(ASSIGNMENT, SECOND).points == 5


def test_only_equal_answers_are_decided_together(desk: Desk) -> None:
    for others in ((THIRD,), (FIRST,)):
        with pytest.raises(RequestError, match="says something else"):
            desk.decide(*others)
    with pytest.raises(NotFoundError):
        desk.decide("c-none", bases=desk.bases() | {"c-none": "x"})
    with pytest.raises(RequestError, match="accepted or given points"):
        desk.decide(SECOND, action="note", why="look")
    assert list(desk.harness.decisions.all(ASSIGNMENT)) == []


def graded_by_hand(harness: Harness, student: str, points: float, *flags: str, question: str = "1a") -> None:
    """Store other proposed points of an answer, earned by its second criterion, and flags."""
    stored = harness.artifact("grades.json")
    cell = stored[student][question]
    given = [3, points - 3]
    cell["criteria"] = [each | {"points": now} for each, now in zip(cell["criteria"], given, strict=True)]
    cell |= {"points": points, "flags": [{"kind": kind, "note": ""} for kind in flags]}
    cell["state"] = "NEEDS_REVIEW" if flags else "GRADED"
    harness.put("grades.json", stored)


def test_accepting_gives_no_other_points_to_an_equal_answer(desk: Desk) -> None:
    graded_by_hand(desk.harness, "s-2", 3.5, "unequal_points")
    made = desk.decide(SECOND)
    assert [(each.cell_id, each.points) for each in made.decisions] == [(FIRST, 5)]
    ((cell, message),) = [(each.cell_id, each.message) for each in made.left]
    assert cell == SECOND
    assert "3.5 points are proposed for it, and 5 for" in message
    assert desk.reviews.show(ASSIGNMENT, SECOND).state.is_open


def test_criteria_that_are_left_out_are_those_of_the_named_answer(desk: Desk) -> None:
    graded_by_hand(desk.harness, "s-2", 3.5)
    made = desk.decide(SECOND, action="set", criteria={1: 1})
    assert [(each.points, each.criteria) for each in made.decisions] == [(3, (1, 2)), (3, (1, 2))]


def test_an_answer_that_cannot_be_decided_so_is_left_and_the_others_are_not(desk: Desk) -> None:
    seen = desk.bases()
    made = desk.decide(SECOND, bases=seen | {SECOND: "no basis"})
    assert [each.cell_id for each in made.decisions] == [FIRST]
    assert "is not the code of" in made.left[0].message


def test_what_was_left_to_the_instructor_is_not_decided_beside_another_answer(desk: Desk) -> None:
    for cell in (SECOND, FIRST):
        note = DecisionRequest(action="note", why="is this the method?", basis=desk.bases()[cell])
        desk.reviews.decide(ASSIGNMENT, cell, note, ADA)
        if cell == SECOND:
            made = desk.decide(SECOND)
            assert [each.cell_id for each in made.decisions] == [FIRST]
            assert "left to the instructor" in made.left[0].message
    assert [each.cell_id for each in desk.decide(SECOND).decisions] == [FIRST, SECOND]


@pytest.mark.parametrize("doubt", ["reading_differs", "unread", "unexplained_ink", "cut_off", "page_missing"])
def test_an_answer_that_may_say_something_else_on_its_page_is_equal_to_none(desk: Desk, doubt: str) -> None:
    graded_by_hand(desk.harness, "s-2", 5, doubt)
    assert desk.equal.list(ASSIGNMENT, "1a").groups == ()
    with pytest.raises(RequestError, match="says something else"):
        desk.decide(SECOND)


def test_drawings_with_the_same_words_are_not_equal(desk: Desk) -> None:
    questions = desk.harness.artifact("questions.json")
    questions["questions"][0]["question_type"] = "diagram"
    desk.harness.put("questions.json", questions)
    assert desk.equal.list(ASSIGNMENT, "1a").groups == ()


def test_what_was_written_otherwise_is_shown(desk: Desk) -> None:
    assert desk.equal.list(ASSIGNMENT, "1a").groups[0].texts == ("It is  4.0", "It is\n4.")


def test_a_question_that_is_not_there_is_no_empty_list(desk: Desk) -> None:
    with pytest.raises(NotFoundError, match="the exam has no '9', but 1a, 1b, 2"):
        desk.equal.list(ASSIGNMENT, "9")
