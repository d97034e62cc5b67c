"""Small exams to grade, without transcribing anything: what tests of grading start from."""

import hashlib
import json
from typing import Any

from aita.models.grade import Cell
from tests.support.fakes import QUESTIONS, Harness

STUDENTS = ("s-1", "s-2")


def criteria(*points: float, description: str = "right") -> list[dict[str, Any]]:
    return [{"points": each, "description": f"{description} {n}"} for n, each in enumerate(points, 1)]


RUBRICS: dict[str, Any] = {
    "1a": {"total_points": 5, "criteria": criteria(3, 2)},
    "1b": {"total_points": 3.5, "criteria": criteria(3.5)},
    "2": {"total_points": 10, "criteria": criteria(4, 4, 2)},
}

NO_INK = {"exam_page": 1, "likeness": 0.9, "bands": "00" * 100}
INK = NO_INK | {"bands": "80" * 100}


def answer(question_id: str, text: str = "It is 4.\nIndeed.", **changes: Any) -> dict[str, Any]:
    place = {"page": 1, "top": 0.2, "bottom": 0.8}
    return {"question_id": question_id, "raw_text": text, "pages": [place], "confidence": 0.9} | changes


def answers(**changes: dict[str, Any]) -> dict[str, Any]:
    """Return a student's answers; changes are by question id, with a ``q`` before it."""
    ids = [question["question_id"] for question in QUESTIONS]
    return {"question_answers": [answer(each) | changes.get(f"q{each}", {}) for each in ids]}


def page(student_id: str) -> dict[str, Any]:
    return {"page": 1, "key": f"midterm/pages/{student_id}/1.jpg", "sha256": "", "width": 850, "height": 1100}


def put_answers(harness: Harness, *students: str, ink: dict[str, Any] | None = INK, **changes: dict[str, Any]) -> None:
    """Give the exam, its rubrics and the same answers of each student, with pages that were compared with the blank."""
    harness.exam()
    harness.put("user_rubrics.json", RUBRICS)
    students = students or STUDENTS
    harness.put("answers.json", {student: answers(**changes) for student in students})
    harness.put("scans.json", {student: {"ink": [ink], "unreadable": 0} for student in students})
    pages = {}
    for student in students:
        harness.put(f"pages/{student}/1.jpg", f"JPEG of {student}")
        pages[student] = [page(student) | {"sha256": hashlib.sha256(f"JPEG of {student}".encode()).hexdigest()}]
    harness.put("pages.json", pages)


def cells(harness: Harness) -> dict[tuple[str, str], Cell]:
    """Return the cells that were graded last, by student and question."""
    return {
        (student, question): Cell.model_validate_json(json.dumps(cell))
        for student, questions in harness.artifact("grades.json").items()
        for question, cell in questions.items()
    }
