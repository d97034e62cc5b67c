"""Names under which an LMS takes students' reports back, by the ids that its download of submissions gave.

The recipient of a report is whoever handed the scans in: the folder under ``scans/`` has the LMS's name of the
submission. The roster decides nothing here, as no roster has these ids; it can only speak against them.

- Moodle (``mod/assign/feedback/file/importziplib.php``) splits each part of a path at ``_`` into the full name, the
  participant's id, the type and the name of a plugin, and looks at the id. A file of the same name is replaced.
- Canvas (``app/models/abstract_assignment.rb``, ``infer_comment_context_from_filename``) splits a file's name at ``_``;
  the first two parts of digits alone are the user's id and that of a file of the submission. It shows the report
  under that file's name, whatever the report's own name is.
- Brightspace describes that it takes edited files back under their names; how it reads these is not published.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from aita.errors import RequestError
from aita.models.export import ExportFormat
from aita.models.student import Match
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.lms_names import LmsName, parse
from aita.services.exports.export_roster import ExportRoster, GradedStudent, not_final

_LMS = {ExportFormat.MOODLE_FEEDBACK: "Moodle", ExportFormat.CANVAS_FEEDBACK: "Canvas"}
"""Names of the LMSs as ``lms_names`` has them."""

_SAID: dict[Match, str] = {"decided": "a person decided", "read": "the heads of its pages say"}
"""Matches that may say otherwise than a submission's name, and the words for it."""

_REPORT = "report"
_NOBODY = "student"
_ANONYMOUS = "anon"  # Canvas reads another kind of id behind it

_UNKNOWN = (
    "Brightspace takes feedback files back by their names, and how it reads these is not published: no file is better "
    "than one that reaches somebody else. The format brightspace has the grades, and the command report writes "
    "the reports"
)
_SEVERAL = (
    "people decided that this and another folder are one student's: decide again with aita students match {student_id} "
    "--to NAME_OR_NUMBER{option}"
)
_OTHER_NAMES = (
    "Canvas shows each report under the name of the file that was handed in, and {count} of these are no {ending} "
    "files, such as {example}: {advice}"
)
_USE_PDF = "most students hand in PDFs, so use --pdf"
_RENAME = "tell these students to give the file the ending {ending} before they open it"


@dataclass(frozen=True, slots=True)
class Feedback:
    """Students whose reports go back, and the name of each one's report in the archive, by the student's id."""

    roll: ExportRoster
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Submission:
    """A student's submission: the LMS's name of it, and the file of it under whose name the report is shown."""

    named: LmsName
    file: LmsName | None = None


def feedback(roll: ExportRoster, listed: ClassList, to: ExportFormat, ending: str) -> Feedback:
    """Return the reports of final students that the LMS finds the recipients of.

    Parameters
    ----------
    ending
        Ending of the reports' files, such as ``.html``.

    Raises
    ------
    RequestError
        If no names are known that the LMS takes back.
    """
    if to not in _LMS:
        raise RequestError(_UNKNOWN)
    submissions = {each.student.student_id: _submission(each, to, ending) for each in roll.students}
    folders = (*(each.folder for each in listed.students.students), *listed.untranscribed)
    times = Counter(_as_read(named.user_id) for each in folders if (named := parse(each)) and named.system == _LMS[to])

    def problem(student: GradedStudent) -> str:
        found = submissions[student.student.student_id]
        if found is None:
            return f"without {_LMS[to]}'s id: the folder was not downloaded from there"
        if not found.named.person:
            return "downloaded without names, of which Canvas takes no report back: hand it back there"
        if times[_as_read(found.named.user_id)] > 1:
            return f"several folders have {_LMS[to]}'s id {found.named.user_id}"
        if to is ExportFormat.CANVAS_FEEDBACK and found.file is None:
            return "without Canvas's id of a file: upload the submissions as they were downloaded, then transcribe"
        return _contradiction(student, found.named, listed)

    fit = roll.without(not_final, problem)
    kept = {each.student.student_id: found for each in fit.students if (found := submissions[each.student.student_id])}
    if others := [each.file.file for each in kept.values() if each.file and _ending(each.file) != ending]:
        advice = _USE_PDF if ending != ".pdf" else _RENAME.format(ending=ending)
        fit = fit.with_notes(_OTHER_NAMES.format(count=len(others), ending=ending, example=others[0], advice=advice))
    return Feedback(fit, {student_id: _NAMES[to](found, ending) for student_id, found in kept.items()})


def _as_read(user_id: str) -> str:
    """Return an LMS's id as the LMS reads it, which takes 012 for 12."""
    return str(int(user_id)) if user_id.isdecimal() else user_id


def _submission(student: GradedStudent, to: ExportFormat, ending: str) -> _Submission | None:
    """Return a student's submission; ``None`` if the folder has no name of this LMS."""
    named = parse(student.student.folder)
    if named is None or named.system != _LMS[to]:
        return None
    files = [found for name in sorted(student.student.files.values()) if (found := parse(name)) and found.file_id]
    own = [found for found in files if (found.system, found.user_id) == (named.system, named.user_id)]
    return _Submission(named, min(own, key=lambda file: _ending(file) != ending, default=None))


def _contradiction(student: GradedStudent, named: LmsName, listed: ClassList) -> str:
    """Return the reason if the roster, or a person, says that a submission is another student's; empty if not."""
    entry = student.entry
    if entry is None:
        several = student.match == "ambiguous" and listed.likely_entry(student.student) is not None
        return _SEVERAL.format(student_id=student.student.student_id, option=student.option) if several else ""
    if named.system == "Canvas" and entry.canvas_id not in ("", named.user_id):
        return f"the submission is of Canvas's user {named.user_id}, who is {entry.canvas_id} on the roster"
    if student.match in _SAID and listed.likely_entry(student.student) not in (None, entry):
        return f"the submission is {named.person}'s, and {_SAID[student.match]} that it is {entry.name}'s"
    return ""


def _moodle_name(found: _Submission, ending: str) -> str:
    person = found.named.person.replace("_", " ")
    return f"{person}_{found.named.user_id}_assignsubmission_file/{_REPORT}{ending}"


def _canvas_name(found: _Submission, ending: str) -> str:
    person = found.named.person
    shown = _NOBODY if person.isdigit() or person == _ANONYMOUS else person
    return f"{shown}_{found.named.user_id}_{found.file.file_id if found.file else ''}_{_REPORT}{ending}"


def _ending(file: LmsName) -> str:
    return PurePosixPath(file.file).suffix.lower()


_NAMES: dict[ExportFormat, Callable[[_Submission, str], str]] = {
    ExportFormat.MOODLE_FEEDBACK: _moodle_name,
    ExportFormat.CANVAS_FEEDBACK: _canvas_name,
}
