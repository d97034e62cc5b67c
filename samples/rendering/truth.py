"""The entries of truth.json: what is on the pages, what the questions are, and what each answer earns."""

from collections.abc import Iterator
from typing import Any

from aita_local.simulated_model.sample.page_fingerprint import HASH_BITS, fingerprint
from rendering.layout import PageLayout


def exam_page(layout: PageLayout, image: bytes) -> dict[str, Any]:
    """Return the entry of a page of the blank exam: how it looks, and where on it which questions are printed."""
    return {"page": layout.number, "fingerprint": _fingerprint(image), "questions": list(_places(layout))}


def student_page(student: dict[str, Any], layout: PageLayout, image: bytes) -> dict[str, Any]:
    """Return the entry of a student's page: its transcription, and where each answer stands.

    A question's ``line`` is that of its label in the transcription, from 1, and 0 if nothing is written there; its
    ``top`` and ``bottom`` are fractions of the page's height.
    """
    facts = next(facts for facts in student["pages"] if facts["page"] == layout.number)
    text = _page_text(student["answers"], layout)
    lines = text.split("\n")
    return {
        "student": student["folder"],
        "page": layout.number,
        "text": text,
        "confidence": facts["confidence"],
        "notes": facts.get("notes", ""),
        "fingerprint": _fingerprint(image),
        "answers": [
            {**place, "line": lines.index(label) + 1 if (label := f"{place['question_id']}.") in lines else 0}
            for place in _places(layout)
        ],
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


def _page_text(answers: dict[str, Any], layout: PageLayout) -> str:
    """Return a page's transcription: each answer under its question's printed label."""
    return "\n\n".join(
        f"{question_id}.\n{answers[question_id]['text']}" for question_id in layout.answers if question_id in answers
    )


def _fingerprint(image: bytes) -> str:
    return f"{fingerprint(image):0{HASH_BITS // 4}x}"
