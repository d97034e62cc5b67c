"""The entries of truth.json: what is on the pages, what the questions are, and what each answer earns."""

from collections.abc import Iterator
from typing import Any

from aita_local.simulated_model.sample.page_fingerprint import HASH_BITS, fingerprint
from aita_local.simulated_model.sample.row_darkness import Darkness
from rendering.layout import PageLayout


def exam_page(layout: PageLayout, image: bytes) -> dict[str, Any]:
    """Return the entry of a page of the blank exam: how it looks, and where on it which questions are printed."""
    return {"page": layout.number, "fingerprint": _fingerprint(image), "questions": list(_places(layout))}


def student_page(student: dict[str, Any], layout: PageLayout, image: bytes) -> dict[str, Any]:
    """Return the entry of a student's page: its transcription, and where each answer stands.

    A question's ``line`` is that of its label in the transcription, from 1, and 0 if nothing is written there; each
    ``top`` and ``bottom`` is a fraction of the page's height. ``rows`` has the darkness of the page's rows.
    """
    facts = next(facts for facts in student["pages"] if facts["page"] == layout.number)
    lines = list(_lines(student["answers"], layout))
    labels = {line["text"]: number for number, line in enumerate(lines, 1) if line["kind"] == "label"}
    return {
        "student": student["folder"],
        "page": layout.number,
        "lines": lines,
        "confidence": facts["confidence"],
        "warnings": [facts["warning"]] if "warning" in facts else [],
        "fingerprint": _fingerprint(image),
        "rows": Darkness.of_page(image).hex(),
        "answers": [{**place, "line": labels.get(f"{place['question_id']}.", 0)} for place in _places(layout)],
    }


def question(key: dict[str, Any], questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the entry of a question: its text and type, its answer key and its rubric."""
    asked = next(question for question in questions if question["question_id"] == key["question_id"])
    return {
        "question_text": asked["question_text"],
        "question_type": asked["question_type"],
        "answer_key": {name: value for name, value in key.items() if name != "rubric"},
        "rubric": {"question_id": key["question_id"], "total_points": asked["points"], "criteria": key["rubric"]},
    }


def grade(given: dict[str, Any], students: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the entry of an answer's grade, with the answer as it is transcribed.

    Raises
    ------
    KeyError
        If the student left that question blank.
    """
    student = next(student for student in students if student["folder"] == given["student"])
    answer = student["answers"][given["question_id"]]["text"]
    return {"addresses_grader": False, "answer": answer, **given}


def _places(layout: PageLayout) -> Iterator[dict[str, Any]]:
    for question_id, (top, bottom) in layout.spans().items():
        yield {"question_id": question_id, "top": round(top, 3), "bottom": round(bottom, 3)}


def _lines(answers: dict[str, Any], layout: PageLayout) -> Iterator[dict[str, Any]]:
    """Yield the lines of a page's transcription: each answer's below its question's printed label."""
    tops = {question_id: top for question_id, (top, _) in layout.spans().items()}
    for question_id, space in layout.answers.items():
        if question_id not in answers:
            continue
        yield {"text": f"{question_id}.", "kind": "label", "top": round(tops[question_id], 3)}
        kind = "to_reader" if answers[question_id].get("to_reader") else "answer"
        for number, line in enumerate(answers[question_id]["text"].split("\n")):
            yield {"text": line, "kind": kind, "top": round(space.top(number), 3)}


def _fingerprint(image: bytes) -> str:
    return f"{fingerprint(image):0{HASH_BITS // 4}x}"
