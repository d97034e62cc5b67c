"""A class in the pipeline: uploads, runs and decisions in process, and what has to come of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aita.errors import AitaError
from aita.models.decision import DecisionAction
from aita.models.grade import Cell, cell_id
from aita.models.review import DecisionRequest
from aita.models.run import Run, StageEvent
from aita.ports import StoredRow
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from aita.services.compliance.audit_bundle import Auditor
from aita.services.execution.blank_exams import BlankExams
from aita.services.exports.export_roster import ExportRoster, call_roll
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.review_queue import Reviews
from tests.adversary import imaging
from tests.adversary.classes import ExamClass, NotApplicableError, Sitter
from tests.adversary.model import Model
from tests.adversary.pages import file_of
from tests.support.fakes import ASSIGNMENT, Harness

Place = tuple[str, str]
"""A cell by its student's name and its question's id."""


class Stages(Harness):
    """Every service over stores in memory, which reads descriptions of pages as scans."""

    def cold(self) -> None:
        super().cold()
        self.splitter = replace(self.splitter, blank_exams=BlankExams(self.objects, imaging.pages, imaging.BlankExam))


class _NoRows:
    """A table without rows: the audit's totals need none."""

    def of_assignment(self, assignment: str) -> Iterator[StoredRow]:
        return iter(())

    def of_run(self, run_id: str) -> Iterator[StoredRow]:
        raise NotImplementedError

    def delete(self, rows: Sequence[StoredRow]) -> None:
        raise NotImplementedError


