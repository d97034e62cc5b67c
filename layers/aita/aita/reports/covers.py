"""Printed covers as an HTML file, which a browser prints: it has the letters of every script."""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

import segno
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aita.errors import InvalidMaterialError
from aita.models.student import RosterEntry
from aita.services.assignments import cover_codes
from aita.services.assignments.cover_codes import CoverCode

_LONG_NAME = 36  # characters; a longer name is set smaller, so that it stays beside the code


class Paper(StrEnum):
    """Sizes of paper, as CSS calls them."""

    A4 = "a4"
    LETTER = "letter"


class _Sheet(NamedTuple):
    """A printed sheet: whose it is, its number, and its code as an SVG."""

    entry: RosterEntry
    page: int
    code: Markup

    @property
    def is_long(self) -> bool:
        return len(self.entry.name) > _LONG_NAME


def covers(assignment: str, roster: Sequence[RosterEntry], pages: int, paper: Paper) -> bytes:
    """Return the covers of all students in the order of the roster, as one HTML file in UTF-8.

    Parameters
    ----------
    pages
        Number of sheets for answers that follow each cover, with the student's name and code on each.

    Raises
    ------
    InvalidMaterialError
        If the codes of two students would be the same.
    """
    twice = Counter(cover_codes.make(assignment, entry).student for entry in roster)
    if lines := [entry for entry in roster if twice[cover_codes.make(assignment, entry).student] > 1]:
        raise InvalidMaterialError(
            f"roster.csv: {len(lines)} students can't be told apart, as they have no number and the same name, or "
            f"numbers that differ in leading zeros alone: give each student a number, and upload the roster again"
        )
    environment = Environment(
        loader=PackageLoader("aita.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    template = environment.get_template("covers.html")
    sheets = _sheets(assignment, roster, pages)
    return template.render(assignment=assignment, sheets=sheets, pages=pages, paper=paper).encode()


def _sheets(assignment: str, roster: Sequence[RosterEntry], pages: int) -> Iterator[_Sheet]:
    for entry in roster:
        for page in range(cover_codes.COVER, pages + 1):
            yield _Sheet(entry, page, _svg(cover_codes.make(assignment, entry, page)))


def _svg(code: CoverCode) -> Markup:
    made = segno.make_qr(code.text, error="m")
    return Markup(made.svg_inline(omitsize=True, border=2, svgclass="code", lineclass=None))  # noqa: S704 - segno's own
