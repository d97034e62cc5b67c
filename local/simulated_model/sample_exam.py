"""All that the simulated model knows: the pages and the questions of ``samples/truth.json``."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local.simulated_model.fingerprint import distance

TRUTH = Path(__file__).parents[2] / "samples" / "truth.json"

FARTHEST = 32
"""Fingerprints that differ in at most this many bits are of one page.

A sample page that was scaled between 1,000 and 2,048 pixels, compressed again down to quality 20,
turned into a PDF and back, or robbed of its header stays within 11 bits of its fingerprint; the two
most alike of different pages are 64 apart, and a page of the blank exam is 91 from all of them.
"""


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page of a sample student: its fingerprint, and the reply that transcribes it."""

    fingerprint: int
    transcription: dict[str, Any]


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question of the sample exam; ``text`` has single spaces only, so that it is found however it was wrapped."""

    text: str
    answer_key: dict[str, Any]
    rubric: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SampleExam:
    """The known pages and questions."""

    pages: tuple[KnownPage, ...]
    questions: tuple[KnownQuestion, ...]

    @classmethod
    def load(cls, path: Path = TRUTH) -> Self:
        """Read ``truth.json``.

        Raises
        ------
        OSError, ValueError, KeyError
            If the file isn't there or isn't what ``samples/render.py`` writes.
        """
        truth = json.loads(path.read_text("utf-8"))
        pages = [
            KnownPage(int(page["fingerprint"], 16), {name: page[name] for name in ("text", "confidence", "notes")})
            for page in truth["pages"]
        ]
        questions = [
            KnownQuestion(one_line(question["question_text"]), question["answer_key"], question["rubric"])
            for question in truth["questions"]
        ]
        return cls(tuple(pages), tuple(questions))

    def page(self, fingerprint: int) -> KnownPage | None:
        """Return the page that looks like this, or ``None`` if no sample page does."""
        nearest = min(self.pages, key=lambda page: distance(page.fingerprint, fingerprint))
        return nearest if distance(nearest.fingerprint, fingerprint) <= FARTHEST else None

    def question(self, prompt: str) -> KnownQuestion | None:
        """Return the question whose text stands last in the prompt, or ``None`` if none is in it."""
        flat = one_line(prompt)
        place, last = max(((flat.rfind(q.text), q) for q in self.questions), key=lambda found: found[0])
        return last if place >= 0 else None


def one_line(text: str) -> str:
    """Return the text with every run of white space as one space."""
    return " ".join(text.split())
