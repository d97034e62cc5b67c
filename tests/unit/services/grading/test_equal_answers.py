"""Equal answers: which ones say the same, and a decision on all of them."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import ConflictError, NotFoundError, RequestError
from aita.models.equal_answers import EqualDecisionRequest
from aita.models.grade import cell_id
from aita.models.review import DecisionRequest
from aita.services.grading.equal_answers import EqualAnswerGroups, normal_form
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 2.50", "x=2.5"),
        ("3.0 m", "3 m"),
        (r"\frac{1}{2}", "1/2"),
        ("10² m", "10^2 m"),
        ("e\u0301tude", "étude"),
        ("~~no~~ yes", "yes"),
        ("yes.", "yes"),
    ],
)
def test_other_notations_are_equal(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("1,2", "1.2"), ("x = 2.5", "x = 2.05"), ("x = 10", "x = 1"), ("-3", "3"), ("10²", "102"), ("1.2.0", "1.2")],
)
def test_other_answers_are_not(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


@pytest.mark.parametrize("text", ["", "  ", "[illegible] 4", "[drawing: a circle]"])
def test_what_is_not_known_is_equal_to_nothing(text: str) -> None:
    assert normal_form(text) == ""


@given(st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "Zs")), max_size=40))
def test_white_space_and_unicode_forms_make_no_difference(text: str) -> None:
    spaced = "  " + text.replace(" ", "\n ") + " "
    assert normal_form(unicodedata.normalize("NFD", spaced)) == normal_form(unicodedata.normalize("NFC", text))
