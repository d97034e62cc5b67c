"""Download of an assignment's own files, from which views with students' names are put together locally."""

import io
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.memory.objects import MemoryObjects
from aita.models.api import ResultFile
from aita.models.decision import Decision
from aita.models.match import MatchDecision
from aita.models.part_decision import PartAction, PartDecision
from aita.ports import StoredObject
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles, unknown_assignment
from aita.services.assignments.class_list import ClassList


def fetch_material(api: ApiClient, transfer: FileTransfer, assignment: str, names: Collection[str]) -> AssignmentFiles:
    """Return an assignment's files of these names, as far as they exist.

    Raises
    ------
    StackError
        If a file can't be fetched.
    """
    return AssignmentFiles(_fetch(api.files(assignment), transfer, assignment, names), assignment)


def fetch_class_list(api: ApiClient, transfer: FileTransfer, assignment: str) -> ClassList:
    """Return an assignment's students as they are matched with the roster now.

    Raises
    ------
    StackError
        If a file can't be fetched.
    """
    material = fetch_material(api, transfer, assignment, ClassList.FILES)
    return ClassList.of(material, api.match_decisions(assignment))


def fetch_uploaded(api: ApiClient, transfer: FileTransfer, assignment: str, *names: str) -> AssignmentFiles:
    """Return an assignment's files of these names, as far as they exist, with the list of its uploads.

    With the ledger, they have people's decisions about its parts, too.

    Raises
    ------
    NotFoundError
        If nothing was uploaded to the assignment.
    StackError
        If a file can't be fetched.
    """
    files, uploaded = api.files(assignment), api.uploaded(assignment)
    if not files and not uploaded:
        raise unknown_assignment(assignment)
    objects = _fetch(files, transfer, assignment, names)
    decisions: tuple[PartDecision, ...] = ()
    if object_keys.material(assignment, object_keys.LEDGER) in objects.data:  # else the stack may know no parts
        decisions = api.part_decisions(assignment)
    if any(decision.action is PartAction.BELONGS for decision in decisions):
        objects.data |= _fetch(files, transfer, assignment, (object_keys.TRANSCRIPTIONS,)).data
    objects.listed += [
        StoredObject(object_keys.material(assignment, file.name), file.size, file.etag) for file in uploaded
    ]
    return AssignmentFiles(objects, assignment, _Decisions(api, decisions))


@dataclass(frozen=True, slots=True)
class _Decisions:
    """Decisions about parts that were fetched, and all others, which are fetched once they are asked for."""

    api: ApiClient
    parts: tuple[PartDecision, ...]

    def all(self, assignment: str) -> Iterable[Decision]:
        return self.api.decisions(assignment)

    def on_parts(self, assignment: str) -> Iterable[PartDecision]:  # noqa: ARG002 - they are one assignment's
        return self.parts

    def matches(self, assignment: str) -> Iterable[MatchDecision]:
        return self.api.match_decisions(assignment)


def _fetch(
    files: Iterable[ResultFile], transfer: FileTransfer, assignment: str, names: Collection[str]
) -> MemoryObjects:
    objects = MemoryObjects()
    for file in files:
        if file.name in names:
            buffer = io.BytesIO()
            transfer.fetch(file.url, buffer)
            objects.data[object_keys.material(assignment, file.name)] = buffer.getvalue()
    return objects
