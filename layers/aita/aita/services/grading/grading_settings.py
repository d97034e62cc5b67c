"""Settings of an assignment's last grading, which are the defaults of its next run."""

from typing import Any

from aita.models.second_look import See
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.legacy_cells import LegacyCells
from aita.services.grading.material_versions import Versions


def graded_before(material: AssignmentFiles) -> dict[str, Any]:
    """Return ``graders``, ``disagreement``, ``see`` and ``readings`` of the assignment's last grading.

    The result is empty before the first grading. It has ``see`` alone if all cells are of aita 0.1.0 and have changed
    inputs. Before version 0.3 graders saw no strips.

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
        way = {"graders": cell.graders_asked, "disagreement": cell.disagreement}
        return way | {"see": cell.see or See.NEVER, "readings": cell.readings}
    if not graded:
        return {}
    legacy = LegacyCells(material, Versions.of(material, material.exam(), material.cell_decisions()), graded)
    return {"see": See.NEVER} | (legacy.way._asdict() if legacy.way is not None else {})
