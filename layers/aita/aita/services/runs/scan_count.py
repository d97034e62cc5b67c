"""Students and pages of an assignment, counted from the uploaded files before they are split."""

from collections.abc import Iterable
from math import ceil
from pathlib import PurePosixPath

from aita.ports import StoredObject
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.pile_files import PileFile, booklet_files, pile_files
from aita.services.assignments.uploaded_files import blank_exam_files, uploaded_scans

BYTES_PER_PDF_PAGE = 300_000
"""Approximate bytes of a scanned page in a PDF (a colour scan at 150 to 200 dpi as JPEG). Only the split counts a PDF's
pages."""

_BOOKLET_PAGES = 4
"""Assumed pages of a booklet of a pile, if neither a blank exam nor the instructor tells them."""


def page_count(files: Iterable[StoredObject]) -> int:
    """Return the approximate number of pages in files."""
    return sum(
        max(1, file.size // BYTES_PER_PDF_PAGE) if PurePosixPath(file.key).suffix.lower() == ".pdf" else 1
        for file in files
    )


def student_count(material: AssignmentFiles) -> int:
    """Return the number of folders with scans, and the approximate number of booklets that are not separated yet."""
    folders = {folder for folder, name, _ in uploaded_scans(material) if name}
    return len(folders) + booklet_count(material)


def scan_page_count(material: AssignmentFiles) -> int:
    """Return the approximate number of pages of all scans, those of piles included."""
    booklets = {each.stored.key: len(each.booklet.pages) for each in booklet_files(material)}
    files = [file for _, name, file in uploaded_scans(material) if name and file.key not in booklets]
    return page_count(files) + sum(booklets.values()) + unseparated_page_count(material)


def pile_page_counts(material: AssignmentFiles) -> dict[str, int]:
    """Return the number of pages of each file of the piles, by its id: approximate until a run has separated it."""
    known = material.separation().counted
    return {file.source: known.get(file.source) or _page_count(file) for file in pile_files(material)}


def unseparated_page_count(material: AssignmentFiles) -> int:
    """Return the approximate number of pages of the piles that no run has separated yet."""
    separated = material.separation().counted
    return sum(count for source, count in pile_page_counts(material).items() if source not in separated)


def booklet_count(material: AssignmentFiles) -> int:
    """Return the approximate number of booklets of the piles that no run has separated yet."""
    return ceil(unseparated_page_count(material) / booklet_length(material))


def booklet_length(material: AssignmentFiles) -> int:
    """Return the pages of a booklet, as the instructor or the blank exam tells them, else an assumed number."""
    found = material.exam_pages()
    blank = len(found.pages) if found is not None and found.blank else page_count(blank_exam_files(material))
    return material.pile_settings().pages or blank or _BOOKLET_PAGES


def _page_count(file: PileFile) -> int:
    if PurePosixPath(file.name).suffix.lower() not in {".pdf", ".tif", ".tiff"}:
        return 1
    return max(1, sum(part.size for part in file.parts) // BYTES_PER_PDF_PAGE)
