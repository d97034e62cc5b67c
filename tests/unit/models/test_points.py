"""Points: parts that come exactly to the whole, sums that lose nothing, and bounds that are told."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import InvalidMaterialError
from aita.models.exam import ExamSpec, Rubric
from aita.models.grade import CellState
from aita.models.points import exact, fitted, in_steps, percentage, total
from aita.models.run import RunStatus
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.compliance.recompute import recompute
from aita.services.grading.grade_assembly import assemble, rescaled
from aita.services.grading.gradebook import Gradebook
from tests.support.fakes import ASSIGNMENT, QUESTIONS, Harness, grading, worth_of
from tests.support.grades import RUBRICS, cells, criteria, put_answers
from tests.unit.services.grading.test_grade_assembly import cell, grader, inputs
from tests.unit.tasks.test_grading import QUESTION, task

THIRD = 1 / 3

finite = st.floats(0.001, 200) | st.integers(1, 2000).map(lambda hundredth: hundredth / 100)


@st.composite
def rubrics(draw: st.DrawFn) -> tuple[Rubric, float]:
    """Return any rubric that a question takes, and the question's points."""
    one = st.lists(finite, min_size=1, max_size=6)
    many = st.tuples(finite.filter(lambda part: part < 1), st.integers(20, 60)).map(lambda each: [each[0]] * each[1])
    parts = draw(one | many)
    whole = max(0.01, sum(parts) + draw(st.sampled_from([0, 0, 0.01, -0.01])))
    points = max(0.01, whole + draw(st.sampled_from([0, 0, 0.01, -0.01])))
    rubric = Rubric(question_id="1", total_points=whole, criteria=[{"points": p, "description": "d"} for p in parts])
    return rubric, points


def is_right(parts: list[float], whole: float, found: tuple[float, ...]) -> None:
    assert sum(map(exact, found)) == exact(whole)
    assert all(exact(part) == Fraction(str(part)) and part >= 0 for part in found)
    for one, its in zip(parts, found, strict=True):
        assert all(its >= other for part, other in zip(parts, found, strict=True) if part < one)
        if abs(sum(parts) - whole) < 1e-9:
            assert abs(one - its) < 0.0151


class TestFitted:
    @given(rubrics())
    def test_parts_come_exactly_to_the_whole(self, drawn: tuple[Rubric, float]) -> None:
        rubric, points = drawn
        if rubric.problem(points) is None:
            parts = [criterion.points for criterion in rubric.criteria]
            is_right(parts, points, fitted(parts, points))

    @pytest.mark.parametrize(
        ("parts", "whole", "found"),
        [
            ([1.67] * 3, 5, (1.66, 1.67, 1.67)),
            ([THIRD] * 3, 1, (0.34, 0.33, 0.33)),
            ([2.5, 1.5], 4, (2.5, 1.5)),
            ([4, THIRD, THIRD, THIRD], 5, (4.01, 0.33, 0.33, 0.33)),
            ([0.03, 0.001, 0.001], 0.01, (0.01, 0, 0)),
            ([0.003, 0.003, 0.004], 0.01, (0, 0, 0.01)),
        ],
    )
    def test_what_is_over_is_the_largest_parts(self, parts: list[float], whole: float, found: Any) -> None:
        assert fitted(parts, whole) == found

    @pytest.mark.parametrize(("part", "count"), [(0.025, 40), (0.035, 40), (0.005, 40), (1 / 60, 60)])
    def test_many_small_parts(self, part: float, count: int) -> None:
        is_right([part] * count, part * count, fitted([part] * count, part * count))

    @given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=5), st.floats(0, 1e12))
    def test_so_do_parts_that_nobody_checked(self, parts: list[float], whole: float) -> None:
        assert sum(map(exact, fitted(parts, whole))) == exact(whole)


class TestAnyNumber:
    @given(st.floats(0, allow_infinity=False), st.floats(5e-324, 1e308), st.floats(5e-324, 100))
    def test_steps_of_any_size_are_within_the_bounds(self, points: float, most: float, step: float) -> None:
        assert 0 <= in_steps(points, most, step) <= float(exact(most))
        assert in_steps(most, most, step) == float(exact(most))

    @pytest.mark.parametrize(
        ("points", "most", "step", "earned"),
        [
            (0.1667, 0.17, 0.5, 0.17),
            (0.16, 0.17, 0.5, 0.17),
            (0.12, 0.13, 0.5, 0.13),
            (0.08, 0.17, 0.5, 0),
            (2.6, 2.75, 0.5, 2.5),
            (2.7, 2.75, 0.5, 2.75),
            (4.9, 5, 100, 5),
            (0.99, 1, 0.01, 0.99),
            (0.33, 0.34, 0.01, 0.33),
            (0, 0.01, 0.5, 0),
        ],
    )
    def test_the_nearest_that_can_be_earned(self, points: float, most: float, step: float, earned: float) -> None:
        assert in_steps(points, most, step) == earned

    @given(st.floats(0, 1e6), st.floats(0, 1e6), st.sampled_from([0.01, 0.25, THIRD, 0.5, 3.0]))
    def test_which_stays_when_it_is_rounded_again(self, points: float, most: float, step: float) -> None:
        earned = in_steps(points, most, step)
        assert in_steps(earned, most, step) == earned
        assert abs(exact(earned) - min(exact(points), exact(most))) <= exact(step / 2 + 0.01)

    @given(st.lists(st.floats(0, 1e300), max_size=5))
    def test_sums_do_not_break(self, points: list[float]) -> None:
        assert total(points) >= 0

    def test_a_sum_is_rounded_once(self) -> None:
        assert total([THIRD] * 3) == 1
        assert total([2 * THIRD] * 3) == 2
        assert total([0.1] * 3) == 0.3


