"""An answer in assembly: its pieces from the student's pages, and the doubts about them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from aita.models.answer import AnswerPlace, QuestionAnswer
from aita.models.review_flags import Flag, FlagKind
from aita.models.scan import PageInk
from aita.models.transcription import Line, PageTranscription

UNDRAWN = "page {} has a stamp or a filled field that its image lacks: print the PDF to a new one and upload that"
"""Note on answers on a page that a PDF does not show as a whole."""


@dataclass(frozen=True, slots=True)
class StudentPage:
    """A student's page.

    Parameters
    ----------
    transcription
        Transcription; ``None`` if that failed.
    sha256
        SHA-256 of the page's image.
    furniture
        Bands whose ink is a page number's or a hole's.
    left_out
        Numbers of the lines that are in no answer's text: page numbers and heads.
    """

    page: int
    transcription: PageTranscription | None
    ink: PageInk | None = None
    sha256: str = ""
    furniture: frozenset[int] = frozenset()
    left_out: frozenset[int] = frozenset()

    @property
    def is_foreign(self) -> bool:
        """Whether the page resembles none of the blank exam's pages, or not as a whole."""
        return self.ink is not None and self.ink.is_foreign

    @property
    def foreign_note(self) -> str:
        """Note on answers on a foreign page."""
        if self.ink is not None and self.ink.other_version:
            return f"page {self.page} lacks a part of the blank exam's print: another version of it, or covered"
        return f"page {self.page} is like none of the blank exam's"

    @property
    def ink_of_answers(self) -> PageInk | None:
        """The page's ink without that of its furniture; ``None`` if it is unknown."""
        if self.ink is None or not self.furniture:
            return self.ink
        bands = bytearray.fromhex(self.ink.bands)
        for band in self.furniture:
            bands[band] = 0
        return self.ink.model_copy(update={"bands": bands.hex()})

    @property
    def is_empty_sheet(self) -> bool:
        """Whether nothing is on the page, and nothing was read there. A page that was not transcribed is lost."""
        return bool(self.ink and self.ink.empty and self.transcription and not self.text)

    @property
    def may_be_unread(self) -> bool:
        """Whether nothing was read on the page, and nobody knows where it has ink."""
        return not (self.text or self.is_empty_sheet or (self.ink and self.ink.bands))

    @property
    def text(self) -> str:
        """Transcribed text; empty if the transcription failed."""
        return self.transcription.text.strip() if self.transcription else ""

    @property
    def lines(self) -> tuple[Line, ...]:
        """Transcribed lines; none if the transcription failed."""
        return self.transcription.lines if self.transcription else ()


@dataclass(slots=True)
class AnswerDraft:
    """Answer in assembly.

    ``lines`` are the numbers of its lines, by page. ``cut_off`` is true if a part of it may be on a lost page.
    """

    question_id: str
    texts: list[str] = field(default_factory=list)
    places: list[AnswerPlace] = field(default_factory=list)
    lines: dict[int, list[int]] = field(default_factory=dict)
    confidence: float = 1.0
    written: int = 0
    cut_off: bool = False
    doubts: dict[FlagKind, list[str]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it has no text."""
        return not any(self.texts)

    def doubt(self, kind: FlagKind, note: str) -> None:
        """Add a doubt, once."""
        notes = self.doubts.setdefault(kind, [])
        if note not in notes:
            notes.append(note)

    def extend(
        self,
        page: StudentPage,
        text: str,
        lines: Iterable[int],
        top: float,
        bottom: float,
        confidence: float = 1.0,
    ) -> None:
        """Add a piece from a page: its text, the numbers of its lines, and its place as fractions of the height."""
        transcription = page.transcription
        self.lines.setdefault(page.page, []).extend(lines)
        of_text = transcription.confidence if transcription else 0.0
        self.confidence = min(self.confidence, of_text, confidence)
        self.texts.append(text)
        self.places.append(AnswerPlace(page=page.page, top=top, bottom=max(top, bottom)))
        if transcription is None or transcription.flagged:
            self.doubt(FlagKind.LOW_CONFIDENCE, f"page {page.page}: its transcription could not be parsed")
        if page.is_foreign:
            self.doubt(FlagKind.OTHER_EXAM, page.foreign_note)
        self.doubt_undrawn(page)

    def doubt_undrawn(self, page: StudentPage) -> None:
        """Doubt the answer if a page that it may stand on is not drawn as a whole."""
        if page.ink is not None and page.ink.undrawn:
            self.doubt(FlagKind.PAGE_MISSING, UNDRAWN.format(page.page))

    def finished(self) -> QuestionAnswer:
        """Return the answer, without its presence."""
        kinds = [kind for kind in FlagKind if kind in self.doubts]
        return QuestionAnswer(
            question_id=self.question_id,
            raw_text="\n".join(filter(None, self.texts)),
            pages=tuple(self.places),
            confidence=self.confidence if self.places else 0.0,
            flags=tuple(Flag(kind=kind, note="; ".join(self.doubts[kind])) for kind in kinds),
        )
