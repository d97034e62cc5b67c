"""A small class, graded, for the tests of exports."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from aita.models.decision import Decision, DecisionAction
from aita.models.exam import ExamSpec
from aita.models.grade import Cell, CellState, CriterionGrade, cell_id
from aita.models.match import MatchAction, MatchDecision
from aita.models.review_flags import Flag, FlagKind
from aita.models.student import RosterEntry, Student, Students
from aita.services.assignments.class_list import ClassList
from aita.services.exports.export_roster import ExportRoster, call_roll
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.unplaced_parts import NO_PARTS

EXAM = ExamSpec(
    exam_name="Midterm 1",
    total_pages=2,
    questions=[
        {"question_id": "1a", "question_text": "What is 2 + 2?", "points": 5, "question_type": "short_answer"},
        {"question_id": "2", "question_text": "Why?", "points": 2.5, "question_type": "long_answer"},
    ],
)

ROSTER = (
    RosterEntry(
        name="Lindqvist, Maya", number="S1001", email="maya@x.test", login="mlindq", section="A", canvas_id="881"
    ),
    RosterEntry(
        name="Inés Muñoz Tarrés", first_name="Inés", last_name="Muñoz Tarrés", number="S1002", email="ines@x.test"
    ),
    RosterEntry(name='=HYPERLINK("http://x.test","O\'Brien")', number="-5", email="obrien@x.test"),
    RosterEntry(name="Juana de la Cruz", number="S1004", email="juana@x.test", section="B; =1+1"),
    RosterEntry(name="Ann Lee", number="S1005", email="ann5@x.test"),
    RosterEntry(name="Ann Lee", number="S1006", email="ann6@x.test"),
    RosterEntry(name="Oona Bracegirdle", number="S1007"),
    RosterEntry(name="Grace Hopper", number="S1008", email="grace@x.test"),
)

FOLDERS = {
    "s-1": "Maya Lindqvist",
    "s-2": "Ines Munoz Tarres",
    "s-3": "S1003_O'Brien =HYPERLINK -5 (http://x.test)",
    "s-4": "Juana de la Cruz",
    "s-5": "Ann Lee_S1006",
    "s-6": "Ann Lee",
    "s-7": "Oona Bracegirdel",
    "s-8": "Zoe_Quinn",
    "s-9": "Cy",
}


def cell(student: str, question: str, state: CellState = CellState.GRADED, *points: float, **changes: Any) -> Cell:
    """Return a cell with a criterion for each of the points."""
    values: dict[str, Any] = {
        "cell_id": cell_id(student, question),
        "student_id": student,
        "question_id": question,
        "state": state,
        "max_points": next(one.points for one in EXAM.questions if one.question_id == question),
        "basis": "basis",
        "rubric": "r1",
    }
    if state in (CellState.GRADED, CellState.NEEDS_REVIEW):
        criteria = tuple(CriterionGrade(points=each, quote="2 + 2 = 4", reason="right") for each in points)
        values |= {"points": sum(points), "criteria": criteria, "graders": (sum(points),), "feedback": "Well done."}
    if state is CellState.BLANK:
        values |= {"points": 0.0}
    if state is CellState.FAILED:
        values |= {"reason": "UnparsableReplyError: it is no JSON"}
    return Cell(**values | changes)


GRADED, BLANK, OPEN, FAILED = CellState.GRADED, CellState.BLANK, CellState.NEEDS_REVIEW, CellState.FAILED

CELLS = (
    cell("s-1", "1a", GRADED, 3, 1.5),
    cell("s-1", "2", GRADED, 2.5, feedback='=SUM(A1)  is "no" answer; -1 & x<y \\"'),
    cell("s-2", "1a", GRADED, 5.0),
    cell("s-2", "2", BLANK),
    cell("s-3", "1a", GRADED, 0.0, feedback=""),
    cell("s-3", "2", GRADED, 0.25, feedback="ends with \\"),
    cell("s-4", "1a", OPEN, 3.0, flags=(Flag(kind=FlagKind.INSTRUCTION, note="line 1"),)),
    cell("s-4", "2", GRADED, 1.0),
    cell("s-5", "1a", GRADED, 4.0),
    cell("s-5", "2", GRADED, 2.0),
    cell("s-6", "1a", GRADED, 1.0),
    cell("s-6", "2", FAILED),
    cell("s-7", "1a", GRADED, 2.0),
    cell("s-7", "2", GRADED, 2.0),
    cell("s-8", "1a", GRADED, 1.0),
    cell("s-8", "2", GRADED, 1.0),
)

DECISION = Decision(
    decision_id="d-1",
    cell_id=cell_id("s-1", "1a"),
    student_id="s-1",
    question_id="1a",
    action=DecisionAction.SET,
    points=4.75,
    why="the sketch counts",
    by="prof",
    at=datetime(2026, 3, 1, 9, 0, tzinfo=UTC),
    basis="basis",
    old_state=CellState.GRADED,
    old_points=4.5,
)


MATCHED = MatchDecision(
    decision_id="000001",
    student_id="s-7",
    action=MatchAction.MATCH,
    line=ROSTER[6].version,
    why="the folder's name has a slip",
    by="prof",
    at=datetime(2026, 3, 1, 9, 0, tzinfo=UTC),
)
"""A person's word that the folder Oona Bracegirdel is Oona Bracegirdle's."""


def gradebook(
    cells: Iterable[Cell] = CELLS, exam: ExamSpec = EXAM, decisions: tuple[Decision, ...] = (DECISION,)
) -> Gradebook:
    graded: dict[str, dict[str, Cell]] = {}
    for each in cells:
        graded.setdefault(each.student_id, {})[each.question_id] = each
    return Gradebook(exam, graded, decisions, NO_PARTS)


def students(folders: Mapping[str, str] = FOLDERS) -> Students:
    return Students(students=tuple(Student(student_id=each, folder=folder) for each, folder in folders.items()))


def class_list(
    folders: Mapping[str, str] = FOLDERS,
    roster: tuple[RosterEntry, ...] | None = ROSTER,
    matches: tuple[MatchDecision, ...] = (),
) -> ClassList:
    return ClassList.match(students(folders), roster, matches, ())


def roll(
    roster: tuple[RosterEntry, ...] | None = ROSTER, matches: tuple[MatchDecision, ...] = (MATCHED,)
) -> ExportRoster:
    return call_roll(gradebook(), class_list(roster=roster, matches=matches))
