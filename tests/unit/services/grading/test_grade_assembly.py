"""Cells: graders' points put together, what sends a cell to a person, and what a change of points makes of it."""

import json
import random
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.models.exam import ExamSpec, Rubric
from aita.models.grade import Cell, CellState, CriterionGrade, GradedAnswer
from aita.models.points import exact, fitted, in_steps, total
from aita.models.review_flags import Flag, FlagKind
from aita.services.grading.grade_assembly import assemble, is_rescalable, rescaled
from aita.services.grading.grade_inputs import AnswerToGrade, GradeInputs

STEP = 0.5
FLAG = Flag(kind=FlagKind.LOW_CONFIDENCE, note="page 1")


def inputs(*worth: float, points: float | None = None, **changes: Any) -> GradeInputs:
    """Return the inputs of one student's answer to one question with criteria of this worth."""
    worth = worth or (3.0, 2.0)
    question = {
        "question_id": "1",
        "question_text": "?",
        "points": points or sum(worth),
        "question_type": "calculation",
    }
    criteria = [{"points": each, "description": f"d{n}"} for n, each in enumerate(worth)]
    rubric = Rubric(question_id="1", total_points=sum(worth), criteria=criteria)
    values: dict[str, Any] = {
        "exam": ExamSpec(exam_name="E", total_pages=1, questions=[question], points_step=STEP),
        "instructions": "",
        "question_instructions": {},
        "answer_keys": {},
        "rubrics": {"1": rubric},
        "answers": {"s": {"1": AnswerToGrade(text="F = m a", blank=False)}},
        "model": "m",
        "graders": 1,
        "disagreement": 0.2,
    }
    return GradeInputs(**values | changes)


def grader(*points: float, **changes: Any) -> GradedAnswer:
    criteria = [CriterionGrade(points=each, quote=f"{each}", reason=f"reason {each}") for each in points]
    return GradedAnswer(**{"criteria": criteria, "feedback": f"feedback {points}"} | changes)


def cell(given: GradeInputs, *graded: GradedAnswer, failures: tuple[str, ...] = ()) -> Cell:
    return assemble(given, "s", given.exam.questions[0], graded, failures)


def kinds(cell: Cell) -> list[FlagKind]:
    return [flag.kind for flag in cell.flags]


class TestOneGrader:
    def test_its_points_are_the_cells(self) -> None:
        graded = cell(inputs(), grader(3, 0.5))
        assert (graded.state, graded.points, graded.max_points) == (CellState.GRADED, 3.5, 5)
        assert graded.graders == (3.5,)
        assert graded.by_grader == ((3, 0.5),)
        assert graded.feedback == "feedback (3, 0.5)"

    def test_a_flag_sends_it_to_a_person_with_its_proposal(self) -> None:
        graded = cell(inputs(), grader(3, 0.5, flags=(FLAG, FLAG)))
        assert (graded.state, graded.points, kinds(graded)) == (CellState.NEEDS_REVIEW, 3.5, [FLAG.kind])

    def test_failed_is_no_zero(self) -> None:
        given = inputs(answers={"s": {"1": AnswerToGrade(text="x", blank=False, flags=(FLAG,))}})
        failed = cell(given, failures=("BrokenRuleError: asked 6 times",))
        assert (failed.state, failed.points, failed.reason) == (
            CellState.FAILED,
            None,
            "BrokenRuleError: asked 6 times",
        )
        assert kinds(failed) == [FLAG.kind]

    def test_blank_is_zero_with_its_reason(self) -> None:
        blank = cell(inputs(), GradedAnswer(blank=True))
        assert (blank.state, blank.points, blank.reason) == (CellState.BLANK, 0, "blank")

    def test_blank_with_a_doubt_is_a_persons(self) -> None:
        blank = cell(inputs(), GradedAnswer(blank=True, flags=(FLAG,)))
        assert (blank.state, blank.points) == (CellState.NEEDS_REVIEW, 0)

    @pytest.mark.parametrize("flags", [(), (FLAG,)])
    def test_nothing_read_has_no_proposal(self, flags: tuple[Flag, ...]) -> None:
        unread = cell(inputs(), GradedAnswer(flags=flags))
        assert (unread.state, unread.points) == (CellState.NEEDS_REVIEW, None)

    def test_without_a_rubric_it_is_a_persons(self) -> None:
        ungraded = cell(inputs(rubrics={}))
        assert (ungraded.state, ungraded.points, kinds(ungraded)) == (
            CellState.NEEDS_REVIEW, None, [FlagKind.NO_RUBRIC],
        )  # fmt: skip


