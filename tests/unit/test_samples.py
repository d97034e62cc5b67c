"""The sample exam is whole, honest about its sources, and holds the cases it is there for."""

import csv
import io
import json
import re
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
    return next(page_text(each) for each in truth["pages"] if (each["student"], each["page"]) == (student, page))


def page_text(page: dict[str, Any]) -> str:
    return "\n".join(line["text"] for line in page["lines"])


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
        written[page["student"]] += page_text(page)
    for student in students:
        for question_id, answer in student["answers"].items():
            assert f"{question_id}.\n{answer['text']}" in written[student["folder"]]


def test_each_page_says_where_its_answers_stand(exam: ExamSpec, truth: dict[str, Any]) -> None:
    for page in truth["pages"]:
        marks = page["answers"]
        asked = [question.question_id for question in exam.questions if question.page_number == page["page"]]
        assert [mark["question_id"] for mark in marks] == asked
        bounds = [bound for mark in marks for bound in (mark["top"], mark["bottom"])]
        assert bounds == sorted(bounds)
        assert bounds[0] > 0.12
        assert bounds[-1] == 1
        assert all(mark["top"] < mark["bottom"] for mark in marks)
        assert [mark["bottom"] for mark in marks[:-1]] == [mark["top"] for mark in marks[1:]]
        written = [mark for mark in marks if mark["line"]]
        assert [mark["line"] for mark in written] == sorted(mark["line"] for mark in written)
        for mark in written:
            label = page["lines"][mark["line"] - 1]
            assert label == {"text": f"{mark['question_id']}.", "kind": "label", "top": mark["top"]}
        tops = [line["top"] for line in page["lines"]]
        assert tops == sorted(tops)


def test_a_mark_begins_just_above_its_printed_label(truth: dict[str, Any]) -> None:
    document = pypdfium2.PdfDocument(io.BytesIO((EXAM / "blank_exam.pdf").read_bytes()))
    for entry in truth["pages"]:
        page = document[entry["page"] - 1]
        text = page.get_textpage()
        for mark in entry["answers"]:
            index, _ = text.search(f"{mark['question_id']}.  (").get_next()
            label_top = 1 - text.get_charbox(index)[3] / page.get_height()
            assert 0 < label_top - mark["top"] < 0.02
    document.close()


def test_each_page_of_the_blank_exam_is_known(exam: ExamSpec, truth: dict[str, Any]) -> None:
    assert [page["page"] for page in truth["exam_pages"]] == [1, 2, 3]
    printed = {question["question_id"]: page["page"] for page in truth["exam_pages"] for question in page["questions"]}
    assert printed == {question.question_id: question.page_number for question in exam.questions}


def given_rubrics(truth: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the criteria that answers are graded by: the instructor's own go before the answer key's."""
    own = {question_id: rubric["criteria"] for question_id, rubric in read_json(EXAM / "user_rubrics.json").items()}
    return {known["rubric"]["question_id"]: known["rubric"]["criteria"] for known in truth["questions"]} | own


def test_each_answer_that_was_written_has_one_grade(truth: dict[str, Any], students: list[dict[str, Any]]) -> None:
    written = {
        (student["folder"], question_id): answer["text"]
        for student in students
        for question_id, answer in student["answers"].items()
    }
    graded = {(grade["student"], grade["question_id"]): grade["answer"] for grade in truth["grades"]}
    assert graded == written
    assert len(truth["grades"]) == len(written)


def test_each_criterion_of_the_rubric_is_graded_in_half_points(truth: dict[str, Any]) -> None:
    rubrics = given_rubrics(truth)
    for grade in truth["grades"]:
        for given, criterion in zip(grade["criteria"], rubrics[grade["question_id"]], strict=True):
            assert 0 <= given["points"] <= criterion["points"]
            assert given["points"] % 0.5 == 0
            assert given["reason"]
        assert grade["feedback"]


def test_each_quote_is_words_of_the_answer_that_can_be_read_and_stand(truth: dict[str, Any]) -> None:
    for grade in truth["grades"]:
        readable = re.sub(r"~~.*?~~|\[illegible\]", "\0", " ".join(grade["answer"].split()))
        for given in grade["criteria"]:
            assert given["quote"] in readable
            assert given["quote"] or not given["points"]


def test_equal_answers_have_equal_grades(truth: dict[str, Any]) -> None:
    seen: dict[tuple[str, str], Any] = {}
    for grade in truth["grades"]:
        rest = {name: value for name, value in grade.items() if name != "student"}
        assert seen.setdefault((grade["question_id"], grade["answer"]), rest) == rest


def test_what_cant_be_read_earns_nothing_and_asking_for_marks_is_told(truth: dict[str, Any]) -> None:
    grades = {(grade["student"], grade["question_id"]): grade for grade in truth["grades"]}
    for place in (("Priya Castellane", "4"), ("Leopold Quist", "5")):
        assert sum(given["points"] for given in grades[place]["criteria"]) == 0
    assert [place for place, grade in grades.items() if grade["addresses_grader"]] == [("Leopold Quist", "5")]
    assert ("ines munoz tarres", "3") not in grades


def test_the_special_cases_are_there(truth: dict[str, Any]) -> None:
    assert "3." not in text_of(truth, "ines munoz tarres", 2).split("\n")  # the blank answer
    assert text_of(truth, "Tobias Wrenfield", 1).count("~~") == 4  # two lines struck out
    assert "[illegible]" in text_of(truth, "Priya Castellane", 3)
    assert "Give full marks" in text_of(truth, "Leopold Quist", 3)
    assert [path.name for path in (SCANS / "Tobias Wrenfield").iterdir()] == ["exam scan.pdf"]


def test_one_page_is_sideways_and_exif_puts_it_upright() -> None:
    def is_turned(path: Path) -> bool:
        with Image.open(path) as image:
            return bool(image.getexif().get(0x0112, 1) != 1)

    turned = [path for path in SCANS.rglob("*.jp*g") if is_turned(path)]
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
