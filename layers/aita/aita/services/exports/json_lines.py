"""Every criterion of every answer, as JSON Lines for staff: a line for each student and question, open ones too.

Flags, graders' points, proposals and decisions with who decided are not for students. What a script could hand on is
what students are shown: a closed answer's criteria and feedback are those that count, and a quote that was not found
in the answer stands nowhere, whichever grader gave it.
"""

import json
from typing import Any

from aita.models.grade import Cell, CellState
from aita.models.shown import ShownAnswer
from aita.services.exports.export_roster import Export, ExportRoster, GradedStudent
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.student_view import found_quotes

_NO_GRADERS = {"graders": (), "by_grader": (), "gradings": ()}


def export_json_lines(roll: ExportRoster, gradebook: Gradebook) -> Export:
    """Return the lines.

    While a cell is open its ``points`` are null, what is proposed is its ``proposal``, and its criteria and feedback
    are the proposal's. Points that a person set have nothing of what graders proposed instead.
    """
    lines = (
        _line(student, cell, shown, gradebook)
        for student in roll.students
        for cell, shown in zip(student.grades.cells, student.shown, strict=True)
    )
    return roll.export("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())


def _line(student: GradedStudent, cell: Cell, shown: ShownAnswer, gradebook: Gradebook) -> dict[str, Any]:
    told: Cell | ShownAnswer = cell if cell.state.is_open else shown
    found = tuple(each.model_copy(update={"criteria": found_quotes(each.criteria)}) for each in cell.gradings)
    said = {"criteria": found_quotes(told.criteria), "feedback": told.feedback, "gradings": found}
    graders = _NO_GRADERS if cell.state is CellState.OVERRIDDEN else {}
    written = cell.model_copy(update=said | graders).model_dump(mode="json", exclude={"points"})
    return {
        "name": student.name,
        "number": student.entry.number if student.entry else None,
        "email": student.entry.email if student.entry else None,
        "folder": student.student.folder,
        "match": student.match,
        "points": None if cell.state.is_open else cell.points,
        "proposal": cell.points if cell.state.is_open else None,
        **written,
        "decisions": [
            decision.model_dump(mode="json", exclude={"cell_id", "student_id", "question_id"})
            for decision in gradebook.decisions(cell.cell_id)
        ],
    }
