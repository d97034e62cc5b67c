"""Equal answers: which ones say the same, and a decision on all of them."""

from typing import Any

import pytest

from aita.errors import ConflictError, NotFoundError, RequestError
from aita.models.equal_answers import EqualDecisionRequest
from aita.models.grade import cell_id
from aita.models.review import DecisionRequest
from aita.services.grading.equal_answers import EqualAnswerGroups
from aita.services.grading.review_queue import Reviews
from tests.support.fakes import ASSIGNMENT, Harness
from tests.support.grades import answers, put_answers

ADA = "arn:aws:iam::123456789012:user/ada"
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

    def decide(self, *others: str, bases: dict[str, str] | None = None, **asked: Any) -> Any:
        seen = bases or self.bases()
        decision = DecisionRequest(**{"action": "accept", "basis": seen[FIRST]} | asked)
        request = EqualDecisionRequest(decision=decision, others={each: seen[each] for each in others})
        return self.equal.decide(ASSIGNMENT, FIRST, request, ADA)


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
    desk.reviews.decide(ASSIGNMENT, SECOND, DecisionRequest(action="accept", basis=seen[SECOND]), ADA)
    made = desk.decide(SECOND, bases=seen)
    assert [each.cell_id for each in made.decisions] == [FIRST]
    assert [each.cell_id for each in made.left] == [SECOND]
    with pytest.raises(ConflictError, match="accepted with"):
        desk.decide(SECOND, bases=seen)  # the named one was decided


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
