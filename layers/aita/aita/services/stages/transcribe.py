"""Stage ``transcribe``: one task for each page, then each student's answers, and the ledger of the student's pages."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, ClassVar, cast

from pydantic import BaseModel

from aita.models.answer import StudentAnswers
from aita.models.base import StrictModel
from aita.models.exam import Page, Question, QuestionType
from aita.models.grade import question_version
from aita.models.review_flags import Flag
from aita.models.run import Refs, RunSettings
from aita.models.scan import PageInk, StudentScans
from aita.models.transcription import PageTranscription
from aita.services.answers.duplicate_pages import Duplicates
from aita.services.answers.named_heads import ClassNames, NamedHeads
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.material_versions import pages_version
from aita.services.stages.base import INPUTS, Gathered, LLMStage, ReadFile, StagePlan
from aita.services.stages.encoded_artifact import EncodedArtifact
from aita.tasks.transcription import TranscriptionTask

RECORDS = "records"
"""Name of the stage's file with the record of each student, which only the gathering needs."""


class TranscriptionInputs(StrictModel):
    """Shared inputs of the tasks: the exam's questions, if there are any yet.

    Inputs before version 0.3 are without the field.
    """

    questions: tuple[Question, ...]


class StudentRecord(StrictModel):
    """A student when the stage was planned: the number of pages, the scans, and the version of these.

    Parameters
    ----------
    passed_over
        Pages that equal another one, each with that one's number.
    doubts
        Doubts about single pages that follow from the class's pages, by page.
    """

    pages: int
    scans: StudentScans
    version: str
    passed_over: dict[int, int] = {}
    doubts: dict[int, tuple[Flag, ...]] = {}


class ClassRecord(StrictModel):
    """A class when the stage was planned: the students' records by student id, and the digests of the names."""

    students: dict[str, StudentRecord] = {}
    names: ClassNames = ClassNames()


class TranscribeStage(LLMStage):
    """Transcribe every page that split made and, once there are questions, find each question's answer."""

    name = "transcribe"
    artifact = object_keys.TRANSCRIPTIONS
    more_artifacts: ClassVar[tuple[str, ...]] = (object_keys.ANSWERS, object_keys.LEDGER)
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
            records = ClassRecord().model_dump_json().encode()
            return StagePlan(TranscriptionInputs(questions=()), _page_refs(pages), {RECORDS: records})
        inputs = TranscriptionInputs(questions=material.exam().questions)
        records = _class_record(material, pages).model_dump_json().encode()
        return StagePlan(inputs, _page_refs(pages), {RECORDS: records})

    def task(self, refs: Refs, inputs: TranscriptionInputs) -> TranscriptionTask:
        """Return the task of one page."""
        return TranscriptionTask(
            page=int(refs["page"]),
            image_key=str(refs["image"]),
            image_sha256=str(refs["sha256"]),
            questions=inputs.questions,
        )

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return the transcriptions and, with questions, each student's answers and ledger, also without a page."""
        inputs = cast("TranscriptionInputs", self.read_inputs(read(INPUTS)))
        record = ClassRecord.model_validate_json(read(RECORDS))
        assembly = _Assembly(inputs.questions, record)
        transcriptions, answers, ledgers = EncodedArtifact(), EncodedArtifact(), EncodedArtifact()
        for student_id, student in groupby(ended, lambda each: str(each.item.refs["student_id"])):
            if pages := [each.result for each in assembly.seen(student) if each.succeeded]:
                transcriptions.add(student_id, pages)
        for student_id in record.students:  # once all of the class's pages were seen
            found, ledger = assembly.student(student_id, transcriptions.value(student_id, ()))
            answers.add(student_id, found)
            ledgers.add(student_id, ledger)
        return {
            object_keys.TRANSCRIPTIONS: transcriptions,
            object_keys.ANSWERS: answers,
            object_keys.LEDGER: ledgers,
        }


