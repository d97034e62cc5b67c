"""Walk through a student's pages in the exam's order, which gives each answer its pieces and its doubts."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from aita.models.answer import QuestionAnswer
from aita.models.review_flags import FlagKind
from aita.services.answers.answer_draft import AnswerDraft, StudentPage
from aita.services.answers.cut_doubts import LabelStyles, cut_doubts
from aita.services.answers.exam_questions import ExamQuestions
from aita.services.answers.going_on import is_continued, is_filled, lines_going_on
from aita.services.answers.page_segments import CutPage, Segment
from aita.services.answers.page_warnings import warning_flags
from aita.services.answers.parted_answers import parted_answers
from aita.services.answers.place_doubts import place_doubts
from aita.services.answers.question_labels import LabelPlace, fold, natural_key
from aita.services.answers.words_elsewhere import goes_on_elsewhere

LOW_CONFIDENCE = 0.6
"""Confidence below which a person reviews. Models seldom claim less for text that they read well; a transcription
that could not be parsed has 0.3."""


@dataclass(slots=True)
class AnswerWalk:
    """State of the walk.

    Parameters
    ----------
    labelled
        Questions whose answers are written beside their own label.
    styles
        How the labels on the student's pages are written.
    missing
        Pages of the blank exam that are not among the student's.
    unreadable
        Number of the student's files without a readable page.
    has_fewer_pages
        Whether the student has fewer pages than most of the class, and nothing tells which of the exam's they are.

    Notes
    -----
    ``last`` is the answer that may continue on the next page, with its page; ``None`` at first and after a lost page.
    ``unplaced`` are the transcribed pages of which it is unknown where answers begin, and ``unread`` those of which
    nothing was read, though something may be there. ``parted`` are the questions whose answers may have another's among
    their lines. ``begun`` has for each beginning of an answer the question of the answer that ends there, on the same
    page and without a label between the two; else ``None``.
    """

    questions: ExamQuestions
    labelled: set[str]
    styles: LabelStyles
    missing: tuple[int, ...]
    unreadable: int
    has_fewer_pages: bool
    drafts: dict[str, AnswerDraft] = field(init=False)
    last: tuple[AnswerDraft, StudentPage] | None = None
    exam_page: int = 0
    pages: int = 0
    lost: list[int] = field(default_factory=list)
    unplaced: list[int] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    parted: set[str] = field(default_factory=set)
    begun: dict[str, list[str | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.drafts = {question_id: AnswerDraft(question_id) for question_id in self.questions.ids}

    def lose(self, page: StudentPage) -> None:
        """Pass over a page that was not transcribed, or of which it is unknown where answers begin."""
        self._pass_missing(page)
        self.pages += 1
        (self.lost if page.transcription is None else self.unplaced).append(page.page)
        self._cut_off_last()

    def add(self, page: StudentPage, cut: CutPage) -> None:
        """Give the answers their pieces on a page."""
        self._pass_missing(page)
        self._pass_unknown()
        self.pages += 1
        if page.is_foreign:
            self.foreign.append(page.foreign_note)
        if page.may_be_unread and not cut.segments:
            self._leave_unread(page)
        self._check_pages(page, cut)
        goes_on = self._extend_last(page, cut)
        after_gap = self.last is None and bool(self.lost or self.unplaced)
        above = goes_on
        for number, segment in enumerate(cut.segments):
            self.last = self._begin(page, segment, cut_off=after_gap and number == 0), page
            self.begun.setdefault(segment.start.question_id, []).append(None if segment.label else above)
            above = segment.start.question_id
        doubts = cut_doubts(page.lines, cut, self.questions.labels, self.styles, goes_on)
        for doubt in (*doubts, *place_doubts(page.lines, cut)):
            for question_id in doubt.questions:
                self.drafts[question_id].doubt(FlagKind.PLACE_DOUBTFUL, f"page {page.page}: {doubt.reason}")
        self.parted.update(parted_answers(page, cut))
        if self.unreadable:  # the lost pages may belong before or after any page
            self._cut_off(*(each.start.question_id for each in cut.segments[:1]))
            self._cut_off(*(draft.question_id for draft, _ in filter(None, [self.last])))

    def warn(self, page: StudentPage) -> None:
        """Flag the answers on a page for the transcriber's warnings about it."""
        if page.transcription is not None:
            holders = {
                each.question_id: each.lines[page.page] for each in self.drafts.values() if page.page in each.lines
            }
            for question_id, flag in warning_flags(page.transcription, holders):
                self.drafts[question_id].doubt(flag.kind, flag.note)

    def finish(self) -> Iterator[QuestionAnswer]:
        """Yield the answers in the exam's order, without their presence."""
        self._pass_unknown()
        if any(page > self.exam_page for page in self.missing):
            self._cut_off_last()
        for draft in self.drafts.values():
            self._check_pointers(draft)
            self._check_parted(draft)
            if len(draft.places) == 1 and goes_on_elsewhere("\n".join(draft.texts)):
                draft.doubt(FlagKind.PLACE_DOUBTFUL, "it says that it goes on elsewhere, where nothing of it was found")
        self._check_swapped()
        self._check_begun()
        missing = "; ".join(self._missing_pages())
        for draft in self.drafts.values():
            if not draft.places:
                draft.doubt(FlagKind.ANSWER_NOT_FOUND, "its place was not found on any page")
                for note in self.foreign:
                    draft.doubt(FlagKind.OTHER_EXAM, note)
            elif draft.confidence < LOW_CONFIDENCE:
                draft.doubt(FlagKind.LOW_CONFIDENCE, f"{draft.confidence:.2f} of 1")
            if missing and (draft.is_empty or draft.cut_off):
                draft.doubt(FlagKind.PAGE_MISSING, missing)
            if draft.written > 1:
                draft.doubt(FlagKind.PLACE_DOUBTFUL, "it begins in several places")
            yield draft.finished()

    def _pass_missing(self, page: StudentPage) -> None:
        """Note which of the exam's missing pages stand before a page.

        A sheet that is none of the exam's may stand before or behind the missing page after the last one.
        """
        here = page.ink and page.ink.exam_page
        if here and any(self.exam_page < missing < here for missing in self.missing):
            self._cut_off_last()
        elif not here and self.exam_page + 1 in self.missing and self.last is not None:
            self.last[0].cut_off = True
        self.exam_page = max(self.exam_page, here or 0)

    def _pass_unknown(self) -> None:
        """Cut off an answer that fills its page, as a page that nobody knows of may be missing behind it."""
        if self.has_fewer_pages and self.last is not None and self._is_last_full():
            self.last[0].cut_off = True

    def _leave_unread(self, page: StudentPage) -> None:
        """Note a page with ink that nobody knows, of which nothing was read: the last answer may go on there."""
        self.unread.append(page.page)
        if self.last is not None and (page.is_foreign or self._is_last_full() is not False):
            self.last[0].cut_off = True

    def _is_last_full(self) -> bool | None:
        """Return whether the last answer has filled its page; ``None`` if that is unknown, or there is none."""
        return None if self.last is None else is_filled(self.last[1], self.last[0].places[-1])

    def _cut_off_last(self) -> None:
        if self.last is not None:
            self.last[0].cut_off = True
        self.last = None

    def _cut_off(self, *question_ids: str) -> None:
        for question_id in question_ids:
            self.drafts[question_id].cut_off = True

    def _extend_last(self, page: StudentPage, cut: CutPage) -> str | None:
        """Extend the last answer to the first beginning on a page, and return its question if it goes on there."""
        lines = lines_going_on(page, cut, is_full=self._is_last_full())
        if self.last is not None:
            self.last[0].doubt_undrawn(page)
        if self.last is None or not lines:
            return None
        last, _ = self.last
        if last.is_empty:
            last.doubt(FlagKind.PLACE_DOUBTFUL, f"its space is empty, and page {page.page} was taken to go on with it")
        self._check_order(last, page, cut)
        self._check_room(page, cut)
        self._check_markers(last, page, cut.markers)
        text = "\n".join(page.lines[number - 1].text for number in lines).strip()
        last.extend(page, text, lines, 0.0, cut.room)
        self.last = last, page
        return last.question_id

    def _begin(self, page: StudentPage, segment: Segment, *, cut_off: bool) -> AnswerDraft:
        draft = self.drafts[segment.start.question_id]
        draft.cut_off |= cut_off
        draft.extend(page, segment.text, segment.lines, segment.start.top, segment.bottom, segment.start.confidence)
        before = self.last[1] if self.last and self.last[0] is draft and draft.written == 1 else None
        if before is None or not is_continued(before, page, segment):
            draft.written += bool(segment.text)
        if segment.doubt:
            draft.doubt(FlagKind.PLACE_DOUBTFUL, f"page {page.page}: {segment.doubt}")
        self._check_markers(draft, page, segment.markers)
        return draft

    def _check_room(self, page: StudentPage, cut: CutPage) -> None:
        """Doubt text above a label that may be that label's answer: its space is empty, or the one before not full."""
        if self.last is None or not cut.segments:
            return
        last, before = self.last
        first = cut.segments[0]
        if first.text and is_filled(before, last.places[-1]) is not False:
            return
        for draft in (last, self.drafts[first.start.question_id]):
            note = f"page {page.page}: text above the label of question {first.start.question_id!r} may be its answer"
            draft.doubt(FlagKind.PLACE_DOUBTFUL, note)

    def _check_order(self, last: AnswerDraft, page: StudentPage, cut: CutPage) -> None:
        """Doubt an answer that continues before the beginning of an earlier question: pages may be out of order."""
        if not cut.segments:
            return
        order = self.questions.ids
        first = order.index(cut.segments[0].start.question_id)
        if first >= order.index(last.question_id):
            return
        for draft in (last, self.drafts[order[max(first - 1, 0)]]):
            draft.doubt(FlagKind.PLACE_DOUBTFUL, f"page {page.page} may not follow the page before it")

    def _check_pages(self, page: StudentPage, cut: CutPage) -> None:
        """Doubt answers that may go on elsewhere, if an earlier question first begins on a page of unknown place."""
        if page.ink is not None or not cut.segments:
            return
        order, first = self.questions.ids, cut.segments[0].start.question_id
        later = order[order.index(first) + 1 :]
        is_out_of_order = not self.drafts[first].places and any(self.drafts[each].places for each in later)
        if is_out_of_order and self.last is not None:
            for question_id in (self.last[0].question_id, cut.segments[-1].start.question_id):
                note = f"page {page.page} may not follow the page before it"
                self.drafts[question_id].doubt(FlagKind.PLACE_DOUBTFUL, note)

    def _check_markers(self, draft: AnswerDraft, page: StudentPage, markers: Iterable[LabelPlace]) -> None:
        """Doubt an answer that contains another question's label, and the other's answer, unless it numbers a step."""
        own = draft.question_id
        for marker in markers:
            other = marker.question_id
            may_number_step = other in self.labelled or natural_key(other) < natural_key(own)
            if other == own or (may_number_step and not marker.named):
                continue
            self._doubt_both(draft, other, "label", f" on page {page.page}")

    def _check_pointers(self, draft: AnswerDraft) -> None:
        """Doubt an answer that has a heading of another question's, or points to one without text, and the other's."""
        text = "\n".join(draft.texts)
        for other in self.questions.pointers.headed(text, draft.question_id):
            self._doubt_both(draft, other, "heading")
        for other in self.questions.pointers.found(text, draft.question_id):
            if self.drafts[other].is_empty:
                self._doubt_both(draft, other, "number")

    def _check_swapped(self) -> None:
        """Doubt two answers each of which begins with the other question's label: they may be in each other's space."""
        begun: dict[str, set[str]] = {}
        for own, draft in self.drafts.items():
            first, _, rest = "\n".join(filter(None, draft.texts)).partition("\n")
            marker = self.questions.labels.marker(first)
            if marker and not rest and self.questions.labels.after(first, marker.question_id) == "":
                marker = None  # a number alone is the answer to a question that asks for one
            bare = {each for each in self.questions.ids if rest and fold(each) == fold(first)}
            begun[own] = bare.union(self.questions.pointers.named(first), [marker.question_id] if marker else []) - {
                own
            }
        for own, others in begun.items():
            for other in sorted(others):
                if own in begun[other]:
                    self._doubt_both(self.drafts[own], other, "label")

    def _check_begun(self) -> None:
        """Doubt two answers if one ends where the other begins without a label, and that one begins elsewhere, too."""
        for own, ended in self.begun.items():
            others = {each for each in ended if each is not None and each != own}
            for other in sorted(others if len(ended) > 1 else ()):
                note = f"its end may be where question {own!r}, which begins elsewhere too, was taken to begin"
                self.drafts[other].doubt(FlagKind.PLACE_DOUBTFUL, note)
                self.drafts[own].doubt(FlagKind.PLACE_DOUBTFUL, "it begins in several places")

    def _check_parted(self, draft: AnswerDraft) -> None:
        """Doubt an answer whose space is empty, and those that may have its text among their lines."""
        if not draft.places or not draft.is_empty:
            return
        own = draft.question_id
        for other in sorted(self.parted - {own}):
            note = f"the lines in the space of question {other!r} are parted, and some may be its answer"
            draft.doubt(FlagKind.PLACE_DOUBTFUL, note)
            self.drafts[other].doubt(
                FlagKind.PLACE_DOUBTFUL, f"some of the lines in its space may be the answer to question {own!r}"
            )

    def _doubt_both(self, draft: AnswerDraft, other: str, sign: str, place: str = "") -> None:
        draft.doubt(FlagKind.PLACE_DOUBTFUL, f"the {sign} of question {other!r} stands in it{place}")
        note = f"its {sign} stands in the answer to question {draft.question_id!r}{place}"
        self.drafts[other].doubt(FlagKind.PLACE_DOUBTFUL, note)

    def _missing_pages(self) -> Iterator[str]:
        if not self.pages:
            yield "no page of this student was read"
        if self.lost:
            yield f"page {', '.join(map(str, self.lost))} was lost"
        if self.missing:
            yield f"page {', '.join(map(str, self.missing))} of the exam is not there"
        if self.has_fewer_pages:
            yield "there are fewer pages than most students have"
        if self.unread:
            yield f"nothing was read on page {', '.join(map(str, self.unread))}"
        if self.unplaced:
            yield f"where answers begin on page {', '.join(map(str, self.unplaced))} is unknown"
        if self.unreadable:
            yield f"files that no page came out of: {self.unreadable}"