class TestSeveralGraders:
    def test_the_grading_nearest_to_all_others_counts_as_one_grader_gave_it(self) -> None:
        graded = cell(inputs(disagreement=1), grader(3, 0), grader(2, 0.5), grader(2.5, 2))
        assert [(each.points, each.quote, each.reason) for each in graded.criteria] == [
            (2, "2", "reason 2"), (0.5, "0.5", "reason 0.5"),
        ]  # fmt: skip
        assert (graded.points, graded.feedback) == (2.5, "feedback (2, 0.5)")
        assert graded.graders == (3, 2.5, 4.5)
        assert graded.by_grader == ((3, 0), (2, 0.5), (2.5, 2))

    def test_of_equally_near_ones_the_sum_nearest_to_the_median_then_the_lower(self) -> None:
        given = inputs(disagreement=1)
        assert cell(given, grader(3, 1), grader(2, 1)).points == 3
        assert cell(given, grader(3, 1), grader(2, 2)).feedback == "feedback (3, 1)"
        assert cell(given, grader(3, 0), grader(2, 0), grader(1, 0), grader(0, 0)).points == 1
        apart = inputs(3, 3, 3, disagreement=1)
        assert cell(apart, grader(3, 0, 0), grader(0, 2, 0), grader(0, 0, 1)).points == 1
        evenly = [grader(3, 3, 0), grader(0, 3, 3), grader(3, 0, 3)]
        assert cell(apart, *evenly).feedback == "feedback (3, 3, 0)"

    @pytest.mark.parametrize("given", [(2.5, 0), (0, 2.5)])
    def test_equal_sums_of_other_criteria_are_a_persons(self, given: tuple[float, float]) -> None:
        met, missed = given
        each = [[met if one == place else missed for one in range(3)] for place in range(3)]
        graded = cell(inputs(2.5, 2.5, 2.5), *(grader(*points) for points in each))
        assert graded.points == sum(each[0])
        assert (graded.state, kinds(graded)) == (CellState.NEEDS_REVIEW, [FlagKind.GRADERS_DISAGREE])
        assert graded.flags[0].note == "over the criteria, two differ by 5 of 7.5 points"

    def test_two_who_differ_on_a_whole_criterion_are_a_persons(self) -> None:
        given = inputs(9, 0.5, 0.5)
        graded = cell(given, grader(9, 0.5, 0), grader(9, 0, 0))
        assert (graded.points, kinds(graded)) == (9, [FlagKind.GRADERS_DISAGREE])
        assert graded.flags[0].note == "one gave all of criterion 2, and the other nothing"
        assert kinds(cell(given, grader(9, 0.5, 0), grader(8.5, 0.5, 0))) == []
        assert kinds(cell(given, grader(9, 0.5, 0), grader(9, 0, 0), grader(9, 0, 0))) == []

    def test_one_that_read_nothing_leaves_the_others_without_a_proposal(self) -> None:
        graded = cell(inputs(), grader(3, 0), GradedAnswer(flags=(FLAG,)))
        assert (graded.state, graded.points, kinds(graded)) == (CellState.NEEDS_REVIEW, None, [FLAG.kind])

    def test_it_errs_less_than_the_grader_of_the_median_sum(self) -> None:
        """Three graders who each misjudge one criterion of six in ten; the truth of each is all or nothing."""
        chance, given = random.Random(1), inputs(*[1.0] * 6)
        nearest, by_sum = 0.0, 0.0
        for _ in range(1500):
            truth = [chance.random() < 0.5 for _ in range(6)]
            graded = [grader(*(float(met ^ (chance.random() < 0.1)) for met in truth)) for _ in range(3)]
            found = cell(given, *graded)
            assert found.criteria in {each.criteria for each in graded}
            nearest += abs((found.points or 0) - sum(truth))
            by_sum += abs(sorted(each.points for each in graded)[1] - sum(truth))
        assert nearest < by_sum

    @pytest.mark.parametrize(("other", "state"), [(2.5, CellState.GRADED), (2, CellState.NEEDS_REVIEW)])
    def test_too_far_apart_is_a_persons(self, other: float, state: CellState) -> None:
        graded = cell(inputs(), grader(3, 0), grader(other, 0))
        assert graded.state is state
        assert (FlagKind.GRADERS_DISAGREE in kinds(graded)) is (state is CellState.NEEDS_REVIEW)

    def test_the_bound_is_exact(self) -> None:
        given = inputs(0.7, disagreement=0.1)
        assert kinds(cell(given, grader(0.7), grader(0.63))) == [FlagKind.GRADERS_DISAGREE]

    def test_with_no_tolerance_several_graders_are_always_a_persons(self) -> None:
        given = inputs(disagreement=0)
        assert cell(given, grader(3, 0), grader(3, 0)).state is CellState.NEEDS_REVIEW
        assert cell(given, grader(3, 0)).state is CellState.GRADED

    def test_one_that_failed_is_said(self) -> None:
        graded = cell(inputs(), grader(3, 0), failures=("RefusalError: no",))
        assert (graded.state, graded.points) == (CellState.NEEDS_REVIEW, 3)
        assert [(flag.kind, flag.note) for flag in graded.flags] == [
            (FlagKind.GRADER_FAILED, "1 of 2: RefusalError: no")
        ]

    def test_any_graders_doubt_counts(self) -> None:
        graded = cell(inputs(), grader(3, 0), grader(3, 0, flags=(FLAG,)), grader(3, 0))
        assert kinds(graded) == [FLAG.kind]


