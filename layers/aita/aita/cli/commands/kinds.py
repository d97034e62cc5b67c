"""Commands about kinds of tasks: which there are, and running one over a file."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from aita.cli.commands.running import Detach, start_run
from aita.cli.commands.uploading import upload_files
from aita.cli.session import Session
from aita.cli.uploads import Upload
from aita.errors import InvalidMaterial
from aita.models.api import RunView
from aita.models.names import check_assignment
from aita.models.run import TaskStatus
from aita.services import keys
from aita.services.stages.kind import KIND, read_lines
from aita.tasks.llm_task import LLMTask
from aita.tasks.registry import all_kinds, find_kind

Kind = Annotated[str, typer.Argument(metavar="KIND", help="The kind, as 'aita kinds' lists it.")]
Input = Annotated[Path, typer.Option("--input", "-i", metavar="FILE.jsonl", help="The tasks, a JSON object a line.")]
OfKind = Annotated[
    str | None, typer.Option("--assignment", "-a", help="The assignment's name.", show_default="the kind's")
]
OutFile = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="FILE.jsonl", help="Write each line's result there.")
]


def kinds(context: typer.Context) -> None:
    """List the kinds of tasks, and the fields that each takes."""
    session = Session.of(context)
    found = all_kinds()
    table = Table("kind", "what it does", "fields", box=None, header_style="bold")
    for name, kind in found.items():
        table.add_row(name, _about(kind), ", ".join(_fields(kind)))
    document = {name: {"about": _about(kind), "fields": _fields(kind)} for name, kind in found.items()}
    session.output.result({"kinds": document}, table)


def run(
    context: typer.Context,
    kind: Kind,
    input_file: Input,
    assignment: OfKind = None,
    out: OutFile = None,
    detach: Detach = False,
) -> None:
    """Run one kind of task over the lines of a file.

    Each line is checked before anything is sent. With --out, each line of the result has the number of
    the line that it is for, and its result or its error.
    """
    session = Session.of(context)
    found = find_kind(kind)
    name = check_assignment(assignment or kind.replace("_", "-"))
    data = input_file.read_bytes()
    read_lines(found, data, str(input_file))
    if out is not None and detach:
        raise InvalidMaterial("--out needs the run's end: leave out --detach, or fetch the results later")
    upload_files(session, name, [Upload(input_file, keys.kind_tasks(kind), len(data))])

    def write(view: RunView) -> None:
        if out is not None:
            _write(session, view, kind, out)

    start_run(session, name, f"{KIND}{kind}", detach=detach, ended=write)


def _write(session: Session, view: RunView, kind: str, out: Path) -> None:
    """Write what came of each line, in their order."""
    lines: dict[int, dict[str, Any]] = {}
    for file in session.api.results(view.run_id).files:
        if file.name == keys.kind_results(kind):
            fetched = out.with_name(f".{out.name}.fetched")
            try:
                session.transfer.save(file.url, fetched)
                lines = {int(each["line"]): each for each in json.loads(fetched.read_bytes())}
            finally:
                fetched.unlink(missing_ok=True)
    for task in session.api.tasks(view.run_id, TaskStatus.FAILED, 1_000_000).tasks:
        if "line" in task.refs:
            line = int(task.refs["line"])
            lines[line] = {"line": line, "error": f"{task.error_type}: {task.error_message}"}
    out.write_text("".join(json.dumps(lines[line], ensure_ascii=False) + "\n" for line in sorted(lines)), "utf-8")
    session.output.note(f"{len(lines)} lines in {out}")


def _about(kind: type[LLMTask[Any]]) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


def _fields(kind: type[LLMTask[Any]]) -> list[str]:
    """Return the fields of a kind; those that must be given are marked."""
    return [f"{name}{'*' if field.is_required() else ''}" for name, field in kind.model_fields.items()]
