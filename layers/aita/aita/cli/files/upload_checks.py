"""Checks of the instructor's files before they are uploaded."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from aita.cli.files.misspelt_fields import misspelt_fields
from aita.cli.files.upload_discovery import SCANS, Upload
from aita.cli.views.roster_notes import student_lines
from aita.errors import InvalidMaterialError
from aita.memory.objects import MemoryObjects
from aita.models.student import RosterEntry, Students
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
    object_keys.PILE_SETTINGS: AssignmentFiles.pile_settings,
}

_FOR_QUESTIONS: dict[str, Callable[[AssignmentFiles], None]] = {
    object_keys.USER_ANSWER_KEYS: lambda material: check_user_answer_keys(material.exam(), material.user_answer_keys()),
    object_keys.USER_RUBRICS: lambda material: check_user_rubrics(material.exam(), material.user_rubrics()),
    object_keys.QUESTION_INSTRUCTIONS: lambda material: check_question_instructions(
        material.exam(), material.question_instructions()
    ),
}
"""Checks that compare a file with the questions."""

_STORED_QUESTIONS = ". The questions are those that were uploaded before: upload others together with it"


Fetch = Callable[[Collection[str]], AssignmentFiles]
"""Fetches the assignment's stored files of these names, as far as they exist."""


def check_material(uploads: Sequence[Upload], fetch: Fetch) -> list[str]:
    """Read each of the instructor's files as a run does, and return notes on the exam and the roster.

    Files for questions are compared with the uploaded questions or, without any, with the stored ones. Stored files
    that do not fit uploaded questions are noted only, so that either may be uploaded first.

    Raises
    ------
    InvalidMaterialError
        If a file is wrong; the message names the file, the line or path in it, and the rule that it breaks.
    """
    files = {upload.name: upload for upload in uploads if upload.name in _READS}
    material = AssignmentFiles(MemoryObjects(), _FOLDER)
    _put(files, material)
    for name, upload in files.items():
        _check_readable(upload, partial(_read, name, material))
    notes = _roster_notes(files[object_keys.ROSTER], uploads) if object_keys.ROSTER in files else []
    if object_keys.QUESTIONS in files:
        _compare(files, material)
        return [*_exam_notes(files, material), *_stored_notes(files, fetch), *notes]
    if files.keys() & _FOR_QUESTIONS.keys():
        stored = fetch((object_keys.QUESTIONS, object_keys.EXAM_SPEC))
        _put(files, stored)
        if _has_stored_exam(stored):
            _compare(files, stored, _STORED_QUESTIONS)
    return notes


def _read(name: str, material: AssignmentFiles) -> None:
    """Read a file as a run does, and refuse misspelt fields, which a run passes over."""
    read = _READS[name](material)
    if name.endswith(".json"):
        text = material.objects.get(object_keys.material(material.assignment, name)).decode("utf-8-sig")
        plain = json.loads(text, object_pairs_hook=partial(_each_once, name))
        if problem := next(misspelt_fields(read, plain), ""):
            raise InvalidMaterialError(f"{name}: {problem}")


def _each_once(name: str, fields: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of an object of JSON; of one that is there twice, a run would pass over the first."""
    twice = [field for field, count in Counter(field for field, _ in fields).items() if count > 1]
    if twice:
        raise InvalidMaterialError(f"{name}: {', '.join(map(repr, twice))} is there twice: keep one")
    return dict(fields)


def _put(files: Mapping[str, Upload], material: AssignmentFiles) -> None:
    for name, upload in files.items():
        material.objects.put(object_keys.material(material.assignment, name), upload.path.read_bytes())


def _compare(files: Mapping[str, Upload], material: AssignmentFiles, hint: str = "") -> None:
    """Compare uploaded files with the questions."""
    for name, check in _FOR_QUESTIONS.items():
        if name in files:
            _check_readable(files[name], partial(check, material), hint)


def _has_stored_exam(material: AssignmentFiles) -> bool:
    """Tell whether there are stored questions, which must be readable, as uploaded files are compared with them."""
    try:
        return material.has_exam()
    except InvalidMaterialError as error:
        message = f"nothing was uploaded: the questions that were uploaded before can't be read: {error}"
        raise InvalidMaterialError(f"{message}. Upload right ones together with the rest") from error


def _stored_notes(files: Mapping[str, Upload], fetch: Fetch) -> Iterator[str]:
    """Yield a note for each stored file that does not fit the uploaded questions and is not replaced."""
    stored = fetch([name for name in _FOR_QUESTIONS if name not in files])
    _put(files, stored)
    for name, check in _FOR_QUESTIONS.items():
        if name in files:
            continue
        try:
            check(stored)
        except InvalidMaterialError as error:
            path = files[object_keys.QUESTIONS].shown
            yield f"{path}: a file of before does not fit these questions, and is refused until it does: {error}"


def _exam_notes(files: Mapping[str, Upload], material: AssignmentFiles) -> list[str]:
    """Return a note on the points that totals are out of."""
    exam = material.exam()
    rules = exam.extras or "all questions count, and none is a bonus"
    return [f"{files[object_keys.QUESTIONS].shown}: out of {exam.out_of:g} points; {rules}"]


def _roster_notes(roster: Upload, uploads: Iterable[Upload]) -> list[str]:
    read = read_roster(roster.path.read_bytes())
    compared = student_lines(_students(read.entries, uploads))
    empty = () if read.entries else ("there is no student on it, so that nobody can be found or missing",)
    return [f"{roster.shown}: {note}" for note in (*empty, *read.notes, *compared)]


def missing_students(uploads: Sequence[Upload]) -> Iterator[str]:
    """Yield a sentence on the students of an uploaded roster of whom no uploaded scans surely are."""
    roster = next((upload for upload in uploads if upload.name == object_keys.ROSTER), None)
    if roster is None:
        return
    missing = _students(read_roster(roster.path.read_bytes()).entries, uploads).missing
    for line in student_lines(Students(students=(), missing=missing)):
        yield f"{roster.shown}: {line}"


def _students(roster: tuple[RosterEntry, ...], uploads: Iterable[Upload]) -> Students:
    """Return the students of uploaded scans; with no scans nobody is missing."""
    folders = dict.fromkeys(upload.name.split("/")[1] for upload in uploads if upload.name.startswith(SCANS))
    return identify(folders, roster, Students()) if folders else Students()


def _check_readable(upload: Upload, read: Callable[[], Any], hint: str = "") -> None:
    """Read a file; an error names its local path instead of its name in the bucket."""
    try:
        read()
    except InvalidMaterialError as error:
        message = str(error).removeprefix(upload.name).lstrip(":, ")
        raise InvalidMaterialError(f"nothing was uploaded: {upload.shown}: {message}{hint}") from error
