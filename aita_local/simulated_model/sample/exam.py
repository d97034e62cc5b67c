"""The sample exam: the pages, the questions and the grades of ``samples/truth.json``."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from aita_local.simulated_model.sample.page_fingerprint import distance
from aita_local.simulated_model.sample.row_darkness import CELLS, ROWS, Darkness, strip_rows

TRUTH = Path(__file__).parents[3] / "samples" / "truth.json"

FARTHEST = 32
"""Largest distance in bits between fingerprints of the same page of a student.

A sample page that was scaled between 1,000 and 2,048 pixels, compressed again down to quality 20,
turned into a PDF and back, or stripped of its header stays within 11 bits of its fingerprint; the
closest pages of different students are 64 bits apart, and a page of the blank exam is 91 from all of them.
"""

FARTHEST_BLANK = 14
"""Largest distance in bits between fingerprints of the same page of the blank exam.

Most of such a page is white, so that two of them may be as near as 29 bits, and an empty sheet is 33 from the nearest.
Drawn, scaled and compressed in the ways above, a page stays within 7 bits.
"""


PAGE_HEIGHT = 1754 / 1240
"""Height of a sample page as a multiple of its width."""

_LINE = 0.005
"""Part of the page's height by which a strip's place may be wrong."""

MOST_DIFFERENT = 2.0
"""Largest mean difference, of 15, between a strip and the rows of the page that it shows.

Of the samples' answers, cut out of pages that were scaled to seven eighths and compressed to quality 80, it is 1.4 at
most, and each one's own page is nearer than all others.
"""


MOST_DIFFERENT_HEAD = 1.0
"""Largest mean difference, of 15, between a head and the first rows of its page.

