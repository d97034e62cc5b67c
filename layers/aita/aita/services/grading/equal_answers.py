"""Answers that say the same: listed together, and decided on at once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from aita.concurrency import map_concurrently
from aita.errors import ConflictError, RequestError
from aita.models.answer import StudentAnswers
from aita.models.decision import Decision, DecisionAction
from aita.models.equal_answers import (
    EqualAnswers,
    EqualAnswersList,
    EqualDecisionRequest,
    EqualDecisions,
    LeftAnswer,
)
from aita.models.exam import QuestionType
from aita.models.grade import Cell
from aita.models.points import exact
from aita.models.review import DecisionRequest
from aita.models.review_flags import FlagKind
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.asked_decisions import deciding_rubric
from aita.services.grading.cell_views import review_line
from aita.services.grading.equal_forms import normal_form
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.material_versions import rubric_version
from aita.services.grading.review_queue import Reviews

_NOT_IN_TEXT = frozenset(
    {
        FlagKind.READING_DIFFERS,
        FlagKind.UNREAD,
        FlagKind.UNEXPLAINED_INK,
        FlagKind.CUT_OFF,
        FlagKind.PAGE_MISSING,
    }
)
"""Doubts with which an answer may say something else on the page than in its text."""

_WRITTEN_AT_ONCE = 8
"""Decisions whose rows are written at the same time; each row is one request."""


@dataclass(frozen=True, slots=True)
class EqualAnswerGroups:
    """Operations on equal answers. Each one reads the present answers and grades."""

    reviews: Reviews

    def list(self, assignment: str, question_id: str | None = None) -> EqualAnswersList:
        """Return the groups of equal answers, of one question or of all.

        Raises
        ------
        MissingMaterialError
            If nothing has been graded.
        NotFoundError
            If the exam has no such question.
        """
        material = self.reviews.material(assignment)
        grades = self.reviews.gradebook(material)
        if question_id is not None:
            grades.question(question_id)
        cells = [*(grades.cells() if question_id is None else grades.cells_of(question_id))]
        texts = _texts(grades, cells)
        found = [
            EqualAnswers(
                question_id=same[0].question_id,
                text=texts[same[0].cell_id],
                texts=_wordings(texts[cell.cell_id] for cell in same),
                differ=differ(same),
                max_points=same[0].max_points,
                cells=tuple(review_line(grades, cell) for cell in same),
            )
            for same in groups(cells, texts)
        ]
        return EqualAnswersList(groups=tuple(sorted(found, key=lambda each: (not each.differ, -len(each.cells)))))

    def decide(self, assignment: str, cell_id: str, asked: EqualDecisionRequest, caller: str = "") -> EqualDecisions:
        """Record a person's decision about an answer, and the same about others that equal it, each as its own row.

        A request that is sent again, as its answer was lost or a row could not be written, goes on with what is left.

        Raises
        ------
        NotFoundError
            If no cell has one of these ids.
        RequestError
            If another answer says something else, or the decision is no decision about points. Another answer that the
            same decision can't be made on is left, and named.
        ConflictError
            If the named answer has changed, or somebody has decided on it, since the person saw it.
        """
        if asked.decision.action not in (DecisionAction.ACCEPT, DecisionAction.SET):
            raise RequestError("action: equal answers are accepted or given points; all else is one answer's")
        material = self.reviews.material(assignment)
        grades = self.reviews.gradebook(material)
        cell, others = grades.cell(cell_id), [*map(grades.cell, asked.others)]
        texts = _texts(grades, (cell, *others))
        same = _same(cell, texts)
        if not same[1] and others:
            raise RequestError(f"{cell_id}: its text does not tell all that stands there: decide on it by itself")
        for other in others:
            if other.cell_id == cell_id or _same(other, texts) != same:
                raise RequestError(
                    f"others: {other.cell_id} says something else than {cell_id}: decide on it by itself"
                )
        first = self._decide_once(material, grades, cell_id, asked.decision, caller)

        def decided(other: tuple[str, str]) -> Decision | LeftAnswer:
            other_id, basis = other
            try:
                _check_asked(cell, grades.cell(other_id))
                request = _same_decision(asked.decision, first, grades.graded(other_id), material, basis)
                return self._decide_once(material, grades, other_id, request, caller)
            except (ConflictError, RequestError) as error:
                return LeftAnswer(cell_id=other_id, message=str(error))

        found = map_concurrently(decided, asked.others.items(), _WRITTEN_AT_ONCE)
        made = [each for each in found if isinstance(each, Decision)]
        left = [each for each in found if isinstance(each, LeftAnswer)]
        return EqualDecisions(decisions=(first, *made), left=tuple(left))

    def _decide_once(
        self, material: AssignmentFiles, grades: Gradebook, cell_id: str, asked: DecisionRequest, caller: str
    ) -> Decision:
        """Record a decision, or return the one that the same person's same request has recorded before."""
        try:
            return self.reviews.decide_on(material, grades, cell_id, asked, caller)
        except ConflictError as error:
            recorded: Decision | None = error.theirs
            if recorded is None or not self.reviews.is_recorded(material, grades, recorded, asked, caller):
                raise
            return recorded


