"""Students and pages of an assignment, counted from the uploaded files before they are split."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from aita.ports import StoredObject
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.uploaded_files import uploaded_scans

BYTES_PER_PDF_PAGE = 300_000
"""Approximate bytes of a scanned page in a PDF (a colour scan at 150 to 200 dpi as JPEG). Only the split counts a PDF's
pages."""


def page_count(files: Iterable[StoredObject]) -> int:
    """Return the approximate number of pages in files."""
    return sum(
        max(1, file.size // BYTES_PER_PDF_PAGE) if PurePosixPath(file.key).suffix.lower() == ".pdf" else 1
        for file in files
    )


def student_count(material: AssignmentFiles) -> int:
    """Return the number of folders with scans."""
    return len({folder for folder, name, _ in uploaded_scans(material) if name})