@dataclass
class Session:
    """One class with its stores.

    Parameters
    ----------
    touched
        Cells that a mishap may open.
    unknowable
        Cells of which nobody can know the points, such as those of another exam: only a person may close them.
    untold
        Cells whose points are not compared for now.
    decided
        Points that a person set, which count until the cell is open again.
    """

    exam_class: ExamClass
    touched: set[Place] = field(default_factory=set)
    unknowable: set[Place] = field(default_factory=set)
    untold: set[Place] = field(default_factory=set)
    decided: dict[Place, float] = field(default_factory=dict)
    reports_are_new: bool = False

    def __post_init__(self) -> None:
        self.stages = Stages()
        self.model = Model(self.exam_class)
        self.stages.model.otherwise = lambda request: self.model.reply(request, self.stages.model.images[-1])
        self.owners: dict[str, Sitter] = {}

    # Uploads

    def upload_all(self) -> None:
        """Upload the exam's material and every student's scans."""
        self.upload_exam()
        if self.exam_class.has_blank_exam:
            self.upload_blank_exam()
        for sitter in self.exam_class.students:
            self.upload(sitter)

    def upload_exam(self) -> None:
        """Upload the questions, the instructor's answer keys, rubrics and instructions, and the roster."""
        self.put(object_keys.QUESTIONS, self.exam_class.exam())
        self.put(object_keys.USER_ANSWER_KEYS, self.exam_class.own_answer_keys())
        self.put(object_keys.USER_RUBRICS, self.exam_class.own_rubrics())
        self.put(object_keys.QUESTION_INSTRUCTIONS, self.exam_class.question_instructions)
        if self.exam_class.has_roster:
            self.put(object_keys.ROSTER, self.exam_class.roster())

    def upload_blank_exam(self) -> None:
        """Upload the blank exam."""
        self.put("blank_exam.pdf", file_of(self.exam_class.blank_exam))

    def upload(self, sitter: Sitter, folder: str = "") -> None:
        """Upload a student's scans; files that are gone are deleted."""
        folder = folder or sitter.folder
        self.owners.setdefault(folder, sitter)
        prefix = f"{ASSIGNMENT}/scans/{folder}/"
        for key in [key for key in self.stages.objects.data if key.startswith(prefix)]:
            if key.removeprefix(prefix) not in sitter.files:
                del self.stages.objects.data[key]
        for name, file in sitter.files.items():
            self.put(f"scans/{folder}/{name}", file_of(file))

    def rename_folder(self, sitter: Sitter, folder: str) -> None:
        """Give a student's folder another name."""
        before = f"{ASSIGNMENT}/scans/{sitter.folder}/"
        for key in [key for key in self.stages.objects.data if key.startswith(before)]:
            del self.stages.objects.data[key]
        sitter.folder = folder
        self.upload(sitter)

    def put(self, name: str, data: bytes | str | dict[str, Any]) -> None:
        """Put a file of the assignment."""
        self.stages.put(name, data)
        self.reports_are_new = False

    # Runs

    def run(self, pipeline: str = "exam") -> Run | None:
        """Run a pipeline; None if it is refused."""
        options: dict[str, Any] = {"graders": self.exam_class.graders} if pipeline in ("exam", "grade") else {}
        try:
            run = self.stages.run(pipeline, **options)
        except AitaError:
            return None
        self.reports_are_new = "report" in run.stages
        return run

    def begin(self, pipeline: str, **options: Any) -> StageEvent:
        """Begin a run, and leave its first stage to be worked off."""
        try:
            run = self.stages.begin(pipeline, **options)
        except AitaError as error:
            raise NotApplicableError from error
        return StageEvent(run_id=run.run_id, attempt=run.attempt, stage=run.stage)

    def work_off(self, event: StageEvent) -> None:
        """Plan a stage and work off its items, without collecting them."""
        plan = self.stages.planner.plan(event)
        for item in self.stages.manifest(plan):
            self.stages.drive_item(event, item, plan.function)

    # Decisions

    def cell(self, sitter: Sitter, question_id: str) -> Cell:
        """Return a student's cell as it counts."""
        try:
            return self.book().cell(cell_id(self.student_id(sitter), question_id))
        except AitaError as error:
            raise NotApplicableError from error

    def ask(self, cell: Cell, basis: str, by: str = "Ms Roy", **content: Any) -> bool:
        """Let a person decide on what they saw of a cell; tell whether it was taken."""
        self.stages.clock.advance(1)
        asked = DecisionRequest(why="looked at the page", by=by, basis=basis, **content)
        self.reports_are_new = False
        try:
            self.reviews().decide(ASSIGNMENT, cell.cell_id, asked)
        except AitaError:
            return False
        return True

    def shown_basis(self, cell: Cell) -> str:
        """Return the basis of a cell that a person sees, with the last decision on it."""
        return self.reviews().show(ASSIGNMENT, cell.cell_id).basis

    def set_points(self, sitter: Sitter, question_id: str, points: float) -> None:
        """Let a person set the points of a cell on which nobody has decided, which count from now on."""
        cell = self.cell(sitter, question_id)
        has_decisions = bool(self.book().decisions(cell.cell_id))
        if has_decisions or not self.ask(cell, self.shown_basis(cell), action=DecisionAction.SET, points=points):
            raise NotApplicableError
        self.decided[sitter.name, question_id] = points

    # What there is

    def material(self) -> AssignmentFiles:
        return AssignmentFiles(self.stages.objects, ASSIGNMENT, self.stages.decisions)

    def book(self) -> Gradebook:
        return Gradebook.of(self.material(), self.stages.decisions.all(ASSIGNMENT))

    def reviews(self) -> Reviews:
        return Reviews(self.stages.objects, self.stages.decisions, self.stages.clock)

    def auditor(self) -> Auditor:
        stages = self.stages
        return Auditor(stages.objects, _NoRows(), stages.runs, stages.decisions, stages.clock)

    def roll(self, book: Gradebook) -> ExportRoster:
        return call_roll(book, ClassList.of(self.material(), self.stages.decisions.matches(ASSIGNMENT)))

    def student_id(self, sitter: Sitter) -> str:
        """Return the id of a student's folder."""
        students, _ = self.material().students()
        ids = {each.folder: each.student_id for each in students.students}
        if sitter.folder not in ids:
            raise NotApplicableError
        return ids[sitter.folder]

    def sitters(self) -> dict[str, Sitter]:
        """Return the students by their ids."""
        students, _ = self.material().students()
        return {each.student_id: self.owners[each.folder] for each in students.students if each.folder in self.owners}

    def uploaded_folders(self) -> set[str]:
        """Return the names of the folders with scans."""
        prefix = f"{ASSIGNMENT}/scans/"
        return {key.removeprefix(prefix).split("/")[0] for key in self.stages.objects.data if key.startswith(prefix)}
