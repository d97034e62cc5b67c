"""What grading starts from: an assignment's exam, rubrics and answers, and how they are graded."""

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
from aita.services.answers.undecided_answers import decided
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.material_versions import (
    ANSWER,
    ANSWER_KEY,
    INSTRUCTIONS,
    RUBRIC,
    answer_version,
    digest,
    instructions_version,
    key_version,
    rubric_version,
)
from aita.services.grading.question_inputs import QuestionInputs
from aita.services.grading.question_wording import check_wording
from aita.tasks.grading import GradingTask, written_for

_NOT_MAPPED = Flag(
    kind=FlagKind.ANSWER_NOT_FOUND,
    note="the exam has had this question only since the answers were found: transcribe again",
)
_OF_ANOTHER = Flag(
    kind=FlagKind.ANSWER_NOT_FOUND,
    note="the answers were found when this id was another question's: transcribe again",
)


class AnswerToGrade(StrictModel):
    """A student's answer to one question, with what is known of whether there is one.

    ``pages`` are there where the answer is a drawing, with ``places`` on them. ``version`` is the answer's, as
    ``material_versions`` has it; an input of aita 0.1.0 has none.
    """

    text: str
    blank: bool
    flags: tuple[Flag, ...] = ()
    pages: tuple[Page, ...] = ()
    places: tuple[AnswerPlace, ...] = ()
    version: str = ""

    def needs_grader(self, question: Question) -> bool:
        """Tell whether there is something to grade."""
        return not self.blank and bool(self.text.strip()) and not written_for(question, self.text).illegible


class GradeInputs(QuestionInputs):
    """What the grading tasks share. ``answers`` has each question of the exam, by student id and question id."""

    answer_keys: dict[str, AnswerKey]
    rubrics: dict[str, Rubric]
    answers: dict[str, dict[str, AnswerToGrade]]
    model: str
    graders: int
    disagreement: float
    reasoning_effort: ReasoningEffort = DEFAULT_EFFORT
    continued: dict[str, dict[str, str]] = {}
    """The bases that cells of 0.1.0 have which are graded again on the same, by student id and question id."""

    @classmethod
    def of(cls, material: AssignmentFiles, settings: RunSettings) -> Self:
        """Return what an assignment's grading starts from now.

        Raises
        ------
        MissingMaterialError, InvalidMaterialError
            As ``check_rubrics`` and ``check_wording`` do; and if there are no answers.
        """
        inputs = cls.as_they_are(material, settings)
        check_rubrics(inputs.exam, inputs.rubrics, material.assignment)
        check_wording(material, inputs.exam, inputs.rubrics)
        require_answers(material)
        return inputs

    @classmethod
    def as_they_are(cls, material: AssignmentFiles, settings: RunSettings) -> Self:
        """Return the same without any check that a run could start from it."""
        exam, scans, pages = material.exam(), material.scans(), material.pages()
        return cls(
            exam=exam,
            instructions=material.rubric_instructions(),
            question_instructions=material.question_instructions(),
            answer_keys=material.answer_keys(),
            rubrics=material.rubrics(),
            answers={
                student_id: _to_grade(exam, each, scans.get(student_id), pages.get(student_id, ()))
                for student_id, each in material.answers().items()
            },
            model=settings.model,
            graders=settings.graders,
            disagreement=settings.disagreement,
            reasoning_effort=settings.reasoning_effort,
        )

    def cells(self) -> Iterator[tuple[str, Question]]:
        """Yield each student id with each question, in the exam's order."""
        return ((student_id, question) for student_id in self.answers for question in self.exam.questions)

    def task(self, student_id: str, question: Question, grader: int) -> GradingTask:
        """Return the task of one grader."""
        answer = self.answers[student_id][question.question_id]
        return GradingTask(
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
            pages=answer.pages,
            places=answer.places,
        )

    def basis(self, student_id: str, question: Question, rubric: Rubric | None) -> str:
        """Return what a grade of this answer is of, for this question and rubric: a digest.

        Neither the prompt nor the model is part of it: another version of aita or another model reopens nothing that
        people decided, and pays nothing again.
        """
        if not self.answers[student_id][question.question_id].version:  # planned by 0.1.0, and gathered now
            return self.older_basis(student_id, question, rubric, self.model)
        made_of = self.versions(student_id, question, rubric)
        return digest([*sorted(made_of.items()), question.points, self.graders, self.disagreement])

    def older_basis(self, student_id: str, question: Question, rubric: Rubric | None, model: str) -> str:
        """Return the basis as aita 0.1.0 made it: with the model, and without pages and places, but for drawings."""
        parts = self.older_basis_parts(student_id, question, rubric)
        return digest([*parts, model, self.graders, self.disagreement])

    def older_basis_parts(self, student_id: str, question: Question, rubric: Rubric | None) -> list[Any]:
        """Return all that a basis of aita 0.1.0 is made of but for the model and the way of grading."""
        answer, key = self.answers[student_id][question.question_id], self.answer_keys.get(question.question_id)
        return [
            question.model_dump(mode="json", exclude={"page_number"}),
            rubric and rubric.model_dump(mode="json"),
            key and key.model_dump(mode="json"),
            self.instructions,
            self.question_instructions.get(question.question_id, ""),
            answer.model_dump(mode="json", exclude={"pages", "version"}),
            [page.sha256 for page in answer.pages],
            self.exam.points_step,
        ]

    def basis_of_0_1_0(self, cell: Cell, question: Question) -> str:
        """Return the basis of 0.1.0 that a cell has or goes on with, if it is of the same as now; else nothing."""
        rubric = self.rubrics.get(question.question_id)
        older = self.older_basis(cell.student_id, question, rubric, cell.model)
        return older if self._is_same_answer(cell) and older in (cell.basis, cell.older_basis) else ""

    def is_of(self, cell: Cell, question: Question, rubric: Rubric | None) -> bool:
        """Tell whether a cell was graded in this way, of this question and rubric and of the answer as it is."""
        if cell.basis == self.basis(cell.student_id, question, rubric):
            return True
        older = self.older_basis(cell.student_id, question, rubric, cell.model)
        return self._is_same_answer(cell) and cell.basis == older

    def is_older(self, cell: Cell) -> bool:
        """Tell whether another version of aita, another model or another reasoning effort graded a cell."""
        effort = cell.reasoning_effort
        same_effort = effort == self.reasoning_effort or (is_plain(effort) and is_plain(self.reasoning_effort))
        return cell.is_of_older_version or cell.model != self.model or not same_effort

    def _is_same_answer(self, cell: Cell) -> bool:
        return cell.answer in ("", self.answers[cell.student_id][cell.question_id].version)

    def versions(self, student_id: str, question: Question, rubric: Rubric | None) -> dict[str, str]:
        """Return the versions of all that a grade of this answer is made of, by a cell's fields."""
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


