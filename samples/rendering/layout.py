"""Where things stand on the pages of the exam, in PDF points from the top left corner of an A4 page."""

import textwrap
from dataclasses import dataclass, field
from typing import Any

PAGE_WIDTH = 595.0
PAGE_HEIGHT = 842.0
LEFT = 50.0
RIGHT = 545.0
RULE_SPACING = 25.0
HEADER_BOTTOM = 96.0
"""The header with the student's name ends here: within the top 12 % of the page."""

_BODY_TOP = 122.0
_LINE_HEIGHT = 14.0
_WRAP = 92  # characters of 11 point Helvetica that fit between the margins
_HAND_HEIGHT = 18.0  # of a line of handwriting above its rule
_DRAWING_HEIGHT = 165.0
_RULES = {"multiple_choice": 1, "short_answer": 8, "calculation": 8, "long_answer": 8, "diagram": 0}


@dataclass(frozen=True)
class PrintedLine:
    """One line of print; ``y`` is its baseline."""

    x: float
    y: float
    text: str
    size: float = 11.0
    bold: bool = False


@dataclass(frozen=True)
class AnswerSpace:
    """Room for one answer: ruled lines, or a frame of ``height`` to draw in. ``y`` is the first rule or the top."""

    y: float
    rules: int
    height: float = 0.0

    def top(self, line: int) -> float:
        """Return where an answer's line begins, counted from 0, as a fraction of the page's height."""
        return (self.y + RULE_SPACING * line - (_HAND_HEIGHT if self.rules else 0)) / PAGE_HEIGHT


@dataclass
class PageLayout:
    """All that is printed on one page, and by question id where its label stands and where its answer goes."""

    number: int
    lines: list[PrintedLine] = field(default_factory=list)
    labels: dict[str, float] = field(default_factory=dict)
    answers: dict[str, AnswerSpace] = field(default_factory=dict)

    def spans(self) -> dict[str, tuple[float, float]]:
        """Return where each question begins and ends, as fractions of the page's height.

        It ends where the next one's label is printed, the last one at the bottom of the page.
        """
        tops = [(y - _LINE_HEIGHT) / PAGE_HEIGHT for y in self.labels.values()]
        return dict(zip(self.labels, zip(tops, [*tops[1:], 1.0], strict=True), strict=True))


def lay_out(exam: dict[str, Any]) -> list[PageLayout]:
    """Place the questions of ``questions.json`` on their pages.

    Raises
    ------
    ValueError
        If the questions of a page do not fit on it.
    """
    total = exam["total_pages"]
    pages = []
    for number in range(1, total + 1):
        page = PageLayout(number)
        page.lines += [
            PrintedLine(LEFT, 50, exam["exam_name"], 13, bold=True),
            PrintedLine(RIGHT - 62, 50, f"Page {number} of {total}", 10),
            PrintedLine(LEFT, 84, "Name:", 12),
        ]
        y = _BODY_TOP
        for question in exam["questions"]:
            if question["page_number"] == number:
                y = _place(page, question, y)
        if y > PAGE_HEIGHT - 20:
            raise ValueError(f"page {number} is {y - PAGE_HEIGHT + 20:.0f} points too long")
        pages.append(page)
    return pages


def _place(page: PageLayout, question: dict[str, Any], y: float) -> float:
    """Add a question and its answer space; return where the next question may start."""
    page.labels[question["question_id"]] = y
    page.lines.append(PrintedLine(LEFT, y, f"{question['question_id']}.  ({question['points']} points)", bold=True))
    for paragraph in question["question_text"].split("\n"):
        for text in textwrap.wrap(paragraph, _WRAP):
            y += _LINE_HEIGHT
            page.lines.append(PrintedLine(LEFT, y, text))
    if rules := _RULES[question["question_type"]]:
        page.answers[question["question_id"]] = AnswerSpace(y + 30, rules)
        return y + 30 + RULE_SPACING * (rules - 1) + 30
    page.answers[question["question_id"]] = AnswerSpace(y + 10, 0, _DRAWING_HEIGHT)
    return y + 10 + _DRAWING_HEIGHT + 30
