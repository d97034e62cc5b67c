"""Inputs and results of stage ``cut``, for its function, which needs nothing else of grading."""

from aita.models.base import StrictModel
from aita.models.exam import Page
from aita.models.second_look import Strip

CUT = "cut"
"""Name of the stage."""


class StudentCuts(StrictModel):
    """Strips to cut from a student's pages, which have no digest yet."""

    pages: tuple[Page, ...]
    strips: tuple[Strip, ...]


class CutInputs(StrictModel):
    """Shared inputs of the tasks: the strips to cut, by student id."""

    students: dict[str, StudentCuts]


class CutStrips(StrictModel):
    """Result of a task: the strips, with their digests."""

    strips: tuple[Strip, ...]
