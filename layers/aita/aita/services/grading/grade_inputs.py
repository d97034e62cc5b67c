"""Inputs of grading: an assignment's exam, rubrics and answers, and the way of grading."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from aita.errors import InvalidMaterialError, MissingMaterialError
from aita.models.answer import AnswerPlace, Presence, QuestionAnswer, StudentAnswers
from aita.models.base import StrictModel
from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort, is_plain
from aita.models.exam import AnswerKey, ExamSpec, Page, Question, QuestionType, Rubric
from aita.models.grade import Cell, question_version
from aita.models.review_flags import Flag, FlagKind
from aita.models.run import RunSettings
from aita.models.scan import StudentScans
from aita.models.second_look import SecondLook, See, Strip
from aita.services.answers.undecided_answers import decided
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.corrected_answers import Corrections
from aita.services.grading.material_versions import (
    ANSWER,
    ANSWER_KEY,
    INSTRUCTIONS,
    RUBRIC,
    answer_version,
    basis_of,
    digest,
    instructions_version,
    key_version,
    moved_questions,
    rubric_version,
)
from aita.services.grading.question_inputs import QuestionInputs, check_question_instructions
from aita.services.grading.question_wording import check_wording
from aita.services.grading.second_looks import NO_LOOK, SecondLooks, only_cut
from aita.services.grading.unplaced_parts import UnplacedParts
from aita.tasks.grading import GradingTask, written_for
from aita.tasks.rubric import check_user_rubrics
from aita.tasks.strip_grading import StripGradingTask

_NOT_MAPPED = Flag(
    kind=FlagKind.ANSWER_NOT_FOUND,
    note="the exam has had this question only since the answers were found: transcribe again",
)
_MAPPED_TO_ANOTHER = Flag(
    kind=FlagKind.ANSWER_NOT_FOUND,
    note="the answers were found when this id was another question's: transcribe again",
)


class AnswerToGrade(StrictModel):
    """A student's answer to one question, as grading takes it.

    ``pages`` and ``places`` are those of a drawing, and empty for other questions. ``strips`` are shown in
    place of the pages unless graders see none, and are read again if there are two readings. ``second_look`` has
    no grader's reading yet, and ``reading_flags`` are doubts of the second reading, which graders are not told.
    ``version`` is the answer's version from ``material_versions``; empty in an input of aita 0.1.0.
    """

    text: str
    blank: bool
    flags: tuple[Flag, ...] = ()
    pages: tuple[Page, ...] = ()
    places: tuple[AnswerPlace, ...] = ()
    version: str = ""
    strips: tuple[Strip, ...] = ()
    second_look: SecondLook | None = None
    reading_flags: tuple[Flag, ...] = ()

    def only_cut(self) -> Self:
        """Return the answer without strips if one of them is not cut."""
        strips, look = only_cut((self.strips, self.second_look))
        return self.model_copy(update={"strips": strips, "second_look": look})

    def needs_grader(self, question: Question) -> bool:
        """Return whether there is text that a model must grade."""
        return not self.blank and bool(self.text.strip()) and not written_for(question, self.text).illegible


class GradeInputs(QuestionInputs):
    """Shared inputs of the grading tasks. ``answers`` has each question of the exam, by student id and question id."""

    answer_keys: dict[str, AnswerKey]
    rubrics: dict[str, Rubric]
    answers: dict[str, dict[str, AnswerToGrade]]
    model: str
    graders: int
    disagreement: float
    reasoning_effort: ReasoningEffort = DEFAULT_EFFORT
    see: See = See.NEVER
    readings: int = 1
    continued: dict[str, dict[str, str]] = {}
    """Bases of cells of 0.1.0 that are graded again from unchanged inputs, by student id and question id."""

    @classmethod
    def of(cls, material: AssignmentFiles, settings: RunSettings) -> Self:
        """Return the present inputs of an assignment's grading, also with strips that are not cut yet.

        Raises
        ------
        MissingMaterialError
            If there are no questions, rubrics or answers.
        InvalidMaterialError
            If a file is invalid, or a rubric, an answer key or an instruction does not fit its question.
        """
        inputs = cls.unchecked(material, settings)
        check_rubrics(material, inputs.exam, inputs.rubrics)
        check_wording(material, inputs.exam, inputs.rubrics)
        check_question_instructions(inputs.exam, inputs.question_instructions)
        require_answers(material)
        return inputs

    @classmethod
    def unchecked(cls, material: AssignmentFiles, settings: RunSettings) -> Self:
        """Return the present inputs, without checks that a run may start from them."""
        exam, scans, pages = material.exam(), material.scans(), material.pages()
        parts = UnplacedParts.of(material, exam)
        answers = Corrections(material.cell_decisions(), exam, pages).applied(parts.placed(material.answers()))
        looks = SecondLooks.of(material, settings.see, settings.readings, parts)
        return cls(
            exam=exam,
            instructions=material.rubric_instructions(),
            question_instructions=material.question_instructions(),
            answer_keys=material.answer_keys(),
            rubrics=material.rubrics(),
            answers={
                student_id: _answers_to_grade(
                    exam, student_id, each, scans.get(student_id), pages.get(student_id, ()), looks
                )
                for student_id, each in answers.items()
            },
            model=settings.model_of(GradingTask.model_role),
            graders=settings.graders,
            disagreement=settings.disagreement,
            reasoning_effort=settings.reasoning_effort,
            see=settings.see,
            readings=settings.readings,
        )

    def only_cut(self) -> Self:
        """Return the inputs without the strips of answers of which one is not cut."""
        return self.model_copy(
            update={
                "answers": {
                    student_id: {question_id: answer.only_cut() for question_id, answer in each.items()}
                    for student_id, each in self.answers.items()
                }
            }
        )

    def cells(self) -> Iterator[tuple[str, Question]]:
        """Yield each student id with each question, in the exam's order."""
        return ((student_id, question) for student_id in self.answers for question in self.exam.questions)

    def task(self, student_id: str, question: Question, grader: int) -> GradingTask:
        """Return the task of one grader, by its number from 1."""
        answer = self.answers[student_id][question.question_id]
        shown: dict[str, Any] = {"pages": answer.pages, "places": answer.places}
        is_seen = self.is_seen(answer)
        if is_seen:
            shown = {"strips": answer.strips}
        return (StripGradingTask if is_seen else GradingTask)(
            question=question,
            rubric=self.rubrics[question.question_id],
            answer=answer.text,
            answer_key=self.answer_keys.get(question.question_id),
            instructions=self.instructions,
            question_instructions=self.question_instructions.get(question.question_id, ""),
            blank=answer.blank,
            flags=answer.flags,
            points_step=self.exam.points_step,
            grader=grader,
            **shown,
        )

    def is_seen(self, answer: AnswerToGrade) -> bool:
        """Return whether graders see an answer on strips."""
        return self.see is not See.NEVER and bool(answer.strips)

    def basis(self, student_id: str, question: Question, rubric: Rubric | None) -> str:
        """Return the digest of the inputs of this answer's grade, for this question and rubric.

        It covers neither prompt nor model, so that another version of aita or another model neither reopens cells that
        people decided nor grades answers again.
        """
        if not self.answers[student_id][question.question_id].version:  # planned by 0.1.0, and gathered now
            return self.older_basis(student_id, question, rubric, self.model)
        versions = self.versions(student_id, question, rubric)
        return basis_of(versions, question.points, self.graders, self.disagreement)

    def older_basis(self, student_id: str, question: Question, rubric: Rubric | None, model: str) -> str:
        """Return the basis as aita 0.1.0 computed it: with the model, and with pages and places of drawings only."""
        parts = self.older_basis_parts(student_id, question, rubric)
        return digest([*parts, model, self.graders, self.disagreement])

    def older_basis_parts(self, student_id: str, question: Question, rubric: Rubric | None) -> list[Any]:
        """Return the inputs of a basis of aita 0.1.0, except the model and the way of grading."""
        answer, key = self.answers[student_id][question.question_id], self.answer_keys.get(question.question_id)
        return [
            question.model_dump(mode="json", exclude={"page_number", "bonus"}),
            rubric and rubric.model_dump(mode="json"),
            key and key.model_dump(mode="json"),
            self.instructions,
            self.question_instructions.get(question.question_id, ""),
            answer.model_dump(mode="json", exclude={"pages", "version", "strips", "second_look", "reading_flags"}),
            [page.sha256 for page in answer.pages],
            self.exam.points_step,
        ]

    def basis_of_0_1_0(self, cell: Cell, question: Question) -> str:
        """Return the basis of 0.1.0 that a cell has or continues, if its inputs are unchanged; else an empty text."""
        rubric = self.rubrics.get(question.question_id)
        older = self.older_basis(cell.student_id, question, rubric, cell.model)
        return older if self._is_same_answer(cell) and older in (cell.basis, cell.older_basis) else ""

    def is_of(self, cell: Cell, question: Question, rubric: Rubric | None) -> bool:
        """Return whether a cell was graded in this way, from this question and rubric and the present answer."""
        if cell.basis == self.basis(cell.student_id, question, rubric):
            return True
        older = self.older_basis(cell.student_id, question, rubric, cell.model)
        return self._is_same_answer(cell) and cell.basis == older

    def is_older(self, cell: Cell) -> bool:
        """Return whether a cell was graded by another version of aita, model or effort, or seen or read otherwise."""
        effort, answer = cell.reasoning_effort, self.answers[cell.student_id][cell.question_id]
        same_effort = effort == self.reasoning_effort or (is_plain(effort) and is_plain(self.reasoning_effort))
        same_look = self.is_seen(answer) == bool(cell.second_look and cell.second_look.strips)
        is_read_twice = self.readings > 1 and bool(answer.strips)
        same_look &= is_read_twice == bool(cell.second_look and cell.second_look.read_twice)
        return cell.is_of_older_version or cell.model != self.model or not (same_effort and same_look)

    def _is_same_answer(self, cell: Cell) -> bool:
        return cell.answer in ("", self.answers[cell.student_id][cell.question_id].version)

    def versions(self, student_id: str, question: Question, rubric: Rubric | None) -> dict[str, str]:
        """Return the versions of the inputs of this answer's grade, by the cell's fields."""
        question_id = question.question_id
        return {
            "question": question_version(question),
            RUBRIC: rubric_version(rubric),
            ANSWER_KEY: key_version(self.answer_keys.get(question_id)),
            INSTRUCTIONS: instructions_version(
                self.instructions, self.question_instructions.get(question_id, ""), self.exam.points_step
            ),
            ANSWER: self.answers[student_id][question_id].version,
        }


