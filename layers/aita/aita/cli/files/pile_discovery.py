"""Discovery of the files of a pile: scans of a whole class, in any folders, with nobody's name."""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from natsort import natsorted, ns

from aita.cli.files.assignment_download import fetch_material
from aita.cli.files.students_scans import entries
from aita.cli.files.upload_discovery import Found, Upload
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import InvalidMaterialError
from aita.models.api import UploadedFile
from aita.models.names import MAX_PILE_BYTES, MAX_UPLOAD_BYTES, PART_BYTES, SCAN_TYPES, check_upload, part_name, part_of
from aita.services.assignments import object_keys

PILES = "piles/"
"""Prefix of the names of piles' files."""

_SHOWN = 10
_GIGABYTE = 1024**3
_MEGABYTE = 1024**2


def find_pile(paths: Iterable[Path]) -> Found:
    """Return the files of a pile, those that are large in parts, in natural order.

    A folder is looked into with all of its folders. Files that are no scans are passed over with a note.

    Raises
    ------
    InvalidMaterialError
        If there is no scan, or a file can't be taken.
    """
    found: dict[str, Path] = {}
    passed_over: list[str] = []
    for path in paths:
        for file, name in _files(path, path.resolve().name):
            if PurePosixPath(name).suffix.lower() not in SCAN_TYPES:
                passed_over.append(name)
            elif not found.setdefault(f"{PILES}{unicodedata.normalize('NFC', name)}", file).samefile(file):
                raise InvalidMaterialError(f"nothing was uploaded: {file} and another file are both {name}: rename one")
    if not found:
        raise InvalidMaterialError(
            f"nothing was uploaded: there is no scan in what was given ({', '.join(SCAN_TYPES)})"
        )
    names = natsorted(found, alg=ns.IGNORECASE)
    notes = []
    if passed_over:
        more = f" and {len(passed_over) - _SHOWN:,} more" if len(passed_over) > _SHOWN else ""
        notes.append(f"no scan, and passed over: {', '.join(passed_over[:_SHOWN])}{more}")
    return Found([part for name in names for part in _parts(found[name], name)], notes)


def _files(path: Path, name: str) -> Iterator[tuple[Path, str]]:
    if path.is_dir():
        for entry in entries(path):
            yield from _files(entry, f"{name}/{entry.name}")
    elif path.is_file():
        yield path, name
    else:
        raise InvalidMaterialError(f"nothing was uploaded: {path}: there is no such file or folder")


def _parts(path: Path, name: str) -> Iterator[Upload]:
    """Yield a file, or its parts if it is large: only a PDF is read in parts."""
    check_upload(name)
    size = path.stat().st_size
    most = MAX_PILE_BYTES if name.lower().endswith(".pdf") else MAX_UPLOAD_BYTES
    if not size:
        raise InvalidMaterialError(f"nothing was uploaded: {path}: it is empty")
    if size > most:
        allowed = f"{most // _GIGABYTE} GB" if most >= _GIGABYTE else f"{most // _MEGABYTE} MB"
        raise InvalidMaterialError(f"nothing was uploaded: {path}: it has more than {allowed}: scan it in parts")
    count = -(-size // PART_BYTES)
    for number in range(1, count + 1):
        first = (number - 1) * PART_BYTES
        yield Upload(path, part_name(name, number, count), min(PART_BYTES, size - first), first, size)


def with_pages(api: ApiClient, transfer: FileTransfer, assignment: str, folder: Path, pages: int) -> Upload:
    """Return the stored settings of piles, with the pages of a booklet, as a file in a folder."""
    stored = fetch_material(api, transfer, assignment, (object_keys.PILE_SETTINGS,)).pile_settings()
    path = folder / object_keys.PILE_SETTINGS
    path.write_text(stored.model_copy(update={"pages": pages}).model_dump_json(), encoding="utf-8")
    return Upload(path, path.name, path.stat().st_size)


@dataclass(frozen=True, slots=True)
class ToSend:
    """Parts of a pile that are not in the bucket yet, and what a person should know of the others."""

    uploads: list[Upload]
    notes: list[str]


def not_sent(uploads: Sequence[Upload], stored: Iterable[UploadedFile]) -> ToSend:
    """Return the parts that are not in the bucket, so that an upload goes on where it was interrupted.

    S3's ETag of an object is the MD5 of its bytes, unless a key of one's own encrypts the bucket: all is sent then.

    Raises
    ------
    InvalidMaterialError
        If another version of a file is there, of which parts would stay.
    """
    there = {file.name: file for file in stored if file.name.startswith(PILES)}
    by_content = {file.etag.strip('"'): name for name, file in there.items()}
    counts = {part_of(name)[0]: part_of(name)[2] for name in there}
    left: list[Upload] = []
    notes: list[str] = []
    here = 0
    for upload in uploads:
        name, _, count = part_of(upload.name)
        if counts.get(name, count) != count:
            raise InvalidMaterialError(
                f"nothing was uploaded: {upload.path}: another version of {name} is in the bucket: rename the file"
            )
        digest = _md5(upload)
        if upload.name in there and there[upload.name].etag.strip('"') == digest:
            here += 1
        elif count == 1 and (twin := by_content.get(digest)) is not None:
            notes.append(f"{upload.path}: it is {twin}, which was uploaded before: it is not sent again")
        else:
            left.append(upload)
            by_content.setdefault(digest, upload.name)
    if here:
        notes.append(f"{here:,} of {len(uploads):,} files and parts are in the bucket already")
    return ToSend(left, notes)


def _md5(upload: Upload) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    left = upload.size
    with upload.path.open("rb") as file:
        file.seek(upload.first)
        while left and (piece := file.read(min(left, _MEGABYTE))):
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()
