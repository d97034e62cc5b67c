"""Options that choose answers of the review queue."""

from typing import Annotated

import typer

from aita.cli.files.assignment_download import fetch_class_list
from aita.cli.session import Session
from aita.errors import NotFoundError, RequestError
from aita.models.review import CellFilter
from aita.models.review_flags import FlagKind

OfQuestion = Annotated[
    str | None, typer.Option("--question", "-q", metavar="QUESTION", help="Only answers to this question.")
]
OfFlag = Annotated[
    FlagKind | None,
    typer.Option(
        "--flag",
        metavar="FLAG",
        case_sensitive=False,
        help="Only answers with this doubt, by the code that 'aita review list' prints behind it.",
    ),
]
OfStudent = Annotated[
    str | None,
    typer.Option(
        "--student", metavar="WHO", help="Only this student's: the folder, the name on the roster, or the id."
    ),
]


def cell_filter(
    session: Session,
    assignment: str,
    question: str | None,
    flag: FlagKind | None,
    student: str | None,
    decided_by: str | None = None,
) -> CellFilter:
    """Return the filter of these options; a student is found by folder, name or id.

    Raises
    ------
    NotFoundError
        If there is no such student.
    RequestError
        If several students are called so.
    """
    student_id = None if student is None else _student_id(session, assignment, student)
    return CellFilter(question=question, flag=flag, student=student_id, decided_by=decided_by)


def _student_id(session: Session, assignment: str, given: str) -> str:
    students = fetch_class_list(session.api, session.transfer, assignment).students.students
    found = [each.student_id for each in students if given in (each.student_id, each.folder, each.roster_name)]
    if not found:
        raise NotFoundError("--student: nobody has this folder, name on the roster or id")
    if len(found) > 1:
        raise RequestError(f"--student: several students are called that, name one by id ({', '.join(found)})")
    return found[0]
