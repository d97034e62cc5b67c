"""Options that choose answers of the review queue."""

from typing import Annotated

import typer

from aita.cli.files.assignment_download import fetch_class_list
from aita.cli.session import Session
from aita.errors import NotFoundError, RequestError
from aita.models.review import CellFilter
from aita.models.review_flags import FlagKind
from aita.models.student import Student
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.name_forms import name_forms

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
        "--student", metavar="WHO", help="Only this student's: the folder, the name or number on the roster, or the id."
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
    """Return the filter of these options; a student is found by folder, name, number or id.

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
    listed = fetch_class_list(session.api, session.transfer, assignment)
    wanted = name_forms(given)
    found = [each.student_id for each in listed.students.students if wanted & _called(listed, each)]
    if len(found) > 1:
        raise RequestError(f"--student: several students are called that, name one by id ({', '.join(found)})")
    if found:
        return found[0]
    of_roster = {
        form for entry in listed.roster or () for each in (entry.name, entry.number) for form in name_forms(each)
    }
    problem = (
        "no folder is surely of this line of the roster"
        if wanted & of_roster
        else "nobody has this folder, name, number or id, in any case of its letters"
    )
    command = session.command_on(assignment)("students", "list")
    raise NotFoundError(f"--student: {problem}: '{command}' lists the students")


def _called(listed: ClassList, student: Student) -> set[str]:
    """Return all that a student is surely called, in the forms in which names are compared."""
    entry = listed.entry(student)
    of_line = (entry.name, entry.number) if entry is not None else ()
    return {form for name in (student.student_id, student.folder, student.name, *of_line) for form in name_forms(name)}
