"""Uploaded scans and blank exam in an assignment's folder."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from aita.errors import InvalidMaterialError
from aita.models.names import SCAN_TYPES
from aita.ports import StoredObject
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.pile_files import booklet_files


def scan_files(material: AssignmentFiles) -> Iterator[tuple[str, StoredObject]]:
    """Yield each scanned file with the name of its folder.

    Raises
    ------
    InvalidMaterialError
        If a file is in none of the students' folders.
    """
    for folder, name, file in uploaded_scans(material):
        if not name:
            raise InvalidMaterialError(
                "a file lies directly under scans/: put it into a folder named for its student, scans/<student>/<file>"
            )
        yield folder, file


def uploaded_scans(material: AssignmentFiles) -> Iterator[tuple[str, str, StoredObject]]:
    """Yield the folder, the name in it and the file of each scan; a file in no student's folder has an empty name.

    The booklets of piles come last, as if they had been uploaded; their keys are no object's.
    """
    prefix = object_keys.scans(material.assignment)
    for file in material.stored_scans():
        folder, _, name = file.key.removeprefix(prefix).partition("/")
        base = file.key.rpartition("/")[2]
        if not base or base.startswith(".") or base == "Thumbs.db":
            continue  # files that desktops leave in folders
        yield folder, name, file
    for booklet in booklet_files(material):
        yield booklet.folder, booklet.name, booklet.stored


def scans_by_folder(material: AssignmentFiles) -> dict[str, list[StoredObject]]:
    """Return the scanned files by folder, in natural order.

    Raises
    ------
    InvalidMaterialError
        If a file is in none of the students' folders.
    """
    folders: dict[str, list[StoredObject]] = {}
    for folder, file in scan_files(material):
        folders.setdefault(folder, []).append(file)
    return {folder: _in_order(files) for folder, files in folders.items()}


def blank_exam_files(material: AssignmentFiles) -> list[StoredObject]:
    """Return the blank exam's files in natural order; empty without one."""
    found = material.stored_blank_exam()
    return _in_order([file for file in found if PurePosixPath(file.key).suffix.lower() in SCAN_TYPES])


def _in_order(files: Iterable[StoredObject]) -> list[StoredObject]:
    from natsort import natsorted, ns  # noqa: PLC0415 - only Plan orders files; the task function starts without

    return list(natsorted(files, key=lambda file: file.key, alg=ns.IGNORECASE))
