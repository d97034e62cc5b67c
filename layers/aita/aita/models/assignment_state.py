"""State of assignments: the work that waits for a person, the runs and their cost."""

from decimal import Decimal

from aita.models.api import RunView
from aita.models.base import StrictModel
from aita.models.run import RunSummary


class AssignmentLine(StrictModel):
    """An assignment and its newest run; ``None`` without one."""

    assignment: str
    run: RunSummary | None


class AssignmentList(StrictModel):
    """``GET /assignments``: the assignments with files in the bucket, by name."""

    assignments: tuple[AssignmentLine, ...]


class AssignmentState(StrictModel):
    """``GET /assignments/{assignment}/state``.

    Parameters
    ----------
    names_to_match
        Students with scans whose line of the roster a person must still decide on; 0 without a roster.
    unplaced_pages
        Pages of piles that are in no student's booklet.
    unseparated_piles
        Files of piles that no run has separated into booklets yet.
    untranscribed_students
        Students with scans that no run has transcribed yet, as they came or changed after the last transcription.
    questions
        Questions of the exam; 0 before there are any.
    without_rubric
        Ids of the questions without a rubric.
    ungraded_answers
        Transcribed answers to questions with a rubric that no run has graded yet.
    open_parts
        Undecided parts of pages that open answers.
    open_answers, answers
        Answers that await a person's decision, and all answers; 0 before grading.
    final_students, students
        Students whose total is final, and all students with scans.
    runs
        Newest runs, newest first: their progress, and why one waits or ended.
    cost_usd
        Cost of all runs that are still listed (USD), as far as the price of their calls is known.
    unpriced_calls
        Calls of unknown cost.
    """

    assignment: str
    names_to_match: int
    unplaced_pages: int = 0
    unseparated_piles: int = 0
    untranscribed_students: int = 0
    questions: int
    without_rubric: tuple[str, ...]
    ungraded_answers: int = 0
    open_parts: int
    open_answers: int
    answers: int
    final_students: int
    students: int
    runs: tuple[RunView, ...]
    cost_usd: Decimal
    unpriced_calls: int
