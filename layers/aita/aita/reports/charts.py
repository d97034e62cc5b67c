"""Charts as inline SVG: drawn by pygal, without its script and style, so that the page's own style applies.

pygal draws without a browser, a network or numpy, labels its axes, and returns the SVG as a tree.
"""

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import pygal
from markupsafe import Markup
from pygal.etree import etree
from pygal.style import Style

from aita.models.grade import StudentGrades
from aita.models.report import QuestionFigures

BINS = 10
"""Bins of the histogram of totals, each a tenth wide; the last includes 100%."""

_TO = "\N{EN DASH}"
_WIDTH, _HEIGHT = 760, 320
_ROW = 30  # pixels for each question
_ROOM = 0.07  # of the highest bar: lower bars have no room for their figure
_LONGEST_LABEL = 14
_INTERVALS = 5
_STEPS = [digit * 10**power for power in range(7) for digit in (1, 2, 5)]
_SIZED = ("label_font_size", "major_label_font_size", "legend_font_size", "value_font_size")
"""Sizes of text that pygal leaves room for, in pixels: the same as in style.css."""

_DROPPED = ("defs", "desc", "title")

etree.to_etree()  # also where lxml happens to be installed


def histogram(grades: Sequence[StudentGrades]) -> list[tuple[str, int, int]]:
    """Return each bin's label, number of final totals and number of other totals; a bin is a tenth of all points."""
    counts = [[0, 0] for _ in range(BINS)]
    for each in grades:
        place = min(int(each.points / each.out_of * BINS + 1e-9), BINS - 1)
        counts[place][0 if each.final else 1] += 1
    starts = range(0, 100, 100 // BINS)
    labels = [f"{start}{_TO}{100 if start == starts[-1] else start + starts.step - 1}" for start in starts]
    return [(label, final, others) for label, (final, others) in zip(labels, counts, strict=True)]


def totals(grades: Sequence[StudentGrades], out_of: str) -> Markup:
    """Return the chart of the distribution of totals."""
    bins = histogram(grades)
    most = max(final + others for _, final, others in bins)
    chart = pygal.StackedBar(
        **_LOOK,
        height=_HEIGHT,
        x_title=f"Total, in % of {out_of} points",
        y_title="Students",
        show_legend=True,
        legend_at_bottom=True,
        legend_box_size=14,
        y_labels=_ticks(most),
        formatter=lambda count: f"{count}" if count >= most * _ROOM else "",
    )
    chart.x_labels = [label for label, _, _ in bins]
    chart.add("Final", [final or None for _, final, _ in bins])
    chart.add("So far: some answers are open", [others or None for _, _, others in bins])
    figures = ", ".join(f"{label}%: {final + others}" for label, final, others in bins if final + others)
    return _svg(chart, "totals", "Distribution of totals", f"Students by their total. {figures}.")


def means(questions: Sequence[QuestionFigures]) -> Markup:
    """Return the chart of each question's mean share of its points."""
    chart = pygal.HorizontalBar(
        **_LOOK,
        height=90 + _ROW * len(questions),
        x_title="Mean, in % of the question's points",
        y_title="Question",
        show_legend=False,
        range=(0, 108),  # room for the figure at the end of a whole bar
        print_values_position="top",
        y_labels=list(range(0, 101, 20)),
        truncate_label=_LONGEST_LABEL,
        formatter=lambda value: f"{value:.0f}%",
    )
    upwards = list(reversed(questions))  # pygal's first is the lowest
    chart.x_labels = [figures.question.question_id for figures in upwards]
    chart.add("Mean", [None if (share := figures.mean_share) is None else share * 100 for figures in upwards])
    shares = ", ".join(
        f"{figures.question.question_id}: {figures.mean_share:.0%}"
        for figures in questions
        if figures.mean_share is not None
    )
    return _svg(chart, "means", "Mean by question", f"Mean by question. {shares}.")


_LOOK: dict[str, Any] = {
    "style": Style(**dict.fromkeys(_SIZED, 12), title_font_size=13),
    "width": _WIDTH,
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


def _svg(chart: Any, name: str, title: str, description: str) -> Markup:
    """Return a chart's SVG with a title and a description, which a screen reader reads instead of its parts."""
    root: ElementTree.Element = chart.render_tree()
    for parent in list(root.iter()):
        parent.attrib.pop("id", None)
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag in _DROPPED or "tooltip" in child.get("class", "").split():
                parent.remove(child)
    root.attrib |= {"id": f"chart-{name}", "role": "img", "class": f"chart {name}"}
    root.set("aria-labelledby", f"chart-{name}-title chart-{name}-text")
    for place, (tag, part, text) in enumerate((("title", "title", title), ("desc", "text", description))):
        element = ElementTree.Element(tag, id=f"chart-{name}-{part}")
        element.text = text
        root.insert(place, element)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - the tree's writer escapes
