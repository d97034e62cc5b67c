"""Cells of aita 0.1.0, which do not name all of their versions: whether they are of the material as it is now.

Such a cell has one digest of all that it is a grade of, its basis. It is computed again from the material of now, and
compared. It covers settings of the run that are not in the cell: the number of graders is that of the cell with the
most, and the disagreement is the one under which any cell matches.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice

from aita.models.exam import Question
from aita.models.grade import Cell, CellState
from aita.models.run import RunSettings
from aita.services.grade_inputs import GradeInputs
from aita.services.material import Material
from aita.services.versions import ANSWER, DIGITS, NOTES, RUBRIC, Changes, Versions, rubric_version

_OTHERWISE = "the answer, the answer key or the instructions were other ones"

_COMPARED = 200
"""Cells that are tried, spread over all, to find the disagreement: each costs a digest for each value."""


class OlderCells:
    """The cells of 0.1.0 among those of an assignment. The material is read when one is compared first."""

    def __init__(self, material: Material, versions: Versions, graded: Mapping[str, Mapping[str, Cell]]) -> None:
        self._material = material
        self._versions = versions
        self._cells = [cell for cells in graded.values() for cell in cells.values() if _is_older(cell)]

    def changes(self, cell: Cell, question: Question) -> Changes:
        """Return the changes since a cell was graded, for the question as it was; none of a cell that is no such."""
        comparable = _is_older(cell) and cell.student_id in self._inputs.answers
        return self._versions.noted(cell, self._notes(cell, question) if comparable else ())

    def _notes(self, cell: Cell, question: Question) -> Iterator[str]:
        if cell.state is CellState.BLANK:
            if not self._inputs.answers[cell.student_id][question.question_id].blank:
                yield NOTES[ANSWER]
        elif cell.rubric != rubric_version(self._inputs.rubrics.get(question.question_id)):
            yield NOTES[RUBRIC]
        elif not _matches(self._inputs_as_graded, cell, question):
            yield _OTHERWISE

    @cached_property
    def _inputs(self) -> GradeInputs:
        return GradeInputs.as_they_are(self._material, RunSettings(model="", max_workers=1))

    @cached_property
    def _inputs_as_graded(self) -> GradeInputs:
        """The inputs with the settings that the cells were graded with; with the usual disagreement if none fits."""
        graders = max((len(cell.graders) for cell in self._cells), default=0) or 1
        usual = self._inputs.model_copy(update={"graders": graders})
        questions = {question.question_id: question for question in usual.exam.questions}
        tried = [
            (cell, questions[cell.question_id])
            for cell in islice(self._cells, 0, None, max(1, len(self._cells) // _COMPARED))
            if cell.question_id in questions and cell.student_id in usual.answers
        ]
        for disagreement in (usual.disagreement, *(hundredths / 100 for hundredths in range(101))):
            inputs = usual.model_copy(update={"disagreement": disagreement})
            if any(_matches(inputs, *each) for each in tried):
                return inputs
        return usual


def _is_older(cell: Cell) -> bool:
    """Tell whether a cell names no version of its answer, and has a digest as its basis."""
    return not cell.answer and len(cell.basis) == DIGITS


def _matches(inputs: GradeInputs, cell: Cell, question: Question) -> bool:
    rubric = inputs.rubrics.get(cell.question_id)
    asked = inputs.model_copy(update={"model": cell.model})
    return asked.basis(cell.student_id, question, rubric) == cell.basis
