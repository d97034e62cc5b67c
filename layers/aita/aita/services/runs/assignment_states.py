"""States of assignments: the work that waits for a person, the runs and their cost."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from aita.concurrency import map_concurrently
from aita.errors import NotFoundError
from aita.models.assignment_state import AssignmentLine, AssignmentList, AssignmentState
from aita.models.names import RESERVED, check_assignment
from aita.models.run import Run, RunSummary
from aita.services.assignments.assignment_files import AssignmentFiles, unknown_assignment
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.file_memory import FileMemory
from aita.services.assignments.pile_files import unplaced_pages
from aita.services.grading.gradebook import Gradebook
from aita.services.runs.run_queries import PAGE_SIZE, RunQueries
from aita.services.runs.work_for_runs import ungraded_answers, unseparated_piles, untranscribed_students

_READERS = 8
"""Concurrent reads of rows."""

_RUNS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class AssignmentStates:
    """Read-only operations on assignments as wholes."""

    queries: RunQueries
    memory: FileMemory = field(default_factory=FileMemory)

    def list(self) -> AssignmentList:
        """Return the assignments with files, each with its newest run."""
        names = [name for name in self.queries.objects.folders() if name not in RESERVED]
        lines = map_concurrently(self._line, names, _READERS)
        return AssignmentList(assignments=tuple(lines))

    def state(self, assignment: str) -> AssignmentState:
        """Return what an assignment waits for, its newest runs and its cost.

        Raises
        ------
        NotFoundError
            If the assignment has no file at all.
        InvalidMaterialError
            If a file is invalid.
        """
        objects, decisions = self.queries.objects, self.queries.decisions
        material = AssignmentFiles(objects, check_assignment(assignment), decisions, self.memory)
        if assignment not in objects.folders():
            raise unknown_assignment(assignment)
        listed = ClassList.of(material, material.match_decisions())
        has_exam = material.has_exam()
        questions = material.exam().questions if has_exam else ()
        rubrics = material.rubrics()
        grades = Gradebook.of(material, material.cell_decisions()) if has_exam else None
        found = map_concurrently(self._run, self._summaries(assignment), _READERS)
        runs = [run for run in found if run is not None]
        students = listed.students.students
        to_match = [each for each in students if listed.roster is not None and not (each.is_matched or each.is_decided)]
        return AssignmentState(
            assignment=assignment,
            names_to_match=len(to_match),
            unplaced_pages=len(unplaced_pages(material)),
            unseparated_piles=unseparated_piles(material),
            untranscribed_students=untranscribed_students(material, listed),
            questions=len(questions),
            without_rubric=tuple(each.question_id for each in questions if each.question_id not in rubrics),
            ungraded_answers=ungraded_answers(material, questions, rubrics),
            open_parts=_open_parts(grades),
            open_answers=len([*grades.open_cells()]) if grades else 0,
            answers=len([*grades.cells()]) if grades else 0,
            final_students=sum(each.final for each in grades.students.values()) if grades else 0,
            students=len(students),
            runs=tuple(map(self.queries.view, runs[:_RUNS_SHOWN])),
            cost_usd=sum((run.usage.cost_usd for run in runs), start=Decimal(0)),
            unpriced_calls=sum(run.usage.unpriced_calls for run in runs),
        )

    def _line(self, assignment: str) -> AssignmentLine:
        runs, _ = self.queries.runs.list(assignment, 1, None)
        return AssignmentLine(assignment=assignment, run=runs[0] if runs else None)

    def _run(self, summary: RunSummary) -> Run | None:
        try:
            return self.queries.runs.get(summary.run_id)
        except NotFoundError:  # the row expired before its summary
            return None

    def _summaries(self, assignment: str) -> Iterator[RunSummary]:
        token = None
        while True:
            found, token = self.queries.runs.list(assignment, PAGE_SIZE, token)
            yield from found
            if token is None:
                return


def _open_parts(grades: Gradebook | None) -> int:
    if grades is None:
        return 0
    return len({part.part_id for cell in grades.cells() for part in grades.parts_that_open(cell.cell_id)})
