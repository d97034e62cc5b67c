"""Second look: strips of the page images that graders see beside an answer's transcription."""

from enum import StrEnum

from aita.models.answer import AnswerPlace
from aita.models.base import LenientModel


class See(StrEnum):
    """Answers that graders see as strips of the pages, beside the transcription."""

    ALWAYS = "always"
    DOUBTFUL = "doubtful"
    """Those whose transcription is doubtful, and drawings."""
    NEVER = "never"
    """None; the grader of a question that asks for a drawing sees whole pages."""


class ReadingDoubt(StrEnum):
    """Reason for which an answer's transcription is doubtful."""

    CONFIDENCE = "low confidence"
    ILLEGIBLE = "illegible words"
    STRUCK_OUT = "struck-out words"
    FORMULA = "a formula"
    QUANTITY = "a number with a sign, decimals or a unit"
    NEGATION = "a negation"
    BRIEF = "few words"
    INK = "ink that the text does not explain"
    DRAWING = "a drawing"


class Strip(AnswerPlace):
    """Strip of a page image with a part of an answer, over the page's whole width.

    Parameters
    ----------
    key
        Key in S3, which follows from the page's image and the strip's rows.
    sha256
        SHA-256 of the strip's JPEG; empty before it is cut.
    width, height
        Size in pixels.
    """

    key: str
    sha256: str = ""
    width: int
    height: int


class ReadLine(LenientModel):
    """Line of an answer that is read on the page otherwise than it was transcribed.

    Parameters
    ----------
    transcribed
        Line as it was transcribed; empty if the transcription lacks it.
    read
        Line as it is read on the strip; empty if it is not there.
    """

    transcribed: str = ""
    read: str = ""


class AnswerReading(LenientModel):
    """Second reading of an answer. It counts for the strips that it was read on; ``strips`` has their SHA-256."""

    strips: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines, one below the other."""
        return "\n".join(self.lines)


class SecondLook(LenientModel):
    """Second look at an answer, as its graders took it, and as it was read once more.

    Parameters
    ----------
    doubts
        Reasons for which the transcription is doubtful; empty if it was looked at anyway.
    strips
        Places of the strips that the graders saw; empty if they saw none.
    missing
        Reason for which they saw none.
    reading
        Lines that a grader read otherwise; of all graders.
    read_twice
        Whether the answer was read once more, by itself, on these strips.
    second_reading
        Lines of which that reading differs from the transcription in a way that may count.
    """

    doubts: tuple[ReadingDoubt, ...] = ()
    strips: tuple[AnswerPlace, ...] = ()
    missing: str = ""
    reading: tuple[ReadLine, ...] = ()
    read_twice: bool = False
    second_reading: tuple[ReadLine, ...] = ()
