"""Every criterion of every answer, as JSON Lines: a line for each student and question, open ones too."""

import json
from typing import Any

from aita.models.grade import Cell
from aita.services.exports.roll import Export, GradedStudent, Roll
from aita.services.gradebook import Gradebook


def export_json_lines(roll: Roll, gradebook: Gradebook) -> Export:
    """Return the lines. While a cell is open its ``points`` are null, and what is proposed is its ``proposal``."""
    lines = (_line(student, cell, gradebook) for student in roll.students for cell in student.grades.cells)
    return roll.export("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())


def _line(student: GradedStudent, cell: Cell, gradebook: Gradebook) -> dict[str, Any]:
    written = cell.model_dump(mode="json", exclude={"points"})
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
