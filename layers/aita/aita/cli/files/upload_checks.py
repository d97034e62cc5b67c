"""Checks of the instructor's files before they are uploaded."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from aita.cli.files.upload_discovery import SCANS, Upload
from aita.cli.views.roster_notes import student_lines
from aita.errors import InvalidMaterialError
from aita.memory.objects import MemoryObjects
from aita.models.student import Students
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.roster_csv import read_roster
from aita.services.assignments.roster_matching import identify
from aita.services.grading.question_inputs import check_question_instructions
from aita.tasks.answer_key import check_user_answer_keys
from aita.tasks.rubric import check_user_rubrics

_FOLDER = "upload"

_READS: dict[str, Callable[[AssignmentFiles], Any]] = {
    object_keys.QUESTIONS: AssignmentFiles.countable_exam,
    object_keys.USER_ANSWER_KEYS: AssignmentFiles.user_answer_keys,
    object_keys.USER_RUBRICS: AssignmentFiles.user_rubrics,
    object_keys.QUESTION_INSTRUCTIONS: AssignmentFiles.question_instructions,
    object_keys.RUBRIC_INSTRUCTIONS: AssignmentFiles.rubric_instructions,
    object_keys.ROSTER: AssignmentFiles.roster,
    object_keys.GRADE_SCALE: AssignmentFiles.grade_scale,
}

_FOR_QUESTIONS: dict[str, Callable[[AssignmentFiles], None]] = {
    object_keys.USER_ANSWER_KEYS: lambda material: check_user_answer_keys(material.exam(), material.user_answer_keys()),
    object_keys.USER_RUBRICS: lambda material: check_user_rubrics(material.exam(), material.user_rubrics()),
    object_keys.QUESTION_INSTRUCTIONS: lambda material: check_question_instructions(
        material.exam(), material.question_instructions()
    ),
}
"""Checks that compare a file with the questions."""


def check_material(uploads: Sequence[Upload]) -> list[str]:
    """Read each of the instructor's files as a run does, and return notes on the exam and the roster.

    Raises
    ------
    InvalidMaterialError
        If a file is wrong; the message names the file, the line or path in it, and the rule that it breaks.
    """
    objects = MemoryObjects()
    material = AssignmentFiles(objects, _FOLDER)
    files = {upload.name: upload for upload in uploads if upload.name in _READS}
    for name, upload in files.items():
        objects.data[object_keys.material(_FOLDER, name)] = upload.path.read_bytes()
        _check_readable(upload, partial(_READS[name], material))
    for name, check in _FOR_QUESTIONS.items():
        if object_keys.QUESTIONS in files and name in files:
            _check_readable(files[name], partial(check, material))
    notes = _exam_notes(files[object_keys.QUESTIONS], material) if object_keys.QUESTIONS in files else []
    return notes + (_roster_notes(files[object_keys.ROSTER], uploads) if object_keys.ROSTER in files else [])


def _exam_notes(questions: Upload, material: AssignmentFiles) -> list[str]:
    """Return what totals are out of: a misspelt ``bonus`` or ``choices`` is passed over as any unknown field."""
    exam = material.exam()
    rules = exam.extras or "all questions count, and none is a bonus"
    return [f"{questions.path}: out of {exam.out_of:g} points; {rules}"]


def _roster_notes(roster: Upload, uploads: Iterable[Upload]) -> list[str]:
    read = read_roster(roster.path.read_bytes())
    folders = dict.fromkeys(upload.name.split("/")[1] for upload in uploads if upload.name.startswith(SCANS))
    compared = student_lines(identify(folders, read.entries, Students())) if folders else ()
    return [f"{roster.path}: {note}" for note in (*read.notes, *compared)]


def _check_readable(upload: Upload, read: Callable[[], Any]) -> None:
    """Read a file; an error names its local path instead of its name in the bucket."""
    try:
        read()
    except InvalidMaterialError as error:
        message = str(error).removeprefix(upload.name).lstrip(":, ")
        raise InvalidMaterialError(f"nothing was uploaded: {upload.path}: {message}") from error
