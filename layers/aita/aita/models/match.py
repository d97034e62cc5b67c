"""Matches of students' folders with lines of the roster: people's decisions, requests for them, and views.

None of these models holds a name: a line of the roster is given by its version.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from aita.models.base import LenientModel, StrictModel
from aita.models.review import By, Why
from aita.models.student import Match

LineVersion = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{32})?$")]
"""Version of a line of the roster; empty for no line."""


class MatchAction(StrEnum):
    """Action of a person: to match a folder with a line of the roster, to say that no line is theirs, or to undo.

    ``UNDO`` takes the last decision about a student back that was not taken back before.
    """

    MATCH = "match"
    NOBODY = "nobody"
    UNDO = "undo"


class MatchDecision(LenientModel):
    """A person's decision about whose folder one is.

    Decisions are added, and never changed; the last one holds that was not taken back.

    Parameters
    ----------
    decision_id
        Number of the decision among those about this student, in six digits.
    line
        Version of the roster's line. Of the action ``nobody`` it is the line that seemed to be the student's; empty
        without one.
    by, caller
        Name that the person gave, and ARN that signed the request.
    aita
        Version of the stack's aita.
    """

    decision_id: str
    student_id: str
    action: MatchAction
    line: LineVersion = ""
    why: str = ""
    by: str
    caller: str = ""
    at: datetime
    aita: str = ""


class MatchRequest(StrictModel):
    """``POST /assignments/{assignment}/students/{student_id}``.

    ``line`` belongs to the action ``match``. ``replaces`` is the id of the decision that holds as far as the person
    knows; empty if there is none.
    """

    action: MatchAction
    line: LineVersion = ""
    why: Why = ""
    by: By | None = None
    replaces: Annotated[str, Field(max_length=20)] = ""

    @model_validator(mode="after")
    def _line_fits_action(self) -> "MatchRequest":
        if (self.action is MatchAction.MATCH) != bool(self.line):
            raise ValueError("line belongs to the action match, and to no other")
        return self


class StudentMatch(StrictModel):
    """A student's match with the roster. ``line`` is theirs, ``closest`` may be; each is empty without one."""

    student_id: str
    match: Match
    line: LineVersion = ""
    closest: LineVersion = ""
    decisions: tuple[MatchDecision, ...] = ()


class StudentMatchPage(StrictModel):
    """``GET /assignments/{assignment}/students``, in the order of ``students.json``."""

    students: tuple[StudentMatch, ...]
    next_token: str | None = None


class LikelyLine(StrictModel):
    """Line of the roster that may be a student's; ``cost`` is from 0, if it is what was read, to 399 thousandths."""

    line: LineVersion
    cost: int


class PageHead(StrictModel):
    """Head of a page, as it was scanned: ``url`` downloads its JPEG, and expires after some minutes."""

    page: int
    url: str


class HeadedStudent(StrictModel):
    """A student whose folder's name does not tell who it is, with what does.

    Parameters
    ----------
    line
        Version of the roster's line that is theirs; empty without one.
    heads
        Heads of their first pages; empty if none were kept.
    was_read
        Whether a model read the name or the number on the heads; else ``likely`` is by the folder's name.
    likely
        Lines of the roster that may be theirs, the likeliest first.
    """

    student_id: str
    match: Match
    line: LineVersion = ""
    heads: tuple[PageHead, ...] = ()
    was_read: bool = False
    likely: tuple[LikelyLine, ...] = ()
    decisions: tuple[MatchDecision, ...] = ()


class HeadedStudentPage(StrictModel):
    """``GET /assignments/{assignment}/names``, in the order of ``students.json``."""

    students: tuple[HeadedStudent, ...]
    next_token: str | None = None
