"""Settings of an assignment's last grading, which are the defaults of its next run."""

from typing import Any

from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.legacy_cells import LegacyCells
from aita.services.grading.material_versions import Versions


def graded_before(material: AssignmentFiles) -> dict[str, Any]:
    """Return ``graders`` and ``disagreement`` of the assignment's last grading.

    The result is empty before the first grading, and if all cells are of aita 0.1.0 and have changed inputs.

    Raises
    ------
    InvalidMaterialError
        If a file is invalid.
    MissingMaterialError
        If there are grades, but no questions.
    """
    graded = material.grades()
    with_settings = (cell for cells in graded.values() for cell in cells.values() if cell.graders_asked)
    if (cell := next(with_settings, None)) is not None:
        return {"graders": cell.graders_asked, "disagreement": cell.disagreement}
    if not graded:
        return {}
    way = LegacyCells(material, Versions.of(material, material.exam()), graded).way
    return way._asdict() if way is not None else {}
