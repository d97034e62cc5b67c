"""Results of a file of tasks, written as JSON Lines."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aita.atomic_write import write_whole
from aita.cli.files.out_file import check_folder
from aita.cli.session import Session
from aita.cli.views import formatting
from aita.errors import NotRun, RequestError, StackError
from aita.models.api import RunView
from aita.services.assignments.task_files import TaskLine
from aita.services.runs.pipelines import stage_of

Line = dict[str, Any]


def check_out(out: Path, input_file: Path) -> None:
    """Check that results can be written, before anything is paid for.

    Raises
    ------
    RequestError
        If the folder does not exist or is not writable, or if the file is the tasks' own.
    """
    check_folder(out)
    if out.exists() and out.samefile(input_file):
        raise RequestError(f"--out {out}: that is the file of the tasks: name another")


def write_results(session: Session, view: RunView, lines: Sequence[TaskLine], out: Path) -> None:
    """Write a line for each task, in their order: line number, task_id if it has one, and result or error.

    Raises
    ------
    StackError
        If the run's results can't be fetched.
    """
    try:
        gathered = {each["line"]: each for each in _gathered(session, view)}
    except StackError as error:
        command = session.command("results", view.run_id, "--out", "DIR")
        raise StackError(f"the run has ended, and {out} was not written: {error}; '{command}' fetches them") from error
    written = [_line(line, gathered.get(line.number), view) for line in lines]
    write_whole(out, "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in written).encode())
    failed = sum("error" in each for each in written)
    with_error = f", {failed:,} of them with an error" if failed else ""
    session.output.note(f"{formatting.count(len(written), 'line')} in {out}{with_error}")


def _gathered(session: Session, view: RunView) -> list[Line]:
    name = stage_of(view.pipeline).artifact
    for file in session.api.results(view.run_id).files:
        if file.name == name:
            fetched = io.BytesIO()
            session.transfer.fetch(file.url, fetched)
            lines: list[Line] = json.loads(fetched.getvalue())
            return lines
    return []


def _line(line: TaskLine, gathered: Line | None, view: RunView) -> Line:
    identity: Line = {"line": line.number} | ({"task_id": line.task.task_id} if line.task.task_id else {})
    if gathered is None:
        return identity | {"error": f"{NotRun.__name__}: run {view.run_id} is {view.status}: resume it"}
    return identity | {name: gathered[name] for name in ("result", "error") if name in gathered}
