"""Charts as inline SVG: drawn by pygal, without its script and style, so that the page's own style applies.

pygal draws without a browser, a network or numpy, labels its axes, and returns the SVG as a tree.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import pygal
from markupsafe import Markup
from pygal.etree import etree
from pygal.style import Style

from aita.models.class_report import QuestionFigures
from aita.models.grade import StudentGrades
from aita.models.points import exact
from aita.reports.text import percent

BINS = 10
"""Bins of the histogram of totals up to 100%, which the last one includes; each is a tenth wide."""

_TO = "\N{EN DASH}"
_WIDTH, _NARROW, _HEIGHT = 760, 350, 320
"""Pixels. A narrow chart is for telephones: the wide one would be illegible there, or go on beyond the screen."""

_SLANT = 60  # degrees of the narrow chart's labels
_GAP = 6  # pixels between the line at 100% and the figures
_ROW = 30  # pixels for each question
_ROOM = 0.07  # of the highest bar: lower bars have no room for their figure
_LONGEST_LABEL = 14
_INTERVALS = 5
_STEPS = [digit * 10**power for power in range(7) for digit in (1, 2, 5)]
_SIZED = ("label_font_size", "major_label_font_size", "legend_font_size", "value_font_size")
"""Sizes of text that pygal leaves room for, in pixels: the same as in style.css."""

_DROPPED = ("defs", "desc", "title")

etree.to_etree()  # also where lxml happens to be installed


def histogram(grades: Sequence[StudentGrades]) -> list[tuple[str, int]]:
    """Return each bin's label and number of totals; a bin is a tenth of all points, and a last one is above them.

    Totals with open answers are in no bin, as they may become any other. The last bin is there if a total is in it.
    """
    final = [each for each in grades if each.final]
    counts = Counter(
        min(int(exact(each.points) * BINS // exact(each.out_of)), BINS - 1) for each in final if not _above(each)
    )
    starts = range(0, 100, 100 // BINS)
    labels = [f"{start}{_TO}{100 if start == starts[-1] else start + starts.step - 1}" for start in starts]
    above = sum(map(_above, final))
    return [*((label, counts[place]) for place, label in enumerate(labels)), *([(">100", above)] if above else [])]


def totals(grades: Sequence[StudentGrades], out_of: str, *, narrow: bool = False) -> Markup:
    """Return the chart of the distribution of final totals, for a page or a telephone."""
    bins = histogram(grades)
    most = max(count for _, count in bins)
    chart = pygal.Bar(
        **_look(narrow=narrow),
        height=_HEIGHT,
        x_label_rotation=_SLANT if narrow else 0,
        x_title=f"Total, in % of {out_of} points",
        y_title="Students",
        show_legend=False,
        y_labels=_ticks(most),
        formatter=lambda count: f"{count}" if count >= most * _ROOM else "",
    )
    chart.x_labels = [label for label, _ in bins]
    chart.add("Final", [count or None for _, count in bins])
    figures = ", ".join(f"{label}%: {count}" for label, count in bins if count)
    return _svg(
        chart.render_tree(),
        "totals",
        "Distribution of totals",
        f"Students by their final total. {figures}.",
        narrow=narrow,
    )


def means(questions: Sequence[QuestionFigures], *, narrow: bool = False) -> Markup:
    """Return the chart of each question's mean share of its points, with the number of open answers beside it."""
    chart = pygal.HorizontalBar(
        **_look(narrow=narrow),
        height=90 + _ROW * len(questions),
        x_title="Mean, in % of the question's points",
        y_title="Question",
        show_legend=False,
        # Room for the figures beyond a whole bar.
        range=(0, (165 if narrow else 122) if any(figures.open for figures in questions) else 115 if narrow else 108),
        print_values_position="top",
        y_labels=list(range(0, 101, 20)),
    )
    upwards = list(reversed(questions))  # pygal's first is the lowest
    chart.x_labels = [_label(figures.question.question_id) for figures in upwards]
    chart.add("Mean", [_bar(figures) for figures in upwards])
    shares = ", ".join(
        f"{figures.question.question_id}: {_share(figures)}" for figures in questions if figures.mean_share is not None
    )
    root = chart.render_tree()
    _move_figures(root)
    return _svg(root, "means", "Mean by question", f"Mean by question. {shares}.", narrow=narrow)


def _move_figures(root: ElementTree.Element) -> None:
    """Put the bars' figures below each other beyond the line at 100%, as no line then goes through one."""
    (axis,) = (group for group in root.iter("g") if group.get("class", "").startswith("axis x"))
    *_, end = (float(text.attrib["x"]) for text in axis.iter("text"))
    for text in root.iter("text"):
        if text.get("class") == "value":
            text.set("x", f"{end + _GAP}")


def _label(question_id: str) -> str:
    """Return an id as a label: pygal leaves room for a whole one, and never returns if no room for a title is left."""
    return (
        question_id
        if len(question_id) <= _LONGEST_LABEL
        else f"{question_id[: _LONGEST_LABEL - 1]}\N{HORIZONTAL ELLIPSIS}"
    )


def _bar(figures: QuestionFigures) -> dict[str, Any] | None:
    if figures.mean_share is None:
        return None
    text = _share(figures)
    return {"value": figures.mean_share * 100, "formatter": lambda _: text}


def _share(figures: QuestionFigures) -> str:
    return percent(figures.mean_share) + (f", {figures.open} open" if figures.open else "")


def _above(grades: StudentGrades) -> bool:
    return exact(grades.points) > exact(grades.out_of)


def _look(*, narrow: bool) -> dict[str, Any]:
    return _LOOK | {"width": _NARROW if narrow else _WIDTH}


_LOOK: dict[str, Any] = {
    "style": Style(**dict.fromkeys(_SIZED, 12), title_font_size=13),
    "css": (),
    "js": (),
    "no_prefix": True,
    "margin": 6,
    "spacing": 14,
    "print_values": True,
    "print_zeroes": False,
    "rounded_bars": 2,
}


def _ticks(most: int) -> list[int]:
    """Return whole numbers from 0 to ``most`` or just above, in steps of 1, 2 or 5 times a power of ten."""
    step = next(step for step in _STEPS if step * _INTERVALS >= most)
    return list(range(0, max(-(-most // step), 1) * step + 1, step))


def _svg(root: ElementTree.Element, name: str, title: str, description: str, *, narrow: bool) -> Markup:
    """Return a chart's SVG with a title and a description, which a screen reader reads instead of its parts."""
    width = "narrow" if narrow else "wide"
    for parent in list(root.iter()):
        parent.attrib.pop("id", None)
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag in _DROPPED or "tooltip" in child.get("class", "").split():
                parent.remove(child)
    root.attrib |= {"id": f"chart-{name}-{width}", "role": "img", "class": f"chart {name} {width}"}
    root.set("aria-labelledby", f"chart-{name}-{width}-title chart-{name}-{width}-text")
    for place, (tag, part, text) in enumerate((("title", "title", title), ("desc", "text", description))):
        element = ElementTree.Element(tag, id=f"chart-{name}-{width}-{part}")
        element.text = text
        root.insert(place, element)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - the tree's writer escapes
