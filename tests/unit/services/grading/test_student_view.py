"""What students are shown of their grades, over every state and every history of decisions, in every file for them."""

import json
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

from aita.errors import RequestError
from aita.memory.objects import MemoryObjects
from aita.models.decision import DecisionAction
from aita.models.exam import ExamSpec
from aita.models.grade import Cell, CellState, CriterionGrade, cell_id
from aita.models.review import DecisionRequest
from aita.models.review_flags import Flag, FlagKind
from aita.models.student import RosterEntry, Student, Students
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from aita.services.exports.canvas import export_canvas
from aita.services.exports.export_roster import call_roll
from aita.services.exports.gradescope import export_gradescope
from aita.services.exports.json_lines import export_json_lines
from aita.services.exports.moodle import export_moodle
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.review_queue import Reviews
from aita.services.reporting.report_builder import ReportSources
from tests.support.fakes import ASSIGNMENT, RENDERER, Clock
from tests.support.html_page import HtmlPage, words
from tests.support.memory_decisions import MemoryDecisions

pytestmark = pytest.mark.slow

STUDENT, QUESTION = "s-1", "1"
CELL = cell_id(STUDENT, QUESTION)
EXAM = ExamSpec(
    exam_name="Midterm",
    total_pages=1,
    points_step=0.25,
    questions=[{"question_id": QUESTION, "question_text": "Why?", "points": 8, "question_type": "short_answer"}],
)
PROPOSED = {1: 3.25, 2: 4.75, 3: 5.75}
"""What the first grading proposes, and the ones after it."""

SET = (6.75, 7.25, 2.75)
REVIEWER, CALLER = "login-of-ada", "arn:aws:iam::123456789012:user/ada"
ALWAYS_SECRET = (
    REVIEWER,
    CALLER,
    "arn:aws",
    "note of a flag",
    "reason of a failure",
    "0.37",
    "37%",
    "invented",
    "1.125",
)
KINDS = ("graded", "blank", "proposal", "blank_proposal", "no_proposal", "failed")
ACTIONS = ("accept", "set", "set_to_the_proposal", "graded_anew")


def graded(kind: str, number: int) -> Cell:
    """Return what the ``number``-th grading came to: its texts and points are its own."""
    values: dict[str, Any] = {
        "cell_id": CELL,
        "student_id": STUDENT,
        "question_id": QUESTION,
        "max_points": 8,
        "basis": f"basis {number}",
        "graders": (1.125,),
        "by_grader": ((1.125,),),
    }
    flags = (Flag(kind=FlagKind.QUOTE_NOT_FOUND, note="note of a flag"),)
    proposal = {
        "points": PROPOSED[number],
        "criteria": (
            CriterionGrade(points=2, quote=f"found {number}", reason=f"because {number}"),
            CriterionGrade(points=PROPOSED[number] - 2, quote=f"invented {number}", quote_found=False),
        ),
        "feedback": f"advice {number}",
    }
    match kind:
        case "graded":
            found = proposal["criteria"][:1]  # type: ignore[index]
            rest = CriterionGrade(points=PROPOSED[number] - 2, quote=f"seen {number}")
            values |= proposal | {"state": CellState.GRADED, "criteria": (*found, rest)}
        case "blank":
            values |= {"state": CellState.BLANK, "points": 0.0, "reason": "blank"}
        case "proposal":
            values |= proposal | {"state": CellState.NEEDS_REVIEW, "flags": flags}
        case "blank_proposal":
            values |= {"state": CellState.NEEDS_REVIEW, "points": 0.0, "reason": "blank", "flags": flags}
        case "no_proposal":
            values |= {"state": CellState.NEEDS_REVIEW, "flags": flags}
        case "failed":
            values |= {"state": CellState.FAILED, "reason": "reason of a failure"}
    return Cell(**values)


