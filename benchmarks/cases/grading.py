"""Grading on the emulator: a class against the ideal, a large class from the cache, and its reports."""

import hashlib
import json
import random
import statistics
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from aita.models.api import RunOptions, RunView
from aita.models.second_look import See
from benchmarks.cases.batching import exam
from benchmarks.cases.pipelines import run_seconds, stage_seconds
from benchmarks.harness import scans
from benchmarks.harness.emulator_stack import Emulated, emulated
from benchmarks.harness.results_table import Case, Limit, say

STUDENTS, QUESTIONS, CONCURRENCY, LATENCY = 20, 10, 20, 2.0
BOUND = 0.90
REPEATS = 3
LARGE = 500
LARGE_SECONDS, LARGE_MEGABYTES, REPORT_SECONDS = 120.0, 400.0, 60.0

_WORDS = (Path(__file__).parents[2] / "samples" / "answers.toml").read_text("utf-8").split()


def measure() -> list[Case]:
    """Grade classes without cached replies on one stack; then a large class twice, and its reports."""
    with emulated(CONCURRENCY) as stack:
        stack.model.control(latency=LATENCY, anything=True)
        grade(stack, "warm", STUDENTS)
        say(f"{STUDENTS} students, {QUESTIONS} questions, without and with a look at the page")
        unseen, seen = [], []
        for number in range(REPEATS):
            unseen.append(grade(stack, f"class{number}", STUDENTS))
            seen.append(grade(stack, f"seen{number}", STUDENTS, See.ALWAYS))
        return [_class(unseen), *_seen(unseen, seen), *_large(stack)]


def grade(stack: Emulated, assignment: str, students: int, see: See = See.NEVER) -> RunView:
    """Upload a class's answers and rubrics, and run the grading with its reports."""
    upload_class(stack, assignment, students)
    return stack.run(assignment, "grade", RunOptions(rate_limit_rps=0, see=see))


def _class(runs: list[RunView]) -> Case:
    ideal = STUDENTS * QUESTIONS * LATENCY / CONCURRENCY
    seconds = statistics.median(stage_seconds(run, "grade") for run in runs)
    name = f"grade stage, {STUDENTS} students, {QUESTIONS} questions at {LATENCY:g} s, {CONCURRENCY} at once"
    return Case(name, f"{seconds:.2f} s, median of {REPEATS}", f"ideal {ideal:g} s", ideal / seconds, BOUND)


def _seen(unseen: list[RunView], seen: list[RunView]) -> list[Case]:
    """Compare runs in which graders see each answer on a strip of its page with those in which they see none."""
    graded, looked = (statistics.median(stage_seconds(run, "grade") for run in runs) for runs in (unseen, seen))
    cut = statistics.median(stage_seconds(run, "cut") for run in seen)
    strips = STUDENTS * (QUESTIONS - 1)
    return [
        Case(
            f"the same with {strips} strips: grade stage", f"{looked:.2f} s", f"unseen {graded:.2f} s", looked / graded
        ),
        Case(f"the same: {strips} strips cut before", f"{cut:.2f} s", f"grading {graded:.2f} s", cut / graded),
    ]


def _large(stack: Emulated) -> list[Case]:
    """Grade a large class, delete its grades but not the cached replies, and grade it again."""
    say(f"{LARGE} students, {QUESTIONS} questions, from the cache")
    stack.model.control(latency=0, anything=True)
    grade(stack, "large", LARGE)
    stack.s3.delete_object(Bucket=stack.bucket, Key="large/grades.json")
    before = stack.model.stats().requests
    run = stack.run("large", "grade", RunOptions(rate_limit_rps=0, see=See.NEVER))
    asked = stack.model.stats().requests - before
    seconds, reports = stage_seconds(run, "grade"), stage_seconds(run, "report")
    megabytes = stack.peak_megabytes()
    cells = f"{LARGE * QUESTIONS:,} cells planned, answered from the cache and collected"
    return [
        Case(
            f"{cells}: time",
            f"{seconds:.1f} s",
            f"{LARGE_SECONDS:g} s",
            seconds / LARGE_SECONDS,
            1.0,
            at_least=False,
            limits=(Limit("calls", asked, 0),),
        ),
        Case(
            "the same: peak memory of any function",
            f"{megabytes:.0f} MB",
            f"{LARGE_MEGABYTES:g} MB",
            megabytes / LARGE_MEGABYTES,
            1.0,
            at_least=False,
        ),
        Case(
            f"reports of {LARGE} students and the class",
            f"{reports:.1f} s, the whole run {run_seconds(run):.1f} s",
            f"{REPORT_SECONDS:g} s",
            reports / REPORT_SECONDS,
            1.0,
            at_least=False,
        ),
    ]


def upload_class(stack: Emulated, assignment: str, students: int, asked: int = QUESTIONS) -> None:
    """Upload an exam with a number of questions, its rubrics and a class's answers."""
    questions = exam(assignment)
    questions["questions"] = questions["questions"][:asked]
    ids = [f"s-{number:016x}" for number in range(students)]
    page = scans.jpegs(1)[0]
    stack.put(f"{assignment}/pages/shared.jpg", page)
    for name, content in {
        "questions.json": questions,
        "user_rubrics.json": {each["question_id"]: _rubric(each["points"]) for each in questions["questions"]},
        "answers.json": {each: _answers(f"{assignment} {each}", questions) for each in ids},
        "ledger.json": {each: {"parts": []} for each in ids},
        "pages.json": {each: [_page(f"{assignment}/pages/shared.jpg", page)] for each in ids},
        "students.json": {"students": [{"student_id": each, "folder": f"Student {each[-4:]}"} for each in ids]},
    }.items():
        stack.put(f"{assignment}/{name}", json.dumps(content).encode())


def _rubric(points: float) -> dict[str, Any]:
    half = points / 2
    criteria = [{"points": half, "description": f"{part} is right"} for part in ("The method", "The result")]
    return {"total_points": points, "criteria": criteria}


def _answers(seed: str, questions: dict[str, Any]) -> dict[str, Any]:
    """Return a student's answers: random words of the sample's, one below the other on one page.

    The first one has no strip, as a head may stand above it.
    """
    chance = random.Random(seed)
    ids = [each["question_id"] for each in questions["questions"]]
    return {
        "question_answers": [
            {
                "question_id": question_id,
                "raw_text": " ".join(islice(cycle(chance.sample(_WORDS, 40)), 60)),
                "pages": [{"page": 1, "top": place / len(ids), "bottom": (place + 1) / len(ids)}],
                "confidence": 0.95,
            }
            for place, question_id in enumerate(ids)
        ]
    }


def _page(key: str, jpeg: bytes) -> dict[str, Any]:
    return {"page": 1, "key": key, "sha256": hashlib.sha256(jpeg).hexdigest(), "width": 1240, "height": 1754}