def check_rubrics(material: AssignmentFiles, exam: ExamSpec, rubrics: Mapping[str, Rubric]) -> None:
    """Check the rubrics of an exam, the instructor's own first. Answers to a question without one go to a person.

    Raises
    ------
    MissingMaterialError
        If no question has a rubric.
    InvalidMaterialError
        If a rubric belongs to no question of the exam, or its points differ from the question's.
    """
    check_user_rubrics(exam, material.user_rubrics())
    questions = {question.question_id: question for question in exam.questions}
    anew = f"write the rubrics anew (aita generate-rubric --assignment {material.assignment})"
    for question_id, rubric in rubrics.items():
        if question_id not in questions:
            raise InvalidMaterialError(
                f"there is a rubric for {question_id!r}, which is no question_id of the exam: {anew}"
            )
        if problem := rubric.problem(questions[question_id].points):
            raise InvalidMaterialError(f"the rubric of question {question_id!r}: {problem}, or {anew}")
    if not rubrics:
        raise MissingMaterialError(
            f"no question of assignment {material.assignment} has a rubric ({', '.join(questions)}): {anew}, or upload "
            "user_rubrics.json"
        )


def require_answers(material: AssignmentFiles) -> dict[str, StudentAnswers]:
    """Return the students' answers, by student id.

    Raises
    ------
    MissingMaterialError
        If there are no answers.
    """
    answers = material.answers()
    if not answers:
        raise MissingMaterialError(
            f"assignment {material.assignment} has no answers to its questions: transcribe the scans first "
            f"(aita transcribe --assignment {material.assignment})"
        )
    return answers