@dataclass
class Exam:
    """One student's one answer, decided about as people do, through the service."""

    kind: str
    gradings: int = 0
    decided: int = 0
    counted: set[float] = field(default_factory=set)
    why: str = ""
    clock: Clock = field(default_factory=Clock)
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    decisions: MemoryDecisions = field(default_factory=MemoryDecisions)

    def __post_init__(self) -> None:
        answer = {"question_id": QUESTION, "raw_text": "what the student wrote", "confidence": 0.37}
        for name, data in (
            ("questions.json", EXAM.model_dump()),
            ("students.json", Students(students=(Student(student_id=STUDENT, folder="4001"),)).model_dump()),
            ("answers.json", {STUDENT: {"question_answers": [answer]}}),
        ):
            self.put(name, data)
        self.grade()

    def put(self, name: str, data: Any) -> None:
        self.objects.put(object_keys.material(ASSIGNMENT, name), json.dumps(data).encode())

    def grade(self) -> None:
        self.gradings += 1
        cell = graded(self.kind, self.gradings)
        self.put("grades.json", {STUDENT: {QUESTION: cell.model_dump(mode="json")}})
        self.count()

    def act(self, action: str) -> None:
        """Do what a person does; what the service refuses is not done."""
        if action == "graded_anew":
            self.grade()
            return
        self.clock.advance(3600)
        reviews = Reviews(self.objects, self.decisions, self.clock)
        basis = reviews.show(ASSIGNMENT, CELL).basis
        proposed = self.book.graded(CELL).points
        asked = DecisionRequest(action=DecisionAction.ACCEPT, by=REVIEWER, basis=basis)
        if action != "accept":
            points = SET[self.decided % len(SET)] if action == "set" else proposed
            why = f"word {self.decided} of a person"
            asked = DecisionRequest(action=DecisionAction.SET, points=points, why=why, by=REVIEWER, basis=basis)
        try:
            reviews.decide(ASSIGNMENT, CELL, asked, CALLER)
        except RequestError:
            assert proposed is None, "only what has no proposal is refused"
            return
        self.why = asked.why
        self.decided += 1
        self.count()

    def count(self) -> None:
        """Keep what has counted so far."""
        cell = self.book.cell(CELL)
        if not cell.state.is_open and cell.points is not None:
            self.counted.add(cell.points)

    @property
    def book(self) -> Gradebook:
        return Gradebook.of(AssignmentFiles(self.objects, ASSIGNMENT), self.decisions.all(ASSIGNMENT))

    def files(self) -> dict[str, str]:
        """Return what the student's report says, and the gradebooks."""
        sources = ReportSources.read(AssignmentFiles(self.objects, ASSIGNMENT), self.decisions.all, ())
        report = sources.student_report(STUDENT, {}, self.clock())
        assert report is not None
        html = RENDERER.student(report)
        roster = (RosterEntry(name="Maya", number="4001"),)
        students, _ = AssignmentFiles(self.objects, ASSIGNMENT).students()
        roll = call_roll(self.book, ClassList.match(students, roster, (), ()))
        return {
            "source": html.decode(),
            "html": words(HtmlPage.of(html).text),
            "moodle": export_moodle(roll, "M").data.decode(),
            "canvas": export_canvas(roll, "M").data.decode(),
            "gradescope": export_gradescope(roll).data.decode(),
            "jsonl": export_json_lines(roll, self.book).data.decode(),
        }


FOR_STUDENTS = ("source", "html", "moodle", "canvas", "gradescope")


def check(exam: Exam, history: tuple[str, ...]) -> None:
    """Check all files, whatever was done."""
    files, cell = exam.files(), exam.book.cell(CELL)
    now = exam.gradings
    told = (exam.kind, history, cell.state)
    rejected = cell.state.is_open or cell.state is CellState.OVERRIDDEN
    secret = [*ALWAYS_SECRET]
    for number, points in PROPOSED.items():
        secret += [f"{points:g}"] if points not in exam.counted else []
        if number != now or rejected:
            secret += [f"found {number}", f"seen {number}", f"because {number}", f"advice {number}"]
    for name in FOR_STUDENTS:
        for each in secret:
            assert each not in files[name], (*told, name, each)
    before = files["html"].partition("Before: ")[2].partition(" of 8")[0]
    assert not before or float(before) in exam.counted, told
    assert "invented" not in files["jsonl"], told
    if cell.state is CellState.OVERRIDDEN:
        assert exam.why in files["html"], told
        assert exam.why in files["moodle"], told
        assert f"advice {now}" not in files["jsonl"], told
        assert f"because {now}" not in files["jsonl"], told
    if cell.state is CellState.GRADED:
        assert f"advice {now}" in files["html"], told
        assert f"advice {now}" in files["moodle"], told
        assert f"found {now}" in files["html"], told
        accepted = "Accepted by a person, without a quote from the answer." in files["html"]
        assert accepted == (exam.kind == "proposal"), told
    if not cell.state.is_open:
        assert f"{cell.points:g} / 8" in files["html"], told
        assert f"{cell.points:.2f}" in files["moodle"], told
        assert f"{cell.points:.2f}" in files["gradescope"], told
    assert files["html"].count("of a person") == (1 if cell.state is CellState.OVERRIDDEN else 0), told


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", range(4))
def test_nothing_that_is_not_for_students_is_in_a_file_for_them(kind: str, length: int) -> None:
    for history in product(ACTIONS, repeat=length):
        if history.count("graded_anew") >= len(PROPOSED):
            continue
        exam = Exam(kind)
        for action in history:
            exam.act(action)
        check(exam, history)


def test_every_state_is_reached() -> None:
    """So that the test above looks at all there is."""
    reached = set()
    for kind in KINDS:
        for action in (None, "accept", "set"):
            exam = Exam(kind)
            if action:
                exam.act(action)
            reached.add(exam.book.cell(CELL).state)
    assert reached == set(CellState)