def check_rubrics(exam: ExamSpec, rubrics: Mapping[str, Rubric], assignment: str) -> None:
    """Check that there is something to grade against; a question without a rubric goes to a person.

    Raises
    ------
    MissingMaterialError
        If no question has a rubric.
    InvalidMaterialError
        If a rubric is for no question of the exam, or its points are not the question's.
    """
    questions = {question.question_id: question for question in exam.questions}
    anew = f"write the rubrics anew (aita generate-rubric --assignment {assignment})"
    for question_id, rubric in rubrics.items():
        if question_id not in questions:
            raise InvalidMaterialError(
                f"there is a rubric for {question_id!r}, which is no question_id of the exam: take it out of "
                f"user_rubrics.json, or {anew}"
            )
        if problem := rubric.problem(questions[question_id].points):
            raise InvalidMaterialError(f"the rubric of question {question_id!r}: {problem}; or {anew}")
    if not rubrics:
        raise MissingMaterialError(
            f"no question of assignment {assignment} has a rubric ({', '.join(questions)}): {anew}, or upload "
            "user_rubrics.json"
        )


def require_answers(material: AssignmentFiles) -> dict[str, StudentAnswers]:
    """Return the students' answers.

    Raises
    ------
    MissingMaterialError
        If there are none.
    """
    answers = material.answers()
    if not answers:
        raise MissingMaterialError(
            f"assignment {material.assignment} has no answers to its questions: transcribe the scans first "
            f"(aita transcribe --assignment {material.assignment})"
        )
    return answers


def _of_others(exam: ExamSpec, answers: StudentAnswers) -> Iterator[str]:
    """Yield the ids whose answers are to other questions: ids changed places after the answers were found."""
    now = {question.question_id: question_version(question) for question in exam.questions}
    then = {answer.question_id: answer.question for answer in answers.question_answers if answer.question}
    ids_now = {version: question_id for question_id, version in now.items()}
    ids_then = {version: question_id for question_id, version in then.items()}
    for question_id in now.keys() & then.keys():
        was, is_now = then[question_id], now[question_id]
        if was != is_now and {ids_now.get(was), ids_then.get(is_now)} - {None, question_id}:
            yield question_id


def _to_grade(
    exam: ExamSpec, answers: StudentAnswers, scans: StudentScans | None, pages: tuple[Page, ...]
) -> dict[str, AnswerToGrade]:
    found = answers.by_question()
    of_others = {*_of_others(exam, answers)}
    to_grade = {}
    for question in exam.questions:
        answer = found.get(question.question_id) or QuestionAnswer(question_id=question.question_id)
        version = answer_version(answer, scans, pages)
        if question.question_id not in found:
            answer = answer.model_copy(update={"flags": (_NOT_MAPPED,)})
        elif question.question_id in of_others:
            answer = QuestionAnswer(question_id=question.question_id, flags=(_OF_ANOTHER,))
            version = answer_version(answer, None, ())
        answer = decided(answer, scans)
        shown = {place.page for place in answer.pages} if question.question_type is QuestionType.DIAGRAM else set()
        to_grade[question.question_id] = AnswerToGrade(
            text=answer.raw_text,
            blank=answer.presence is Presence.BLANK,
            flags=answer.flags,
            pages=tuple(page for page in pages if page.page in shown),
            places=answer.pages if shown else (),
            version=version,
        )
    return to_grade
