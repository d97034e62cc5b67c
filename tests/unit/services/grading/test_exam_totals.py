"""Bonus questions and choices: the rules of the exam, and one total in the gradebook and in every file."""

import csv
import io
import json
import re
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import InvalidMaterialError
from aita.memory.objects import MemoryObjects
from aita.models.exam import ExamSpec
from aita.models.grade import Cell, CellState, CriterionGrade, StudentGrades, cell_id
from aita.models.points import exact
from aita.models.student import RosterEntry, Student, Students
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from aita.services.compliance.recompute import extras_of, recompute
from aita.services.exports.canvas import export_canvas
from aita.services.exports.export_roster import ExportRoster, call_roll
from aita.services.exports.gradescope import export_gradescope
from aita.services.exports.json_lines import export_json_lines
from aita.services.exports.moodle import export_moodle
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.letter_grades import USUAL_SCALE
from aita.services.reporting.report_builder import ReportSources
from tests.support.fakes import ASSIGNMENT, RENDERER, Clock, Harness
from tests.support.html_page import HtmlPage, words

STUDENT = "s-1"
WORTHS = (0.25, 1 / 3, 2 / 3, 1.0, 2.5, 5.0)
OPEN = (CellState.NEEDS_REVIEW, CellState.FAILED)


def question(question_id: str, points: float, **more: Any) -> dict[str, Any]:
    asked = {"question_id": question_id, "question_text": f"Why {question_id}?", "question_type": "short_answer"}
    return asked | {"points": points} | more


def exam_of(*questions: dict[str, Any], choices: Any = ()) -> ExamSpec:
    return ExamSpec.model_validate(
        {"exam_name": "Midterm", "total_pages": 1, "questions": questions, "choices": choices}
    )


@st.composite
def exams(draw: st.DrawFn) -> ExamSpec:
    """Draw an exam with bonus questions and choices, in any order."""
    found = [question(f"p{n}", draw(st.sampled_from(WORTHS))) for n in range(draw(st.integers(1, 2)))]
    found += [question(f"b{n}", draw(st.sampled_from(WORTHS)), bonus=True) for n in range(draw(st.integers(0, 2)))]
    choices = []
    for group in range(draw(st.integers(0, 2))):
        of, worth = draw(st.integers(2, 4)), draw(st.sampled_from(WORTHS))
        ids = [f"c{group}{n}" for n in range(of)]
        found += [question(each, worth) for each in ids]
        choices.append({"choose": draw(st.integers(1, of - 1)), "of": draw(st.permutations(ids))})
    return exam_of(*draw(st.permutations(found)), choices=choices)


@st.composite
def cells(draw: st.DrawFn, exam: ExamSpec) -> dict[str, Cell]:
    """Draw a student's cells, most of them closed."""
    states = st.sampled_from([CellState.GRADED] * 6 + [CellState.BLANK] * 2)
    if draw(st.booleans()):
        states |= st.sampled_from(OPEN)
    return {
        each.question_id: cell(each.question_id, each.points, draw(states), draw(st.integers(0, 100)) / 100)
        for each in exam.questions
    }


def cell(question_id: str, worth: float, state: CellState, share: float) -> Cell:
    points = {CellState.BLANK: 0.0, CellState.FAILED: None}.get(state, float(exact(float(exact(worth)) * share)))
    return Cell(
        cell_id=cell_id(STUDENT, question_id),
        student_id=STUDENT,
        question_id=question_id,
        state=state,
        points=points,
        max_points=worth,
        criteria=(CriterionGrade(points=points),) if points is not None and state is not CellState.BLANK else (),
        basis="basis",
    )


def exactly(points: float) -> Decimal:
    return Decimal(str(points))


def rounded(points: Decimal) -> Decimal:
    return points.quantize(Decimal("0.01"), ROUND_HALF_UP)


def expected(exam: ExamSpec, graded: dict[str, Cell]) -> tuple[Decimal, Decimal]:
    """Return the points and what they are out of, by trying every selection of every choice."""
    earned: dict[str, Decimal] = {}
    for each in exam.questions:
        given = graded[each.question_id]
        if given.state not in OPEN and given.points is not None:
            is_whole = exact(given.points) == exact(each.points)
            earned[each.question_id] = exactly(each.points if is_whole else given.points)
    chosen = {question_id for choice in exam.choices for question_id in choice.of}
    points = sum((earned[each] for each in earned if each not in chosen), Decimal(0))
    out_of = sum((exactly(q.points) for q in exam.questions if not q.bonus and q.question_id not in chosen), Decimal(0))
    worth = {each.question_id: exactly(each.points) for each in exam.questions}
    for choice in exam.choices:
        selections = [*combinations(choice.of, choice.choose)]
        points += max(sum((earned.get(each, Decimal(0)) for each in selection), Decimal(0)) for selection in selections)
        out_of += sum((worth[each] for each in selections[0]), Decimal(0))
    return rounded(points), rounded(out_of)


