"""Review queue: open cells, the material for a decision about each, and the decisions."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from ulid import ULID

from aita.errors import ConflictError, MissingMaterialError, RequestError
from aita.models.answer import QuestionAnswer
from aita.models.exam import Question
from aita.models.grade import Cell, Decision, DecisionAction, question_version
from aita.models.names import check_assignment
from aita.models.points import exact, in_steps
from aita.models.review import (
    DecisionPage,
    DecisionRequest,
    FlagView,
    PlaceView,
    Proposal,
    ReviewLine,
    ReviewPage,
    ReviewView,
)
from aita.models.scan import StudentScans
from aita.ports import Clock, DecisionStore, ObjectStore
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.gradebook import Gradebook
from aita.version import VERSION

logger = logging.getLogger(__name__)

_AFTER = ", after "
"""Stands between a cell's basis and the id of the last decision on the cell."""


@dataclass(frozen=True, slots=True)
class Reviews:
    """Operations of review. Each one reads the present grades; no separate queue is stored."""

    objects: ObjectStore
    decisions: DecisionStore
    clock: Clock

    def queue(self, assignment: str, limit: int, token: str | None, *, closed: bool = False) -> ReviewPage:
        """Return up to ``limit`` of the open cells, question by question, and the token of the next page.

        Parameters
        ----------
        closed
            Whether closed cells are listed too, such as for a student's appeal.

        Raises
        ------
        MissingMaterialError
            If nothing has been graded.
        RequestError
            If the token is not one of this list.
        """
        grades = self._gradebook(self._material(assignment))
        shown = [cell for cell in _after(grades, token) if closed or cell.state.is_open]
        page = shown[:limit]
        return ReviewPage(
            cells=tuple(_line(grades, cell) for cell in page),
            open_cells=sum(1 for _ in grades.open_cells()),
            next_token=page[-1].cell_id if len(shown) > limit else None,
        )

    def show(self, assignment: str, cell_id: str) -> ReviewView:
        """Return a cell with all material for a decision about it.

        Raises
        ------
        NotFoundError
            If no cell has this id.
        """
        material = self._material(assignment)
        grades = self._gradebook(material)
        cell, graded = grades.cell(cell_id), grades.graded(cell_id)
        answer = _answer(material, grades, cell)
        return ReviewView(
            **dict(_line(grades, cell)),
            question=_question(grades, cell),
            points_step=grades.exam.points_step,
            raw_text=answer.raw_text,
            confidence=answer.confidence,
            pages=tuple(self._places(material, cell.student_id, answer)),
            rubric=material.rubric_version(graded.rubric) or material.rubrics().get(cell.question_id),
            answer_key=material.answer_keys().get(cell.question_id),
            proposal=Proposal(
                points=graded.points, criteria=graded.criteria, feedback=graded.feedback, graders=graded.graders
            ),
            second_look=graded.second_look,
            of_older_version=graded.is_of_older_version and bool(graded.criteria),
            decisions=grades.decisions(cell_id),
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
            If there is no proposal to accept, or the points or the reason are missing or invalid.
        ConflictError
            If the cell has changed, or somebody has decided on it, since the person saw it.
        """
        grades = self._gradebook(self._material(assignment))
        cell = grades.cell(cell_id)
        if asked.basis != _shown_basis(grades, cell):
            changed = _decided_since(grades, cell_id, asked.basis) or (
                "was graded anew, or its question or a part of a page beside it changed, since you looked at it"
            )
            raise ConflictError(
                f"{cell_id} {changed}: look again (aita review show {cell_id} --assignment {assignment})"
            )
        graded, before = grades.graded(cell_id), grades.decision(cell_id)
        points = (
            _set_points(asked, cell, grades.exam.points_step)
            if asked.action is DecisionAction.SET
            else _accepted_points(asked, graded)
        )
        seen = (*(before.parts if before else ()), *(part.part_id for part in grades.parts_that_open(cell_id)))
        now = self.clock()
        decision = Decision(
            decision_id=str(ULID.from_datetime(now)),
            cell_id=cell_id,
            student_id=cell.student_id,
            question_id=cell.question_id,
            action=asked.action,
            points=points,
            why=asked.why,
            by=asked.by,
            caller=caller,
            at=now,
            basis=graded.basis,
            old_state=cell.state,
            old_points=cell.points,
            proposal=graded.proposal if asked.action is DecisionAction.ACCEPT else "",
            aita=VERSION,
            parts=tuple(dict.fromkeys(seen)),
            question=question_version(_question(grades, cell)),
        )
        self.decisions.add(assignment, decision)
        logger.info("decided on %s: %s", cell_id, asked.action)
        return decision

    def decided(self, assignment: str, limit: int, token: str | None) -> DecisionPage:
        """Return up to ``limit`` of an assignment's decisions, and the token of the next page."""
        decisions, following = self.decisions.page(check_assignment(assignment), limit, token)
        return DecisionPage(decisions=tuple(decisions), next_token=following)

    def _material(self, assignment: str) -> AssignmentFiles:
        return AssignmentFiles(self.objects, check_assignment(assignment), self.decisions)

    def _gradebook(self, material: AssignmentFiles) -> Gradebook:
        grades = Gradebook.of(material, self.decisions.all(material.assignment))
        if not grades.students:
            raise MissingMaterialError(
                f"nothing of assignment {material.assignment} was graded yet: grade it first "
                f"(aita grade --assignment {material.assignment})"
            )
        return grades

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


def _line(grades: Gradebook, cell: Cell) -> ReviewLine:
    return ReviewLine(
        cell_id=cell.cell_id,
        student_id=cell.student_id,
        question_id=cell.question_id,
        state=cell.state,
        points=cell.points,
        max_points=cell.max_points,
        flags=tuple(FlagView(kind=flag.kind, text=flag.text) for flag in cell.flags),
        reason=cell.reason,
        basis=_shown_basis(grades, cell),
        parts=tuple(part.part_id for part in grades.parts_that_open(cell.cell_id)),
    )


def _shown_basis(grades: Gradebook, cell: Cell) -> str:
    """Return the basis that a person sees: the cell's, and the last decision, so that none is overwritten unseen."""
    decisions = grades.decisions(cell.cell_id)
    return f"{cell.basis}{_AFTER}{decisions[-1].decision_id}" if decisions else cell.basis


def _decided_since(grades: Gradebook, cell_id: str, basis: str) -> str:
    """Return the last decision on a cell in words, if the basis that a person saw is from before it; else nothing."""
    decisions, seen = grades.decisions(cell_id), basis.partition(_AFTER)[2]
    if not decisions or decisions[-1].decision_id == seen:
        return ""
    last, of = decisions[-1], grades.cell(cell_id).max_points
    done = f"{'accepted with' if last.action is DecisionAction.ACCEPT else 'set to'} {last.points:g} of {of:g} points"
    return f"was {done} by {last.by} at {last.at:%Y-%m-%d %H:%M} UTC, since you looked at it"


def _question(grades: Gradebook, cell: Cell) -> Question:
    return next(question for question in grades.exam.questions if question.question_id == cell.question_id)


def _answer(material: AssignmentFiles, grades: Gradebook, cell: Cell) -> QuestionAnswer:
    student = grades.parts.placed(material.answers()).get(cell.student_id)
    answers = student.by_question() if student is not None else {}
    return answers.get(cell.question_id) or QuestionAnswer(question_id=cell.question_id)


def _accepted_points(asked: DecisionRequest, graded: Cell) -> float:
    if graded.points is None:
        raise RequestError(f"{graded.cell_id} has no proposal to accept: set its points")
    if asked.points is not None:
        raise RequestError("accepting takes the points that are proposed: set other ones instead")
    return graded.points


def _set_points(asked: DecisionRequest, cell: Cell, step: float) -> float:
    if asked.points is None:
        raise RequestError("points are missing: setting takes the points that count")
    if not asked.why:
        raise RequestError("why is missing: say for what the points are set, as it is kept with them")
    if exact(asked.points) > exact(cell.max_points):
        raise RequestError(f"{asked.points:g} points are more than the question is worth, {cell.max_points:g}")
    if asked.points != in_steps(asked.points, cell.max_points, step):
        raise RequestError(
            f"{asked.points:g} points are no multiple of {step:g}, the exam's points_step, nor all {cell.max_points:g}"
        )
    return asked.points
