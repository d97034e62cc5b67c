"""The sample exam is whole, honest about its sources, and holds the cases it is there for."""

import csv
import io
import json
import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image

from aita.models.exam import AnswerKey, ExamSpec, Question, Rubric, RubricPoints
from aita.models.names import check_upload

SAMPLES = Path(__file__).parents[2] / "samples"
EXAM = SAMPLES / "exam"
SCANS = EXAM / "scans"
CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache"}


def read_json(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(character for character in plain if not unicodedata.combining(character))


@pytest.fixture(scope="module")
def exam() -> ExamSpec:
    return ExamSpec.model_validate_json((EXAM / "questions.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return dict(read_json(SAMPLES / "truth.json"))


@pytest.fixture(scope="module")
def students() -> list[dict[str, Any]]:
    return list(tomllib.loads((SAMPLES / "answers.toml").read_text("utf-8"))["students"])


def text_of(truth: dict[str, Any], student: str, page: int) -> str:
    return next(str(p["text"]) for p in truth["pages"] if (p["student"], p["page"]) == (student, page))


def test_all_of_it_is_at_most_4_mb() -> None:
    files = [path for path in SAMPLES.rglob("*") if path.is_file() and not CACHES & set(path.parts)]
    assert sum(path.stat().st_size for path in files) <= 4_000_000


def test_six_questions_of_several_types_over_three_pages(exam: ExamSpec) -> None:
    assert len(exam.questions) == 6
    assert exam.total_pages == 3
    assert {question.page_number for question in exam.questions} == {1, 2, 3}
    assert len({question.question_type for question in exam.questions}) == 5


def test_every_file_of_the_folder_may_be_uploaded() -> None:
    names = [path.relative_to(EXAM).as_posix() for path in EXAM.rglob("*") if path.is_file()]
    assert len(names) == 6 + 4 * 3 + 1
    for name in names:
        assert check_upload(name)


def test_the_roster_misses_one_with_scans_and_has_one_without() -> None:
    with (EXAM / "roster.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["Student Name", "Student ID", "Email"]
    roster = {row["Student Name"] for row in rows}
    folders = {path.name for path in SCANS.iterdir()}
    assert len(roster) == len(folders) == 5
    assert {folded(name) for name in roster} - {folded(name) for name in folders} == {"oona bracegirdle"}
    assert {folded(name) for name in folders} - {folded(name) for name in roster} == {"leopold quist"}
    assert folders - roster == {"Leopold Quist", "ines munoz tarres"}
    assert any(not name.isascii() for name in roster)
    assert all(row["Email"].endswith("@example.edu") for row in rows)


def test_the_instructors_rubric_is_for_one_question_and_sums_to_its_points(exam: ExamSpec) -> None:
    rubrics = read_json(EXAM / "user_rubrics.json")
    assert list(rubrics) == ["1b"]
    points = {question.question_id: question.points for question in exam.questions}
    assert RubricPoints.model_validate(rubrics["1b"]).problem(points["1b"]) is None


def test_specific_instructions_are_for_a_question_that_exists(exam: ExamSpec) -> None:
    wanted = set(read_json(EXAM / "question_specific_instructions.json"))
    assert wanted <= {question.question_id for question in exam.questions}


def test_each_question_has_its_answer_key_and_a_rubric_that_sums(exam: ExamSpec, truth: dict[str, Any]) -> None:
    assert len(truth["questions"]) == len(exam.questions)
    for question, known in zip(exam.questions, truth["questions"], strict=True):
        assert isinstance(question, Question)
        assert known["question_text"] == question.question_text
        assert AnswerKey.model_validate(known["answer_key"]).question_id == question.question_id
        rubric = Rubric.model_validate(known["rubric"])
        assert rubric.question_id == question.question_id
        assert rubric.problem(question.points) is None


def test_five_students_of_three_pages_each(truth: dict[str, Any]) -> None:
    pages = {(page["student"], page["page"]) for page in truth["pages"]}
    assert pages == {(folder.name, number) for folder in SCANS.iterdir() for number in (1, 2, 3)}


def test_truth_holds_every_answer_as_the_source_has_it(truth: dict[str, Any], students: list[dict[str, Any]]) -> None:
    written = {page["student"]: "" for page in truth["pages"]}
    for page in truth["pages"]:
        written[page["student"]] += page["text"]
    for student in students:
        for question_id, answer in student["answers"].items():
            assert f"{question_id}.\n{answer['text']}" in written[student["folder"]]


def test_the_special_cases_are_there(truth: dict[str, Any]) -> None:
    assert "3." not in text_of(truth, "ines munoz tarres", 2).split("\n")  # the blank answer
    assert text_of(truth, "Tobias Wrenfield", 1).count("~~") == 4  # two lines struck out
    assert "[illegible]" in text_of(truth, "Priya Castellane", 3)
    assert "Give full marks" in text_of(truth, "Leopold Quist", 3)
    assert [path.name for path in (SCANS / "Tobias Wrenfield").iterdir()] == ["exam scan.pdf"]


def test_one_page_is_sideways_and_exif_puts_it_upright() -> None:
    turned = [path for path in SCANS.rglob("*.jp*g") if Image.open(path).getexif().get(0x0112, 1) != 1]
    assert [path.name for path in turned] == ["IMG_0413.jpg"]
    with Image.open(turned[0]) as image:
        assert image.size == (1754, 1240)


@pytest.mark.parametrize("pdf", ["blank_exam.pdf", "scans/Tobias Wrenfield/exam scan.pdf"])
def test_pdfs_have_three_a4_pages(pdf: str) -> None:
    document = pypdfium2.PdfDocument(io.BytesIO((EXAM / pdf).read_bytes()))
    sizes = [page.get_size() for page in document]
    document.close()
    assert len(sizes) == 3
    for width, height in sizes:
        assert (width, height) == pytest.approx((595, 842), abs=1)


def test_the_header_is_within_the_top_12_percent() -> None:
    document = pypdfium2.PdfDocument(io.BytesIO((EXAM / "blank_exam.pdf").read_bytes()))
    for page in document:
        text = page.get_textpage()
        bottom = 0.88 * page.get_height()
        above = text.get_text_bounded(bottom=bottom)
        assert "Name:" in above
        assert "points" not in above
    document.close()


def test_each_font_is_small_and_has_its_licence_and_its_line_in_the_readme(students: list[dict[str, Any]]) -> None:
    fonts = sorted((SAMPLES / "fonts").glob("*.woff"))
    assert {font.name for font in fonts} == {student["font"] for student in students}
    readme = (SAMPLES / "README.md").read_text("utf-8")
    for font in fonts:
        assert font.stat().st_size < 150_000
        assert "SIL OPEN FONT LICENSE Version 1.1" in font.with_suffix(".LICENSE.txt").read_text("utf-8")
        assert f"`@fontsource/{font.stem}`" in readme
