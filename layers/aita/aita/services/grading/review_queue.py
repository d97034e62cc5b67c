"""Review queue: open cells, the material for a decision about each, and the decisions."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aita.concurrency import together
from aita.errors import ConflictError, MissingMaterialError, NotFoundError, RequestError
from aita.models.answer import QuestionAnswer, StudentAnswers
from aita.models.decision import Decision, DecisionAction
from aita.models.grade import Cell, question_version
from aita.models.names import check_assignment
from aita.models.review import (
    EVERYTHING,
    CellFilter,
    DecisionPage,
    DecisionRequest,
    PlaceView,
    ReviewPage,
    ReviewView,
    fingerprint,
)
from aita.models.scan import StudentScans
from aita.ports import Clock, DecisionStore, ObjectStore
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.deciding_person import name_of
from aita.services.assignments.file_memory import FileMemory
from aita.services.grading.asked_decisions import (
    accepted,
    check_fields,
    corrected,
    deciding_rubric,
    noted,
    points_set,
    taken_back,
)
from aita.services.grading.cell_views import proposal_view, question_of, review_line
from aita.services.grading.decided_cells import inputs_of
from aita.services.grading.decision_conflicts import changed_since, earliest_after, next_id
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.shown_basis import check_is_of_cell, shown_basis
from aita.version import VERSION

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reviews:
    """Operations of review. Each one reads the present grades; no separate queue is stored."""

    objects: ObjectStore
    decisions: DecisionStore
    clock: Clock
    memory: FileMemory = field(default_factory=FileMemory)

    def queue(
        self,
        assignment: str,
        limit: int,
        token: str | None,
        *,
        closed: bool = False,
        only: CellFilter = EVERYTHING,
    ) -> ReviewPage:
        """Return up to ``limit`` of the open cells, question by question, and the token of the next page.

        Parameters
        ----------
        only
            Filter of the cells.
        closed
            Whether closed cells are listed too, such as for a student's appeal.

        Raises
        ------
        MissingMaterialError
            If nothing has been graded.
        NotFoundError
            If the filter is of a question or a student that is not there.
        RequestError
            If the token is not one of this list.
        """
        grades = self.gradebook(self.material(assignment))
        _check(grades, only)
        shown = [cell for cell in _after(grades, token) if (closed or cell.state.is_open) and _fits(grades, cell, only)]
        page = shown[:limit]
        return ReviewPage(
            cells=tuple(review_line(grades, cell) for cell in page),
            open_cells=sum(_fits(grades, cell, only) for cell in grades.open_cells()),
            next_token=page[-1].cell_id if len(shown) > limit else None,
        )

    def show(self, assignment: str, cell_id: str) -> ReviewView:
        """Return a cell with all material for a decision about it.

        Raises
        ------
        NotFoundError
            If no cell has this id.
        """
        material = self.material(assignment)
        grades = self.gradebook(material)
        cell, graded = grades.cell(cell_id), grades.graded(cell_id)
        _, answer = self._answers(material, grades, cell)
        counts = grades.decision(cell_id)
        return ReviewView(
            **dict(review_line(grades, cell)),
            question=question_of(grades, cell),
            points_step=grades.exam.points_step,
            raw_text=answer.raw_text,
            confidence=answer.confidence,
            pages=tuple(self._places(material, cell.student_id, answer)),
            rubric=deciding_rubric(material, graded)
            or material.rubric_version(graded.rubric)
            or material.rubrics().get(cell.question_id),
            answer_key=material.answer_keys().get(cell.question_id),
            proposal=proposal_view(graded),
            second_look=graded.second_look,
            of_older_version=graded.is_of_older_version and bool(graded.criteria),
            decisions=grades.decisions(cell_id),
            read_by_person=answer.read_by_person,
            counts=counts.decision_id if counts is not None else "",
        )

    def decide(self, assignment: str, cell_id: str, asked: DecisionRequest, caller: str = "") -> Decision:
        """Record a person's decision about a cell.

        Parameters
        ----------
        caller
            ARN that signed the request; empty if it is unknown.

        Raises
        ------
        NotFoundError
            If no cell has this id.
        RequestError
            If there is no proposal to accept or no decision to take back, if the basis is no basis of this cell, or if
            something is missing or invalid.
        ConflictError
            If the cell has changed, or somebody has decided on it, since the person saw it. Of people who decide at
            once, one decides, and all others get this error.
        """
        material = self.material(assignment)
        return self.decide_on(material, self.gradebook(material), cell_id, asked, caller)

    def decide_on(
        self, material: AssignmentFiles, grades: Gradebook, cell_id: str, asked: DecisionRequest, caller: str
    ) -> Decision:
        """Record a person's decision about a cell of a gradebook, which is as it was when the request came.

        Raises
        ------
        NotFoundError, RequestError, ConflictError
            As ``decide``.
        """
        check_fields(asked)
        assignment = material.assignment
        cell = grades.cell(cell_id)
        shown = shown_basis(grades, cell)
        if asked.basis not in (shown, fingerprint(shown)):
            check_is_of_cell(grades, cell_id, asked.basis, assignment)
            raise changed_since(grades, cell_id, asked, assignment)
        graded, before = grades.graded(cell_id), grades.decision(cell_id)
        seen = (*(before.parts if before else ()), *(part.part_id for part in grades.parts_that_open(cell_id)))
        question = question_version(question_of(grades, cell))
        made = grades.decisions(cell_id)
        decision = Decision(
            decision_id=next_id(f"{cell_id} {question}", made),
            cell_id=cell_id,
            student_id=cell.student_id,
            question_id=cell.question_id,
            at=max([self.clock(), *map(earliest_after, made[-1:])]),
            old_state=cell.state,
            old_points=cell.points,
            aita=VERSION,
            parts=tuple(dict.fromkeys(seen)),
            question=question,
            inputs=inputs_of(graded),
            **self._asked(material, grades, cell, asked, caller),
        )
        try:
            self.decisions.add(assignment, decision)
        except ConflictError:  # somebody was quicker since the decisions were read
            raise changed_since(self.gradebook(material), cell_id, asked, assignment) from None
        logger.info("decided on %s: %s", cell_id, asked.action)
        return decision

    def is_recorded(
        self,
        material: AssignmentFiles,
        grades: Gradebook,
        decision: Decision,
        asked: DecisionRequest,
        caller: str,
    ) -> bool:
        """Return whether a decision on a cell is a person's present request, sent again as its answer was lost."""
        cell = grades.cell(decision.cell_id)
        basis = grades.graded(cell.cell_id).basis
        if (decision.action, decision.basis) != (asked.action, basis):
            return False
        return decision == decision.model_copy(update=self._asked(material, grades, cell, asked, caller))

    def _asked(
        self, material: AssignmentFiles, grades: Gradebook, cell: Cell, asked: DecisionRequest, caller: str
    ) -> dict[str, Any]:
        """Return the fields of a decision that follow from the request, and from the grade that it is about."""
        return {
            "action": asked.action,
            "why": asked.why,
            "by": asked.by or name_of(caller),
            "caller": caller,
            "basis": grades.graded(cell.cell_id).basis,
            **self._content(material, grades, cell, asked),
        }

    def _content(
        self, material: AssignmentFiles, grades: Gradebook, cell: Cell, asked: DecisionRequest
    ) -> dict[str, Any]:
        graded = grades.graded(cell.cell_id)
        match asked.action:
            case DecisionAction.ACCEPT:
                return accepted(graded)
            case DecisionAction.SET:
                return points_set(asked, graded, deciding_rubric(material, graded), grades.exam.points_step)
            case DecisionAction.CORRECT:
                pages = material.pages().get(cell.student_id, ())
                read, counts = self._answers(material, grades, cell)
                return corrected(asked, read, pages, counts.raw_text)
            case DecisionAction.NOTE:
                return noted(asked)
            case DecisionAction.UNDO:
                return taken_back(cell, grades.standing(cell.cell_id))

    def decided(self, assignment: str, limit: int, token: str | None) -> DecisionPage:
        """Return up to ``limit`` of an assignment's decisions, and the token of the next page."""
        decisions, following = self.decisions.page(check_assignment(assignment), limit, token)
        return DecisionPage(decisions=tuple(decisions), next_token=following)

    def material(self, assignment: str) -> AssignmentFiles:
        """Return an assignment's files, with people's decisions."""
        return AssignmentFiles(self.objects, check_assignment(assignment), self.decisions, self.memory)

    def gradebook(self, material: AssignmentFiles) -> Gradebook:
        """Return the present gradebook.

        Raises
        ------
        MissingMaterialError
            If nothing has been graded.
        """
        decisions, _ = together(lambda: tuple(self.decisions.all(material.assignment)), material.look)
        grades = Gradebook.of(material, decisions)
        if not grades.student_ids:
            raise MissingMaterialError(
                f"nothing of assignment {material.assignment} was graded yet: grade it first "
                f"(aita grade --assignment {material.assignment})"
            )
        return grades

    def _answers(
        self, material: AssignmentFiles, grades: Gradebook, cell: Cell
    ) -> tuple[QuestionAnswer, QuestionAnswer]:
        """Return the answer as it was read, and as it counts, with a text that a person corrected."""
        read = grades.parts.placed(material.answers())
        nothing = QuestionAnswer(question_id=cell.question_id)

        def of_cell(answers: Mapping[str, StudentAnswers]) -> QuestionAnswer:
            student = answers.get(cell.student_id)
            return student.by_question().get(cell.question_id, nothing) if student is not None else nothing

        return of_cell(read), of_cell(grades.answers)

    def _places(self, material: AssignmentFiles, student_id: str, answer: QuestionAnswer) -> Iterator[PlaceView]:
        if not answer.pages:
            return
        pages = {page.page: page for page in material.pages().get(student_id, ())}
        scans = material.scans().get(student_id, StudentScans())
        for place in answer.pages:
            if (page := pages.get(place.page)) is not None:  # split may have run again since
                url = self.objects.presign_get(page.key, f"page-{page.page}.jpg")
                source = object_keys.source_of_page(page.key)
                yield PlaceView(**dict(place), url=url, masked=scans.masked_on(page.page), source=source)


def _after(grades: Gradebook, token: str | None) -> Iterator[Cell]:
    """Return the cells after the last one of a page, whose id is the token; that cell may be closed by now."""
    cells = grades.cells()
    if token is not None and not any(cell.cell_id == token for cell in cells):  # any() consumes up to the match
        raise RequestError("next_token is not one that this list gave")
    return cells


def _check(grades: Gradebook, only: CellFilter) -> None:
    """Check that a filter's question and student exist, as an empty list would look as if all were done."""
    ids = [question.question_id for question in grades.exam.questions]
    if only.question is not None and only.question not in ids:
        raise NotFoundError(f"question: the exam has no {only.question[:40]!r}, but {', '.join(ids)}")
    if only.student is not None and only.student not in grades.student_ids:
        raise NotFoundError(f"student: nobody of this assignment has the id {only.student[:40]!r}")


def _fits(grades: Gradebook, cell: Cell, only: CellFilter) -> bool:
    return (
        only.question in (None, cell.question_id)
        and only.student in (None, cell.student_id)
        and (only.flag is None or any(flag.kind is only.flag for flag in cell.flags))
        and (only.decided_by is None or any(each.by == only.decided_by for each in grades.decisions(cell.cell_id)))
    )
