"""Assembly of a student's answers from the marks on the pages.

Doubts become flags, and the presence of each answer is decided here, once. A lost page never makes an answer look
blank: it is flagged on each answer without text, and on each answer that may continue on the page. Answers that are
complete on other pages are not affected.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aita.models.answer import AnswerPlace, PageAnswers, QuestionAnswer, StudentAnswers
from aita.models.exam import PageTranscription
from aita.models.review_flags import Flag, FlagKind
from aita.models.scan import PageInk
from aita.services.answers.blank_detection import with_presence
from aita.services.answers.page_segments import CutPage, Segment, cut_page
from aita.services.answers.question_labels import LabelPlace, QuestionLabels, natural_key

PAGE_TOP = 0.15
"""Fraction of a page that is too little room for an answer above the page's first space: headers with a name take up
to 12 hundredths of a page, a line of an answer three, and the model's marks are some hundredths off."""

UNDRAWN = "page {} has a stamp or a filled field that its image lacks: print the PDF to a new one and upload that"
"""Note on answers on a page that a PDF does not show as a whole."""

HEADER_LINES = 2
"""Most lines of a header (name, number, date) at the top of a page, where there is no room for an answer."""

LOW_CONFIDENCE = 0.6
"""Confidence below which a person reviews. Models seldom claim less for text that they read well; a transcription
that could not be parsed has 0.3."""


@dataclass(frozen=True, slots=True)
class StudentPage:
    """A student's page with its transcription and the marks on it; ``None`` for either one that failed."""

    page: int
    transcription: PageTranscription | None
    marks: PageAnswers | None
    ink: PageInk | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether the page resembles none of the blank exam's pages."""
        return self.ink is not None and self.ink.is_foreign

    @property
    def is_empty(self) -> bool:
        """Whether there is no ink on the page, and nothing was read on it: the white back of another, for example."""
        read = self.transcription.text.strip() if self.transcription else None
        return self.ink is not None and self.ink.empty and read == ""


