"""Command that writes the audit bundle of an assignment's grades."""

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from aita.atomic_write import write_whole
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views import formatting
from aita.cli.views.terminal_escape import printable
from aita.client.owner_operations import explained, make_auditor
from aita.models.names import check_assignment
from aita.services.compliance.audit_bundle import RECOMPUTE

OutDir = Annotated[
    Path, typer.Option("--out", "-o", metavar="DIR", file_okay=False, help="Write it there; the folder is made.")
]

BUNDLE = "audit.json"


def audit(context: typer.Context, assignment: Assignment, out: OutDir) -> None:
    """Write how an assignment's grades came about, and a script that recomputes every total from it, offline.

    It has each cell with its criteria, the parts of pages and whose they are, people's decisions, the rubrics'
    versions, the models, and a digest of each request. Students are in it by id, and their work as far as graders
    quoted it. It uses your own AWS credentials.
    """
    session = Session.of(context)
    check_assignment(assignment)
    with explained(session.place):
        bundle = make_auditor(session.place, session.stack).bundle(assignment)
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / BUNDLE, json.dumps(bundle, ensure_ascii=False, indent=1).encode())
    shutil.copyfile(RECOMPUTE, out / RECOMPUTE.name)
    lists = ("totals", "decisions", "part_decisions", "rubrics", "runs", "requests")
    counts = {name: len(bundle[name]) for name in lists}
    document = {"assignment": assignment, "files": [str(out / BUNDLE), str(out / RECOMPUTE.name)], "counts": counts}
    document["grades_version"] = bundle["grades_version"]
    contents = ", ".join(
        (
            formatting.count(counts["totals"], "total"),
            formatting.count(counts["decisions"] + counts["part_decisions"], "decision"),
            formatting.count(counts["runs"], "run"),
            formatting.count(counts["requests"], "task's requests", "tasks' requests"),
        )
    )
    version = f"Version of the grades: {bundle['grades_version']}"
    script = printable(str(out / RECOMPUTE.name))
    session.output.result(
        document, Group(Text(contents, "bold"), Text(version), Text(f"Recompute the totals: python3 {script}"))
    )
