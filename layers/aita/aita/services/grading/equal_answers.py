"""Answers that say the same: listed together, and decided on at once."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from aita.errors import ConflictError, RequestError
from aita.models.answer import StudentAnswers
from aita.models.decision import DecisionAction
from aita.models.equal_answers import (
    EqualAnswers,
    EqualAnswersList,
    EqualDecisionRequest,
    EqualDecisions,
    LeftAnswer,
)
from aita.models.grade import Cell
from aita.models.points import exact
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.cell_views import review_line
from aita.services.grading.corrected_answers import Corrections
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.review_queue import Reviews
from aita.tasks.plain_text import plain
from aita.tasks.transcription_marks import DRAWN, UNREAD, read_marks

_TRAILING_ZEROS = re.compile(r"(?<![\d.])(\d+)(?:\.0+|(\.\d*?[1-9])0+)(?![\d.])")


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
        """
        material = self.reviews.material(assignment)
        grades = self.reviews.gradebook(material)
        cells = [*(grades.cells() if question_id is None else grades.cells_of(question_id))]
        texts = _texts(material, grades, cells)
        found = [
            EqualAnswers(
                question_id=same[0].question_id,
                text=texts[same[0].cell_id],
                differ=differ(same),
                max_points=same[0].max_points,
                cells=tuple(review_line(grades, cell) for cell in same),
            )
            for same in groups(cells, texts)
        ]
        return EqualAnswersList(groups=tuple(sorted(found, key=lambda each: (not each.differ, -len(each.cells)))))

    def decide(self, assignment: str, cell_id: str, asked: EqualDecisionRequest, caller: str = "") -> EqualDecisions:
        """Record a person's decision about an answer, and the same about others that equal it, each as its own row.

        Raises
        ------
        NotFoundError
            If no cell has one of these ids.
        RequestError
            If another answer says something else, or the decision is no decision about points.
        ConflictError
            If the named answer has changed, or somebody has decided on it, since the person saw it.
        """
        if asked.decision.action not in (DecisionAction.ACCEPT, DecisionAction.SET):
            raise RequestError("action: equal answers are accepted or given points; all else is one answer's")
        material = self.reviews.material(assignment)
        grades = self.reviews.gradebook(material)
        cell, others = grades.cell(cell_id), [*map(grades.cell, asked.others)]
        texts = _texts(material, grades, (cell, *others))
        for other in others:
            if other.cell_id == cell_id or _same(other, texts) != _same(cell, texts):
                raise RequestError(
                    f"others: {other.cell_id} says something else than {cell_id}: decide on it by itself"
                )
        made = [self.reviews.decide_on(material, grades, cell_id, asked.decision, caller)]
        left = []
        for other_id, basis in asked.others.items():
            request = asked.decision.model_copy(update={"basis": basis})
            try:
                made.append(self.reviews.decide_on(material, grades, other_id, request, caller))
            except ConflictError as error:
                left.append(LeftAnswer(cell_id=other_id, message=str(error)))
        return EqualDecisions(decisions=tuple(made), left=tuple(left))


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


def differ(cells: Iterable[Cell]) -> bool:
    """Return whether the points of cells differ; a cell without points differs from one with any."""
    return len({None if cell.points is None else exact(cell.points) for cell in cells}) > 1


def normal_form(text: str) -> str:
    """Return an answer's text as others may write it: without differences of Unicode, white space, LaTeX and numbers.

    Struck-out words are no part of it. A text with a drawing, or with words that were not read, has none, as it does
    not tell all that stands there.
    """
    kept = read_marks(text).kept
    if UNREAD in kept or DRAWN in kept:
        return ""
    return _TRAILING_ZEROS.sub(r"\1\2", plain(kept).text).strip(" .")


def _same(cell: Cell, texts: Mapping[str, str]) -> tuple[str, str]:
    return cell.question_id, normal_form(texts.get(cell.cell_id, ""))


def _texts(material: AssignmentFiles, grades: Gradebook, cells: Iterable[Cell]) -> dict[str, str]:
    """Return the texts of cells' answers, as they count, by cell id."""
    corrections = Corrections(material.cell_decisions(), grades.exam, material.pages())
    answers = corrections.applied(grades.parts.placed(material.answers()))
    return {cell.cell_id: _text(answers, cell) for cell in cells}


def _text(answers: Mapping[str, StudentAnswers], cell: Cell) -> str:
    student = answers.get(cell.student_id)
    answer = student.by_question().get(cell.question_id) if student is not None else None
    return answer.raw_text if answer is not None else ""
