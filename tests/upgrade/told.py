"""What the stack tells of what it holds: written down once by version 0.1.0, and asked again by every later one.

Each reader is one capability. All go through the API's handler or the command, and tell only what has to stay: no
presigned URL, and of a gradebook the students and their points.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from aita.cli.main import main
from aita.client.stack_outputs import Stack as Deployed
from aita.models.decision import DecisionAction
from aita.models.grade import CellState
from aita.models.review_flags import FlagKind
from aita.models.run import Outcome, RunStatus, TaskStatus
from tests.integration.in_process import InProcess
from tests.integration.stack import Stack
from tests.upgrade.stack import BUCKET, MODEL, TABLE

GRADED, THRICE, HALTED, WAITING, STOPPED, PROMPTS = "midterm", "thrice", "halfway", "waiting", "stopped", "prompts"
"""The assignments: one that is graded, reviewed and reported; one by three graders; one that halted in the middle;
one that waits for review; one that failed at once; and one of a kind."""

ASSIGNMENTS = (GRADED, THRICE, HALTED, WAITING, STOPPED, PROMPTS)

RESUMABLE = ((HALTED, "exam"), (WAITING, "exam"), (STOPPED, "extract-questions"), (PROMPTS, "kind.chat"))
"""The runs that can be resumed, each the only one of its pipeline."""

STATES: tuple[type[StrEnum], ...] = (CellState, DecisionAction, FlagKind, RunStatus, TaskStatus, Outcome)
"""What is kept, or travels through the state machine, by a name."""


def get(stack: Stack, path: str) -> Any:
    code, answer = stack.call("GET", path)
    assert code == 200, answer
    return answer


@contextmanager
def commands(stack: Stack) -> Iterator[Callable[..., tuple[int, Any]]]:
    """Yield what runs a command on the stack, and returns its exit status and its document."""
    described = Deployed(
        name="aita",
        region="us-east-1",
        api_url="",
        bucket=BUCKET,
        table=TABLE,
        state_machine_arn=stack.state_machine_arn,
        max_concurrency=4,
        model=MODEL,
        api_key_secret="aita/api-key",
    )

    def aita(*arguments: str) -> tuple[int, Any]:
        printed = io.StringIO()
        with redirect_stdout(printed), redirect_stderr(io.StringIO()):
            status = main(["--json", *arguments])
        return status, json.loads(printed.getvalue())

    with (
        patch("aita.cli.session.find_stack", lambda place: described),
        patch("aita.cli.session.SigV4Transport", lambda *_: InProcess(stack)),
        patch("aita.cli.session.FileTransfer", lambda *_: InProcess(stack)),
    ):
        yield aita


def runs(stack: Stack) -> dict[str, Any]:
    """Return the list of each assignment's runs."""
    return {each: get(stack, f"/runs?assignment={each}")["runs"] for each in ASSIGNMENTS}


def run_ids(stack: Stack) -> list[str]:
    return [run["run_id"] for listed in runs(stack).values() for run in listed]


def run_of(stack: Stack, assignment: str, pipeline: str) -> str:
    """Return the id of the only run of a pipeline."""
    (found,) = [run["run_id"] for run in runs(stack)[assignment] if run["pipeline"] == pipeline]
    return str(found)


def statuses(stack: Stack) -> dict[str, Any]:
    """Return how each run stands."""
    return {each: get(stack, f"/runs/{each}") for each in run_ids(stack)}


def tasks(stack: Stack) -> dict[str, Any]:
    """Return each run's tasks that have ended, and the halted one's by their status."""
    halted = run_of(stack, HALTED, "exam")
    ended = {each: get(stack, f"/runs/{each}/tasks")["tasks"] for each in run_ids(stack)}
    return ended | {status: stack.tasks(halted, status) for status in ("FAILED", "PENDING")}


def queues(stack: Stack) -> dict[str, Any]:
    """Return what waits for a person."""
    found = {each: _wordless(get(stack, f"/assignments/{each}/reviews")) for each in (GRADED, THRICE)}
    for page in found.values():
        for line in page["cells"]:
            line["basis"] = _of_inputs(line["basis"])
    return found


def cells(stack: Stack) -> dict[str, Any]:
    """Return each answer as a person is shown it."""
    found = {}
    for assignment in (GRADED, THRICE):
        for line in get(stack, f"/assignments/{assignment}/reviews?closed=true")["cells"]:
            shown = get(stack, f"/assignments/{assignment}/reviews/{line['cell_id']}")
            for place in shown["pages"]:
                del place["url"]
            shown["basis"] = _of_inputs(shown["basis"])
            found[line["cell_id"]] = _wordless(shown)
    return found


def _of_inputs(basis: str) -> str:
    """Return a basis without the proposal and the last decision, which stand behind it now."""
    return basis.partition(", ")[0]


