"""Histograms of the points of a question, as inline SVG that takes its colours from the page's style."""

from collections.abc import Sequence
from xml.etree import ElementTree

from markupsafe import Markup

from aita.models.class_report import Bin, QuestionFigures
from aita.reports.text import points

_WIDTH, _TOP, _BARS, _BOTTOM = 240, 16, 64, 18
_GAP = 2
_DIGIT = 7  # pixels of a character of a label


def question_histogram(figures: QuestionFigures) -> Markup:
    """Return a question's histogram; a screen reader reads the numbers of answers instead of its parts."""
    bins = figures.bins
    most = max([1, *(each.answers for each in bins)])
    root = ElementTree.Element(
        "svg",
        {
            "class": "histogram",
            "viewBox": f"0 0 {_WIDTH} {_TOP + _BARS + _BOTTOM}",
            "role": "img",
            "aria-label": f"Answers to question {figures.question.question_id} by points. {described(bins)}",
        },
    )
    width = _WIDTH / len(bins)
    for place, each in enumerate(bins):
        height = each.answers * _BARS / most
        if each.answers:
            _add(root, "rect", x=place * width + _GAP / 2, y=_TOP + _BARS - height, width=width - _GAP, height=height)
            _add(root, "text", str(each.answers), x=(place + 0.5) * width, y=_TOP + _BARS - height - 4)
    _add(root, "path", d=f"M0 {_TOP + _BARS}H{_WIDTH}")
    for text, at in _labels(bins):
        _add(root, "text", text, x=at * width, y=_TOP + _BARS + _BOTTOM - 4, **_anchor(at, len(bins)))
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - the tree's writer escapes


def described(bins: Sequence[Bin]) -> str:
    """Return the numbers of answers in words, without those of no answer."""
    return ", ".join(f"{label(each)} points: {each.answers}" for each in bins if each.answers) or "There are none"


def label(each: Bin) -> str:
    """Return a bin's points: one number, or a range."""
    return points(each.start) if each.start == each.end else f"{points(each.start)} to {points(each.end)}"


def _labels(bins: Sequence[Bin]) -> list[tuple[str, float]]:
    """Return the labels of the axis, each with its place in bars: below bars, or where one tenth ends."""
    if bins[0].start == bins[0].end:
        labels = [(points(each.start), place + 0.5) for place, each in enumerate(bins)]
    else:
        labels = [(points(each.start), float(place)) for place, each in enumerate(bins)]
        labels.append((points(bins[-1].end), float(len(bins))))
    room = (max(len(text) for text, _ in labels) + 1) * _DIGIT
    return labels[:: -(-room * len(bins) // _WIDTH)]  # as many as do not touch each other


def _anchor(place: float, bins: int) -> dict[str, str]:
    return {0.0: {"class": "first"}, float(bins): {"class": "last"}}.get(place, {})


def _add(root: ElementTree.Element, tag: str, text: str | None = None, **attributes: float | str) -> None:
    shown = {name: value if isinstance(value, str) else f"{value:.1f}" for name, value in attributes.items()}
    ElementTree.SubElement(root, tag, shown).text = text