class Class:
    """One student, with the files that everything is read from."""

    def __init__(self, exam: ExamSpec, graded: dict[str, Cell]) -> None:
        self.objects = MemoryObjects()
        students = Students(students=(Student(student_id=STUDENT, folder="4001"),))
        for name, data in (
            (object_keys.QUESTIONS, exam.model_dump(mode="json")),
            (object_keys.STUDENTS, students.model_dump(mode="json")),
            (object_keys.GRADES, {STUDENT: {each: graded[each].model_dump(mode="json") for each in graded}}),
        ):
            self.objects.put(object_keys.material(ASSIGNMENT, name), json.dumps(data).encode())
        self.material = AssignmentFiles(self.objects, ASSIGNMENT)
        self.book = Gradebook.of(self.material, ())

    @property
    def grades(self) -> StudentGrades:
        return self.book.students[STUDENT]

    def roll(self) -> ExportRoster:
        students, _ = self.material.students()
        roster = (RosterEntry(name="Maya", number="4001"),)
        return call_roll(self.book, ClassList.match(students, roster, (), ()))

    def bundle(self) -> dict[str, Any]:
        graded = {each.question_id: self.book.graded(each.cell_id) for each in self.grades.cells}
        whole = {
            "exam": self.book.exam.model_dump(mode="json"),
            "grade_scale": USUAL_SCALE.model_dump(mode="json"),
            "cells": {STUDENT: {each: graded[each].model_dump(mode="json") | {"proposal": ""} for each in graded}},
            "decisions": [],
            "totals": {STUDENT: self.grades.model_dump(mode="json", exclude={"student_id", "cells"})},
        }
        found: dict[str, Any] = json.loads(json.dumps(whole))
        return found

    def report(self) -> str:
        sources = ReportSources.read(self.material, lambda _: (), ())
        report = sources.student_report(STUDENT, {}, Clock()())
        assert report is not None
        return words(HtmlPage.of(RENDERER.student(report)).text)


@pytest.mark.slow
@given(st.data())
def test_every_file_has_the_total_that_all_selections_come_to(data: st.DataObject) -> None:
    exam = data.draw(exams())
    graded = data.draw(cells(exam))
    found = Class(exam, graded)
    points, out_of = expected(exam, graded)
    assert (exact(found.grades.points), exact(found.grades.out_of)) == (points, out_of)
    assert exact(exam.out_of) == out_of
    assert recompute(found.bundle()) == []
    assert extras_of(found.bundle()["exam"]) == exam.extras
    shown_points, shown_out_of = f"{found.grades.points:.2f}", f"{found.grades.out_of:.2f}"
    total = re.search(r"(?<=Graded exam, 2 March 2026 )(\S+) / (\S+) ", found.report())
    assert total is not None, found.report()
    assert exact(float(total[2])) == out_of
    assert total[1] == "\N{EN DASH}" if found.grades.nothing_closed else exact(float(total[1])) == points
    lines = [json.loads(line) for line in export_json_lines(found.roll(), found.book).data.decode().splitlines()]
    assert {exact(line["out_of"]) for line in lines} == {out_of}
    if not found.grades.final:
        assert {line["total"] for line in lines} == {None}
        assert found.grades.letter is None
        assert export_canvas(found.roll(), "M").written == 0
        return
    assert {exact(line["total"]) for line in lines} == {points}
    counting = sum((exactly(line["points"]) for line in lines if line["counts"]), Decimal(0))
    assert abs(counting - points) <= Decimal("0.01") * len(lines), "thirds are whole in the total alone"
    canvas = [*csv.reader(io.StringIO(export_canvas(found.roll(), "M").data.decode()))]
    assert (canvas[1][-1], canvas[2][-1]) == (shown_out_of, shown_points)
    (row,) = csv.DictReader(io.StringIO(export_gradescope(found.roll()).data.decode()))
    assert (row["Total Score"], row["Max Points"]) == (shown_points, shown_out_of)
    (row,) = csv.DictReader(io.StringIO(export_moodle(found.roll(), "M").data.decode("utf-8-sig")))
    assert row["M"] == shown_points
    assert row["M (Feedback)"].count("does not count") == len(found.grades.not_counted)


def made(*points: float | None, exam: ExamSpec) -> Class:
    """Return a class with these points, None for an answer that is open."""
    graded = {
        each.question_id: cell(
            each.question_id, each.points, CellState.FAILED if earned is None else CellState.GRADED, (earned or 0) / 5
        )
        for each, earned in zip(exam.questions, points, strict=True)
    }
    return Class(exam, graded)


CHOICE = exam_of(
    question("1", 5), *(question(each, 5) for each in "345"), question("6", 5, bonus=True),
    choices=[{"choose": 2, "of": ["5", "3", "4"]}],
)  # fmt: skip


