"""Codes of printed covers: whose sheet one is, of which assignment, and its number, without a name.

A code tells its student by a digest of what identifies a line of the roster best: the student's number, else another
id, else the name. So covers can be printed before anything is uploaded, without a secret, and still fit a roster in
which other columns were corrected. The check in it tells a misread code or one that was typed; a made-up student is on
no roster. Whoever knows a student's number can make that student's code, as anybody can write another's name.
"""

import hashlib
import re
from base64 import b32encode
from collections.abc import Iterator
from typing import NamedTuple

from aita.models.student import RosterEntry
from aita.services.assignments.name_forms import fold

COVER = 0
"""Number of the sheet that is only a cover; the sheets for answers count from 1."""

_FORMAT = "aita1"
_CODE = re.compile(
    rf"({_FORMAT}:([A-Za-z0-9][A-Za-z0-9_-]{{0,63}}):([a-z2-7]{{16}}):(0|[1-9][0-9]{{0,3}})):([a-z2-7]{{4}})"
)
_FOLDER = re.compile(r"cover-([a-z2-7]{16})")


class CoverCode(NamedTuple):
    """What the code on a printed sheet says: assignment, student (16 letters and digits) and number of the sheet."""

    assignment: str
    student: str
    page: int

    @property
    def text(self) -> str:
        """The text in the QR code."""
        told = f"{_FORMAT}:{self.assignment}:{self.student}:{self.page}"
        return f"{told}:{_digest(told, 4)}"

    @property
    def folder(self) -> str:
        """Name of the folder under ``scans/`` for the student's sheets: ``find_on_roster`` knows whose it is."""
        return f"cover-{self.student}"


def make(assignment: str, entry: RosterEntry, page: int = COVER) -> CoverCode:
    """Return the code for a sheet of a student on the roster.

    Parameters
    ----------
    page
        Number of the sheet, from 1; ``COVER`` for a cover without answers.
    """
    return CoverCode(assignment, next(_students(entry)), page)


def parse(text: str) -> CoverCode | None:
    """Return what a QR code's text says; ``None`` if it is no cover's, or misread."""
    found = _CODE.fullmatch(text)
    if found is None or _digest(found[1], 4) != found[5]:
        return None
    return CoverCode(found[2], found[3], int(found[4]))


def is_of(folder: str, entry: RosterEntry) -> bool:
    """Return whether a folder is a cover's, and the entry its student's."""
    found = _FOLDER.fullmatch(folder)
    return found is not None and found[1] in _students(entry)


def is_cover(folder: str) -> bool:
    """Return whether a folder is named for a cover's student."""
    return _FOLDER.fullmatch(folder) is not None


def _students(entry: RosterEntry) -> Iterator[str]:
    """Yield what a code may call the student of an entry, from the best that identifies it to the name.

    Leading zeros do not count, as spreadsheets drop them.
    """
    ids = {"number": entry.number, "canvas_id": entry.canvas_id, "login": entry.login, "email": entry.email}
    for field, value in {**ids, "name": entry.name}.items():
        if value:
            yield _digest(f"{field}\0{fold(value).lstrip('0') or value}", 16)


def _digest(text: str, length: int) -> str:
    return b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:length]
