"""Export for staff as JSON Lines: a line for each student and question, also open ones, with all criteria.

Flags, graders' points, proposals, and decisions with the names of the deciding people are not for students. Criteria
and feedback are safe to pass on: those of a closed answer are the ones that its student sees, and no quote is exported
that was not found in the answer, whichever grader gave it.
"""

import json
from typing import Any

from aita.models.grade import Cell, CellState
from aita.models.shown import ShownAnswer
from aita.services.exports.export_roster import Export, ExportRoster, GradedStudent, unconfirmed
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.student_view import found_quotes

_NO_GRADERS = {"graders": (), "by_grader": (), "gradings": (), "second_look": None}

_LINE_ENDS = {ord(each): f"\\u{ord(each):04x}" for each in "\x85\u2028\u2029"}
"""Ends of lines in Unicode and in many readers, which JSON leaves as they are within text."""


def export_json_lines(roll: ExportRoster, gradebook: Gradebook) -> Export:
    """Return the export.

    An open cell has ``points`` of null, the proposed points as its ``proposal``, and the proposal's criteria and
    feedback. A cell whose points a person set has the criteria and the feedback that this person gave, and no gradings.
    The ``total`` of a student with an open cell is null, too. ``grades_version`` is the same on all lines.
    """
    version = gradebook.version
    lines = (
        _line(student, cell, shown, gradebook) | {"grades_version": version}
        for student in roll.students
        for cell, shown in zip(student.grades.cells, student.shown, strict=True)
    )
    doubts = [f"{student.student.folder}: {doubt}" for student in roll.students if (doubt := unconfirmed(student))]
    data = "".join(json.dumps(line, ensure_ascii=False).translate(_LINE_ENDS) + "\n" for line in lines).encode()
    return roll.with_notes(*doubts).export(data)


def _line(student: GradedStudent, cell: Cell, shown: ShownAnswer, gradebook: Gradebook) -> dict[str, Any]:
    source: Cell | ShownAnswer = cell if cell.state.is_open else shown
    gradings = tuple(each.model_copy(update={"criteria": found_quotes(each.criteria)}) for each in cell.gradings)
    content: dict[str, Any] = {
        "criteria": found_quotes(source.criteria),
        "feedback": source.feedback,
        "gradings": gradings,
        "first_grading": None,  # the grading before a change of points is in the audit
    }
    graders = _NO_GRADERS if cell.state is CellState.OVERRIDDEN else {}
    exported = cell.model_copy(update=content | graders).model_dump(mode="json", exclude={"points"})
    return {
        "name": student.name,
        "number": student.entry.number if student.entry else None,
        "email": student.entry.email if student.entry else None,
        "folder": student.student.folder,
        "match": student.match,
        "points": None if cell.state.is_open else cell.points,
        "proposal": cell.points if cell.state.is_open else None,
        "bonus": shown.bonus,
        "counts": not cell.state.is_open and not shown.not_counted,
        "total": student.grades.points if student.grades.final else None,
        "out_of": student.grades.out_of,
        **exported,
        "decisions": [
            decision.model_dump(mode="json", exclude={"cell_id", "student_id", "question_id"})
            for decision in gradebook.decisions(cell.cell_id)
        ],
    }
