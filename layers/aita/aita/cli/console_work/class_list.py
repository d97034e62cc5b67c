"""Students of an assignment with their names, and the roster."""

from typing import Any

from aita.cli.files.assignment_download import fetch_uploaded
from aita.cli.views.students_view import found_by, students_document
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.models.base import StrictModel
from aita.models.names import check_assignment
from aita.services.assignments.class_list import ClassList


class ClassListRequest(StrictModel):
    """``POST /own/class-list``."""

    assignment: str


def class_list(api: ApiClient, files: FileTransfer, asked: ClassListRequest) -> dict[str, Any]:
    """Return the students as ``aita students list --json`` does, each with the name to show, and the roster's lines.

    ``found`` says in words how the folder was found on the roster.

    ``roster`` is ``None`` without one. Each line has the version by which a decision names it, and the ids of the
    students whose it surely is.
    """
    material = fetch_uploaded(api, files, check_assignment(asked.assignment), *ClassList.FILES)
    decisions = api.match_decisions(asked.assignment)
    listed = ClassList.of(material, decisions)
    names = listed.students.names()
    document = students_document(listed, decisions)
    for student in document["students"]:
        closest = listed.entries.get(student["student_id"])
        student |= {
            "name": names[student["student_id"]],
            "line": closest.version if closest else "",
            "found": found_by(student["match"], student["folder"]),
        }
    whose: dict[str, list[str]] = {}
    for each in listed.students.students:
        if entry := listed.entry(each):
            whose.setdefault(entry.version, []).append(each.student_id)
    lines = [
        {
            "line": entry.version,
            "name": entry.name,
            "number": entry.number,
            "section": entry.section,
            "students": whose.get(entry.version, []),
        }
        for entry in listed.roster or ()
    ]
    return document | {"roster": None if listed.roster is None else lines}
