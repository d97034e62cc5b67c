"""The sample exam as it is when it is graded, in a harness: what the reports' tests render."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aita.models.answer import AnswerPlace, QuestionAnswer, StudentAnswers
from aita.models.exam import ExamSpec, Page, Rubric
from aita.models.grade import Cell, CellState, CriterionGrade, cell_id
from aita.models.points import total
from aita.models.review_flags import Flag, FlagKind
from aita.models.student import Student, Students
from aita.models.transcription import PageTranscription
from tests.support.fakes import Harness

SAMPLES = Path(__file__).parents[2] / "samples"
TRUTH = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))
EXAM = ExamSpec.model_validate_json((SAMPLES / "exam" / "questions.json").read_text(encoding="utf-8"))
FOLDERS = tuple(dict.fromkeys(page["student"] for page in TRUTH["pages"]))
IDS = {folder: f"s-{number:016x}" for number, folder in enumerate(FOLDERS, 1)}
_OWN = json.loads((SAMPLES / "exam" / "user_rubrics.json").read_text(encoding="utf-8"))
RUBRICS = {
    rubric["question_id"]: Rubric.model_validate(rubric | _OWN.get(rubric["question_id"], {}))
    for rubric in (question["rubric"] for question in TRUTH["questions"])
}

Grades = dict[str, dict[str, Cell]]
OnePage = Callable[[str, int], tuple[bytes, int, int]]

PIXEL = bytes.fromhex(
    "ffd8ffe000104a46494600010101006000600000ffdb004300080606070605080707070909080a0c140d0c0b0b0c1912130f141d1a1f1e1d"
    "1a1c1c20242e2720222c231c1c2837292c30313434341f27393d38323c2e333432ffc0000b080001000101011100ffc4001f00000105010101"
    "01010100000000000000000102030405060708090a0bffc400b5100002010303020403050504040000017d01020300041105122131410613"
    "516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a53545556"
    "5758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2"
    "c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9faffda0008010100003f00fbffd9"
)
"""A JPEG of one grey pixel."""


def one_pixel(folder: str, page: int) -> tuple[bytes, int, int]:
    """Return a page's image, its width and its height."""
    return PIXEL, 850, 1100


def transcribed(harness: Harness, image: OnePage = one_pixel) -> None:
    """Put the sample exam as it is once its pages are transcribed."""
    pages: dict[str, list[Any]] = {}
    read: dict[str, list[Any]] = {}
    for each in TRUTH["pages"]:
        student_id, number = IDS[each["student"]], each["page"]
        jpeg, width, height = image(each["student"], number)
        key = f"midterm/pages/{student_id}/{number:04d}.jpg"
        harness.objects.data[key] = jpeg
        page = Page(page=number, key=key, sha256="0" * 64, width=width, height=height)
        pages.setdefault(student_id, []).append(page.model_dump())
        transcription = PageTranscription.model_validate(each)
        read.setdefault(student_id, []).append(transcription.model_dump(mode="json"))
    students = tuple(Student(student_id=IDS[folder], folder=folder) for folder in FOLDERS)
    harness.put("students.json", Students(students=students).model_dump(mode="json"))
    harness.put("pages.json", pages)
    harness.put("transcriptions.json", read)


def graded(harness: Harness, image: OnePage = one_pixel, **changes: Cell) -> Grades:
    """Put the sample exam as it is once it is graded; ``changes`` replace cells by their id."""
    transcribed(harness, image)
    harness.put("questions.json", (SAMPLES / "exam" / "questions.json").read_text(encoding="utf-8"))
    harness.put("rubrics.json", {question_id: rubric.model_dump() for question_id, rubric in RUBRICS.items()})
    for question_id, rubric in RUBRICS.items():
        harness.put(f"rubric_versions/{version(question_id)}.json", rubric.model_dump())
    answers = {IDS[folder]: _answers(folder) for folder in FOLDERS}
    harness.put("answers.json", {key: value.model_dump(mode="json") for key, value in answers.items()})
    grades = {IDS[folder]: _cells(folder) for folder in FOLDERS}
    put_grades(harness, grades)
    return grades


def put_grades(harness: Harness, grades: Grades) -> None:
    """Put what grading came to."""
    plain = {s: {q: cell.model_dump(mode="json") for q, cell in cells.items()} for s, cells in grades.items()}
    harness.put("grades.json", plain)


def version(question_id: str) -> str:
    """Return what the version of a rubric that was graded against is known by."""
    return f"version-of-{question_id}"


def with_cell(grades: Grades, folder: str, question_id: str, **changes: Any) -> Cell:
    """Change one cell and return it."""
    cells = grades[IDS[folder]]
    cells[question_id] = Cell.model_validate(dict(cells[question_id]) | changes)
    return cells[question_id]


def needs_review(grades: Grades, folder: str, question_id: str, kind: FlagKind, note: str = "") -> Cell:
    """Let one cell wait for a person."""
    return with_cell(grades, folder, question_id, state=CellState.NEEDS_REVIEW, flags=(Flag(kind=kind, note=note),))


def failed(grades: Grades, folder: str, question_id: str, reason: str) -> Cell:
    """Let one cell have come to nothing."""
    return with_cell(
        grades, folder, question_id, state=CellState.FAILED, points=None, criteria=(), feedback="", reason=reason
    )


def _answers(folder: str) -> StudentAnswers:
    places = {
        mark["question_id"]: AnswerPlace(page=page["page"], top=mark["top"], bottom=mark["bottom"])
        for page in TRUTH["pages"]
        if page["student"] == folder
        for mark in page["answers"]
    }
    return StudentAnswers(
        question_answers=tuple(
            QuestionAnswer(
                question_id=question.question_id,
                raw_text=_given(folder, question.question_id).get("answer", ""),
                pages=(places[question.question_id],),
                confidence=0.95,
            )
            for question in EXAM.questions
        )
    )


def _cells(folder: str) -> dict[str, Cell]:
    return {question.question_id: _cell(folder, question.question_id, question.points) for question in EXAM.questions}


def _cell(folder: str, question_id: str, max_points: float) -> Cell:
    given = _given(folder, question_id)
    criteria = tuple(CriterionGrade(**criterion) for criterion in given.get("criteria", ()))
    return Cell(
        cell_id=cell_id(IDS[folder], question_id),
        student_id=IDS[folder],
        question_id=question_id,
        state=CellState.GRADED if criteria else CellState.BLANK,
        points=total(criterion.points for criterion in criteria),
        max_points=max_points,
        criteria=criteria,
        feedback=given.get("feedback", ""),
        reason="" if criteria else "blank",
        basis=f"basis of {question_id}",
        rubric=version(question_id),
    )


def _given(folder: str, question_id: str) -> dict[str, Any]:
    return next(
        (each for each in TRUTH["grades"] if (each["student"], each["question_id"]) == (folder, question_id)), {}
    )
