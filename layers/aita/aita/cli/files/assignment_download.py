"""Download of an assignment's own files, from which views with students' names are put together locally."""

import io
from collections.abc import Collection

from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.memory.objects import MemoryObjects
from aita.models.part_decision import PartAction, PartDecision
from aita.ports import StoredObject
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.gradebook import Gradebook


def fetch_material(api: ApiClient, transfer: FileTransfer, assignment: str, names: Collection[str]) -> AssignmentFiles:
    """Return an assignment's files of these names, as far as they exist.

    Raises
    ------
    StackError
        If a file can't be fetched.
    """
    return AssignmentFiles(_fetch(api, transfer, assignment, names), assignment)


def fetch_graded(api: ApiClient, transfer: FileTransfer, assignment: str, *more: str) -> AssignmentFiles:
    """Return the source files of an assignment's gradebook, further ones by name, and the list of its uploads.

    Raises
    ------
    StackError
        If a file can't be fetched.
    """
    objects = _fetch(api, transfer, assignment, (*Gradebook.FILES, *more))
    decisions: tuple[PartDecision, ...] = ()
    if object_keys.material(assignment, object_keys.LEDGER) in objects.data:  # else the stack may know no parts
        decisions = api.part_decisions(assignment)
    if any(decision.action is PartAction.BELONGS for decision in decisions):
        objects.data |= _fetch(api, transfer, assignment, (object_keys.TRANSCRIPTIONS,)).data
    uploaded = api.uploaded(assignment)
    objects.listed += [
        StoredObject(object_keys.material(assignment, file.name), file.size, file.etag) for file in uploaded
    ]
    return AssignmentFiles(objects, assignment, lambda _: decisions)


def _fetch(api: ApiClient, transfer: FileTransfer, assignment: str, names: Collection[str]) -> MemoryObjects:
    objects = MemoryObjects()
    for file in api.files(assignment):
        if file.name in names:
            buffer = io.BytesIO()
            transfer.fetch(file.url, buffer)
            objects.data[object_keys.material(assignment, file.name)] = buffer.getvalue()
    return objects
