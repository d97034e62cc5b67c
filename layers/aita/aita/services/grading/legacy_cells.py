"""Changes of the material since cells of aita 0.1.0 were graded, which do not record the versions of all inputs.

Such a cell has one digest of all its inputs, its basis, which is compared with the basis of the present material. The
digest covers two settings of the run that are not in the cell: the number of graders and the disagreement. They are
found by trying: the settings with which any cell's basis matches are the ones of all cells.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import chain, islice, product
from typing import NamedTuple

from aita.models.exam import Question
from aita.models.grade import Cell, CellState
from aita.models.run import RunSettings
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.grade_inputs import GradeInputs
from aita.services.grading.material_versions import ANSWER, DIGITS, NOTES, RUBRIC, Changes, Versions, rubric_version

_OTHERWISE = "the answer, the answer key, the instructions or the step of points"

_COMPARED = 20
"""Number of cells, spread over all, that are tried to find the settings. Each one costs a digest for each setting."""

_MOST_GRADERS = 9


class Way(NamedTuple):
    """Way of grading: the number of graders, and the share of the points from which on they disagree."""

    graders: int
    disagreement: float


USUAL = Way(1, 0.2)


class LegacyCells:
    """Cells of 0.1.0 among an assignment's cells. The material is read at the first comparison."""

    def __init__(self, material: AssignmentFiles, versions: Versions, graded: Mapping[str, Mapping[str, Cell]]) -> None:
        self._material = material
        self._versions = versions
        self._graded = graded

    def changes(self, cell: Cell, question: Question) -> Changes:
        """Return the changes since a cell was graded, for the question at that time.

        Of a cell that is not of 0.1.0, only changes of the scans are returned.
        """
        return self._versions.add_scan_changes(cell, self._notes(cell, question) if _is_older(cell) else ())

    @cached_property
    def way(self) -> Way | None:
        """Way in which the cells were graded; ``None`` without cells, or if the inputs of all of them have changed."""
        questions = {question.question_id: question for question in self._inputs.exam.questions}
        answers = self._inputs.answers
        older = (cell for cells in self._graded.values() for cell in cells.values() if _is_older(cell))
        there = [cell for cell in older if cell.question_id in questions and cell.student_id in answers]
        spread = islice(there, 0, None, max(1, len(there) // _COMPARED))
        tried = [(cell.basis, self._basis(cell, questions[cell.question_id])) for cell in spread]
        usual = [Way(graders, USUAL.disagreement) for graders in range(1, _MOST_GRADERS + 1)]
        others = product(range(1, _MOST_GRADERS + 1), (thousandths / 1000 for thousandths in range(1001)))
        ways = ((way, _encoded(way)) for way in chain(usual, (Way(*way) for way in others)))
        return next((way for way, end in ways if any(basis_of(end) == basis for basis, basis_of in tried)), None)

    def _notes(self, cell: Cell, question: Question) -> Iterator[str]:
        answer = self._inputs.answers.get(cell.student_id, {}).get(question.question_id)
        if answer is None:
            yield NOTES[ANSWER]
        elif cell.state is CellState.BLANK:
            if not answer.blank:
                yield NOTES[ANSWER]
        elif cell.rubric != rubric_version(self._inputs.rubrics.get(question.question_id)):
            yield NOTES[RUBRIC]
        elif self._basis(cell, question)(_encoded(self.way or USUAL)) != cell.basis:
            yield _OTHERWISE

    def _basis(self, cell: Cell, question: Question) -> Callable[[bytes], str]:
        """Return a function from the encoded way of grading to the cell's present basis.

        The other inputs are digested once.
        """
        rubric = self._inputs.rubrics.get(question.question_id)
        parts = [*self._inputs.older_basis_parts(cell.student_id, question, rubric), cell.model]
        begun = hashlib.sha256(json.dumps(parts).removesuffix("]").encode())

        def basis(way: bytes) -> str:
            whole = begun.copy()
            whole.update(way)
            return whole.hexdigest()[:DIGITS]

        return basis

    @cached_property
    def _inputs(self) -> GradeInputs:
        return GradeInputs.unchecked(self._material, RunSettings(model="", max_workers=1))


def _encoded(way: Way) -> bytes:
    """Return the end of a basis's text before the digest: a JSON list, whose last items are the way's."""
    return f", {json.dumps(way).removeprefix('[')}".encode()


def _is_older(cell: Cell) -> bool:
    """Return whether a cell has no version of its answer, and a digest as its basis."""
    return not cell.answer and len(cell.basis) == DIGITS
