"""Commands about kinds of tasks: their list, and a run of one kind over a file."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.text import Text

from aita.cli.batch_options import Batch, BatchOnly, batch_options
from aita.cli.commands.upload import upload_files
from aita.cli.files.task_results import check_out, write_results
from aita.cli.files.upload_discovery import Upload
from aita.cli.run_options import Detach, MaxCost
from aita.cli.running import start_run
from aita.cli.session import Session
from aita.cli.views.fitting_table import FittingTable
from aita.errors import InvalidMaterialError, RequestError
from aita.models.api import RunView
from aita.models.names import RESERVED, check_assignment
from aita.services.assignments import object_keys
from aita.services.assignments.task_files import TaskLine, check_images, check_size, field_names, read_lines
from aita.services.stages.custom_tasks import KIND
from aita.tasks.llm_task import LLMTask
from aita.tasks.registry import all_kinds, find_kind

Kind = Annotated[str, typer.Argument(metavar="KIND", help="The kind, as 'aita kinds' lists it.")]
Input = Annotated[
    Path,
    typer.Option(
        "--input", "-i", metavar="FILE.jsonl", exists=True, dir_okay=False, help="The tasks, a JSON object a line."
    ),
]
OfKind = Annotated[
    str | None,
    typer.Option("--assignment", "-a", metavar="NAME", help="The assignment's name.", show_default="the kind's"),
]
OutFile = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE.jsonl", dir_okay=False, help="Write each line's result there."),
]


def kinds(context: typer.Context) -> None:
    """List the kinds of tasks, and the fields that each takes."""
    session = Session.of(context)
    found = all_kinds()
    table = FittingTable(("kind", "what it does", "fields"))
    for name, kind in found.items():
        fields = [f"{field}*" if required else field for field, required in field_names(kind).items()]
        table.add_row(name, about(kind), ", ".join(fields))
    document = [
        {
            "kind": name,
            "about": about(kind),
            "fields": [{"name": field, "required": required} for field, required in field_names(kind).items()],
        }
        for name, kind in found.items()
    ]
    session.output.result({"kinds": document}, Group(table, Text("* must be given", "dim")))


def run(
    context: typer.Context,
    kind: Kind,
    input_file: Input,
    assignment: OfKind = None,
    out: OutFile = None,
    *,
    batch: Batch = False,
    batch_only: BatchOnly = False,
    max_cost: MaxCost = None,
    detach: Detach = False,
) -> None:
    """Run one kind of task over the lines of a file.

    Each line is checked before anything is sent. With --out, each line of the results has the number of
    the line that it is for, and its result or its error.
    """
    session = Session.of(context)
    found = find_kind(kind)
    name = check_assignment(assignment or default_assignment(kind))
    if out is not None:
        if detach:
            raise RequestError("--out waits for the run's end: leave out --detach, or fetch the results later")
        check_out(out, input_file)
    lines = read_file(found, input_file, name)
    upload_files(session, name, [Upload(input_file, object_keys.kind_tasks(kind), input_file.stat().st_size)])

    def write(view: RunView) -> None:
        if out is not None:
            write_results(session, view, lines, out)

    options = batch_options(batch, batch_only)
    start_run(session, name, f"{KIND}{kind}", detach=detach, max_cost=max_cost, options=options, ended=write)


def read_file(kind: type[LLMTask[Any]], file: Path, assignment: str) -> list[TaskLine]:
    """Return the tasks of a file, read and checked as in a run.

    Raises
    ------
    InvalidMaterialError
        If a line is wrong; the message names the file, the line and the field.
    """
    try:
        check_size(file.stat().st_size, str(file))
        lines = read_lines(kind, file.read_bytes(), str(file))
        check_images(lines, assignment, str(file))
    except InvalidMaterialError as error:
        raise InvalidMaterialError(f"nothing was uploaded: {error}") from error
    if not lines:
        raise InvalidMaterialError(f"nothing was uploaded: {file} has no tasks: put a JSON object on each line")
    return lines


def default_assignment(kind: str) -> str:
    """Return the assignment of a kind's tasks unless one is given."""
    name = kind.replace("_", "-")
    return f"kind-{name}" if name in RESERVED else name


def about(kind: type[LLMTask[Any]]) -> str:
    """Return the first line of the docstring of a kind's class."""
    return (kind.__doc__ or "").strip().partition("\n")[0]
