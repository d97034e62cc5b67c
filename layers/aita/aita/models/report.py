"""Content of each student's reports: grades and transcriptions, with the students' names restored."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from aita.models.answer import QuestionAnswer
from aita.models.base import StrictModel
from aita.models.exam import Criterion, Question
from aita.models.ledger import Part
from aita.models.part_decision import PartAction
from aita.models.shown import ShownAnswer
from aita.models.transcription import Line, PageTranscription

MADE_OF = "aita-made-of"
"""Name of the meta element with a report's ``made_of``. A report is out of date if its ``made_of`` would differ now."""

REPORT_OF = "data-report"
"""Attribute of the class report's links: the linked report's name in the bucket. ``href`` has its name for people."""


class ReportFile(StrictModel):
    """A written report: its name under the assignment's reports, and its S3 key."""

    name: str
    key: str


class ReportFiles(StrictModel):
    """Reports that one task of the report stage wrote."""

    files: tuple[ReportFile, ...]


@dataclass(frozen=True, slots=True)
class PageScan:
    """A page's image: its number among the student's pages, its size in pixels; ``jpeg`` is ``None`` if it is gone."""

    page: int
    width: int
    height: int
    jpeg: bytes | None


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """A question, a student's answer to it, and the grade as the student sees it.

    Parameters
    ----------
    rubric
        Version (digest) of the rubric that the answer was graded against.
    criteria
        Criteria of that rubric, in the order of the shown ones; empty if they are unknown.
    answer
        Student's answer; ``None`` if the answers were not mapped to the questions.
    """

    question: Question
    shown: ShownAnswer
    rubric: str = ""
    criteria: tuple[Criterion, ...] = ()
    answer: QuestionAnswer | None = None


@dataclass(frozen=True, slots=True)
class StudentReport:
    """One student's graded exam, as the student sees it.

    ``points``, ``out_of``, ``open_questions``, ``letter`` and ``bonus_points`` are taken from ``StudentGrades``.
    ``scans`` are the pages of the answers, ``images`` the digests of these pages, and ``models`` the models that graded
    the answers. ``extras`` are the exam's choices and bonus questions, in words, and ``open_choices`` the choices with
    an open answer.
    """

    name: str
    exam_name: str
    points: float
    out_of: float
    open_questions: tuple[str, ...]
    letter: str | None
    questions: tuple[QuestionReport, ...]
    scans: tuple[PageScan, ...]
    models: tuple[str, ...]
    made_at: datetime
    images: tuple[str, ...] = ()
    bonus_points: float = 0.0
    extras: str = ""
    open_choices: tuple[str, ...] = ()

    @property
    def final(self) -> bool:
        """Whether all answers are closed."""
        return not self.open_questions

    @property
    def nothing_closed(self) -> bool:
        """Whether all answers are open, so that there are no points yet: not 0 points."""
        return len(self.open_questions) == len(self.questions)

    @property
    def made_of(self) -> str:
        """Digest of the report's content, except its date and models."""
        answers = [
            (each.question, each.shown, each.rubric, each.answer and (each.answer.raw_text, each.answer.pages))
            for each in self.questions
        ]
        return digest_of(
            self.name, self.exam_name, self.points, self.out_of, self.letter, self.extras, answers, self.images
        )


@dataclass(frozen=True, slots=True)
class PartReport:
    """A part of a page that belongs to no answer, the lines that were read in it, and what a person said that it is.

    ``action`` is ``None`` while no person has decided.
    """

    part: Part
    lines: tuple[Line, ...]
    action: PartAction | None


@dataclass(frozen=True, slots=True)
class PageReport:
    """A page beside its transcription, which is ``None`` if the page was not transcribed.

    ``answers`` are the answers on the page from top to bottom, each with the fraction of the page's height at which it
    begins, and ``parts`` are the parts that belong to none. ``flagged`` are the answers with flags whose first place is
    on this page, ``corrected`` those whose text a person corrected. ``equals`` is the page with the same picture, for
    which this one was passed over.
    """

    scan: PageScan
    transcription: PageTranscription | None
    answers: tuple[tuple[float, QuestionAnswer], ...] = ()
    flagged: tuple[QuestionAnswer, ...] = ()
    parts: tuple[PartReport, ...] = ()
    equals: int | None = None
    corrected: tuple[QuestionAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class TranscriptionReport:
    """One student's pages and their transcriptions.

    ``unreadable`` counts the files without a readable page, ``not_found`` are the answers that were not found on any
    page, and ``models`` the models that read the pages.
    """

    name: str
    exam_name: str
    pages: tuple[PageReport, ...]
    not_found: tuple[QuestionAnswer, ...]
    unreadable: int
    models: tuple[str, ...]
    made_at: datetime


def digest_of(*parts: Any) -> str:
    """Return a digest of a report's content: numbers, texts and models."""
    return hashlib.sha256(json.dumps(parts, default=_as_json).encode()).hexdigest()[:32]


def _as_json(model: BaseModel) -> Any:
    return model.model_dump(mode="json")
