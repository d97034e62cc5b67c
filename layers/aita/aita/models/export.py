"""Gradebooks for other systems: which there are, and who is not in one."""

from enum import StrEnum

from aita.models.base import StrictModel


class ExportFormat(StrEnum):
    """What a gradebook is written for."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    GRADESCOPE = "gradescope"
    JSONL = "jsonl"


class MoodleKey(StrEnum):
    """What Moodle finds a student by."""

    EMAIL = "email"
    NUMBER = "number"


class ExcludedStudent(StrictModel):
    """A student who is not in an export, with the reason and the questions whose cells are open."""

    name: str
    reason: str
    open_questions: tuple[str, ...] = ()