class _Assembly:
    """Assembly of the answers of the students with a record."""

    def __init__(self, questions: tuple[Question, ...], record: ClassRecord) -> None:
        from aita.services.answers.class_assembly import ClassAssembly  # noqa: PLC0415 - only Collect needs it: the task function starts without
        from aita.services.answers.head_words import HeadWords  # noqa: PLC0415 - as above

        self._wordings = {question.question_id: question_version(question) for question in questions}
        self._drawings = {each.question_id for each in questions if each.question_type is QuestionType.DIAGRAM}
        self._records = record.students
        self._heads = NamedHeads(record.names)
        self._images: dict[str, dict[int, str]] = {}
        self._class = ClassAssembly(questions, HeadWords(record.names.salt, record.names.words))

    def seen(self, pages: Iterable[Gathered]) -> Iterator[Gathered]:
        """Yield pages of the class, and take note of them."""
        from aita.services.stages.class_pages import head_lines  # noqa: PLC0415 - as above

        for page in pages:
            student_id, number = str(page.item.refs["student_id"]), int(page.item.refs["page"])
            if student_id in self._records:
                self._images.setdefault(student_id, {})[number] = str(page.item.refs["sha256"])
                read = PageTranscription.model_validate(page.result) if page.succeeded else None
                self._class.see(self._ink(student_id).get(number), read)
                self._heads.see(student_id, number, head_lines(read.text) if read else ())
            yield page

    def student(self, student_id: str, results: Iterable[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a student's answers and ledger, as JSON, from the results of the transcribed pages."""
        from aita.services.answers.answer_draft import StudentPage  # noqa: PLC0415 - as above
        from aita.services.answers.page_doubts import with_page_doubts  # noqa: PLC0415 - as above
        from aita.services.answers.page_instructions import with_page_instructions  # noqa: PLC0415 - as above

        record, ink = self._records[student_id], self._ink(student_id)
        read = {page.page: page for page in map(PageTranscription.model_validate, results)}
        images = self._images.get(student_id, {})
        pages = [
            StudentPage(page, read.get(page), ink.get(page), images.get(page, ""))
            for page in range(1, record.pages + 1)
            if page not in record.passed_over
        ]
        found, ledger = self._class.student(pages, record.scans.unreadable)
        heads = self._heads.doubts(student_id)
        doubts = {page: (*record.doubts.get(page, ()), *heads.get(page, ())) for page in (*record.doubts, *heads)}
        found = with_page_doubts(found, doubts, self._heads.page_elsewhere(student_id))
        found = with_page_instructions(found, read.values(), self._drawings)
        answers = StudentAnswers(
            question_answers=tuple(
                answer.model_copy(update={"question": self._wordings[answer.question_id]}) for answer in found
            ),
            pages_version=record.version,
            passed_over=record.passed_over,
        )
        return answers.model_dump(mode="json"), ledger.model_dump(mode="json", exclude_defaults=True)

    def _ink(self, student_id: str) -> dict[int, PageInk | None]:
        return dict(enumerate(self._records[student_id].scans.ink, 1))


def _class_record(material: AssignmentFiles, pages: dict[str, tuple[Page, ...]]) -> ClassRecord:
    from aita.services.stages.class_pages import class_names, duplicates_of  # noqa: PLC0415 - only Plan needs it

    scans = material.scans()
    duplicates = duplicates_of(pages, scans)
    records = {}
    for student_id in dict.fromkeys((*scans, *pages)):
        found = duplicates.get(student_id, Duplicates())
        records[student_id] = StudentRecord(
            pages=len(pages.get(student_id, ())),
            scans=scans.get(student_id, StudentScans()),
            version=pages_version(pages.get(student_id, ()), scans.get(student_id)),
            passed_over=found.passed_over,
            doubts=found.doubts,
        )
    return ClassRecord(students=records, names=class_names(material))


def _page_refs(students: dict[str, tuple[Page, ...]]) -> Iterator[Refs]:
    for student_id in list(students):
        for page in students.pop(student_id):  # frees memory on the way: an institution has 100,000 pages
            yield {"student_id": student_id, "page": page.page, "image": page.key, "sha256": page.sha256}
