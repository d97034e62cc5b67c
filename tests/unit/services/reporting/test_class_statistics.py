"""Statistics of a class: exact bins, and nothing of open answers."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aita.models.class_report import Bin, QuestionFigures
from aita.models.exam import ExamSpec
from aita.models.grade import GradeScale, StudentGrades
from aita.models.points import exact
from aita.reports.histograms import question_histogram
from aita.services.grading.exam_totals import student_grades
from aita.services.grading.letter_grades import USUAL_SCALE
from aita.services.reporting.class_statistics import letter_counts, question_figures
from tests.support.gradebooks import BLANK, EXAM, GRADED, OPEN, cell


def figures(points: float, step: float, *earned: float) -> QuestionFigures:
    question = EXAM.questions[0].model_copy(update={"points": points})
    exam = ExamSpec(exam_name="E", total_pages=1, questions=(question,), points_step=step)
    cells = [cell(f"s-{place}", "1a", GRADED, each, max_points=points) for place, each in enumerate(earned)]
    grades = [StudentGrades(student_id=c.student_id, cells=(c,), points=0, out_of=1, open_questions=()) for c in cells]
    (found,) = question_figures(exam, grades)
    return found


def counted(bins: tuple[Bin, ...]) -> dict[tuple[Decimal, Decimal], int]:
    return {(each.start, each.end): each.answers for each in bins if each.answers}


class TestBins:
    def test_few_steps_have_a_bin_each(self) -> None:
        found = figures(2, 0.5, 0, 1.5, 1.5, 2)
        assert [float(each.start) for each in found.bins] == [0, 0.5, 1, 1.5, 2]
        assert [each.answers for each in found.bins] == [1, 0, 0, 2, 1]

    def test_many_steps_are_tenths_and_all_points_are_in_the_last(self) -> None:
        found = figures(30, 0.5, 0, 2.99, 3, 26.99, 27, 30)
        assert [each.answers for each in found.bins] == [2, 1, 0, 0, 0, 0, 0, 0, 1, 2]

    def test_points_between_steps_are_in_tenths(self) -> None:
        assert len(figures(2, 0.5, 0.3).bins) == 10

    def test_bins_are_exact_where_floats_are_not(self) -> None:
        assert counted(figures(0.7, 0.05, 0.07, 0.49).bins) == {
            (Decimal("0.07"), Decimal("0.14")): 1,
            (Decimal("0.49"), Decimal("0.56")): 1,
        }

    @example(3, 0.25, [17])
    @given(st.integers(1, 10_000), st.sampled_from([0.01, 0.25, 0.5, 1]), st.lists(st.integers(0, 100), max_size=9))
    def test_each_answer_is_in_the_bin_that_has_its_points(self, whole: int, step: float, parts: list[int]) -> None:
        points = whole / 100
        earned = [float(exact(points * part / 100)) for part in parts]
        found = figures(points, step, *earned)
        assert sum(each.answers for each in found.bins) == len(earned)
        for each in found.bins:
            inside = [
                value
                for value in map(exact, earned)
                if each.start <= value < each.end or value == each.start == each.end
                or (each is found.bins[-1] and value == each.end)
            ]  # fmt: skip
            assert len(inside) == each.answers
        assert question_histogram(found).count("<rect") == sum(each.answers > 0 for each in found.bins)


def test_open_answers_are_in_no_figure_and_blank_ones_have_no_points() -> None:
    grades = [
        student_grades(EXAM, student, (one, cell(student, "2", BLANK)), USUAL_SCALE)
        for student, one in (
            ("s-1", cell("s-1", "1a", GRADED, 4.0)),
            ("s-2", cell("s-2", "1a", BLANK)),
            ("s-3", cell("s-3", "1a", OPEN, 5.0)),
        )
    ]
    first, _ = question_figures(EXAM, grades)
    assert (first.graded, first.blank, first.open, first.mean_share) == (1, 1, 1, 0.4)
    assert first.deviation == Decimal(2)
    assert counted(first.bins) == {(Decimal(0), Decimal(0)): 1, (Decimal(4), Decimal(4)): 1}
    assert letter_counts(USUAL_SCALE, grades)[-1] == (USUAL_SCALE.steps[-1].letter, 2)


@pytest.mark.parametrize("letters", [("A", "B", "F"), ("1", "2", "1")])
def test_letters_come_in_the_order_of_the_scale(letters: tuple[str, ...]) -> None:
    steps = [{"letter": letter, "from_percent": 100 - 50 * place} for place, letter in enumerate(letters)]
    scale = GradeScale.model_validate({"steps": steps})
    assert [letter for letter, _ in letter_counts(scale, ())] == list(dict.fromkeys(letters))


@pytest.mark.parametrize(
    ("worth", "earned", "shown"), [(7.21, 0.72, "0 to 0.73"), (7.21, 0.73, "0.73 to 1.45"), (0.13, 0.01, "0 to 0.02")]
)
def test_the_label_of_a_bin_holds_its_points(worth: float, earned: float, shown: str) -> None:
    assert f"{shown} points: 1" in question_histogram(figures(worth, 0.01, earned))


def test_labels_of_a_histogram_do_not_touch() -> None:
    drawn = question_histogram(figures(12.75, 0.25, 1, 12.75))
    assert 'class="first">0</text>' in drawn
    assert "1.27" not in drawn
    assert "2.55" in drawn
