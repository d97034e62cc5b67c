"""Command that deletes an assignment or a student permanently."""

import sys
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from aita.cli import exit_codes
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views import formatting
from aita.cli.views.terminal_escape import printable
from aita.client.owner_operations import explained, make_purger
from aita.errors import NotFoundError, RequestError
from aita.models.names import check_assignment
from aita.models.student import Student
from aita.services.compliance.purge import Traces

LEFT = (
    "S3 keeps results and replies that expired by themselves (RetentionDays) as versions for a day or two more",
    "Step Functions keeps an execution's history for 90 days after its end: ids and counts, no names",
    "CloudWatch keeps the functions' logs for the stack's LogRetentionDays (30 unless set): ids, no students' names",
    "CloudWatch keeps as long who called the API: the caller's ARN and IP address, no students' names",
    "X-Ray keeps traces for 30 days, if the stack has tracing: ids, no names",
    "DynamoDB's point-in-time recovery can bring rows back for 35 days: ids, counts, people's decisions and texts",
    "the table's rows of Idempotency-Keys expire within an hour: hashes and runs' ids",
    "the model's provider keeps what it was sent as its terms say",
    "what was downloaded (reports, exports, results) is where it was saved",
)
"""Data that can't be deleted from here, and their expiry (AWS's own documentation of each service)."""

StudentOption = Annotated[
    str | None,
    typer.Option("--student", metavar="WHO", help="Only this student: the folder, the name on the roster, or the id."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


def purge(context: typer.Context, assignment: Assignment, student: StudentOption = None, yes: Yes = False) -> None:
    """Delete an assignment for good, or one student of it: every version of every file, every row, cached replies.

    It uses your own AWS credentials, which must be allowed to. What can't be deleted from here is listed, with when it
    expires. The exit status is 1 if a last look finds anything that is still there.
    """
    session = Session.of(context)
    check_assignment(assignment)
    with explained(session.place):
        _purge(session, assignment, student, confirm=not yes)


def _purge(session: Session, assignment: str, given: str | None, *, confirm: bool) -> None:
    purger = make_purger(session.place, session.stack)
    purger.check_idle(assignment)
    student = None if given is None else purger.student(assignment, given)

    def find_traces() -> Traces:
        return purger.of_assignment(assignment) if student is None else purger.of_student(assignment, student)

    found = find_traces()
    if found.is_empty:
        raise NotFoundError(f"nothing is kept of assignment {assignment}")
    session.output.note(f"{_describe(found)} of {_owner(assignment, student)} are going to be deleted for good")
    if confirm:
        _confirm(session, assignment)
    purger.erase(found)
    remains = find_traces()
    notes = [
        session.output.pasteable.complete(each) for each in (*LEFT, *(_student_notes(assignment) if student else ()))
    ]
    document = {
        "assignment": assignment,
        "student_id": student and student.student_id,
        "deleted": _count(found),
        "remains": _count(remains),
        "left": notes,
    }
    verdict = "a last look finds nothing" if remains.is_empty else f"STILL THERE: {_describe(remains)}; purge again"
    lines = [Text(f"Deleted: {_describe(found)}", "bold"), Text(verdict, "" if remains.is_empty else "bold red")]
    session.output.result(
        document, Group(*lines, Text("Not to be deleted from here:"), *(Text(f"  {n}") for n in notes))
    )
    raise typer.Exit(exit_codes.DONE if remains.is_empty else exit_codes.FAILED)


def _confirm(session: Session, assignment: str) -> None:
    if session.output.as_json or not sys.stdin.isatty():
        raise RequestError("nothing was deleted: add --yes, as nobody can be asked here")
    if typer.prompt(f"Type the assignment's name ({assignment}) to go on", err=True) != assignment:
        raise RequestError("nothing was deleted: that is not the assignment's name")


def _owner(assignment: str, student: Student | None) -> str:
    if student is None:
        return f"assignment {assignment}"
    return f"student {printable(student.folder)} ({student.student_id}) of assignment {assignment}"


def _count(traces: Traces) -> dict[str, int]:
    return {"object_versions": traces.versions, "rows": traces.rows, "rewritten": traces.rewritten}


def _describe(traces: Traces) -> str:
    count = _count(traces)
    parts = [formatting.count(count["object_versions"], "object version"), formatting.count(count["rows"], "row")]
    if count["rewritten"]:
        parts.append(f"{formatting.count(count['rewritten'], 'file')} of the class (written anew)")
    return ", ".join(parts)


def _student_notes(assignment: str) -> tuple[str, ...]:
    """Return notes on data of a purged student that remain, or that the teacher must take care of."""
    return (
        f"the class's report had the student and is deleted: make it again (aita report --assignment {assignment})",
        "the roster's line is taken out if it is the only one of its name, and was found for the student: look at it",
        "tasks of your own (tasks/, images/ and what came of them) don't tell whose they are: purge their assignment",
        "a pile's files have many students' scans, and stay: another run would separate this student's booklet anew",
        "your own copies of the scans and the roster still have the student: take them out before you upload again",
    )
