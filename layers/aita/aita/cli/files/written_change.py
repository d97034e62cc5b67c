"""Changes of the instructor's written files: checked as an upload is, and refused if another change came before."""

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from aita.cli.files.assignment_download import fetch_material
from aita.cli.files.upload_checks import check_material
from aita.cli.files.upload_discovery import Upload
from aita.cli.files.upload_sending import send_files
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import ConflictError, InvalidMaterialError, ObjectNotFoundError
from aita.models.file_version import WrittenFile
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles

_ONE_AT_A_TIME = threading.Lock()
"""Held by a change from its reading of the file to its sending, so that none of two in one console is lost."""


def send_changed(
    api: ApiClient,
    files: FileTransfer,
    assignment: str,
    file: WrittenFile,
    seen: str,
    changed: Callable[[bytes], bytes],
) -> tuple[list[str], str]:
    """Upload a file with a change, checked as ``aita upload`` checks it; return its notes and its digest.

    Parameters
    ----------
    seen
        Digest of the file, as the person saw it.
    changed
        Function that takes the file's content, and returns the new one.

    Raises
    ------
    ConflictError
        If the file is another one than the person saw.
    InvalidMaterialError
        If the file would be wrong.
    """
    with _ONE_AT_A_TIME:
        before = written_content(fetch_material(api, files, assignment, _names(file)), file)
        _check_seen(before, file, seen)
        with TemporaryDirectory(prefix="aita-change-") as made:
            path = Path(made, file)
            path.write_bytes(changed(before))
            upload = Upload(path, path.name, path.stat().st_size)
            try:
                notes = check_material([upload], lambda names: fetch_material(api, files, assignment, names))
            except InvalidMaterialError as error:
                raise InvalidMaterialError(str(error).replace(f"{made}/", "")) from None
            # The check took a while, in which another person may have sent a change.
            _check_seen(written_content(fetch_material(api, files, assignment, _names(file)), file), file, seen)
            send_files(api, files, assignment, [upload])
            return [note.replace(f"{made}/", "") for note in notes], digest(path.read_bytes())


def written_content(stored: AssignmentFiles, file: WrittenFile) -> bytes:
    """Return a file's content; of the questions the extracted ones, if the instructor gave none; empty without."""
    for name in _names(file):
        with suppress(ObjectNotFoundError):
            return stored.objects.get(object_keys.material(stored.assignment, name))
    return b""


def digest(data: bytes) -> str:
    """Return the digest by which a person's view of a file is compared with the file; empty for none."""
    return hashlib.sha256(data).hexdigest()[:32] if data else ""


def _check_seen(stored: bytes, file: WrittenFile, seen: str) -> None:
    if digest(stored) != seen:
        raise ConflictError(f"{file} was changed since it was fetched: load it again")


def _names(file: WrittenFile) -> tuple[str, ...]:
    return (file, *([object_keys.EXAM_SPEC] if file is WrittenFile.QUESTIONS else []))
