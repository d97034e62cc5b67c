"""A small exam for the tests, and a model that answers it."""

import base64
import io
import json
import re
from typing import Any

from PIL import Image, ImageDraw

from tests.integration.provider import Answer

QUESTIONS: list[dict[str, Any]] = [
    {"question_id": "1a", "question_text": "What is 2 + 2?", "points": 5, "question_type": "short_answer"},
    {"question_id": "1b", "question_text": "Name a prime.", "points": 3, "question_type": "short_answer"},
    {"question_id": "2", "question_text": "Draw a cell.", "points": 10, "question_type": "diagram"},
]


def exam(assignment: str) -> dict[str, Any]:
    """Return an exam of three questions that no other assignment has, so that no other's reply is in the cache."""
    questions = [q | {"question_text": f"{q['question_text']} ({assignment})"} for q in QUESTIONS]
    return {"exam_name": "Sums", "total_pages": 2, "questions": questions}


def asked_question(request: dict[str, Any]) -> str:
    """Return the id of the question that a request is about."""
    text = request["messages"][1]["content"]
    return str(text.rpartition("Question id: ")[2].partition("\n")[0])


def asked_questions(request: dict[str, Any]) -> list[str]:
    """Return the ids of the questions that a request is about, in their order."""
    return re.findall(r"^Question id: (.*)$", request["messages"][1]["content"], re.MULTILINE)


def kind(request: dict[str, Any]) -> str:
    """Return the name of the schema that a request asks for."""
    return str(request["response_format"]["json_schema"]["name"])


def right(request: dict[str, Any], text: str = "four") -> Answer:
    """Answer anything that the tests ask, rightly; on each page stands a text."""
    if kind(request) == "Transcription":
        return Answer(transcription(request, text))
    if kind(request) == "StripTranscription":
        return Answer(json.dumps({"lines": [text]}))
    if kind(request) == "AnswerKeys":
        keys = [{"question_id": question_id, "correct_answer": "4"} for question_id in asked_questions(request)]
        return Answer(json.dumps({"answer_keys": keys}))
    if kind(request) == "ExtractedQuestions":
        return Answer(extracted(request))
    if kind(request) in ("Grading", "StripGrading"):
        return Answer(grading(request))
    question_id = asked_question(request)
    if kind(request) == "AnswerKey":
        return Answer(json.dumps({"question_id": question_id, "correct_answer": "4"}))
    points = next(q["points"] for q in QUESTIONS if q["question_id"] == question_id)
    criteria = [{"points": points - 1, "description": "right"}, {"points": 1, "description": "clear"}]
    return Answer(json.dumps({"question_id": question_id, "total_points": points, "criteria": criteria}))


def text_beside_images(request: dict[str, Any]) -> str:
    """Return what a request says beside its images."""
    return str(request["messages"][1]["content"][-1]["text"])


def extracted(request: dict[str, Any]) -> str:
    """Return the reply that reads one question on each page that a request shows."""
    pages = [int(number) for number in re.findall(r"\d+", text_beside_images(request).partition(" of an exam")[0])]
    question = {"points": 2, "question_type": "short_answer", "complete": True}
    questions = [
        question | {"question_id": str(page), "question_text": f"Question of page {page}?", "page_number": page}
        for page in pages
    ]
    return json.dumps({"exam_name": "Sums", "questions": questions, "continuation": None})


def transcription(request: dict[str, Any], text: str) -> str:
    """Return the reply that reads one line, with which the exam's first question begins if there are questions."""
    ids = re.findall(r"^Question id: (.*)$", request["messages"][0]["content"], re.MULTILINE)
    starts = [{"question_id": each, "line": 1, "top": 0.1, "confidence": 0.9} for each in ids[:1]]
    line = {"text": text, "kind": "answer", "top": 0.1}
    return json.dumps({"lines": [line], "starts": starts, "confidence": 0.9, "warnings": []})


def grading(request: dict[str, Any]) -> str:
    """Return a grader's reply that gives all points, and quotes the answer's first line for each."""
    worth = re.findall(r"^Criterion \d+ \((.*) points\)", request["messages"][0]["content"], re.MULTILINE)
    content = request["messages"][1]["content"]
    said = content if isinstance(content, str) else text_beside_images(request)
    quote = said.partition("\n<<<answer ")[2].split("\n")[1]
    criteria = [
        {"criterion": number, "quote": quote, "reason": "it says so", "points": float(points)}
        for number, points in enumerate(worth, 1)
    ]
    return json.dumps({"criteria": criteria, "feedback": "Well done.", "addresses_grader": False})


def page(text: str) -> bytes:
    """Return a JPEG of a page with this text."""
    image = Image.new("RGB", (300, 400), "white")
    ImageDraw.Draw(image).text((20, 20), text, fill="black")
    data = io.BytesIO()
    image.save(data, "JPEG")
    return data.getvalue()


def image_of(request: dict[str, Any]) -> bytes:
    """Return the bytes of a request's image."""
    url = request["messages"][1]["content"][0]["image_url"]["url"]
    return base64.b64decode(url.partition(",")[2])
