"""Commands about rubrics: to look at them, and to apply those that changed after grading."""

import io
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli import exit_codes
from aita.cli.batch_options import Batch, BatchOnly, batch_options
from aita.cli.commands.keys import OneQuestion
from aita.cli.commands.versions import add_versions
from aita.cli.files.assignment_download import fetch_class_list
from aita.cli.files.written_material import fetch_rubrics
from aita.cli.run_options import Assignment, Detach, Disagreement, Graders, MaxCost, SeeOption
from aita.cli.running import run_to_end, start_run
from aita.cli.session import Session
from aita.cli.views.rubric_view import diff_view, sample_view
from aita.cli.views.written_view import written_view
from aita.errors import StackError
from aita.models.api import RunOptions, RunView
from aita.models.file_version import WrittenFile
from aita.models.names import check_assignment
from aita.models.rubric_change import RegradedCell
from aita.models.run import RunStatus
from aita.services.assignments import object_keys

app = typer.Typer(no_args_is_help=True, help="The rubrics of an exam, and changes of them after grading.")

_SAMPLE = TypeAdapter(tuple[RegradedCell, ...])


@app.callback()
def rubric() -> None:
    """Look at the rubrics and at what a changed one does to the grades, and apply it."""


@app.command("show")
def show_rubrics(context: typer.Context, assignment: Assignment, question: OneQuestion = None) -> None:
    """Show the rubrics, whose they are, for which wording, and which ones are out of date."""
    session = Session.of(context)
    material = fetch_rubrics(session.api, session.transfer, assignment, question)
    document = {
        "assignment": assignment,
        "rubrics": [each.document() for each in material.written],
        "unknown": list(material.unknown),
    }
    session.output.result(document, written_view(material, "rubric", session.command_on(assignment)))


@app.command("diff")
def diff_rubrics(
    context: typer.Context,
    assignment: Assignment,
    graders: Graders = None,
    disagreement: Disagreement = None,
    see: SeeOption = None,
    no_sample: Annotated[bool, typer.Option("--no-sample", help="Grade no sample: nothing is asked.")] = False,
) -> None:
    """Tell which answers a changed rubric touches, what grading them again costs, and how a sample's points change.

    Nothing of the grades changes. The sample's replies are kept: applying the rubric does not pay for them again.
    """
    session = Session.of(context)
    options = RunOptions(graders=graders, disagreement=disagreement, see=see)
    diff = session.api.rubric_changes(check_assignment(assignment), options)
    document = diff.model_dump(mode="json")
    shown: list[RenderableType] = []
    status = exit_codes.DONE
    session.output.show(diff_view(diff))
    if diff.regraded and not no_sample:
        run = run_to_end(session, assignment, "regrade-sample", options.model_dump(exclude_none=True))
        status = exit_codes.of_run(run.status)
        cells = _sample(session, run)
        document |= {"run_id": run.run_id, "sample": [cell.model_dump(mode="json") for cell in cells]}
        students = fetch_class_list(session.api, session.transfer, assignment).students
        shown += [Text(""), sample_view(cells, students.names())]
    if diff.questions:
        shown += [Text(""), Text(f"  apply it  {_apply_command(session, assignment, options)}")]
    session.output.result(document, Group(*shown))
    raise typer.Exit(status)


@app.command("apply")
def apply_rubrics(
    context: typer.Context,
    assignment: Assignment,
    graders: Graders = None,
    disagreement: Disagreement = None,
    see: SeeOption = None,
    *,
    batch: Batch = False,
    batch_only: BatchOnly = False,
    max_cost: MaxCost = None,
    detach: Detach = False,
) -> None:
    """Grade again what a changed rubric touches, and only that, and write the reports anew."""
    options = {"graders": graders, "disagreement": disagreement, "see": see} | batch_options(batch, batch_only)
    start_run(Session.of(context), assignment, "grade", detach=detach, max_cost=max_cost, options=options)


def _apply_command(session: Session, assignment: str, options: RunOptions) -> str:
    given = options.model_dump(exclude_none=True)
    words = (
        word
        for name, value in given.items()
        for word in (f"--{name}", value if isinstance(value, str) else f"{value:g}")
    )
    return session.command("rubric", "apply", "--assignment", assignment, *words)


def _sample(session: Session, run: RunView) -> tuple[RegradedCell, ...]:
    if run.status not in (RunStatus.SUCCEEDED, RunStatus.PARTIAL):
        raise StackError(
            f"the sample was not graded: run {run.run_id} is {run.status} ({run.reason}). Leave it out with --no-sample"
        )
    urls = [file.url for file in session.api.results(run.run_id).files if file.name == object_keys.REGRADE_SAMPLE]
    buffer = io.BytesIO()
    for url in urls:
        session.transfer.fetch(url, buffer)
    try:
        return _SAMPLE.validate_json(buffer.getvalue())
    except ValidationError:
        raise StackError(
            f"run {run.run_id} made no {object_keys.REGRADE_SAMPLE} that this version of aita knows"
        ) from None


add_versions(app, "rubric", WrittenFile.RUBRICS)
