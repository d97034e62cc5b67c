"""Maximum of a grade's column in an LMS, which keeps points as they are: 7.5 of 7.5 would be 7.5 of 20 there."""

import re
from decimal import Decimal

from aita.models.points import exact
from aita.services.exports.export_roster import ExportRoster

MAXIMUM = r"(?P<maximum>\d+(?:[.,]\d{1,2})?)(?![\d.,])"
"""Regular expression of a maximum in a header. A number with a separator of thousands is none."""


def with_maximum_noted(roll: ExportRoster, system: str, header: re.Match[str] | None) -> ExportRoster:
    """Return the roll with a note if the header's ``maximum`` is not that of the exam.

    Parameters
    ----------
    header
        Match of the header in the LMS's own download; ``None``, or without the group, if it names no maximum.
    """
    maximum = header["maximum"] if header else None
    if maximum is None or exact(Decimal(maximum.replace(",", "."))) == exact(roll.exam.out_of):
        return roll
    return roll.with_notes(
        f"the column is out of {maximum} points in {system}, and the exam out of {roll.exam.out_of:g}: {system} keeps "
        "points as they are, so set its maximum to the exam's"
    )
