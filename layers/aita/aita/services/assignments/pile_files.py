"""Uploaded piles of an assignment, and the booklets that a run has separated them into, as files of students."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, Final

from aita.models.names import SCAN_TYPES, part_of
from aita.models.pile import Booklet, Doubt, GivenPages, PilePage, Repair, Separation, StoredPart, UnplacedPage
from aita.ports import StoredObject
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles

_LONGEST_STEM: Final = 60  # characters

_BOOKLET_FOLDER: Final = re.compile(r"booklet-.+-\d{4,}", re.DOTALL)

_FIRST_PAGE_END: Final = ":"  # in no ETag of S3


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
    """Yield the booklets whose pile is still there, each in its student's folder.

    The folder is the one that the printed code names or, without a code, is named for the place in the pile where the
    booklet begins: other files of the pile do not change it. Pages that a person gave to a folder are there alone.
    """
    separation = material.separation()
    if not separation.counted:
        return
    names = {file.source: file.name for file in pile_files(material)}
    there = [booklet for booklet in separation.booklets if booklet.first.source in names]
    folders = [booklet.owner or _folder(booklet, names) for booklet in there]
    times = Counter(folders)
    unique = [
        folder if times[folder] == 1 else f"{folder}-{booklet.first.source[:4]}"
        for booklet, folder in zip(there, folders, strict=True)
    ]
    by_place = dict(zip(unique, there, strict=True))
    by_folder = _with_given(by_place, separation, _given(material, names))
    for folder, booklet in by_folder.items():
        place = booklet.first
        name = f"page {place.page} of {names[place.source].replace('/', ', ')}"
        key = f"{object_keys.scans(material.assignment)}{folder}/{name}"
        etag = _etag(booklet, by_place.get(folder))
        yield BookletFile(folder, name, StoredObject(key, len(booklet.pages), etag), booklet)


def unplaced_pages(material: AssignmentFiles) -> list[UnplacedPage]:
    """Return the pages of the present piles that are in no booklet, and that no person has placed.

    A page that can't be read is in no folder, whatever a person gave it to.
    """
    separation = material.separation()
    if not separation.unplaced:
        return []
    names = {file.source: file.name for file in pile_files(material)}
    given = _given(material, names)
    return [
        each
        for each in separation.unplaced
        if each.page.source in names and each.doubt is not Doubt.COPY and not _is_placed(each.page, given)
    ]


def _is_placed(page: PilePage, given: "_Given") -> bool:
    return _numbered(page) in given and (page.is_readable or given[_numbered(page)] is None)


_Given = Mapping[tuple[str, int], str | None]
"""Folder that a person gave a page to, by the file's id and the page; ``None`` if it is nobody's."""


def _given(material: AssignmentFiles, names: Mapping[str, str]) -> _Given:
    return {
        (source, page): each.folder
        for each in material.pile_settings().given
        for source in _sources(each, names)
        for page in range(each.first, each.last + 1)
    }


def _sources(given: GivenPages, names: Mapping[str, str]) -> list[str]:
    """Return the id of the file that pages were given of; none if it is gone, or its content is another now."""
    return [source for source, name in names.items() if name == given.file and given.source in ("", source)]


def outdated_given(material: AssignmentFiles) -> list[GivenPages]:
    """Return the pages that people gave to folders of a file that is gone, or has another content now."""
    names = {file.source: file.name for file in pile_files(material)}
    return [each for each in material.pile_settings().given if not _sources(each, names)]


def _numbered(page: PilePage) -> tuple[str, int]:
    return page.source, page.page


def _with_given(booklets: dict[str, Booklet], separation: Separation, given: _Given) -> dict[str, Booklet]:
    """Return the booklets with the pages that people gave to their folders, and without those given to others."""
    if not given:
        return booklets
    pages = {
        folder: [page for page in booklet.pages if given.get(_numbered(page), folder) == folder]
        for folder, booklet in booklets.items()
    }
    placed = (page for booklet in booklets.values() for page in (*booklet.pages, *booklet.aside))
    readable = (each.page for each in separation.unplaced if each.page.is_readable)
    for page in (*placed, *readable):
        folder = given.get(_numbered(page))
        if folder is not None and page not in pages.setdefault(folder, []):
            pages[folder].append(page)
    return {
        folder: _with_pages(booklets.get(folder, Booklet(pages=tuple(kept))), in_exam_order(kept), given)
        for folder, kept in pages.items()
        if kept
    }


def _with_pages(booklet: Booklet, pages: tuple[PilePage, ...], given: _Given) -> Booklet:
    """Return a booklet with the pages that people left in it or gave to it, of which none is aside or missing."""
    there = {page.exam_page for page in pages}
    taken = {page.exam_page for page in booklet.pages if page not in pages and page.exam_page}
    missing = tuple(sorted({*booklet.missing, *taken} - there))
    repairs = tuple(each for each in booklet.repairs if each is not Repair.MISSING)
    return booklet.model_copy(
        update={
            "pages": pages,
            "aside": tuple(page for page in booklet.aside if _numbered(page) not in given),
            "missing": missing,
            "repairs": (*repairs, Repair.MISSING) if missing else repairs,
        }
    )


def in_exam_order(pages: Iterable[PilePage]) -> tuple[PilePage, ...]:
    """Return pages in the exam's order, each that is none of the exam's behind the one that it follows."""
    groups: list[list[PilePage]] = []
    for page in pages:
        if page.exam_page is None and groups:
            groups[-1].append(page)
        else:
            groups.append([page])
    groups.sort(key=lambda group: group[0].exam_page or 0)
    return tuple(page for group in groups for page in group)


def is_booklet_folder(folder: str) -> bool:
    """Return whether a folder is named as a pile's booklet, and not by a student."""
    return _BOOKLET_FOLDER.fullmatch(folder) is not None