Of the samples' heads it is 0.9 at most, but for one that was scanned at an angle, and 1.05 at least for another page.
"""

_NO_ROWS = Darkness(b"")
"""Of pages on which nothing is written."""


@dataclass(frozen=True, slots=True)
class AnswerPosition:
    """Top of the space for one answer on a page, as a share of the page's height."""

    question_id: str
    top: float


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page of a sample student or of the blank exam: its fingerprint, answers' positions and transcription.

    ``farthest`` is the largest distance in bits at which an image counts as this page, and ``darkness`` has the rows
    by which a strip of it is found. ``student`` is the name on it.
    """

    fingerprint: int
    farthest: int
    marks: tuple[AnswerPosition, ...]
    lines: tuple[dict[str, Any], ...] = ()
    confidence: float = 1.0
    warnings: tuple[dict[str, Any], ...] = ()
    darkness: Darkness = _NO_ROWS
    student: str = ""

    def lines_between(self, top: float, bottom: float) -> tuple[str, ...]:
        """Return the lines of answers that begin between two fractions of the page's height."""
        return tuple(line["text"] for line in self.lines if line["kind"] != "label" and top <= line["top"] < bottom)


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question of the sample exam; ``text`` has single spaces only, so that it is found in any wrapping.

    ``grades`` has the grading of each known answer, by the answer's text with single spaces only.
    """

    text: str
    printed: dict[str, Any]
    answer_key: dict[str, Any]
    rubric: dict[str, Any]
    grades: dict[str, dict[str, Any]]

    @property
    def question_id(self) -> str:
        """Id of the question in the sample exam."""
        return str(self.answer_key["question_id"])


@dataclass(frozen=True, slots=True)
class SampleExam:
    """Name, pages and questions of the sample exam, the questions in the exam's order."""

    name: str
    pages: tuple[KnownPage, ...]
    questions: tuple[KnownQuestion, ...]

    @classmethod
    def load(cls, path: Path = TRUTH) -> Self:
        """Return the exam in a ``truth.json``.

        Raises
        ------
        OSError, ValueError, KeyError
            If the file does not exist or is not in the format of ``samples/render.py``.
        """
        truth = json.loads(path.read_text("utf-8"))
        pages = [_student_page(page) for page in truth["pages"]] + [_blank_page(page) for page in truth["exam_pages"]]
        questions = [_question(entry, truth["grades"]) for entry in truth["questions"]]
        return cls(truth["exam_name"], tuple(pages), tuple(questions))

    def page(self, fingerprint: int) -> KnownPage | None:
        """Return the page with a similar fingerprint, or ``None`` if there is none."""
        nearest = min(self.pages, key=lambda page: distance(page.fingerprint, fingerprint))
        return nearest if distance(nearest.fingerprint, fingerprint) <= nearest.farthest else None

    def strip(self, image: bytes) -> tuple[str, ...] | None:
        """Return the handwritten lines on a strip of a student's page; ``None`` if it is on none.

        Raises
        ------
        OSError, ValueError
            If Pillow can't decode the strip.
        """
        found = [
            (difference, (row - left_out) / ROWS, len(rows.values) / CELLS / ROWS, page)
            for left_out, rows in strip_rows(image, PAGE_HEIGHT)
            for page in self.pages
            for difference, row in page.darkness.places(rows)
        ]
        difference, top, height, page = min(found, key=lambda each: each[0], default=(math.inf, 0.0, 0.0, None))
        if page is None or difference > MOST_DIFFERENT:
            return None
        return page.lines_between(top - _LINE, top + height)

    def head(self, image: bytes) -> str | None:
        """Return the name on the head of a student's page; ``None`` if it is the head of none.

        Raises
        ------
        OSError, ValueError
            If Pillow can't decode the head.
        """
        found = [
            (difference, page.student)
            for left_out, rows in strip_rows(image, PAGE_HEIGHT)
            for page in self.pages
            for difference, row in page.darkness.places(rows)
            if row == left_out == 0
        ]
        difference, name = min(found, default=(math.inf, ""))
        return name if difference <= MOST_DIFFERENT_HEAD else None

    def question(self, prompt: str) -> KnownQuestion | None:
        """Return the question whose text stands last in the prompt, or ``None`` if none is in it."""
        flat = one_line(prompt)
        place, last = max(((flat.rfind(q.text), q) for q in self.questions), key=lambda found: found[0])
        return last if place >= 0 else None

    def question_that_begins(self, words: str) -> KnownQuestion | None:
        """Return the question whose text begins with these words, or is their beginning; ``None`` if there is none."""
        return next((q for q in self.questions if q.text.startswith(words) or words.startswith(q.text)), None)


def one_line(text: str) -> str:
    """Return the text with every run of white space as one space."""
    return " ".join(text.split())


def _student_page(entry: dict[str, Any]) -> KnownPage:
    lines, warnings, rows = tuple(entry["lines"]), tuple(entry["warnings"]), Darkness.from_hex(entry["rows"])
    return KnownPage(
        _bits(entry), FARTHEST, _marks(entry["answers"]), lines, entry["confidence"], warnings, rows, entry["student"]
    )


def _blank_page(entry: dict[str, Any]) -> KnownPage:
    return KnownPage(_bits(entry), FARTHEST_BLANK, _marks(entry["questions"]))


def _bits(entry: dict[str, Any]) -> int:
    return int(entry["fingerprint"], 16)


def _marks(places: list[dict[str, Any]]) -> tuple[AnswerPosition, ...]:
    return tuple(AnswerPosition(place["question_id"], place["top"]) for place in places)


def _question(entry: dict[str, Any], grades: list[dict[str, Any]]) -> KnownQuestion:
    key, rubric = entry["answer_key"], entry["rubric"]
    printed = {"question_text": entry["question_text"], "question_type": entry["question_type"]}
    return KnownQuestion(
        one_line(entry["question_text"]),
        printed | {"points": rubric["total_points"]},
        key,
        rubric,
        {one_line(each["answer"]): each for each in grades if each["question_id"] == key["question_id"]},
    )
