"""An assignment's own files, fetched, and what is put together from them here, where students have names."""

import io
from collections.abc import Collection

from aita.aws.api import Api
from aita.aws.transfer import Transfer
from aita.memory.objects import MemoryObjects
from aita.services import keys
from aita.services.gradebook import Gradebook
from aita.services.material import Material

OF_GRADEBOOK = (keys.QUESTIONS, keys.EXAM_SPEC, keys.SCANS, keys.GRADES, keys.GRADE_SCALE)
"""The files that a gradebook is made of."""


def fetch_material(api: Api, transfer: Transfer, assignment: str, names: Collection[str]) -> Material:
    """Return those of an assignment's files that are there and have one of these names.

    Raises
    ------
    StackError
        If one can't be fetched.
    """
    objects = MemoryObjects()
    for file in api.files(assignment):
        if file.name in names:
            buffer = io.BytesIO()
            transfer.fetch(file.url, buffer)
            objects.data[keys.material(assignment, file.name)] = buffer.getvalue()
    return Material(objects, assignment)


def fetch_gradebook(api: Api, transfer: Transfer, assignment: str) -> Gradebook:
    """Return an assignment's gradebook as it is now, people's decisions included.

    Raises
    ------
    StackError
        If a file can't be fetched.
    MissingMaterial
        If there are no questions.
    """
    return Gradebook.of(fetch_material(api, transfer, assignment, OF_GRADEBOOK), api.decisions(assignment))
