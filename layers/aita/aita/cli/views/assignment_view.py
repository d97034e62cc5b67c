"""Views of assignments: their list, and the work that waits in one."""

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.views import formatting
from aita.cli.views.fitting_table import FittingTable
from aita.cli.views.terminal_escape import printable
from aita.models.assignment_state import AssignmentList, AssignmentState


def assignments_table(found: AssignmentList) -> RenderableType:
    """Return a list of assignments, each with its newest run."""
    table = FittingTable(("assignment", "newest run", "status"))
    for each in found.assignments:
        run = each.run
        pipeline, status = ("", "") if run is None else (printable(run.pipeline), str(run.status))
        table.add_row(printable(each.assignment), pipeline, status)
    return table


def state_view(state: AssignmentState) -> RenderableType:
    """Return what an assignment waits for, then its runs and their cost."""
    waiting = [
        (
            state.unplaced_pages,
            "page of a pile in no booklet",
            "pages of piles in no booklet",
        ),
        (state.unseparated_piles, "file of a pile to separate by a run", "files of piles to separate by a run"),
        (
            state.untranscribed_students,
            "student's scans to transcribe by a run",
            "students' scans to transcribe by a run",
        ),
        (state.names_to_match, "name to match", "names to match"),
        (len(state.without_rubric), "question without a rubric", "questions without a rubric"),
        (state.ungraded_answers, "answer to grade by a run", "answers to grade by a run"),
        (state.open_parts, "part of a page to decide on", "parts of pages to decide on"),
        (state.open_answers, "answer to review", "answers to review"),
    ]
    lines = [Text(f"{count:,} {one if count == 1 else many}") for count, one, many in waiting if count]
    unpriced = (
        f", and {formatting.count(state.unpriced_calls, 'call')} of unknown price" if state.unpriced_calls else ""
    )
    return Group(
        Text(printable(state.assignment), "bold"),
        *(lines or [Text("Nothing waits for a person")]),
        *([Text(f"  aita piles list --assignment {state.assignment}")] if state.unplaced_pages else []),
        Text(f"{state.final_students:,} of {formatting.count(state.students, 'student')} final", "dim"),
        *(
            Text(f"{run.run_id}  {printable(run.pipeline)}  {run.status}  {printable(run.wait_reason or run.reason)}")
            for run in state.runs
        ),
        Text(f"Cost so far: ${state.cost_usd:.2f}{unpriced}", "dim"),
    )
