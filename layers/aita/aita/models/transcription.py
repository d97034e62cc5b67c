"""Transcriptions: the lines that a model read on a page, and where answers begin among them."""

import re
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from aita.models.answer import AnswerStart, Fraction
from aita.models.base import LenientModel


class LineKind(StrEnum):
    """Kind of a line on a page, as the transcriber sees it."""

    ANSWER = "answer"
    LABEL = "label"
    """A question's printed label that the transcriber copied, such as ``1a.``, to show where an answer stands."""
    PAGE_HEAD = "page_head"
    """A name, a student's number, a date or a course at the top of the page."""
    PAGE_NUMBER = "page_number"
    SCRATCH = "scratch"
    """Working out that is no answer, such as a sum in the margin."""
    TO_READER = "to_reader"
    """Words to the reader of the page instead of an answer, such as a wish for points."""
    UNKNOWN = "unknown"
    """Any other kind that a model gives, and the only one in transcriptions before version 0.3."""

    @classmethod
    def _missing_(cls, value: object) -> "LineKind":  # noqa: ARG003 - the enum passes the value, and all have one kind
        return cls.UNKNOWN


class Line(LenientModel):
    """Line of a page's handwriting.

    Parameters
    ----------
    text
        One line as the student wrote it, with ``~~struck out~~`` and ``[illegible]`` marked.
    top
        Upper edge of the line, as a fraction of the page's height; ``None`` if it is unknown.
    """

    text: str
    kind: LineKind = LineKind.UNKNOWN
    top: Fraction | None = None


class WarningKind(StrEnum):
    """Kind of a transcriber's warning about a page."""

    FAINT = "faint"
    CUT_OFF = "cut_off"
    """A part of the page, or of its writing, is outside the picture or covered."""
    TURNED = "turned"
    OTHER_EXAM = "other_exam"
    OTHER_STUDENT = "other_student"
    """Names or hands on the page are of different people."""
    TO_READER = "to_reader"
    """Something on the page addresses its reader."""
    OTHER = "other"


_WORDS = {
    WarningKind.FAINT: "its writing is faint",
    WarningKind.CUT_OFF: "a part of it is outside the picture or covered",
    WarningKind.TURNED: "it is turned",
    WarningKind.OTHER_EXAM: "it is of another exam",
    WarningKind.OTHER_STUDENT: "it names, or is written by, different people",
    WarningKind.TO_READER: "something on it speaks to whoever reads it",
}


class PageWarning(LenientModel):
    """A transcriber's warning about a page; ``note`` has the detail, and also the kind if it is none of those above."""

    kind: WarningKind
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _of_another_kind(cls, data: Any) -> Any:
        kind = data.get("kind") if isinstance(data, dict) else None
        if not isinstance(kind, str):
            return data
        spelled = re.sub(r"[\s-]+", "_", kind.strip().casefold())  # models that hold to no schema write "Cut-off"
        if spelled in set(WarningKind):
            return data | {"kind": spelled}
        note = data.get("note")
        return {"kind": WarningKind.OTHER, "note": f"{kind}: {note}" if note else kind}

    @property
    def text(self) -> str:
        """Warning in words, with its note."""
        return ": ".join(filter(None, (_WORDS.get(self.kind), self.note)))


class Transcription(LenientModel):
    """A model's reply about a page.

    Parameters
    ----------
    lines
        Handwriting in reading order.
    starts
        Where the answers' spaces begin, from top to bottom; ``None`` if it is unknown, as the model was shown no
        questions or its reply could not be used.
    confidence
        Certainty of the whole text, from 0 to 1.
    """

    lines: tuple[Line, ...]
    starts: tuple[AnswerStart, ...] | None = None
    confidence: Fraction
    warnings: tuple[PageWarning, ...] = ()

    @property
    def text(self) -> str:
        """All lines, one below the other."""
        return "\n".join(line.text for line in self.lines)


class PageTranscription(Transcription):
    """Stored transcription of a page.

    ``flagged`` is true if the model's reply could not be parsed with certainty. A transcription before version 0.3 has
    a ``text`` and ``notes`` instead of lines and warnings; its lines are of unknown kind.
    """

    page: Annotated[int, Field(ge=1)]
    flagged: bool = False

    @model_validator(mode="before")
    @classmethod
    def _of_older_version(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "lines" in data or "text" not in data:
            return data
        lines = [{"text": line} for line in str(data["text"]).splitlines()]
        warnings = [{"kind": WarningKind.OTHER, "note": data["notes"]}] if data.get("notes") else []
        return {key: value for key, value in data.items() if key not in ("text", "notes")} | {
            "lines": lines,
            "warnings": warnings,
        }

    @model_validator(mode="after")
    def _starts_are_on_lines(self) -> Self:
        if any(start.line > len(self.lines) for start in self.starts or ()):
            raise ValueError("an answer begins on a line that is not there")
        return self