@dataclass(slots=True)
class _Draft:
    """Answer in assembly; ``cut_off`` is true if a part of it may be on a lost page."""

    question_id: str
    texts: list[str] = field(default_factory=list)
    places: list[AnswerPlace] = field(default_factory=list)
    confidence: float = 1.0
    written: int = 0
    cut_off: bool = False
    doubts: dict[FlagKind, list[str]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not any(self.texts)

    def doubt(self, kind: FlagKind, note: str) -> None:
        notes = self.doubts.setdefault(kind, [])
        if note not in notes:
            notes.append(note)

    def extend(self, page: StudentPage, text: str, top: float, bottom: float, confidence: float = 1.0) -> None:
        transcription = page.transcription
        of_text = transcription.confidence if transcription else 0.0
        self.confidence = min(self.confidence, of_text, confidence)
        self.texts.append(text)
        self.places.append(AnswerPlace(page=page.page, top=top, bottom=max(top, bottom)))
        if transcription is None or transcription.flagged:
            self.doubt(FlagKind.LOW_CONFIDENCE, f"page {page.page}: its transcription could not be parsed")
        if page.is_foreign:
            self.doubt(FlagKind.OTHER_EXAM, f"page {page.page} is like none of the blank exam's")
        self.doubt_undrawn(page)

    def doubt_undrawn(self, page: StudentPage) -> None:
        if page.ink is not None and page.ink.undrawn:
            self.doubt(FlagKind.PAGE_MISSING, UNDRAWN.format(page.page))

    def finished(self) -> QuestionAnswer:
        kinds = [kind for kind in FlagKind if kind in self.doubts]
        return QuestionAnswer(
            question_id=self.question_id,
            raw_text="\n".join(filter(None, self.texts)),
            pages=tuple(self.places),
            confidence=self.confidence if self.places else 0.0,
            flags=tuple(Flag(kind=kind, note="; ".join(self.doubts[kind])) for kind in kinds),
        )


def assemble(
    question_ids: Sequence[str], pages: Sequence[StudentPage], labels: QuestionLabels, unreadable: int = 0
) -> StudentAnswers:
    """Return a student's answers: one for each question, in the exam's order.

    An answer extends from its beginning to the next beginning on the page. The last answer of a page extends to the
    page's end and, if there is room above the first beginning on the next page, to that beginning. Empty sheets are
    passed over.

    Parameters
    ----------
    pages
        All pages of the student, in the order of the scans. Pages that were found in the blank exam are read in the
        exam's order, as scans may be out of order.
    unreadable
        Number of the student's files without a readable page.
    """
    ordered = [page for page in _in_exam_order(pages) if not page.is_empty]
    cuts = {
        page.page: cut_page(page.transcription.text, page.marks.starts, labels)
        for page in ordered
        if page.transcription is not None and page.marks is not None
    }
    segments = [segment for cut in cuts.values() for segment in cut.segments]
    assembly = _Assembly(
        drafts={question_id: _Draft(question_id) for question_id in question_ids},
        labelled={segment.start.question_id for segment in segments if segment.labelled},
        unreadable=unreadable,
    )
    for page in ordered:
        if page.page in cuts:
            assembly.add(page, cuts[page.page])
        else:
            assembly.lose(page)
    ink = {page.page: page.ink for page in pages}
    return StudentAnswers(question_answers=tuple(with_presence(answer, ink) for answer in assembly.finish()))


def _in_exam_order(pages: Iterable[StudentPage]) -> list[StudentPage]:
    """Return the pages in the blank exam's order; a page that is not found there stays behind the one before it."""
    place = 0
    placed = []
    for page in pages:
        place = (page.ink and page.ink.exam_page) or place
        placed.append((place, page))
    return [page for _, page in sorted(placed, key=lambda each: each[0])]


@dataclass(slots=True)
class _Assembly:
    """State of the walk through a student's pages.

    ``last`` is the answer that may continue on the next page; ``None`` at first and after a lost page. ``strays`` are
    the pages with text outside any answer.
    """

    drafts: dict[str, _Draft]
    labelled: set[str]
    unreadable: int
    last: _Draft | None = None
    pages: int = 0
    lost: list[int] = field(default_factory=list)
    foreign: list[int] = field(default_factory=list)
    strays: list[int] = field(default_factory=list)

    def lose(self, page: StudentPage) -> None:
        self.pages += 1
        self.lost.append(page.page)
        if self.last is not None:
            self.last.cut_off = True
        self.last = None

    def add(self, page: StudentPage, cut: CutPage) -> None:
        self.pages += 1
        if page.is_foreign:
            self.foreign.append(page.page)
        if self.last is None:
            self._skip_leading(page, cut)
        else:
            self.last.doubt_undrawn(page)
            self._extend_last(self.last, page, cut)
        after_gap = self.last is None and bool(self.lost)
        for number, segment in enumerate(cut.segments):
            self.last = self._begin(page, segment, cut_off=after_gap and number == 0)
        if self.unreadable:  # the lost pages may belong before or after any page
            for draft in (self.last, *(self.drafts[each.start.question_id] for each in cut.segments[:1])):
                if draft is not None:
                    draft.cut_off = True

    def _skip_leading(self, page: StudentPage, cut: CutPage) -> None:
        """Leave out text before the first answer, such as a name. With labels in it, it may be an answer: a stray."""
        if cut.markers:
            self.strays.append(page.page)

    def _extend_last(self, last: _Draft, page: StudentPage, cut: CutPage) -> None:
        """Extend the last answer to the first beginning on this page."""
        if cut.room <= PAGE_TOP:
            self._check_header(last, page, cut)
            return
        if cut.leading:
            if last.is_empty:
                last.doubt(
                    FlagKind.PLACE_DOUBTFUL, f"its space is empty, and page {page.page} was taken to go on with it"
                )
            self._check_order(last, page, cut)
            self._check_markers(last, page, cut.markers)
        if cut.leading or last.is_empty:  # a drawing there without transcribed text is found by its ink
            last.extend(page, cut.leading, 0.0, cut.room)

    def _begin(self, page: StudentPage, segment: Segment, *, cut_off: bool) -> _Draft:
        draft = self.drafts[segment.start.question_id]
        draft.cut_off |= cut_off
        draft.extend(page, segment.text, segment.start.top, segment.bottom, segment.start.confidence)
        draft.written += bool(segment.text)
        if segment.doubt:
            draft.doubt(FlagKind.PLACE_DOUBTFUL, f"page {page.page}: {segment.doubt}")
        self._check_markers(draft, page, segment.markers)
        return draft

    def _check_header(self, last: _Draft, page: StudentPage, cut: CutPage) -> None:
        if len(cut.leading.split("\n")) > HEADER_LINES:
            self.strays.append(page.page)
            last.doubt(FlagKind.PLACE_DOUBTFUL, f"page {page.page} begins with text that is no answer's")

    def _check_order(self, last: _Draft, page: StudentPage, cut: CutPage) -> None:
        """Doubt an answer that continues before the beginning of an earlier question: pages may be out of order."""
        if not cut.segments:
            return
        order = list(self.drafts)
        first = order.index(cut.segments[0].start.question_id)
        if first >= order.index(last.question_id):
            return
        for draft in (last, self.drafts[order[max(first - 1, 0)]]):
            draft.doubt(FlagKind.PLACE_DOUBTFUL, f"page {page.page} may not follow the page before it")

    def _check_markers(self, draft: _Draft, page: StudentPage, markers: Iterable[LabelPlace]) -> None:
        """Doubt an answer that contains another question's label, and the other's answer, unless it numbers a step."""
        own = draft.question_id
        for marker in markers:
            other = marker.question_id
            may_number_step = other in self.labelled or natural_key(other) < natural_key(own)
            if other == own or (may_number_step and not marker.named):
                continue
            draft.doubt(FlagKind.PLACE_DOUBTFUL, f"the label of question {other!r} stands in it on page {page.page}")
            note = f"its label stands in the answer to question {own!r} on page {page.page}"
            self.drafts[other].doubt(FlagKind.PLACE_DOUBTFUL, note)

    def finish(self) -> Iterator[QuestionAnswer]:
        missing = "; ".join(self._missing_pages())
        for draft in self.drafts.values():
            if not draft.places:
                draft.doubt(FlagKind.ANSWER_NOT_FOUND, "its place was not found on any page")
                for page in self.foreign:
                    draft.doubt(FlagKind.OTHER_EXAM, f"page {page} is like none of the blank exam's")
            elif draft.confidence < LOW_CONFIDENCE:
                draft.doubt(FlagKind.LOW_CONFIDENCE, f"{draft.confidence:.2f} of 1")
            if missing and (draft.is_empty or draft.cut_off):
                draft.doubt(FlagKind.PAGE_MISSING, missing)
            if draft.places and draft.is_empty:
                for page in self.strays:
                    draft.doubt(FlagKind.PLACE_DOUBTFUL, f"page {page} has text that is no answer's")
            if draft.written > 1:
                draft.doubt(FlagKind.PLACE_DOUBTFUL, "it begins in several places")
            yield draft.finished()

    def _missing_pages(self) -> Iterator[str]:
        if not self.pages:
            yield "no page of this student was read"
        if self.lost:
            yield f"page {', '.join(map(str, self.lost))} was lost"
        if self.unreadable:
            yield f"files that no page came out of: {self.unreadable}"
