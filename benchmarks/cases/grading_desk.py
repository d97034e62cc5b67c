"""Grading on the emulator as a person sees it: the first answer, the next ones, and each decision, in a large class."""

import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from aita.aws.s3_objects import S3Objects
from aita.models.answer_view import AnswerFilter, AnswerPage, Show
from aita.models.decision import DecisionAction
from aita.models.grade import CriterionGrade, GradedAnswer
from aita.models.review import DecisionRequest
from aita.models.run import RunSettings
from aita.models.second_look import See
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.grade_assembly import assemble
from aita.services.grading.grade_inputs import GradeInputs
from benchmarks.cases import grading
from benchmarks.harness.emulator_stack import Emulated, emulated
from benchmarks.harness.results_table import Case, say

STUDENTS, QUESTIONS = 500, 20
PAGE = 25
DECISIONS = 40
CLASS = "desk"
FIRST_SECONDS, NEXT_SECONDS, DECISION_SECONDS = 1.0, 0.1, 0.3

T = TypeVar("T")


def measure() -> list[Case]:
    """Upload a generated class with its grades, then look at its answers and decide on them."""
    with emulated(grading.CONCURRENCY) as stack:
        say(f"{STUDENTS} students, {QUESTIONS} questions: pages of answers, and decisions")
        grading.upload_class(stack, CLASS, STUDENTS, QUESTIONS)
        stack.put(f"{CLASS}/grades.json", json.dumps(graded(stack)).encode())
        return look_and_decide(stack)


def graded(stack: Emulated) -> dict[str, dict[str, Any]]:
    """Return the class's cells as a run makes them, half of the points for each answer, without asking a model."""
    objects = S3Objects(stack.s3, stack.bucket)
    settings = RunSettings(model="generated", max_workers=1, rate_limit_rps=0, see=See.NEVER)
    inputs = GradeInputs.of(AssignmentFiles(objects, CLASS), settings)
    cells: dict[str, dict[str, Any]] = {}
    for student_id, question in inputs.cells():
        halves = [CriterionGrade(points=each.points / 2) for each in inputs.rubrics[question.question_id].criteria]
        answer = GradedAnswer(criteria=tuple(halves), feedback="Half of it is right.")
        cell = assemble(inputs, student_id, question, [answer], ())
        cells.setdefault(student_id, {})[question.question_id] = cell.model_dump(mode="json")
    return cells


def look_and_decide(stack: Emulated) -> list[Case]:
    """Measure pages of answers to each question, and decisions on the answers of the last."""
    questions = [each["question_id"] for each in stack.read(f"{CLASS}/questions.json")["questions"]]
    started, _ = timed(stack.api.assignments)  # which the screen shows first
    first, _ = timed(partial(page, stack, questions[0]))
    pages = [timed(partial(page, stack, each)) for each in questions]
    a_page = statistics.median(seconds for seconds, _ in pages)
    decisions, shown = list[float](), pages[-1][1]
    while len(decisions) < DECISIONS:
        for answer in shown.answers:
            asked = DecisionRequest(action=DecisionAction.ACCEPT, by="grader", basis=answer.basis)
            seconds, _ = timed(partial(stack.api.decide, CLASS, answer.cell_id, asked))
            decisions.append(seconds)
        shown = page(stack, questions[-1], shown.next_token)
    slow = statistics.quantiles(decisions, n=20)[-1]
    where = f"{STUDENTS} students, {QUESTIONS} questions"
    return [
        Case("list of assignments, with the start of the function", f"{started * 1000:.0f} ms", "", started),
        _case(f"first page of {PAGE} answers, {where}", first, FIRST_SECONDS),
        _case(f"the same: another page, per answer of {PAGE}", a_page / PAGE, NEXT_SECONDS),
        Case("the same: another page", f"{a_page * 1000:.0f} ms, median of {len(pages)}", "", a_page),
        _case(f"the same: a decision, 95th percentile of {len(decisions)}", slow, DECISION_SECONDS),
    ]


def page(stack: Emulated, question: str, token: str | None = None) -> AnswerPage:
    """Return a page of a question's answers, whether they are open or not."""
    return stack.api.answers(CLASS, question, AnswerFilter(show=Show.ALL), PAGE, token)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Return the seconds that work takes, and its result."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def _case(name: str, seconds: float, bound: float) -> Case:
    return Case(name, f"{seconds * 1000:.0f} ms", f"{bound * 1000:g} ms", seconds / bound, 1.0, at_least=False)
