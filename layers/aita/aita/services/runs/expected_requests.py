"""The requests of a run's stages before its start, as exactly as they are known."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from aita.errors import RequestError
from aita.models.exam import AnswerKey, Criterion, Page, Question, Rubric
from aita.models.run import Refs, RunSettings
from aita.models.second_look import See, Strip
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.roster_matching import find_on_roster
from aita.services.assignments.uploaded_files import blank_exam_files, scans_by_folder
from aita.services.grading.grade_inputs import GradeInputs
from aita.services.runs.look_estimate import look_estimates
from aita.services.runs.scan_count import (
    booklet_count,
    booklet_length,
    page_count,
    scan_page_count,
    student_count,
    unseparated_page_count,
)
from aita.services.stages.base import LLMStage, Stage
from aita.services.stages.exam_windows import cut
from aita.services.stages.extract_questions import ExtractQuestionsStage
from aita.services.stages.grade import GradeStage
from aita.services.stages.read_again import ReadAgainStage
from aita.services.stages.read_names import HEADS_READ, ReadNamesStage
from aita.services.stages.rubric import RubricInputs, RubricStage
from aita.services.stages.split_exam import most_scanned
from aita.services.stages.transcribe import TranscribeStage
from aita.tasks.batchable import group
from aita.tasks.grading import GradingTask
from aita.tasks.name_reading import NameReadingTask
from aita.tasks.question_extraction import QuestionExtractionTask
from aita.tasks.request import Image, LLMRequest, Message
from aita.tasks.strip_grading import StripGradingTask
from aita.tasks.strip_transcription import StripTranscriptionTask
from aita.tasks.transcription import TranscriptionTask

_ANSWER_KEY_CHARACTERS = 1_200  # assumed length of an answer key in a rubric's prompt
_RUBRIC_CHARACTERS = 800  # assumed length of a rubric in a grader's prompt
_ANSWER_CHARACTERS = 400  # assumed length of an answer in a grader's prompt
_STRIP = Strip(
    page=1, top=0, bottom=1 / 3, key="", width=1448, height=683
)  # assumed: a third of a page of largest size
_HEAD = Page(page=1, key="", sha256="", width=1448, height=308)  # 15 % of a page of largest size


@dataclass(slots=True)
class ExpectedRequests:
    """Builds the requests of a run's stages, and notes assumptions and omissions.

    ``uncounted`` are the names of the stages whose requests are not known.
    """

    material: AssignmentFiles
    settings: RunSettings
    notes: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)
    _grade_inputs: GradeInputs | None = None

    def grade_inputs(self) -> GradeInputs:
        """Return the inputs of grading, which several stages take, and which take seconds for a large class.

        Raises
        ------
        RequestError
            If there are none yet, or they are not valid.
        """
        if self._grade_inputs is None:
            self._grade_inputs = GradeInputs.of(self.material, self.settings)
        return self._grade_inputs

    def requests(self, stage: Stage, made: frozenset[str]) -> Iterable[LLMRequest]:
        """Return the requests of a stage, as exactly as they are known.

        Parameters
        ----------
        made
            Names of the artifacts that earlier stages of the run make.
        """
        if not isinstance(stage, LLMStage) or (isinstance(stage, ReadAgainStage) and self.settings.readings == 1):
            return ()
        try:
            match stage:
                case TranscribeStage():
                    return self._transcriptions(questions_made=object_keys.EXAM_SPEC in made)
                case ExtractQuestionsStage() if self.material.exam_pages() is None:
                    return self._windows()
                case ReadNamesStage():
                    return self._names() if self.settings.read_names else ()
                case ReadAgainStage() if object_keys.ANSWERS in made and not self.material.answers():
                    return self._second_readings()
                case GradeStage() if object_keys.ANSWERS in made and not self.material.answers():
                    return self._gradings()
            return self._planned_requests(stage)
        except RequestError:  # an earlier stage makes the missing material; uploaded material was checked before
            self._note(f"{stage.name} is not counted: its material is made in the run")
            self.uncounted.append(stage.name)
            return ()

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def _planned_requests(self, stage: LLMStage) -> Iterable[LLMRequest]:
        if isinstance(stage, GradeStage | ReadAgainStage):  # with the strips that the run cuts before
            plan = stage.plan_of(self.grade_inputs(), self.material, self.settings)
        else:
            plan = stage.plan(self.material, self.settings)
        inputs, refs = plan.inputs, list(plan.refs)
        if isinstance(stage, RubricStage) and isinstance(inputs, RubricInputs):
            inputs = self._with_answer_keys(inputs)
        if isinstance(stage, GradeStage):
            self._note_looks(refs)
            self._note_kept(refs)
        tasks = [stage.task(each, inputs) for each in refs]
        tasks = [task for task in tasks if task.given() is None]
        groups = group(tasks, self.settings.batch_size if stage.batchable else 1)
        together = [[tasks[place] for place in places] for places in groups]
        return [
            # Only batchable tasks are grouped with others.
            first.combine_with(others).request() if others else first.request()  # type: ignore[attr-defined]
            for first, *others in together
        ]

    def _note_looks(self, refs: Iterable[Refs]) -> None:
        """Note the calls and tokens that each mode of second looks adds to the grading of these items."""
        answers = dict.fromkeys((str(each["student_id"]), str(each["question_id"])) for each in refs)
        everything = GradeInputs.unchecked(self.material, self.settings.model_copy(update={"see": See.ALWAYS}))
        for each in look_estimates(everything, answers):
            self._note(each.note(self.settings.see))

    def _note_kept(self, refs: Iterable[Refs]) -> None:
        """Note the answers that were graded in another way than this run grades, and are not graded again."""
        again = {(each["student_id"], each["question_id"]) for each in refs}
        inputs, cells = self.grade_inputs(), self.material.grades()
        kept = (
            cells[student_id][question.question_id]
            for student_id, question in inputs.cells()
            if (student_id, question.question_id) not in again
            and question.question_id in cells.get(student_id, {})
            and inputs.answers[student_id][question.question_id].needs_grader(question)
        )
        if older := sum(map(inputs.is_older, kept)):
            self._note(
                f"{older:,} of the answers that are graded already were graded in another way, such as with another "
                "--see, and stay as they are: --regrade-older grades them again"
            )

    def _with_answer_keys(self, inputs: RubricInputs) -> RubricInputs:
        ids = [question.question_id for question in inputs.exam.questions]
        missing = [question_id for question_id in ids if question_id not in inputs.answer_keys]
        if missing:
            self._note("answer keys are not written yet: taken as 300 tokens each in the rubrics' prompts")
        supposed = {each: _answer_key(each) for each in missing}
        return inputs.model_copy(update={"answer_keys": inputs.answer_keys | supposed})

    def _windows(self) -> Iterable[LLMRequest]:
        """Yield a request for each window of the exam's pages, which are not split yet."""
        if self.material.own_exam() is not None:
            return
        files = blank_exam_files(self.material) or most_scanned(self.material)
        count = self._count(page_count(files))
        if not files and self._booklets():
            count = booklet_length(self.material)
        pages = [_page(number) for number in range(1, count + 1)]
        for window in cut(pages):
            yield QuestionExtractionTask(pages=tuple(window), total_pages=len(pages)).request()

    def _transcriptions(self, *, questions_made: bool) -> Iterable[LLMRequest]:
        """Yield a request for each page, with the exam's questions if there are any yet."""
        questions = self.material.exam().questions if self.material.has_exam() else ()
        if questions_made and not questions:
            self._note("the questions are read in the run: the pages' prompts are counted without them")
        plain = TranscriptionTask(page=1, image_key="", image_sha256="", questions=questions).request()
        for page in self._pages():
            yield _of_size(plain, page)

    def _gradings(self) -> Iterable[LLMRequest]:
        """Yield a request for each grader of each answer, with rubrics and answers of assumed length."""
        exam, rubrics, answer_keys = self.material.exam(), self.material.rubrics(), self.material.answer_keys()
        students = self._students()
        self._note("there are no answers yet: each student is taken to answer each question, with 100 tokens")
        if self.settings.see is not See.NEVER:
            self._note("each answer is taken to be seen on a third of a page; with --see doubtful some are not")
        for question in exam.questions:
            values: dict[str, Any] = {
                "question": question,
                "rubric": rubrics.get(question.question_id) or _rubric(question),
                "answer_key": answer_keys.get(question.question_id) or _answer_key(question.question_id),
                "instructions": self.material.rubric_instructions(),
                "answer": "x" * _ANSWER_CHARACTERS,
            }
            is_seen = self.settings.see is not See.NEVER
            task = StripGradingTask(**values, strips=(_STRIP,)) if is_seen else GradingTask(**values)
            yield from [task.request()] * (students * self.settings.graders)

    def _second_readings(self) -> Iterable[LLMRequest]:
        """Return a request for each answer, on a strip of assumed size."""
        if self.settings.see is not See.ALWAYS:
            self._note("each answer is taken to be read twice; only those of a doubtful transcription and drawings are")
        answers = self._students() * len(self.material.exam().questions)
        return [StripTranscriptionTask(strips=(_STRIP,)).request()] * answers

    def _names(self) -> Iterable[LLMRequest]:
        """Return a request for each folder whose name does not tell a student, with heads of assumed size."""
        found = find_on_roster(scans_by_folder(self.material), self.material.roster())
        unknown = sum(match not in ("exact", "no_roster") for _, match in found.values())
        if self.material.roster():
            unknown += self._booklets()
        return [NameReadingTask(heads=(_HEAD,) * HEADS_READ).request()] * unknown

    def _pages(self) -> Iterable[Page]:
        """Return each page; pages that are not split yet have the largest size."""
        split = [page for pages in self.material.pages().values() for page in pages]
        left = unseparated_page_count(self.material) if split else scan_page_count(self.material)
        if not left:
            return split
        self._booklets()
        return [*split, *(_page(number) for number in range(1, self._count(left) + 1))]

    def _students(self) -> int:
        self._booklets()
        return student_count(self.material)

    def _booklets(self) -> int:
        """Return the approximate number of booklets that no run has separated yet."""
        count = booklet_count(self.material)
        if count:
            length = booklet_length(self.material)
            self._note(
                f"the pile is not separated yet: pages of a booklet are taken as {length:,}, and booklets as {count:,}"
            )
        return count

    def _count(self, pages: int) -> int:
        """Return an approximate number of pages that are not split yet, with a note."""
        self._note("the scans are not split yet: an image is taken as one page, a PDF as one for each 300 kB")
        return pages


def _answer_key(question_id: str) -> AnswerKey:
    return AnswerKey(question_id=question_id, correct_answer="x" * _ANSWER_KEY_CHARACTERS)


def _rubric(question: Question) -> Rubric:
    criterion = Criterion(points=question.points, description="x" * _RUBRIC_CHARACTERS)
    return Rubric(question_id=question.question_id, total_points=question.points, criteria=(criterion,))


def _page(number: int) -> Page:
    """Return a page of unknown size, whose image counts as one of the largest size."""
    return Page(page=number, key="", sha256="", width=0, height=0)


def _of_size(request: LLMRequest, page: Page) -> LLMRequest:
    *before, last = request.messages
    message = Message(last.role, last.text, (Image("", "", page.width, page.height),))
    return replace(request, messages=(*before, message))
