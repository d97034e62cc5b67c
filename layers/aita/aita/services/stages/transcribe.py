"""Stage ``transcribe``: one task for each page, then each student's answers from its lines and the answers' starts."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, ClassVar, cast

from pydantic import BaseModel, TypeAdapter

from aita.models.answer import StudentAnswers
from aita.models.base import StrictModel
from aita.models.exam import Page, Question
from aita.models.grade import question_version
from aita.models.run import Refs, RunSettings
from aita.models.scan import StudentScans
from aita.models.transcription import PageTranscription
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.material_versions import pages_version
from aita.services.stages.base import INPUTS, Gathered, LLMStage, ReadFile, StagePlan
from aita.tasks.transcription import TranscriptionTask

RECORDS = "records"
"""Name of the stage's file with the record of each student, which only the gathering needs."""


class TranscriptionInputs(StrictModel):
    """Shared inputs of the tasks: the exam's questions, if there are any yet.

    Inputs before version 0.3 are without the field.
    """

    questions: tuple[Question, ...]


class StudentRecord(StrictModel):
    """A student when the stage was planned: the number of pages, the scans, and the version of these."""

    pages: int
    scans: StudentScans
    version: str


_RECORDS = TypeAdapter(dict[str, StudentRecord])


class TranscribeStage(LLMStage):
    """Transcribe every page that split made and, once there are questions, find each question's answer."""

    name = "transcribe"
    artifact = object_keys.TRANSCRIPTIONS
    more_artifacts: ClassVar[tuple[str, ...]] = (object_keys.ANSWERS,)
    inputs_model: type[BaseModel] = TranscriptionInputs

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require valid questions, if there are any; questions are optional, and split makes the pages."""
        if object_keys.EXAM_SPEC in made:
            material.own_exam()
        elif material.has_exam():
            material.countable_exam()

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each page, by student."""
        pages = material.pages()
        if not material.has_exam():
            return StagePlan(TranscriptionInputs(questions=()), _page_refs(pages), {RECORDS: b"{}"})
        scans = material.scans()
        records = {
            student_id: StudentRecord(
                pages=len(pages.get(student_id, ())),
                scans=scans.get(student_id, StudentScans()),
                version=pages_version(pages.get(student_id, ()), scans.get(student_id)),
            )
            for student_id in dict.fromkeys((*scans, *pages))
        }
        inputs = TranscriptionInputs(questions=material.exam().questions)
        return StagePlan(inputs, _page_refs(pages), {RECORDS: _RECORDS.dump_json(records)})

    def task(self, refs: Refs, inputs: TranscriptionInputs) -> TranscriptionTask:
        """Return the task of one page."""
        return TranscriptionTask(
            page=int(refs["page"]),
            image_key=str(refs["image"]),
            image_sha256=str(refs["sha256"]),
            questions=inputs.questions,
        )

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return the transcriptions and, with questions, the answers of each student, also of one without a page."""
        inputs = cast("TranscriptionInputs", self.read_inputs(read(INPUTS)))
        records, answers_of = _RECORDS.validate_json(read(RECORDS)), _Answers(inputs.questions)
        transcriptions, answers = {}, {}
        for student_id, student in groupby(ended, lambda each: str(each.item.refs["student_id"])):
            if pages := [each.result for each in student if each.succeeded]:
                transcriptions[student_id] = pages
            if student_id in records:
                answers[student_id] = answers_of(records.pop(student_id), pages)
        answers |= {student_id: answers_of(record, ()) for student_id, record in records.items()}
        return {object_keys.TRANSCRIPTIONS: transcriptions, object_keys.ANSWERS: answers}


class _Answers:
    """Assembly of students' answers to an exam's questions."""

    def __init__(self, questions: Iterable[Question]) -> None:
        from aita.services.answers.question_labels import QuestionLabels  # noqa: PLC0415 - as below

        self._wordings = {question.question_id: question_version(question) for question in questions}
        self._labels = QuestionLabels(self._wordings)

    def __call__(self, record: StudentRecord, results: Iterable[Any]) -> dict[str, Any]:
        """Return a student's answers, as JSON, from the results of the transcribed pages."""
        from aita.services.answers.answer_assembly import StudentPage, assemble  # noqa: PLC0415 - only Collect needs it: the task function starts without

        read = {page.page: page for page in map(PageTranscription.model_validate, results)}
        ink = dict(enumerate(record.scans.ink, 1))
        pages = [StudentPage(page, read.get(page), ink.get(page)) for page in range(1, record.pages + 1)]
        found = assemble([*self._wordings], pages, self._labels, record.scans.unreadable).question_answers
        return StudentAnswers(
            question_answers=tuple(
                answer.model_copy(update={"question": self._wordings[answer.question_id]}) for answer in found
            ),
            pages_version=record.version,
        ).model_dump(mode="json")


def _page_refs(students: dict[str, tuple[Page, ...]]) -> Iterator[Refs]:
    for student_id in list(students):
        for page in students.pop(student_id):  # frees memory on the way: an institution has 100,000 pages
            yield {"student_id": student_id, "page": page.page, "image": page.key, "sha256": page.sha256}
