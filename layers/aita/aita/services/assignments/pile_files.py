"""Uploaded piles of an assignment, and the booklets that a run has separated them into, as files of students."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final

from aita.models.names import SCAN_TYPES, part_of
from aita.models.pile import Booklet, PilePage, StoredPart
from aita.ports import StoredObject
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles

_LONGEST_STEM: Final = 60  # characters


@dataclass(frozen=True, slots=True)
class PileFile:
    """A file of a pile.

    ``name`` is relative to the prefix of piles. ``lacks`` counts the parts that are not there.
    """

    name: str
    parts: tuple[StoredPart, ...]
    lacks: int = 0

    @property
    def source(self) -> str:
        """Opaque id, which changes with the content."""
        return object_keys.source_id(self.parts[0].key, " ".join(part.etag for part in self.parts))

    @property
    def is_pdf(self) -> bool:
        """Whether it is a PDF by its name."""
        return self.name.lower().endswith(".pdf")

    @property
    def section(self) -> str:
        """Part of the pile that holds whole booklets: a PDF or TIFF itself, else the folder of the picture."""
        path = PurePosixPath(self.name)
        return self.name if path.suffix.lower() in {".pdf", ".tif", ".tiff"} else str(path.parent)


def pile_files(material: AssignmentFiles) -> list[PileFile]:
    """Return the files of the assignment's piles, in natural order."""
    from natsort import natsorted, ns  # noqa: PLC0415 - only Plan orders files; the task function starts without

    prefix = object_keys.piles(material.assignment)
    parts: dict[tuple[str, int], dict[int, StoredPart]] = {}
    for stored in material.objects.list(prefix):
        name, number, count = part_of(stored.key.removeprefix(prefix))
        if PurePosixPath(name).suffix.lower() in SCAN_TYPES:
            part = StoredPart(key=stored.key, size=stored.size, etag=stored.etag)
            parts.setdefault((name, count), {})[number] = part
    files = (
        PileFile(name, tuple(found[number] for number in sorted(found)), count - len(found))
        for (name, count), found in parts.items()
    )
    return list(natsorted(files, key=lambda file: file.name, alg=ns.IGNORECASE))


@dataclass(frozen=True, slots=True)
class BookletFile:
    """A booklet as a file in a student's folder."""

    folder: str
    name: str
    stored: StoredObject
    booklet: Booklet


def booklet_files(material: AssignmentFiles) -> Iterator[BookletFile]:
    """Yield the booklets whose pile is still there, each in the folder of its student.

    The folder is the number on the booklet's cover or, without one, the place in the pile where it begins: other
    files of the pile do not change it.
    """
    booklets = material.separation().booklets
    if not booklets:
        return
    names = {file.source: file.name for file in pile_files(material)}
    there = [booklet for booklet in booklets if booklet.first.source in names]
    folders = [booklet.owner or _folder(booklet, names) for booklet in there]
    times = Counter(folders)
    for booklet, folder in zip(there, folders, strict=True):
        place = booklet.first
        unique = folder if times[folder] == 1 else f"{folder}-{place.source[:4]}"
        name = f"page {place.page} of {names[place.source].replace('/', ', ')}"
        key = f"{object_keys.scans(material.assignment)}{unique}/{name}"
        yield BookletFile(unique, name, StoredObject(key, len(booklet.pages), _digest(booklet)), booklet)


def _folder(booklet: Booklet, names: Mapping[str, str]) -> str:
    place = booklet.first
    stem = PurePosixPath(names[place.source]).with_suffix("").as_posix().replace("/", "-")[:_LONGEST_STEM]
    return f"booklet-{stem}-{place.page:04}"


def _digest(booklet: Booklet) -> str:
    """Return the ETag of a booklet, which changes with its pages and with the ink that was found on them."""
    return sha256(booklet.model_dump_json().encode()).hexdigest()


def booklet_pages(material: AssignmentFiles) -> dict[str, tuple[PilePage, ...]]:
    """Return the pages of each booklet, by the key of its file."""
    return {file.stored.key: file.booklet.pages for file in booklet_files(material)}
