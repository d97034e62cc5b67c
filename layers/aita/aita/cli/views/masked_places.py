"""Places whose pages are masked where they stand, so that the image does not show them."""

from collections.abc import Mapping

from aita.models.answer import AnswerPlace
from aita.models.student import Students

Scans = Mapping[str, str]
"""Path of each scanned file under the assignment's folder, by its id."""


def scans_of(students: Students, student_id: str) -> Scans:
    """Return the paths of a student's scans by their ids; empty for a student who is not known."""
    found = (each for each in students.students if each.student_id == student_id)
    return {source: f"scans/{each.folder}/{name}" for each in found for source, name in each.files.items()}


def masked_note(place: AnswerPlace, masked: float, source: str | None, scans: Scans) -> str:
    """Return a sentence on the part of a place that is white in the page's image; empty if nothing of it is.

    Parameters
    ----------
    masked
        Share of the page's height, from its top, that is white in the image.
    source
        Id of the scanned file with the page.
    """
    if place.top >= masked:
        return ""
    scan = scans.get(source or "", "the scan itself")
    return (
        f"Page {place.page} is masked: its image is white from the top to {masked:.0%} of its height, also where "
        f"this stands. See {scan}"
    )
