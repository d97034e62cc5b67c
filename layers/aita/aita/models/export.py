"""Gradebooks for other systems: their formats, and the students whom they leave out."""

from enum import StrEnum

from aita.models.base import StrictModel


class ExportFormat(StrEnum):
    """Format of a gradebook."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    GRADESCOPE = "gradescope"
    JSONL = "jsonl"


class MoodleKey(StrEnum):
    """Field by which Moodle identifies students."""

    EMAIL = "email"
    NUMBER = "number"


class ExcludedStudent(StrictModel):
    """Student whom an export leaves out, with the reason and the questions whose cells are open."""

    name: str
    reason: str
    open_questions: tuple[str, ...] = ()
