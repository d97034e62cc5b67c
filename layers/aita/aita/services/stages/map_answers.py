"""Stage ``map_answers``: one task for each transcribed page, then each student's answers from the marks."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, model_validator

from aita.models.answer import PageAnswers
from aita.models.base import StrictModel
from aita.models.exam import PageTranscription, Question
from aita.models.grade import question_version
from aita.models.review_flags import Flag
from aita.models.run import Refs, RunSettings
from aita.models.scan import StudentScans
from aita.services.answers.duplicate_pages import Duplicates
from aita.services.answers.named_heads import NamedHeads, RosterNames
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.material_versions import pages_version
from aita.services.stages.base import INPUTS, Gathered, LLMStage, ReadFile, StagePlan
from aita.tasks.answer_mapping import AnswerMappingTask

RECORDS = "records"
"""Name of the stage's file with each student's pages and scans, which only the gathering needs."""


class MappingInputs(StrictModel):
    """Shared inputs of the tasks: the exam's questions, if there are any yet, and the pages' texts by student id."""

    questions: tuple[Question, ...] = ()
    texts: dict[str, dict[int, str]] = {}


class StudentRecord(StrictModel):
    """A student's pages when the stage was planned: their number, transcriptions, scans, and the version of these.

    ``passed_over`` are the pages that equal another one, each with that, and ``doubts`` what the class's pages say
    against single ones, by page.
    """

    pages: int
    transcriptions: tuple[PageTranscription, ...]
    scans: StudentScans
    version: str = ""
    passed_over: dict[int, int] = {}
    doubts: dict[int, tuple[Flag, ...]] = {}


class ClassRecord(StrictModel):
    """A class when the stage was planned: the students' records by student id, and the digests of the names.

    A stage that was planned by an earlier version has the students alone.
    """

    students: dict[str, StudentRecord] = {}
    names: RosterNames = RosterNames()

    @model_validator(mode="before")
    @classmethod
    def _of_older_version(cls, data: Any) -> Any:
        return data if not isinstance(data, dict) or "students" in data else {"students": data}


class MapAnswersStage(LLMStage):
    """Find each question's answer on a student's pages. Without questions, the stage has no tasks."""

    name = "map_answers"
    artifact = object_keys.ANSWERS
    inputs_model: type[BaseModel] = MappingInputs

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require valid questions, if there are any; questions are optional."""
        if object_keys.EXAM_SPEC in made:
            material.own_exam()
        elif material.has_exam():
            material.countable_exam()

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each transcribed page, by student; none if there are no questions yet."""
        if not material.has_exam():
            return StagePlan(MappingInputs(), (), {RECORDS: ClassRecord().model_dump_json().encode()})
        from aita.services.stages.class_pages import duplicates_of, roster_names  # noqa: PLC0415 - only Plan needs it

        pages, scans, transcriptions = material.pages(), material.scans(), material.transcriptions()
        duplicates = duplicates_of(pages, scans)
        texts = {
            student_id: {page.page: page.text for page in transcribed}
            for student_id, transcribed in transcriptions.items()
        }
        refs: list[Refs] = [
            {"student_id": student_id, "page": page.page, "image": page.key, "sha256": page.sha256}
            for student_id in pages
            for page in pages[student_id]
            if page.page in texts.get(student_id, {})
        ]
        records = {
            student_id: StudentRecord(
                pages=len(pages.get(student_id, ())),
                transcriptions=transcriptions.get(student_id, ()),
                scans=scans.get(student_id, StudentScans()),
                version=pages_version(pages.get(student_id, ()), scans.get(student_id)),
                **_findings(duplicates.get(student_id)),
            )
            for student_id in dict.fromkeys((*scans, *pages))
        }
        inputs = MappingInputs(questions=material.exam().questions, texts=texts)
        record = ClassRecord(students=records, names=roster_names(material))
        return StagePlan(inputs, refs, {RECORDS: record.model_dump_json().encode()})

    def task(self, refs: Refs, inputs: MappingInputs) -> AnswerMappingTask:
        """Return the task of one page."""
        page = int(refs["page"])
        return AnswerMappingTask(
            page=page,
            image_key=str(refs["image"]),
            image_sha256=str(refs["sha256"]),
            text=inputs.texts[str(refs["student_id"])][page],
            questions=inputs.questions,
        )

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return each student's answers by student id, also of students without a transcribed page."""
        from aita.services.answers.answer_assembly import StudentPage, assemble  # noqa: PLC0415 - only Collect needs it
        from aita.services.answers.page_doubts import with_page_doubts  # noqa: PLC0415 - as above
        from aita.services.answers.question_labels import QuestionLabels  # noqa: PLC0415 - as above: the task function starts without
        from aita.services.stages.class_pages import head_lines  # noqa: PLC0415 - as above

        record_of_class = ClassRecord.model_validate_json(read(RECORDS))
        records, heads = record_of_class.students, NamedHeads(record_of_class.names)
        for student_id, record in records.items():
            for page in record.transcriptions:
                heads.see(student_id, page.page, head_lines(page.text))
        marks = _marks(ended)
        questions = MappingInputs.model_validate_json(read(INPUTS)).questions
        question_ids = [question.question_id for question in questions]
        wordings = {question.question_id: question_version(question) for question in questions}
        labels = QuestionLabels(question_ids)
        answers = {}
        for student_id, record in records.items():
            texts = {page.page: page for page in record.transcriptions}
            marked, ink = marks.get(student_id, {}), dict(enumerate(record.scans.ink, 1))
            pages = [
                StudentPage(page, texts.get(page), marked.get(page), ink.get(page))
                for page in range(1, record.pages + 1)
                if page not in record.passed_over
            ]
            found = assemble(question_ids, pages, labels, record.scans.unreadable).question_answers
            for doubts in (record.doubts, heads.by_page(student_id)):
                found = with_page_doubts(found, doubts, heads.without_text(student_id))
            answers[student_id] = {
                "question_answers": [
                    answer.model_dump(mode="json") | {"question": wordings[answer.question_id]} for answer in found
                ],
                "pages_version": record.version,
                "passed_over": record.passed_over,
            }
        return {self.artifact: answers}


def _findings(duplicates: Duplicates | None) -> dict[str, Any]:
    found = duplicates or Duplicates()
    return {"passed_over": found.passed_over, "doubts": found.doubts}


def _marks(ended: Iterable[Gathered]) -> dict[str, dict[int, PageAnswers]]:
    """Return the marks on each student's pages, by student id and page."""
    marks: dict[str, dict[int, PageAnswers]] = {}
    for each in ended:
        if each.succeeded:
            pages = marks.setdefault(str(each.item.refs["student_id"]), {})
            pages[int(each.item.refs["page"])] = PageAnswers.model_validate(each.result)
    return marks