class TestAnyRubric:
    @given(st.data(), rubrics(), st.sampled_from([0.01, 0.25, THIRD, 0.5, 1.0, 3.0]))
    def test_whatever_graders_say_there_is_a_cell(
        self, data: st.DataObject, drawn: tuple[Rubric, float], step: float
    ) -> None:
        rubric, points = drawn
        if rubric.problem(points) is not None:
            return
        question = {"question_id": "1", "question_text": "?", "points": points, "question_type": "calculation"}
        exam = ExamSpec(exam_name="E", total_pages=1, questions=[question], points_step=step)
        shared = inputs(exam=exam, rubrics={"1": rubric})
        worth = fitted([criterion.points for criterion in rubric.criteria], points)
        shares = st.lists(st.floats(0, 1), min_size=len(worth), max_size=len(worth))
        earned = data.draw(st.lists(shares | st.just([1.0] * len(worth)), min_size=1, max_size=4))
        graded = [
            grader(*(in_steps(share * most, most, step) for share, most in zip(each, worth, strict=True)))
            for each in earned
        ]
        found = assemble(shared, "s", exam.questions[0], graded, ())
        self.holds(found, worth, step)
        self.holds(rescaled(shared, found, exam.questions[0], rubric), worth, step)

    @given(rubrics())
    def test_a_grader_is_shown_what_is_counted(self, drawn: tuple[Rubric, float]) -> None:
        rubric, points = drawn
        if rubric.problem(points) is None:
            asked = task(rubric=rubric, question=QUESTION.model_copy(update={"points": points}))
            assert worth_of(asked.request()) == [float(f"{each:g}") for each in asked._worth()]
            assert exact(asked.parse(grading(asked.request(), *asked._worth())).points) == exact(points)

    def holds(self, found: Any, worth: tuple[float, ...], step: float) -> None:
        assert exact(found.points) == sum(exact(each.points) for each in found.criteria) <= exact(found.max_points)
        for each, most in zip(found.criteria, worth, strict=True):
            steps = Fraction(str(each.points)) / Fraction(str(step))
            assert each.points == most or each.points == float(exact(round(steps) * step))


def class_of(harness: Harness, *questions: dict[str, Any], **rubric: Any) -> Gradebook:
    """Grade a class of an exam with all points given, and return its gradebook."""
    put_answers(harness, "s-1")
    harness.exam(*questions)
    harness.put("user_rubrics.json", rubric)
    whole = {"question_answers": [{"question_id": q["question_id"], "raw_text": "It is 4.", "pages": [
        {"page": 1, "top": 0.2, "bottom": 0.8}], "confidence": 0.9} for q in questions]}  # fmt: skip
    harness.put("answers.json", {"s-1": whole})
    run = harness.run("grade")
    assert run.status is RunStatus.SUCCEEDED
    return Gradebook.of(AssignmentFiles(harness.objects, ASSIGNMENT), ())


def question(question_id: str, points: float) -> dict[str, Any]:
    return QUESTIONS[0] | {"question_id": question_id, "points": points}