hundredths = st.integers(1, 2000).map(lambda hundredth: hundredth / 100)
worths = st.lists(hundredths, min_size=1, max_size=4)


@st.composite
def graded_answers(draw: st.DrawFn, worth: list[float], most_graders: int = 5) -> list[GradedAnswer]:
    limits = fitted(worth, sum(worth))
    given = st.tuples(*(st.floats(0, limit).map(partial(in_steps, most=limit, step=STEP)) for limit in limits))
    return [grader(*points) for points in draw(st.lists(given, min_size=1, max_size=most_graders))]


class TestAnyGraders:
    @given(st.data(), worths)
    def test_no_criterion_and_no_total_is_above_what_it_may_be(self, data: st.DataObject, worth: list[float]) -> None:
        graded = data.draw(graded_answers(worth))
        result = cell(inputs(*worth, points=sum(worth)), *graded)
        limits = fitted(worth, sum(worth))
        for place, criterion in enumerate(result.criteria):
            assert criterion.points <= limits[place]
        assert (result.criteria, result.feedback) in [(each.criteria, each.feedback) for each in graded]
        assert min(each.points for each in graded) <= (result.points or 0) <= max(each.points for each in graded)
        assert result.points == total(criterion.points for criterion in result.criteria)
        assert result.points is not None
        assert exact(result.points) <= exact(result.max_points)