def grades(stack: Stack) -> Any:
    """Return the cells as they are kept."""
    return {each: stack.get(f"{each}/grades.json") for each in (GRADED, THRICE)}


def grades_by_folder(stack: Stack, assignment: str) -> Any:
    """Return the cells as they are kept, without the ids that are made anew for each student."""
    students = stack.get(f"{assignment}/students.json")["students"]
    kept = stack.get(f"{assignment}/grades.json")
    return {
        each["folder"]: {
            question: {name: value for name, value in cell.items() if name not in {"cell_id", "student_id"}}
            for question, cell in kept[each["student_id"]].items()
        }
        for each in students
    }


def without_bases(grades: dict[str, Any]) -> Any:
    """Return cells by folder without what another version says of an answer that is graded now.

    A basis is a digest of more, and other patterns find other instructions in an answer: of these flags only the kind
    stays.
    """

    def stays(name: str, value: Any) -> Any:
        if name != "flags":
            return value
        return sorted({(flag["kind"], "" if flag["kind"] == "instruction" else flag["note"]) for flag in value})

    return {
        folder: {
            question: {name: stays(name, value) for name, value in cell.items() if name != "basis"}
            for question, cell in cells.items()
        }
        for folder, cells in grades.items()
    }


def decisions(stack: Stack) -> Any:
    """Return what people decided."""
    return get(stack, f"/assignments/{GRADED}/decisions")["decisions"]


def files(stack: Stack) -> dict[str, dict[str, bool]]:
    """Return which files each assignment has, reports included."""
    return {each: _names(get(stack, f"/assignments/{each}/files")) for each in ASSIGNMENTS}


def results(stack: Stack) -> dict[str, dict[str, bool]]:
    """Return which files each run made."""
    return {each: _names(get(stack, f"/runs/{each}/results")) for each in run_ids(stack)}


def totals(stack: Stack) -> Any:
    """Return the students' totals, letters and open questions, as an audit writes them."""
    return audit(stack)["totals"]


def audit(stack: Stack) -> Any:
    """Return the bundle that an audit writes."""
    with TemporaryDirectory() as folder, commands(stack) as aita:
        status, written = aita("audit", "--assignment", GRADED, "--out", folder)
        assert status == 0, written
        return json.loads((Path(folder) / "audit.json").read_text("utf-8"))


def _wordless(told: Any) -> Any:
    """Return what was told without how flags are put into words, which may change."""
    for cell in (told, *told.get("cells", ())):
        for flag in cell.get("flags", ()):
            del flag["text"]
    return told


def once(told: Any) -> Any:
    """Return what was told with each flag once, as flags of one kind are told together since version 0.3."""
    if isinstance(told, list):
        return [once(each) for each in told]
    if not isinstance(told, dict):
        return told
    found = {name: once(each) for name, each in told.items()}
    if isinstance(flags := found.get("flags"), list):
        found["flags"] = [flag for place, flag in enumerate(flags) if flag not in flags[:place]]
    return found


def _names(told: Any) -> dict[str, bool]:
    return {file["name"]: True for file in told["files"]}


def gradebooks(stack: Stack) -> dict[str, Any]:
    """Return the points in each gradebook."""
    return {each: _points(each, *_exported(stack, each)) for each in ("canvas", "moodle", "gradescope", "jsonl")}


def _exported(stack: Stack, form: str) -> tuple[Any, str]:
    with TemporaryDirectory() as folder, commands(stack) as aita:
        file = Path(folder) / "grades"
        status, told = aita("export", form, "--assignment", GRADED, "--out", str(file))
        assert status in {0, 3}, told
        return told, file.read_text("utf-8-sig")


def _points(form: str, told: Any, text: str) -> dict[str, Any]:
    left_out = sorted(each["name"] for each in told["left_out"])
    if form == "jsonl":
        lines = [json.loads(line) for line in text.splitlines()]
        points: Any = {f"{line['folder']} {line['question_id']}": _of_a_line(line) for line in lines}
    else:
        columns, *rows = csv.reader(io.StringIO(text, newline=""))
        points = {
            " ".join(row[: _NAMED_BY[form]]).strip(): [
                float(value) for column, value in zip(columns, row, strict=True) if _has_points(form, column) and value
            ]
            for row in rows
        }
    return {"left_out": left_out, "written": told["written"], "points": points}


_NAMED_BY = {"canvas": 1, "moodle": 1, "gradescope": 4}
"""How many of a gradebook's first columns say who a student is."""

_EXAM = "Introductory Mechanics, Midterm"


def _has_points(form: str, column: str) -> bool:
    return column in {_EXAM, "Total Score", "Max Points"} or (form == "gradescope" and column.endswith(" pts)"))


def _of_a_line(line: dict[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("state", "points", "proposal", "max_points")}


READERS: dict[str, Callable[[Stack], Any]] = {
    each.__name__: each
    for each in (runs, statuses, tasks, queues, cells, grades, decisions, files, results, totals, gradebooks)
}
