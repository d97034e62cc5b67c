"""Stage ``transcribe``: one task for each page, then each student's answers, and the ledger of the student's pages."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, ClassVar, cast

from pydantic import BaseModel

from aita.models.base import StrictModel
from aita.models.exam import Page, Question
from aita.models.review_flags import Flag, FlagKind
from aita.models.run import Refs, RunSettings
from aita.models.scan import StudentScans
from aita.services.answers.duplicate_pages import Duplicates
from aita.services.answers.named_heads import ClassNames
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
    model_role = TranscriptionTask.model_role

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
        from aita.services.stages.answer_gathering import AnswerGathering  # noqa: PLC0415 - only Collect needs it: the task function starts without

        inputs = cast("TranscriptionInputs", self.read_inputs(read(INPUTS)))
        record = ClassRecord.model_validate_json(read(RECORDS))
        assembly = AnswerGathering(inputs.questions, record)
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


def _class_record(material: AssignmentFiles, pages: dict[str, tuple[Page, ...]]) -> ClassRecord:
    from aita.services.assignments.class_list import ClassList  # noqa: PLC0415 - only Plan needs it
    from aita.services.stages.class_pages import class_names, duplicates_of, same_names  # noqa: PLC0415 - only Plan needs it

    scans = material.scans()
    duplicates = duplicates_of(pages, scans)
    twins = same_names(ClassList.of(material, material.match_decisions()).students.students)
    records = {}
    for student_id in dict.fromkeys((*scans, *pages)):
        found = duplicates.get(student_id, Duplicates())
        for page in pages.get(student_id, ()) if student_id in twins else ():
            found.doubt(
                page.page, FlagKind.OTHER_STUDENT, "another folder has the same name, and may be the same student's"
            )
        records[student_id] = StudentRecord(
            pages=len(pages.get(student_id, ())),
            scans=scans.get(student_id, StudentScans()),
            version=pages_version(pages.get(student_id, ()), scans.get(student_id)),
            passed_over=found.passed_over,
            doubts={page: tuple(flags) for page, flags in found.doubts.items()},
        )
    return ClassRecord(students=records, names=class_names(material))


def _page_refs(students: dict[str, tuple[Page, ...]]) -> Iterator[Refs]:
    for student_id in list(students):
        for page in students.pop(student_id):  # frees memory on the way: an institution has 100,000 pages
            yield {"student_id": student_id, "page": page.page, "image": page.key, "sha256": page.sha256}
