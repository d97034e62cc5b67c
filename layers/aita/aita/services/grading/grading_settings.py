"""How an assignment was graded: a later run goes on in the same way unless it is given another one."""

from typing import Any

from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.legacy_cells import LegacyCells
from aita.services.grading.material_versions import Versions


def graded_before(material: AssignmentFiles) -> dict[str, Any]:
    """Return the run settings that the assignment was graded with last: ``graders`` and ``disagreement``.

    There are none before the first grading, and none of cells of aita 0.1.0 that are all of something else by now.

    Raises
    ------
    InvalidMaterialError, MissingMaterialError
        If a file is wrong, or there are grades and no questions.
    """
    graded = material.grades()
    named = (cell for cells in graded.values() for cell in cells.values() if cell.graders_asked)
    if (cell := next(named, None)) is not None:
        return {"graders": cell.graders_asked, "disagreement": cell.disagreement}
    if not graded:
        return {}
    way = LegacyCells(material, Versions.of(material, material.exam()), graded).way
    return way._asdict() if way is not None else {}