def _folder(booklet: Booklet, names: Mapping[str, str]) -> str:
    place = booklet.first
    stem = PurePosixPath(names[place.source]).with_suffix("").as_posix().replace("/", "-")[:_LONGEST_STEM]
    return f"booklet-{stem}-{place.page:04}"


def _etag(booklet: Booklet, found: Booklet | None) -> str:
    """Return the ETag of a booklet, which changes with its pages and with the ink that was found on them.

    Where the folder is named for a place in the pile, the ETag tells the image of the first written page there, too:
    pages of which nothing but print is on them may be equal in all booklets of an exam that was filled in on a screen.

    Parameters
    ----------
    found
        The booklet that gave the folder its name, without the pages that people gave to it; ``None`` without one.
    """
    digest = sha256(booklet.model_dump_json(exclude=_FOLLOWS_FROM_IMAGES).encode()).hexdigest()
    if found is None or found.owner:
        return digest
    sheets = sorted((*found.pages, *found.aside), key=lambda page: (page.page, page.part))
    first = next((page for page in sheets if _is_written(page)), sheets[0])
    return f"{first.sha256[:32]}{_FIRST_PAGE_END}{digest}"


_FOLLOWS_FROM_IMAGES: Final[Any] = {name: {"__all__": {"is_white"}} for name in ("pages", "aside")}
"""Fields that the images' digests imply, and that earlier booklets do not have: these keep their ETags."""


def _is_written(page: PilePage) -> bool:
    if page.ink is None or page.ink.exam_page is None:
        return not page.is_empty
    return any(bytes.fromhex(page.ink.cells))


def first_page(etag: str) -> str:
    """Return what tells the page that a booklet begins with, by a scan's ETag; empty if it is no such booklet's."""
    return etag.rpartition(_FIRST_PAGE_END)[0]


def booklet_pages(material: AssignmentFiles) -> dict[str, tuple[PilePage, ...]]:
    """Return the pages of each booklet, by the key of its file."""
    return {file.stored.key: file.booklet.pages for file in booklet_files(material)}
