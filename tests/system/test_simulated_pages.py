"""What the simulated model says of pages: the exam's questions, and where a student's answers begin."""

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from aita.errors import TaskError
from aita.imaging.pages import PageImage, pages
from aita.llm.chat import RESPONSE_FORMATS, ChatModel
from aita.models.exam import ExamSpec, Page, Question
from aita.models.extraction import ExtractedQuestions
from aita.models.transcription import PageTranscription
from aita.tasks.llm_task import LLMTask
from aita.tasks.question_extraction import QuestionExtractionTask
from aita.tasks.transcription import TranscriptionTask
from tests.support.simulated import simulated_model

SAMPLES = Path(__file__).parents[2] / "samples"
EXAM = ExamSpec.model_validate_json((SAMPLES / "exam" / "questions.json").read_text("utf-8"))
TRUTH: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text("utf-8"))
MAYA = sorted((SAMPLES / "exam" / "scans" / "Maya Lindqvist").iterdir())
FORMS = pytest.mark.parametrize("form", RESPONSE_FORMATS)


@pytest.fixture
def model() -> Iterator[ChatModel]:
    with simulated_model() as model:
        yield model


@pytest.fixture(scope="module")
def blank() -> list[bytes]:
    return [page.jpeg for page in pages((SAMPLES / "exam" / "blank_exam.pdf").read_bytes())]


def upright(path: Path) -> bytes:
    (page,) = pages(path.read_bytes())
    return page.jpeg


def sha256(image: bytes) -> str:
    return hashlib.sha256(image).hexdigest()


def ask(model: ChatModel, task: LLMTask[Any], images: list[bytes]) -> Any:
    return task.parse(model.complete(task.request(), {sha256(image): image for image in images}).text)


def extract(model: ChatModel, images: list[bytes], first: int = 1, total: int | None = None) -> ExtractedQuestions:
    numbered = [
        Page(page=number, key=f"{number}.jpg", sha256=sha256(image), width=1, height=1)
        for number, image in enumerate(images, first)
    ]
    task = QuestionExtractionTask(pages=tuple(numbered), total_pages=total or len(images))
    read: ExtractedQuestions = ask(model, task, images)
    return read


def transcribe(model: ChatModel, image: bytes, questions: tuple[Question, ...] = EXAM.questions) -> PageTranscription:
    task = TranscriptionTask(page=1, image_key="1.jpg", image_sha256=sha256(image), questions=questions)
    read: PageTranscription = ask(model, task, [image])
    return read


def questions_of(read: ExtractedQuestions) -> list[Question]:
    return [Question(**question.model_dump(exclude={"complete"})) for question in read.questions]


@FORMS
def test_the_blank_exams_questions_are_those_of_the_instructor(blank: list[bytes], form: str) -> None:
    with simulated_model(form) as model:
        read = extract(model, blank)
    assert read.exam_name == EXAM.exam_name
    assert questions_of(read) == list(EXAM.questions)


def test_a_students_pages_tell_the_questions_as_well(model: ChatModel) -> None:
    assert questions_of(extract(model, [upright(path) for path in MAYA])) == list(EXAM.questions)


def test_pages_have_the_numbers_that_the_prompt_gives_them(model: ChatModel, blank: list[bytes]) -> None:
    read = extract(model, blank[1:], first=5, total=6)
    assert [(question.question_id, question.page_number) for question in read.questions] == [
        ("2", 5),
        ("3", 5),
        ("4", 6),
        ("5", 6),
    ]
    assert read.exam_name == ""
    assert read.continuation is None


def test_a_blank_page_is_transcribed_as_empty(model: ChatModel, blank: list[bytes]) -> None:
    read = transcribe(model, blank[1])
    assert read.lines == ()
    assert [(start.question_id, start.line) for start in read.starts or ()] == [("2", 0), ("3", 0)]


@pytest.mark.parametrize("paper", [255, 250], ids=["white", "grey"])
def test_an_empty_sheet_is_no_page_of_the_blank_exam(model: ChatModel, paper: int) -> None:
    out = io.BytesIO()
    Image.new("L", (1240, 1754), paper).save(out, "JPEG")
    with pytest.raises(TaskError, match="simulated_model_knows_only"):
        extract(model, [out.getvalue()])


@FORMS
def test_every_answer_of_every_page_is_found_where_it_stands(form: str) -> None:
    seen = 0
    with simulated_model(form) as model:
        for page in TRUTH["pages"]:
            found = transcribe(model, image_of(page))
            assert [line.model_dump(mode="json") for line in found.lines] == page["lines"]
            assert [warning.model_dump(mode="json") for warning in found.warnings] == page["warnings"]
            for start, mark in zip(found.starts or (), page["answers"], strict=True):
                assert (start.question_id, start.top) == (mark["question_id"], mark["top"])
                assert start.line == (mark["line"] + 1 if mark["line"] else 0)
                seen += 1
    assert seen == 5 * len(EXAM.questions)


def image_of(entry: dict[str, Any]) -> bytes:
    folder = SAMPLES / "exam" / "scans" / entry["student"]
    scans: list[PageImage] = [page for path in sorted(folder.iterdir()) for page in pages(path.read_bytes())]
    page: int = entry["page"]
    return scans[page - 1].jpeg


def test_without_questions_nothing_is_said_of_starts(model: ChatModel) -> None:
    read = transcribe(model, upright(MAYA[1]), ())
    assert read.starts is None
    assert len(read.lines) == len(TRUTH["pages"][1]["lines"])


def test_questions_have_the_prompts_ids_and_those_it_lacks_are_left_out(model: ChatModel) -> None:
    question = EXAM.questions[2].model_copy(update={"question_id": "B7"})
    (start,) = transcribe(model, upright(MAYA[1]), (EXAM.questions[0], question)).starts or ()
    assert (start.question_id, start.line) == ("B7", 2)