class TestAClass:
    @pytest.mark.parametrize(("part", "whole"), [(0.025, 1), (0.035, 1.4)])
    def test_forty_small_criteria_are_graded(self, harness: Harness, part: float, whole: float) -> None:
        many = {"total_points": whole, "criteria": criteria(*[part] * 40)}
        student = class_of(harness, question("1", whole), question("2", 5), **{"1": many, "2": RUBRICS["1a"]}).students
        assert (student["s-1"].points, student["s-1"].final) == (whole + 5, True)
        assert {cell.state for cell in cells(harness).values()} == {CellState.GRADED}

    @pytest.mark.parametrize(
        ("part", "count", "step"),
        [(1 / 6, 6, 0.5), (0.125, 8, 0.5), (0.025, 40, 0.5), (0.125, 8, 0.01), (THIRD, 3, 0.01), (0.025, 40, 0.025)],
    )
    def test_the_rubrics_own_number_is_all_of_a_criterion(
        self, harness: Harness, part: float, count: int, step: float
    ) -> None:
        put_answers(harness, "s-1")
        exam = {"exam_name": "E", "total_pages": 1, "questions": [question("1a", 1)], "points_step": step}
        harness.put("questions.json", exam)
        harness.put("user_rubrics.json", {"1a": {"total_points": 1, "criteria": criteria(*[part] * count)}})
        harness.model.otherwise = lambda request: grading(request, *[round(part, 4)] * count)
        harness.run("grade")
        cell = cells(harness)["s-1", "1a"]
        assert (cell.state, cell.points) == (CellState.GRADED, 1)

    def test_part_of_a_criterion_below_the_step_is_asked_for_again_then_a_persons(self, harness: Harness) -> None:
        put_answers(harness, "s-1")
        harness.exam(question("1a", 1))
        harness.put("user_rubrics.json", {"1a": {"total_points": 1, "criteria": criteria(*[0.25] * 4)}})
        harness.model.otherwise = lambda request: grading(request, 0.1, 0.25, 0, 0.25)
        harness.run("grade")
        cell = cells(harness)["s-1", "1a"]
        assert (cell.state, cell.points, harness.model.calls) == (CellState.NEEDS_REVIEW, 0.5, 2)
        assert [flag.note for flag in cell.flags] == ["criterion 1: 0.1 of 0.25"]

    @pytest.mark.parametrize("worth", [THIRD, 2 * THIRD, 0.126])
    def test_all_of_three_odd_questions_is_all(self, harness: Harness, worth: float) -> None:
        odd = {"total_points": worth, "criteria": criteria(worth)}
        book = class_of(harness, *(question(each, worth) for each in "123"), **dict.fromkeys("123", odd))
        student = book.students["s-1"]
        assert student.points == student.out_of == float(exact(3 * worth))
        assert student.letter == "A"
        bundle = {
            "decisions": [],
            "exam": json.loads(harness.objects.get(f"{ASSIGNMENT}/questions.json")),
            "cells": harness.artifact("grades.json"),
            "totals": {"s-1": {
                "points": student.points, "out_of": student.out_of, "open_questions": [], "letter": "A",
            }},
            "grade_scale": {"steps": [{"letter": "A", "from_percent": 0}]},
        }  # fmt: skip
        assert recompute(bundle) == []


class TestBounds:
    @pytest.mark.parametrize("points", [0.004, 10_000.01, 1e27, 1e308])
    @pytest.mark.parametrize("pipeline", ["rubric", "transcribe", "grade", "exam", "extract-questions"])
    def test_a_run_is_refused_and_told_which_question(self, harness: Harness, pipeline: str, points: float) -> None:
        put_answers(harness, "s-1")
        harness.put("scans/Ann Lee/1.jpg", b"one")
        harness.exam(question("1a", points))
        with pytest.raises(InvalidMaterialError, match=r"questions.json: question '1a' has .* from 0.01 to 10,000"):
            harness.begin(pipeline)

    def test_a_step_below_a_hundredth(self, harness: Harness) -> None:
        harness.put("questions.json", {"exam_name": "E", "total_pages": 1, "questions": QUESTIONS, "points_step": 1e-9})
        with pytest.raises(InvalidMaterialError, match=r"questions.json: points_step is 1e-09.*give 0.01 or more"):
            harness.begin("rubric")

    @pytest.mark.parametrize("points", [0.01, 10_000])
    def test_what_is_within_them_is_not(self, harness: Harness, points: float) -> None:
        harness.exam(question("1a", points))
        assert AssignmentFiles(harness.objects, ASSIGNMENT).countable_exam().questions[0].points == points

    @pytest.mark.parametrize("points", [0.004, 1e27, 1e308, THIRD])
    def test_what_was_stored_before_can_be_read(self, harness: Harness, points: float) -> None:
        graded = cell(inputs(points), grader(points)).model_dump(mode="json")
        harness.exam(question("1", points))
        harness.put("grades.json", {"s": {"1": graded | {"question": "", "basis": "b"}}})
        book = Gradebook.of(AssignmentFiles(harness.objects, ASSIGNMENT), ())
        assert book.students["s"].cells[0].points == float(exact(points))


@given(st.integers(0, 4000), st.integers(1, 40))
def test_a_percentage_is_rounded_half_up(hundredths: int, answers: int) -> None:
    """Both 72.5 and 77.5 percent are rounded upwards, whatever their floats are."""
    share = Fraction(hundredths, 100 * answers)
    assert percentage(hundredths / 100 / answers) == int(share * 100 + Fraction(1, 2))