def _check_asked(cell: Cell, other: Cell) -> None:
    """Check that nobody left another answer to the instructor, unless the one that is read was left, too.

    Raises
    ------
    RequestError
        If somebody did.
    """
    is_asked = [any(flag.kind is FlagKind.ASKED for flag in each.flags) for each in (cell, other)]
    if is_asked == [False, True]:
        raise RequestError(f"{other.cell_id} was left to the instructor, with a note: read it, and decide on it alone")


def _same_decision(
    asked: DecisionRequest, first: Decision, graded: Cell, material: AssignmentFiles, basis: str
) -> DecisionRequest:
    """Return the request for the decision on another answer that gives it the points of the first one.

    Parameters
    ----------
    first
        Decision on the named answer, with the points of all criteria, also of those that it kept from its proposal.
    graded
        Cell of the other answer before people's decisions.

    Raises
    ------
    RequestError
        If the same decision would give the other answer other points.
    """
    if first.action is DecisionAction.ACCEPT:
        if graded.points is not None and first.points is not None and exact(graded.points) != exact(first.points):
            raise RequestError(
                f"{graded.cell_id}: {graded.points:g} points are proposed for it, and {first.points:g} for "
                f"{first.cell_id}: set the points of both"
            )
        return asked.model_copy(update={"basis": basis})
    if not first.criteria:
        return asked.model_copy(update={"basis": basis})
    rubric = deciding_rubric(material, graded)
    if rubric is None or rubric_version(rubric) != first.rubric:
        raise RequestError(f"{graded.cell_id}: it is graded by another rubric than {first.cell_id}: decide on it alone")
    criteria = dict(enumerate(first.criteria, 1))
    return asked.model_copy(update={"basis": basis, "criteria": criteria, "points": first.points})


def groups(cells: Iterable[Cell], texts: Mapping[str, str]) -> Iterator[list[Cell]]:
    """Yield the cells whose answers say the same, where there are two or more.

    Parameters
    ----------
    texts
        Texts of the answers by cell id.
    """
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if (same := _same(cell, texts))[1]:
            found.setdefault(same, []).append(cell)
    return (each for each in found.values() if len(each) > 1)


def is_text_known(doubts: Iterable[FlagKind]) -> bool:
    """Return whether an answer was graded by its text, and the text is not known to lack something, by its flags."""
    return _NOT_IN_TEXT.isdisjoint(doubts)


def differ(cells: Iterable[Cell]) -> bool:
    """Return whether the points of cells differ; a cell without points differs from one with any."""
    return len({None if cell.points is None else exact(cell.points) for cell in cells}) > 1


def _same(cell: Cell, texts: Mapping[str, str]) -> tuple[str, str]:
    return cell.question_id, normal_form(texts.get(cell.cell_id, ""))


def _wordings(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the texts that differ in more than white space, in their order."""
    found: dict[str, str] = {}
    for text in texts:
        found.setdefault(" ".join(text.split()), text)
    return tuple(found.values())


def _texts(grades: Gradebook, cells: Iterable[Cell]) -> dict[str, str]:
    """Return the texts of cells' answers, as they count, by cell id; of answers that have more than their text none."""
    drawn = {each.question_id for each in grades.exam.questions if each.question_type is QuestionType.DIAGRAM}
    return {
        cell.cell_id: _text(grades.answers, cell)
        for cell in cells
        if cell.question_id not in drawn
        and is_text_known(flag.kind for flag in grades.graded(cell.cell_id).flags)
        and not grades.parts_that_open(cell.cell_id)
    }


def _text(answers: Mapping[str, StudentAnswers], cell: Cell) -> str:
    student = answers.get(cell.student_id)
    answer = student.by_question().get(cell.question_id) if student is not None else None
    return answer.raw_text if answer is not None else ""