class TestWhatCounts:
    def test_the_best_count_and_of_equal_ones_the_first_in_the_exams_order(self) -> None:
        assert made(5, 2, 3, 3, 0, exam=CHOICE).grades.not_counted == ("3",)
        assert made(5, 2, 2, 2, 0, exam=CHOICE).grades.not_counted == ("5",)

    def test_a_total_may_be_above_all_points_and_has_the_top_letter(self) -> None:
        grades = made(5, 5, 1, 5, 2, exam=CHOICE).grades
        assert (grades.points, grades.out_of, grades.bonus_points, grades.letter) == (17, 15, 2, "A")

    @pytest.mark.parametrize("place", range(5))
    def test_any_open_answer_keeps_the_total_open(self, place: int) -> None:
        earned: list[float | None] = [5, 5, 5, 5, 5]
        earned[place] = None
        grades = made(*earned, exam=CHOICE).grades
        assert (grades.final, grades.letter) == (False, None)

    def test_the_report_says_what_counts(self) -> None:
        told = made(5, 5, 1, 5, 2, exam=CHOICE).report()
        assert "17 / 15 2 of them bonus FinalA" in told
        assert "Best 2 of questions 5, 3 and 4 count; bonus: 6. The exam is out of 15 points" in told
        assert "| 4 does not count: best 2 of questions 5, 3 and 4 | Graded | 1 | 5" in told
        assert "| 6 bonus | Graded | 2 | 5" in told
        assert told.count("does not count") == 2, "in the overview, and with the answer"

    def test_the_report_promises_no_points_of_an_open_answer_of_a_choice(self) -> None:
        """It may be the worst of them."""
        promise = "its points are added once it is graded"
        of_choice = made(5, 5, 1, None, 2, exam=CHOICE).report()
        assert f"{promise}; those of a choice only if they are among its best, in place of others (best 2" in of_choice
        assert f"{promise}." in made(None, 5, 1, 5, 2, exam=CHOICE).report()

    def test_gradebooks_name_bonus_and_choice(self) -> None:
        found = made(5, 5, 1, 5, 2, exam=CHOICE)
        moodle, gradescope = export_moodle(found.roll(), "M"), export_gradescope(found.roll())
        assert "4: 1.00 of 5.00, does not count (best 2 of questions 5, 3 and 4)\n" in moodle.data.decode()
        assert "6: 2.00 of 5.00, bonus" in moodle.data.decode()
        assert any("1 of the grades is above the 15 points of the exam" in note for note in moodle.notes)
        assert '"4: best 2 of questions 5, 3 and 4 (5.0 pts)","5: best' in gradescope.data.decode()
        assert '"6: bonus (5.0 pts)"' in gradescope.data.decode()
        assert gradescope.notes == ("the columns of questions do not sum to the totals: " + CHOICE.extras,)


@pytest.mark.parametrize(
    ("choices", "problem"),
    [
        ([{"choose": 2, "of": ["3", "9"]}], "choices, best 2 of questions 3 and 9: '9' is no question_id of the exam"),
        ([{"choose": 1, "of": ["3", "3"]}], "question '3' is in choices twice"),
        ([{"choose": 1, "of": ["3", "4"]}, {"choose": 1, "of": ["4", "5"]}], "question '4' is in choices twice"),
        ([{"choose": 1, "of": ["3", "6"]}], "question '6' is a bonus"),
        ([{"choose": 3, "of": ["3", "4", "5"]}], "choose fewer than the 3 questions"),
        ([{"choose": 0, "of": ["3", "4"]}], "greater than or equal to 1"),
        ([{"choose": 1, "of": ["1", "2"]}], "they are worth 2, 5 points: make them worth the same"),
    ],
)
@pytest.mark.parametrize("pipeline", ["grade", "rubric"])
def test_a_choice_that_makes_no_sense_is_refused(
    harness: Harness, pipeline: str, choices: list[dict[str, Any]], problem: str
) -> None:
    exam = CHOICE.model_dump(mode="json") | {"choices": choices}
    exam["questions"] = [question("2", 2), *exam["questions"]]
    harness.put("questions.json", exam)
    with pytest.raises(InvalidMaterialError, match=re.escape(problem)):
        harness.begin(pipeline)


def test_an_exam_of_bonus_questions_alone_is_refused(harness: Harness) -> None:
    harness.put("questions.json", {"exam_name": "E", "total_pages": 1, "questions": [question("1", 5, bonus=True)]})
    with pytest.raises(InvalidMaterialError, match="the exam would be out of 0 points"):
        harness.begin("rubric")


def test_a_choice_or_bonus_that_comes_after_grading_changes_the_totals_and_no_cell(harness: Harness) -> None:
    graded = {each: cell(each, 5, CellState.GRADED, 0.6) for each in ("1", "3", "4", "5", "6")}
    plain = CHOICE.model_copy(update={"choices": ()})
    before, after = Class(plain, graded), Class(CHOICE, graded)
    assert (before.grades.points, before.grades.out_of) == (15, 20)
    assert (after.grades.points, after.grades.out_of) == (12, 15)
    assert before.grades.cells == after.grades.cells
    assert before.book.version != after.book.version
