"""Counterparts of a part: the parts at the same place of the same exam page of the class's other pages."""

import math
from collections.abc import Iterable, Mapping

from aita.errors import RequestError
from aita.models.ledger import Part
from aita.models.scan import BANDS, StudentScans

StudentPart = tuple[str, Part]
"""Student id, and one of the student's parts."""


def counterparts(
    student_part: StudentPart, others: Iterable[StudentPart], scans: Mapping[str, StudentScans]
) -> tuple[StudentPart, ...]:
    """Return those of other parts that are counterparts of a part.

    The bands that two parts share must be half of each one's bands or more, so that a page number is no counterpart of
    the paragraph that it stands in.

    Raises
    ------
    RequestError
        If it is not known which page of the exam the part stands on.
    """
    exam_page = _exam_page(student_part, scans)
    if exam_page is None:
        raise RequestError(
            f"it is not known which page of the exam page {student_part[1].page} is, so that the class's same parts "
            "can't be told: decide on this part alone"
        )
    bands = _bands(student_part[1])
    return tuple(
        other
        for other in others
        if other != student_part and _exam_page(other, scans) == exam_page and _is_same_place(bands, _bands(other[1]))
    )


def _exam_page(student_part: StudentPart, scans: Mapping[str, StudentScans]) -> int | None:
    student_id, part = student_part
    ink = dict(enumerate(scans.get(student_id, StudentScans()).ink, 1)).get(part.page)
    return ink.exam_page if ink is not None else None


def _bands(part: Part) -> range:
    first = min(math.floor(part.top * BANDS), BANDS - 1)
    return range(first, max(math.ceil(part.bottom * BANDS), first + 1))


def _is_same_place(one: range, other: range) -> bool:
    shared = min(one.stop, other.stop) - max(one.start, other.start)
    return 2 * shared >= max(len(one), len(other))
