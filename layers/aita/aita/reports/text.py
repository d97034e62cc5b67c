"""Formatting of points, shares, times and transcriptions in reports."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any

from markupsafe import Markup, escape

from aita.models.answer import AnswerPlace
from aita.models.exam import QuestionType
from aita.models.grade import CellState
from aita.models.part_decision import PartAction
from aita.models.points import exact, percentage
from aita.models.report import PageScan, PartReport
from aita.models.run import Usage
from aita.models.shown import ShownAnswer
from aita.models.student import Student
from aita.models.transcription import LineKind
from aita.reports.formulas import formulas, with_formulas

_STRUCK = re.compile(r"~~(.+?)~~", re.DOTALL)
_ILLEGIBLE = "[illegible]"
_MARGIN = 0.012  # of a page's height, above and below an answer: descenders are not cut
_LEAST = 0.03  # of a page's height: the least height of a crop

_STATES = {
    CellState.GRADED: "Graded",
    CellState.BLANK: "No answer",
    CellState.NEEDS_REVIEW: "A person will look",
    CellState.FAILED: "Not graded yet",
    CellState.OVERRIDDEN: "Decided by a person",
}

_LINES = {
    LineKind.ANSWER: "text",
    LineKind.LABEL: "a printed label",
    LineKind.PAGE_HEAD: "a page head",
    LineKind.PAGE_NUMBER: "a page number",
    LineKind.SCRATCH: "scratch work",
    LineKind.TO_READER: "words to the reader",
    LineKind.UNKNOWN: "text",
}

NONE = "\N{EN DASH}"
"""Sign for a missing number."""


def points(value: float | Decimal | None) -> str:
    """Return points with up to two decimals, without trailing zeros; a dash for none."""
    return NONE if value is None else f"{exact(value):f}".rstrip("0").rstrip(".")


def percent(share: float | None) -> str:
    """Return a share as a whole percentage, rounded half up; a dash for none."""
    return NONE if share is None else f"{percentage(share)}%"


def total_percent(total: float, out_of: float) -> str:
    """Return a total's percentage, cut after two decimals: rounded up, 89.996% would be 90% beside the letter below."""
    share = (exact(total) * 100 / exact(out_of)).quantize(Decimal("0.01"), ROUND_DOWN)
    return f"{points(share)}%"


def sentence(text: str) -> str:
    """Return text with a capital first letter."""
    return text[:1].upper() + text[1:]


def day(moment: datetime) -> str:
    """Return a moment's day, as ``2 March 2026``."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%B %Y}"


def minute(moment: datetime) -> str:
    """Return a moment to the minute, in UTC."""
    return f"{day(moment)}, {moment.astimezone(UTC):%H:%M} UTC"


def duration(seconds: float) -> str:
    """Return a time span in hours, minutes and seconds."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def usd(usage: Usage) -> str:
    """Return the cost of calls in US dollars; an unknown price does not count as zero."""
    if usage.unpriced_calls and usage.unpriced_calls == usage.calls:
        return "not known"
    cost = f"${usage.cost_usd:,.4f}" if 0 < usage.cost_usd < 1 else f"${usage.cost_usd:,.2f}"
    return f"more than {cost}" if usage.unpriced_calls else cost


def marked(text: str) -> Markup:
    """Return a transcription with its formulas, and its struck-out and illegible parts, as elements."""
    parts = enumerate(_STRUCK.split(text))
    return Markup().join(
        Markup("<del>{}</del>").format(_read(part)) if place % 2 else _read(part) for place, part in parts
    )


def _read(part: str) -> Markup:
    return with_formulas(
        part, lambda plain: Markup("<mark>[illegible]</mark>").join(map(escape, plain.split(_ILLEGIBLE)))
    )


def state(shown: ShownAnswer) -> str:
    """Return an answer's state in words."""
    return _STATES[shown.state]


def question_type(kind: QuestionType) -> str:
    """Return a type of question in words."""
    return kind.replace("_", " ").capitalize()


def match(student: Student) -> str:
    """Return the kind of a student's match with the roster, in words."""
    return {
        "exact": "on the roster",
        "decided": "on the roster, as a person decided",
        "close": f"close to {student.roster_name}, and nobody's until a person confirms it",
        "changed": "a person decided whose it is, and the roster has changed since",
        "nobody": "not on the roster, as a person decided",
        "ambiguous": "matches several names on the roster",
        "none": "not on the roster",
        "no_roster": "there is no roster",
    }[student.match]


def crop(place: AnswerPlace, scan: PageScan) -> Markup:
    """Return the size and the ``viewBox`` of an SVG that shows an answer's part of a page."""
    top = max(0.0, place.top - _MARGIN)
    bottom = min(1.0, max(place.bottom + _MARGIN, top + _LEAST))
    height = max(1, round((bottom - top) * scan.height))
    return Markup('width="{0}" height="{1}" viewBox="0 {2} {0} {1}"').format(scan.width, height, int(top * scan.height))


def part_kind(part: PartReport) -> str:
    """Return the kind of a part that belongs to no answer, in words: what a person said, or what was read there."""
    if part.action is not None:
        return {PartAction.SCRATCH: "scratch work, said a person", PartAction.NOTHING: "nothing, said a person"}[
            part.action
        ]
    if not part.lines:
        return "ink in which nothing was read"
    kinds = dict.fromkeys(_LINES[line.kind] for line in part.lines)
    return ", ".join(kinds)


FILTERS: dict[str, Callable[..., Any]] = {
    "points": points,
    "percent": percent,
    "total_percent": total_percent,
    "sentence": sentence,
    "day": day,
    "minute": minute,
    "duration": duration,
    "usd": usd,
    "formulas": formulas,
    "marked": marked,
    "state": state,
    "question_type": question_type,
    "match": match,
    "crop": crop,
    "part_kind": part_kind,
}
"""The functions by their names in templates."""
