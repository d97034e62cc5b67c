"""Gradebook: graded cells and people's decisions, merged into each student's grades."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple, Self

from aita.errors import NotFoundError
from aita.models.answer import StudentAnswers
from aita.models.decision import Decision
from aita.models.exam import ExamSpec, Question
from aita.models.grade import Cell, CellState, GradeScale, StudentGrades, question_version
from aita.models.grade import cell_id as id_of_cell
from aita.models.ledger import Part
from aita.models.points import exact
from aita.models.review_flags import FlagKind
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.changed_cells import NO_PROPOSAL, not_graded, outdated, steps_to_grade_again
from aita.services.grading.corrected_answers import left_by_correction
from aita.services.grading.decided_cells import decided, opened, parts_that_open, read_otherwise
from aita.services.grading.decided_questions import decided_cell
from aita.services.grading.exam_totals import student_grades
from aita.services.grading.legacy_cells import LegacyCells
from aita.services.grading.letter_grades import USUAL_SCALE
from aita.services.grading.material_versions import NOTES, RUBRIC, Changes, Versions, digest
from aita.services.grading.question_wording import to_write_anew
from aita.services.grading.standing_decisions import in_order, standing
from aita.services.grading.unplaced_parts import UnplacedParts

_ANSWERS = "'aita review list{option}' lists the answers' ids"
_PARTS = "'aita review part PART{option}' shows it"

_VERSION_DIGITS = 12
"""Digits of the version of all grades, which people compare."""

Compare = Callable[[Cell, Question], Changes]
"""Returns the changes since a cell was graded, for the present question."""

ToWrite = Callable[[str], str]
"""Returns the material that must be written anew before a question is graded, by its id; none if grading is allowed."""


_Place = tuple[str, Question]
"""Student id and question of a cell."""


class _CountedCell(NamedTuple):
    """A cell as it counts and as it was graded, the decision that determines its points, and the parts that open it."""

    cell: Cell
    graded: Cell
    decision: Decision | None
    opening: tuple[Part, ...]


class Gradebook:
    """Each student's cells as they count, one for each question of the present exam.

    Totals are always out of the whole exam. A question that was never graded is open, and so is one whose points have
    changed since. A cell is compared with the present material when it is asked for, so that whoever looks at one
    answer does not wait for the class.

    Parameters
    ----------
    exam
        Present exam.
    cells
        Graded cells before people's decisions, by student id and question id.
    decisions
        People's decisions, in any order.
    parts
        Unplaced parts of the pages. A cell is open beside each undecided part that may belong to its answer.
    scale
        Instructor's grade scale; ``None`` for ``USUAL_SCALE``.
    compare
        Compares a cell with the present material; ``None`` to compare with the question only.
    assignment
        Name of the assignment, for commands in the notes of changes.
    basis_under
        Returns the basis of an unchanged cell if its question had another id; ``None`` if that can't be told.
    outdated_corrections
        Corrected transcriptions that count no longer, by cell id: these cells are open.
    answers
        Answers as they count, by student id: with the parts that people gave to them and the texts that they corrected.
    to_write
        Names the material that must be written anew before a question is graded again; ``None`` if all of it holds.
    """

    FILES = (object_keys.QUESTIONS, object_keys.EXAM_SPEC, object_keys.GRADES, object_keys.GRADE_SCALE, *Versions.FILES)
    """Names of the assignment's files that ``of`` reads."""

    def __init__(
        self,
        exam: ExamSpec,
        cells: Mapping[str, Mapping[str, Cell]],
        decisions: Iterable[Decision],
        parts: UnplacedParts,
        scale: GradeScale | None = None,
        compare: Compare | None = None,
        assignment: str = "",
        basis_under: Callable[[Cell, str], str] | None = None,
        *,
        outdated_corrections: Mapping[str, Decision] | None = None,
        to_write: ToWrite | None = None,
        answers: Mapping[str, StudentAnswers] | None = None,
    ) -> None:
        self.exam = exam
        self.answers = answers or {}
        self.parts = parts
        self.option = f" --assignment {assignment}" if assignment else ""
        self._compare, self._basis_under = compare or _no_changes, basis_under
        self._outdated_corrections = outdated_corrections or {}
        self._to_write = to_write or _nothing
        find_cell = decided_cell(exam)
        self._decisions: dict[str, list[Decision]] = {}
        self._standing: dict[str, list[Decision]] = {}
        made = in_order(decisions)
        for decision in made:
            self._decisions.setdefault(find_cell(decision), []).append(decision)
        for decision in standing(made):
            self._standing.setdefault(find_cell(decision), []).append(decision)
        self._given, self.scale = cells, scale or USUAL_SCALE
        self._beside: dict[str, Mapping[str, tuple[Part, ...]]] = {}
        self._outdated: set[str] = set()
        self._by_question: dict[str, dict[str, _Place]] = {}
        self._cells: dict[str, _CountedCell] = {}

    @classmethod
    def of(cls, material: AssignmentFiles, decisions: Iterable[Decision]) -> Self:
        """Return an assignment's gradebook, with all students who have scans; empty if nothing was graded.

        Raises
        ------
        MissingMaterialError
            If there are no questions.
        InvalidMaterialError
            If a file is invalid.
        """
        exam, graded = material.exam(), material.grades()
        if not graded:
            return cls(exam, {}, decisions, UnplacedParts.of(material, exam), material.grade_scale())
        decisions = tuple(decisions)
        versions = Versions.of(material, exam, decisions)
        older = LegacyCells(material, versions, graded)
        everyone: dict[str, Mapping[str, Cell]] = {student_id: {} for student_id in versions.scans}

        def compare(cell: Cell, question: Question) -> Changes:
            return versions.changes(cell) if cell.answer else older.changes(cell, question)

        return cls(
            exam,
            everyone | graded,
            decisions,
            versions.parts,
            scale=material.grade_scale(),
            compare=compare,
            assignment=material.assignment,
            basis_under=versions.basis_under,
            outdated_corrections=versions.outdated_corrections,
            to_write=to_write_anew(material, exam),
            answers=versions.answers,
        )

    @property
    def student_ids(self) -> Collection[str]:
        """Ids of the students, of whom no cell is compared for this."""
        return self._given.keys()

    @cached_property
    def students(self) -> dict[str, StudentGrades]:
        """Grades of all students, by student id."""
        return {student_id: self._student(student_id) for student_id in self._given}

    def question(self, question_id: str) -> Question:
        """Return a question of the exam.

        Raises
        ------
        NotFoundError
            If the exam has no such question.
        """
        for question in self.exam.questions:
            if question.question_id == question_id:
                return question
        ids = ", ".join(question.question_id for question in self.exam.questions)
        raise NotFoundError(f"question: the exam has no {question_id[:40]!r}, but {ids}")

    def cell(self, cell_id: str) -> Cell:
        """Return a cell as it counts.

        Raises
        ------
        NotFoundError
            If no cell has this id.
        """
        return self._counted(cell_id).cell

    def graded(self, cell_id: str) -> Cell:
        """Return a cell before people's decisions.

        Raises
        ------
        NotFoundError
            If no cell has this id.
        """
        return self._counted(cell_id).graded

    def decisions(self, cell_id: str) -> tuple[Decision, ...]:
        """Return people's decisions about a cell, from the oldest to the newest."""
        return tuple(self._decisions.get(cell_id, ()))

    def standing(self, cell_id: str) -> tuple[Decision, ...]:
        """Return the decisions about a cell that were not taken back, from the oldest to the newest."""
        return tuple(self._standing.get(cell_id, ()))

    def decision(self, cell_id: str) -> Decision | None:
        """Return the decision that determines a cell's points: the last one about its present grade; ``None`` without.

        Raises
        ------
        NotFoundError
            If no cell has this id.
        """
        return self._counted(cell_id).decision

    def parts_that_open(self, cell_id: str) -> tuple[Part, ...]:
        """Return the undecided parts of pages that open a cell.

        Raises
        ------
        NotFoundError
            If no cell has this id.
        """
        return self._counted(cell_id).opening

    def is_outdated(self, cell_id: str) -> bool:
        """Return whether grading opens a cell whatever is decided: it was graded before a change, or not at all."""
        self._counted(cell_id)
        return cell_id in self._outdated

    @property
    def decided_students(self) -> set[str]:
        """Ids of the students about whose answers people decided, also of those who have no scans any more."""
        return {decision.student_id for each in self._decisions.values() for decision in each}

    @property
    def version(self) -> str:
        """Version of all grades and the decisions that count: files of the same one are made of the same grades."""
        students = [grades.model_dump(mode="json") for _, grades in sorted(self.students.items())]
        counting = [self.decision(cell.cell_id) for cell in self.cells()]
        decisions = sorted(decision.decision_id for decision in counting if decision is not None)
        return digest([self.exam.model_dump(mode="json"), students, decisions])[:_VERSION_DIGITS]

    def cells(self) -> Iterator[Cell]:
        """Yield all cells, question by question, so that a person decides with one rubric in mind."""
        return (cell for question in self.exam.questions for cell in self.cells_of(question.question_id))

    def cells_of(self, question_id: str) -> Iterator[Cell]:
        """Yield the cells of a question, in the order of ``cells``."""
        return (self._counted(cell_id, place).cell for cell_id, place in self._places(question_id).items())

    def open_cells(self) -> Iterator[Cell]:
        """Yield the open cells, in the order of ``cells``."""
        return (cell for cell in self.cells() if cell.state.is_open)

    def _places(self, question_id: str) -> dict[str, _Place]:
        """Return the places of a question's cells by id, made once: of one answer's question, not of the class's."""
        if question_id not in self._by_question:
            question = self.question(question_id)
            self._by_question[question_id] = {
                _id_of(student_id, question_id, stored.get(question_id)): (student_id, question)
                for student_id, stored in self._given.items()
            }
        return self._by_question[question_id]

    def _counted(self, cell_id: str, place: _Place | None = None) -> "_CountedCell":
        """Return a cell with all that makes it count, compared once."""
        if cell_id not in self._cells:
            self._cells[cell_id] = self._compared(*(place or self._require(cell_id)))
        return self._cells[cell_id]

    def _require(self, cell_id: str) -> _Place:
        for question in self.exam.questions:
            if (place := self._places(question.question_id).get(cell_id)) is not None:
                return place
        if any(part.part_id == cell_id for parts in self.parts.parts.values() for part in parts):
            raise NotFoundError(f"{cell_id} is a part of a page, and no answer: {_PARTS.format(option=self.option)}")
        known = any(question.question_id == cell_id for question in self.exam.questions)
        problem = f"{cell_id} is a question's id, and no answer's" if known else f"there is no answer {cell_id[:40]!r}"
        raise NotFoundError(f"{problem}: {_ANSWERS.format(option=self.option)}")

    def _student(self, student_id: str) -> StudentGrades:
        given = self._given[student_id]
        ids = [_id_of(student_id, each.question_id, given.get(each.question_id)) for each in self.exam.questions]
        cells = tuple(map(self.cell, ids))
        return student_grades(self.exam, student_id, cells, self.scale)

    def _compared(self, student_id: str, question: Question) -> "_CountedCell":
        if student_id not in self._beside:
            self._beside[student_id] = self.parts.beside(student_id)
        cell = self._current_cell(question, self._given[student_id].get(question.question_id), student_id)
        if (correction := self._outdated_corrections.get(cell.cell_id)) is not None:
            cell = read_otherwise(cell, correction)
        as_decided, decision = decided(cell, self._standing.get(cell.cell_id, ()))
        opening = parts_that_open(decision, self._beside[student_id].get(question.question_id, ()))
        return _CountedCell(opened(as_decided, opening), cell, decision, opening)

    def _current_cell(self, question: Question, cell: Cell | None, student_id: str) -> Cell:
        """Return a graded cell if its inputs are unchanged, else an open one with a flag for the changes."""
        if cell is None:
            cell = not_graded(question, student_id)
            self._outdated.add(cell.cell_id)
            return cell
        changes = self._compare(cell, question)
        version, worth = question_version(question), f"{question.points:g}"
        notes, of_0_1_0 = list[str](), ""
        changed: dict[str, Any] = dict(NO_PROPOSAL) if changes.affect_answer else {}
        if cell.state is not CellState.BLANK and cell.question not in ("", version):
            notes, of_0_1_0 = ["the question's wording"], version
        if exact(cell.max_points) != exact(question.points):
            notes, of_0_1_0 = [f"the question's points, from {cell.max_points:g} to {worth}", *notes], worth
            changed |= {"points": None, "max_points": question.points}
        notes += [note for note in changes.notes if not notes or note != NOTES[RUBRIC]]  # its points changed with them
        if not notes:
            return self._renamed(cell)
        self._outdated.add(cell.cell_id)
        cell = self._without_parts_taken_back(cell)
        if changes.corrected:
            cell = cell.model_copy(update={"flags": left_by_correction(cell.flags)})
        to_write = self._to_write(question.question_id)
        advice = steps_to_grade_again(transcribe=changes.affect_scans, to_write=to_write, option=self.option)
        older = f"{cell.basis}, of {of_0_1_0}"
        if any(not decision.aita and decision.basis == older for decision in self.decisions(cell.cell_id)):
            return outdated(cell, notes, advice, older, changed)
        return outdated(cell, notes, advice, f"{cell.basis}, of {digest([version, worth, changes.version])}", changed)

    def _without_parts_taken_back(self, cell: Cell) -> Cell:
        """Return a cell without the flags of unread parts that are not its answer's any more."""
        given = {part.place.where for part in self.parts.given(cell.student_id, cell.question_id)}
        flags = tuple(flag for flag in cell.flags if flag.kind is not FlagKind.UNREAD or flag.note in given)
        return cell.model_copy(update={"flags": flags})

    def _renamed(self, cell: Cell) -> Cell:
        """Return an unchanged cell with the basis that it would have under the id that people decided on."""
        ids = {decision.question_id for decision in self.decisions(cell.cell_id)} - {cell.question_id}
        if self._basis_under is None or len(ids) != 1 or cell.older_basis:
            return cell
        return cell.model_copy(update={"older_basis": self._basis_under(cell, *ids)})


def _id_of(student_id: str, question_id: str, stored: Cell | None) -> str:
    """Return the id of a cell: the stored one, which decisions hold."""
    return id_of_cell(student_id, question_id) if stored is None else stored.cell_id


def _no_changes(cell: Cell, question: Question) -> Changes:  # noqa: ARG001 - no material is compared
    return Changes()


def _nothing(question_id: str) -> str:  # noqa: ARG001 - no material is compared
    return ""
