"""Grading of an answer that the grader sees on the page, too, as strips beside the transcription."""

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from aita.models.base import LenientModel
from aita.models.grade import GradedAnswer
from aita.models.review_flags import Flag, FlagKind
from aita.models.second_look import ReadLine, Strip
from aita.tasks.grading import Grading, GradingTask, written_for
from aita.tasks.injection import suspicious
from aita.tasks.prompt import load_section
from aita.tasks.request import Image
from aita.tasks.second_reading import SecondReading

if TYPE_CHECKING:
    from aita.tasks.quotes import Written

_UNKNOWN = "it names a line that was not transcribed"


class Reading(LenientModel):
    """Lines of an answer that a grader reads otherwise than the transcription."""

    reading: tuple[ReadLine, ...] = ()


class StripGrading(Grading, Reading):
    """Reply of a grader to an answer on strips. The reading comes before the criteria."""


class StripGradingTask(GradingTask):
    """Grade one answer by its transcription and the strips that show it.

    Parameters
    ----------
    strips
        Strips of the pages, in reading order.
    """

    response_model: ClassVar[type[Grading]] = StripGrading

    strips: Annotated[tuple[Strip, ...], Field(min_length=1)]

    def _images(self) -> tuple[Image, ...]:
        return tuple(Image(strip.key, strip.sha256, strip.width, strip.height) for strip in self.strips)

    def _describe_images(self) -> str:
        return "\n" + load_section("strip_reading").substitute().strip()

    def _readings(self, reply: Grading) -> tuple["Written", ...]:
        transcribed = super()._readings(reply)
        read = self._read(reply)
        if not read.lines or read.is_invented:
            return transcribed
        return (*transcribed, written_for(self.question, read.text))

    def _graded(self, reply: Grading) -> GradedAnswer:
        """Return the grading, flagged if the answer was read otherwise in a way that may count."""
        graded, read = super()._graded(reply), self._read(reply)
        if not read.differing:
            return graded
        note = f"{len(read.differing)} of its lines"
        if read.is_invented:
            note += ", far more than was transcribed"
        differs = Flag(kind=FlagKind.READING_DIFFERS, note=note)
        flags = dict.fromkeys((*graded.flags, differs, *suspicious(read.text)))
        return graded.model_copy(update={"flags": tuple(flags), "reading": read.differing})

    def _doubts(self, reply: Grading, graded: GradedAnswer) -> dict[Flag, str]:
        doubts = super()._doubts(reply, graded)
        if self._read(reply).unknown:
            doubts[Flag(kind=FlagKind.READING_DIFFERS, note=_UNKNOWN)] = (
                "a line in reading is not one of the answer's: copy transcribed as it stands, one whole line of the "
                "text, or leave it empty for a line that the text lacks"
            )
        return doubts

    def _read(self, reply: Grading) -> SecondReading:
        return SecondReading(self.answer, reply.reading if isinstance(reply, StripGrading) else ())
