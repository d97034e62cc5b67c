"""Flags: why a person must look at something before it counts."""

from enum import StrEnum

from aita.models.base import Frozen


class FlagKind(StrEnum):
    """What is doubtful."""

    NO_BLANK_EXAM = "no_blank_exam"
    """Nothing was read, and without a blank exam nobody knows whether there is ink."""
    PRESENCE_DISAGREES = "presence_disagrees"
    """The transcription and the ink disagree on whether there is an answer."""
    ANSWER_NOT_FOUND = "answer_not_found"
    """The question's place was not found on the student's pages."""
    PLACE_DOUBTFUL = "place_doubtful"
    """The marks of where answers begin contradict each other, or the labels on the page."""
    PAGE_MISSING = "page_missing"
    """A page of this student could not be read, transcribed or mapped."""
    OTHER_EXAM = "other_exam"
    """A page is like none of the blank exam's."""
    LOW_CONFIDENCE = "low_confidence"
    """The transcription or the mark is not sure of itself."""
    QUOTE_NOT_FOUND = "quote_not_found"
    """A quote that earns or loses points does not stand in the transcription."""
    GRADERS_DISAGREE = "graders_disagree"
    """The graders' points are too far apart."""
    GRADER_FAILED = "grader_failed"
    """One of several graders came to nothing."""
    INSTRUCTION = "instruction"
    """The answer seems to speak to the grader, such as by asking for marks."""
    NO_RUBRIC = "no_rubric"
    """The question has no rubric to grade against."""
    CHANGED = "changed"
    """The question, the rubric or the answer changed after a person had decided."""


class Flag(Frozen):
    """One reason to look. ``note`` says what and where; it quotes no student."""

    kind: FlagKind
    note: str = ""