def _answers_to_grade(
    exam: ExamSpec,
    student_id: str,
    answers: StudentAnswers,
    scans: StudentScans | None,
    pages: tuple[Page, ...],
    looks: SecondLooks,
) -> dict[str, AnswerToGrade]:
    found = answers.by_question()
    wordings = {question.question_id: question_version(question) for question in exam.questions}
    moved = {*moved_questions(wordings, answers)}
    to_grade = {}
    for question in exam.questions:
        answer = found.get(question.question_id) or QuestionAnswer(question_id=question.question_id)
        version = answer_version(answer, scans, pages)
        if question.question_id not in found:
            answer = answer.model_copy(update={"flags": (_NOT_MAPPED,)})
        elif question.question_id in moved:
            answer = QuestionAnswer(question_id=question.question_id, flags=(_MAPPED_TO_ANOTHER,))
            version = answer_version(answer, None, ())
        answer = decided(answer, scans)
        shown = {place.page for place in answer.pages} if question.question_type is QuestionType.DIAGRAM else set()
        graded = AnswerToGrade(
            text=answer.raw_text,
            blank=answer.presence is Presence.BLANK,
            flags=answer.flags,
            pages=tuple(page for page in pages if page.page in shown),
            places=answer.pages if shown else (),
            version=version,
        )
        strips, look = looks.at(student_id, question, answer) if graded.needs_grader(question) else NO_LOOK
        to_grade[question.question_id] = graded.model_copy(update={"strips": strips, "second_look": look})
    return to_grade
