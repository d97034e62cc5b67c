"""Flags: reasons for a person's review before a grade counts."""

from collections.abc import Iterable
from enum import StrEnum

from aita.models.base import StrictModel


class FlagKind(StrEnum):
    """Kind of doubt."""

    NO_BLANK_EXAM = "no_blank_exam"
    """Nothing was read, and without a blank exam ink can't be told from print."""
    PRESENCE_DISAGREES = "presence_disagrees"
    """The transcription and the ink disagree on whether there is an answer."""
    UNEXPLAINED_INK = "unexplained_ink"
    """The answer has much more ink than its text explains."""
    ANSWER_NOT_FOUND = "answer_not_found"
    """The question's place was not found on the student's pages."""
    PLACE_DOUBTFUL = "place_doubtful"
    """The places where answers begin contradict each other, or the labels on the page."""
    PAGE_MISSING = "page_missing"
    """A page of this student could not be read or transcribed."""
    CUT_OFF = "cut_off"
    """A part of a page is outside its picture or covered."""
    OTHER_EXAM = "other_exam"
    """A page resembles none of the blank exam's."""
    OTHER_STUDENT = "other_student"
    """A page in this student's folder, or in another's, may be of somebody else, by its head or its handwritings."""
    SHARED_PAGE = "shared_page"
    """The same picture of a page is in two students' folders."""
    PAGE_TWICE = "page_twice"
    """Two pages of this student show the same page of the exam."""
    LOW_CONFIDENCE = "low_confidence"
    """The transcription, or the place where the answer begins, has a low confidence."""
    QUOTE_NOT_FOUND = "quote_not_found"
    """A quote that earns or loses points is not in the transcription, or is no evidence."""
    READING_DIFFERS = "reading_differs"
    """A grader who saw the answer on the page, or a second reading of it, differs from the transcription."""
    READ_ONCE = "read_once"
    """The answer was to be read twice, and the second reading failed."""
    POINTS_OUT_OF_RANGE = "points_out_of_range"
    """A grader gave a criterion points outside its range."""
    ILLEGIBLE = "illegible"
    """Half of the answer or more could not be read, and it lost points."""
    GRADERS_DISAGREE = "graders_disagree"
    """Two graders' points for the criteria are too far apart."""
    UNEQUAL_POINTS = "unequal_points"
    """Another answer that says the same was given other points."""
    GRADER_FAILED = "grader_failed"
    """One of several graders failed."""
    INSTRUCTION = "instruction"
    """The answer, or text beside it, seems to address whoever reads or grades it, such as by asking for marks."""
    NO_RUBRIC = "no_rubric"
    """The question has no rubric to grade against."""
    UNPLACED = "unplaced"
    """Something on a page belongs to no answer, and may belong to this one."""
    UNREAD = "unread"
    """A part of a page was given to the answer, and nothing was read there."""
    ASKED = "asked"
    """A person left the answer to the instructor, with a note."""
    CHANGED = "changed"
    """The question, the rubric or the answer changed after a person had decided."""

    @property
    def words(self) -> str:
        """Doubt in words."""
        return _WORDS[self]


_WORDS = {
    FlagKind.NO_BLANK_EXAM: "nothing was read, and without a blank exam ink can't be told from print",
    FlagKind.PRESENCE_DISAGREES: "the transcription and the ink disagree on whether there is an answer",
    FlagKind.UNEXPLAINED_INK: "much ink may not have been read",
    FlagKind.ANSWER_NOT_FOUND: "the question's place was not found on the pages",
    FlagKind.PLACE_DOUBTFUL: "where the answer begins and ends is doubtful",
    FlagKind.PAGE_MISSING: "a page could not be read or transcribed",
    FlagKind.CUT_OFF: "a part of a page is outside its picture or covered",
    FlagKind.OTHER_EXAM: "a page looks like another exam's",
    FlagKind.OTHER_STUDENT: "a page may be another student's",
    FlagKind.SHARED_PAGE: "a page is in two students' folders",
    FlagKind.PAGE_TWICE: "a page of the exam is there twice",
    FlagKind.LOW_CONFIDENCE: "low confidence in the transcription or in where the answer is",
    FlagKind.QUOTE_NOT_FOUND: "a quote is not in the transcription, or is no evidence",
    FlagKind.READING_DIFFERS: "the answer was read on the page otherwise than it was transcribed",
    FlagKind.READ_ONCE: "it was to be read twice, and was read once",
    FlagKind.POINTS_OUT_OF_RANGE: "a criterion was given points that it can't earn",
    FlagKind.ILLEGIBLE: "much of the answer could not be read",
    FlagKind.GRADERS_DISAGREE: "the graders' points are far apart",
    FlagKind.UNEQUAL_POINTS: "an answer that says the same has other points",
    FlagKind.GRADER_FAILED: "one of the graders failed",
    FlagKind.INSTRUCTION: "text seems to speak to whoever reads or grades it",
    FlagKind.NO_RUBRIC: "the question has no rubric",
    FlagKind.UNPLACED: "something on the page belongs to no answer",
    FlagKind.UNREAD: "a part of the answer was not read",
    FlagKind.ASKED: "left to the instructor",
    FlagKind.CHANGED: "changed since it was graded or decided",
}


class Flag(StrictModel):
    """One reason for a review. ``note`` gives the detail and the place, without a student's words."""

    kind: FlagKind
    note: str = ""

    @property
    def text(self) -> str:
        """Reason in words, with the note."""
        return f"{self.kind.words}: {self.note}" if self.note else self.kind.words


def by_kind(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Return one flag of each kind, with all notes of that kind, in the order of the first ones."""
    notes: dict[FlagKind, dict[str, None]] = {}
    for flag in flags:
        notes.setdefault(flag.kind, {})[flag.note] = None
    return tuple(Flag(kind=kind, note="; ".join(filter(None, found))) for kind, found in notes.items())