class TestRescaled:
    def test_each_criterion_earns_its_share(self) -> None:
        before, after = inputs(3, 2), inputs(6, 1)
        graded = rescaled(after, cell(before, grader(1.5, 2)), after.exam.questions[0], before.rubrics["1"])
        assert [each.points for each in graded.criteria] == [3, 1]
        assert (graded.points, graded.max_points, graded.state) == (4, 7, CellState.GRADED)
        assert graded.criteria[0].reason == "reason 1.5"
        assert graded.basis == cell(after, grader(3, 1)).basis
        assert graded.rubric == cell(after, grader(3, 1)).rubric

    def test_blank_and_open_cells_stay_what_they_are(self) -> None:
        before, after = inputs(3, 2), inputs(6, 1)
        for graded in (GradedAnswer(blank=True), GradedAnswer(flags=(FLAG,))):
            was = cell(before, graded)
            now = rescaled(after, was, after.exam.questions[0], before.rubrics["1"])
            assert (now.state, now.points, now.flags, now.reason) == (was.state, was.points, was.flags, was.reason)
            assert now.max_points == 7

    def test_graders_may_come_to_disagree_or_to_agree(self) -> None:
        apart, near = inputs(1, 9), inputs(9, 1)
        graders = [grader(0.5, 9), grader(1, 9)]
        agreed = cell(apart, *graders)
        assert kinds(agreed) == []
        disagreed = rescaled(near, agreed, near.exam.questions[0], apart.rubrics["1"])
        assert kinds(disagreed) == [FlagKind.GRADERS_DISAGREE]
        assert disagreed.state is CellState.NEEDS_REVIEW
        assert rescaled(apart, disagreed, apart.exam.questions[0], near.rubrics["1"]).state is CellState.GRADED

    def test_another_grading_may_be_the_nearest_by_other_points(self) -> None:
        before, after = inputs(1, 9, disagreement=1), inputs(9, 1, disagreement=1)
        graders = [grader(1, 8.5), grader(1, 6), grader(0, 7.5)]
        was = cell(before, *graders)
        now = rescaled(after, was, after.exam.questions[0], before.rubrics["1"])
        assert (was.criteria[0].reason, was.feedback) == ("reason 0", "feedback (0, 7.5)")
        assert (now.criteria[0].reason, now.feedback) == ("reason 1", "feedback (1, 8.5)")

    def test_a_cell_of_version_0_1_0_keeps_its_medians(self) -> None:
        before, after = inputs(3, 2), inputs(6, 1)
        was = cell(before, grader(3, 0), grader(2, 0.5), grader(2.5, 2)).model_dump(mode="json") | {
            "criteria": [{"points": 2.5, "reason": "one's"}, {"points": 0.5, "reason": "another's"}], "points": 3,
        }  # fmt: skip
        del was["gradings"]
        now = rescaled(after, Cell.model_validate_json(json.dumps(was)), after.exam.questions[0], before.rubrics["1"])
        assert [(each.points, each.reason) for each in now.criteria] == [(5, "one's"), (0.5, "another's")]
        assert (now.points, now.graders, kinds(now)) == (5.5, (6, 4.5, 6), [FlagKind.GRADERS_DISAGREE])

    @pytest.mark.parametrize(
        ("worth", "earned", "new", "kept"),
        [
            ([0.125] * 8, [0.09, *[0.13] * 7], [0.25] * 8, [0.25] * 8),
            ([0.125] * 8, [0.09, *[0.13] * 7], [1.25] * 8, [1.25] * 8),
            ([1 / 6] * 6, [0.15, *[0.17] * 5], [10 / 6] * 6, fitted([10 / 6] * 6, 10)),
            ([1 / 6] * 6, [0, *[0.17] * 5], [2.0] * 6, [0, *[2.0] * 5]),
            ([0.125] * 8, [*[0.12] * 4, *[0.13] * 4], [0.25] * 8, [0.25] * 8),
        ],
        ids=["doubled", "by ten", "sixths", "not all", "rescaled since"],
    )
    def test_all_of_a_criterion_stays_all_as_version_0_1_0_reckoned_it(
        self, worth: list[float], earned: list[float], new: list[float], kept: list[float]
    ) -> None:
        before = inputs(*worth, points=round(sum(worth), 6))
        after = inputs(*new, points=round(sum(new), 6))
        was = cell(before, grader(*earned)).model_copy(update={"aita": ""})
        now = rescaled(after, was, after.exam.questions[0], before.rubrics["1"])
        assert [each.points for each in now.criteria] == [*kept]

    def test_only_what_was_worth_something_has_a_share(self) -> None:
        before, after = inputs(0.996, 0.004), inputs(99.6, 0.4)
        question, rubrics = after.exam.questions[0], (before.rubrics["1"], after.rubrics["1"])
        assert not is_rescalable(cell(before, grader(1, 0)), question, *rubrics)
        assert is_rescalable(cell(after, grader(99.5, 0)), before.exam.questions[0], *reversed(rubrics))
        blank = cell(before, GradedAnswer(blank=True)).model_copy(update={"aita": ""})
        assert is_rescalable(blank, question, *rubrics)

    @pytest.mark.parametrize("step", [0.01, 0.5, 3])
    @pytest.mark.parametrize("new", [1.25, 2.51, 0.01])
    def test_all_stays_all_whatever_the_step(self, new: float, step: float) -> None:
        before, after = inputs(3, 2), inputs(new, new, points=2 * new)
        after = after.model_copy(update={"exam": after.exam.model_copy(update={"points_step": step})})
        now = rescaled(after, cell(before, grader(3, 0)), after.exam.questions[0], before.rubrics["1"])
        assert [each.points for each in now.criteria] == [new, 0]

    @given(st.data(), worths)
    def test_it_is_what_the_graders_rescaled_would_have_come_to(self, data: st.DataObject, worth: list[float]) -> None:
        new = data.draw(st.lists(hundredths, min_size=len(worth), max_size=len(worth)))
        graded = data.draw(graded_answers(worth))
        before, after = inputs(*worth, points=sum(worth)), inputs(*new, points=sum(new))
        was, question = cell(before, *graded), after.exam.questions[0]
        now = rescaled(after, was, question, before.rubrics["1"])
        again = cell(after, *(grader(*points) for points in now.by_grader))
        assert (now.points, now.graders, now.state) == (again.points, again.graders, again.state)
        assert [each.points for each in now.criteria] == [each.points for each in again.criteria]
        assert now.points is not None
        assert 0 <= exact(now.points) <= exact(question.points)

    @given(worths, worths)
    def test_all_stays_all_and_nothing_stays_nothing(self, worth: list[float], new: list[float]) -> None:
        new = (new * len(worth))[: len(worth)]
        before, after = inputs(*worth, points=sum(worth)), inputs(*new, points=sum(new))
        question = after.exam.questions[0]
        full = rescaled(after, cell(before, grader(*fitted(worth, sum(worth)))), question, before.rubrics["1"])
        none = rescaled(after, cell(before, grader(*(0.0 for _ in worth))), question, before.rubrics["1"])
        assert exact(full.points or 0) == exact(question.points)
        assert none.points == 0
