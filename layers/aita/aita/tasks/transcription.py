"""Transcriptions: a student's handwriting on a page as text, without corrections."""

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import BaseModel

from aita.errors import UnparsableReplyError
from aita.models.exam import Page, PageTranscription, Transcription
from aita.tasks.json_reply import read_reply
from aita.tasks.llm_task import LLMTask
from aita.tasks.prompt import load_prompt
from aita.tasks.registry import register
from aita.tasks.request import Image, Message, Parameters
from aita.tasks.thoughts import answer_of

UNPARSED_CONFIDENCE = 0.3
"""Confidence of a transcription whose reply is ambiguous or malformed: low enough for a person's review."""


class _Text(BaseModel):
    """Minimal reply of a transcription."""

    text: str


@register("transcription")
class TranscriptionTask(LLMTask[PageTranscription]):
    """Transcribe one page. It never sees the questions' answer keys or rubrics."""

    response_model: ClassVar[type[BaseModel]] = Transcription
    parameters: ClassVar[Parameters] = Parameters(expected_output_tokens=400)

    page: int
    image_key: str
    image_sha256: str

    def messages(self) -> tuple[Message, ...]:
        """Return the instructions, then the page's image."""
        return load_prompt("transcription").messages(images=(Image(self.image_key, self.image_sha256),))

    def validate_reply(self, reply: Transcription) -> PageTranscription:
        """Add the page's number."""
        return PageTranscription(page=self.page, **reply.model_dump())

    def salvage(self, reply: str) -> PageTranscription | None:
        """Return a flagged transcription of the ambiguous reply, or of its raw text if it can't be parsed."""
        try:
            read = read_reply(Transcription, reply).value
        except UnparsableReplyError:
            return self._unparsed(reply)
        note = f"The model's reply leaves open which of its backslashes are LaTeX. {read.notes}".strip()
        doubtful = read.model_copy(update={"notes": note, "confidence": min(read.confidence, UNPARSED_CONFIDENCE)})
        return PageTranscription(page=self.page, flagged=True, **doubtful.model_dump())

    def _unparsed(self, reply: str) -> PageTranscription | None:
        try:
            text, note = read_reply(_Text, reply).value.text, "The model's reply had nothing that fits but this text."
        except UnparsableReplyError:
            try:
                text, note = answer_of(reply), "The model's reply was not in the form asked for; this is its raw text."
            except UnparsableReplyError:
                return None
        return PageTranscription(
            page=self.page,
            text=text,
            confidence=UNPARSED_CONFIDENCE,
            notes=note,
            flagged=True,
        )

    def checkpoint_data(self) -> dict[str, Any]:
        """Return the page's number."""
        return {"page": self.page}


def create_transcription_tasks(pages: Iterable[Page]) -> list[TranscriptionTask]:
    """Return a task for each page, in the order given."""
    return [TranscriptionTask(page=page.page, image_key=page.key, image_sha256=page.sha256) for page in pages]
