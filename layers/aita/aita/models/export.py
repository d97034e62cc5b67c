"""Exports for other systems: their formats, and the students whom they leave out."""

from enum import StrEnum

from aita.models.base import StrictModel


class ExportFormat(StrEnum):
    """Format of a gradebook, or of an archive of reports (``feedback``)."""

    CANVAS = "canvas"
    MOODLE = "moodle"
    BRIGHTSPACE = "brightspace"
    BLACKBOARD = "blackboard"
    GRADESCOPE = "gradescope"
    MATRIX = "matrix"
    JSONL = "jsonl"
    CANVAS_FEEDBACK = "canvas-feedback"
    MOODLE_FEEDBACK = "moodle-feedback"
    BRIGHTSPACE_FEEDBACK = "brightspace-feedback"

    @property
    def is_feedback(self) -> bool:
        """Whether it is an archive of students' reports."""
        return self.value.endswith("-feedback")


class MoodleKey(StrEnum):
    """Field by which Moodle identifies students."""

    EMAIL = "email"
    NUMBER = "number"


class ExcludedStudent(StrictModel):
    """Student whom an export leaves out, with the reason and the questions whose cells are open."""

    name: str
    reason: str
    open_questions: tuple[str, ...] = ()
