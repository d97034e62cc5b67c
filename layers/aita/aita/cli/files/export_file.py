"""File of an export: a gradebook for another system, or an archive of reports."""

from pathlib import Path

from aita.atomic_write import write_whole
from aita.cli.files.assignment_download import fetch_uploaded
from aita.cli.files.feedback_archive import report_fetcher, write_feedback
from aita.cli.pdf_printer import PdfPrinter
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import MissingMaterialError, RequestError
from aita.models.export import ExportFormat, MoodleKey
from aita.services.assignments.class_list import ClassList
from aita.services.exports.blackboard import export_blackboard
from aita.services.exports.brightspace import export_brightspace
from aita.services.exports.canvas import export_canvas
from aita.services.exports.export_roster import Export, ExportRoster, call_roll
from aita.services.exports.feedback import feedback
from aita.services.exports.gradescope import export_gradescope
from aita.services.exports.json_lines import export_json_lines
from aita.services.exports.matrix import export_matrix
from aita.services.exports.moodle import export_moodle
from aita.services.grading.gradebook import Gradebook

_BY_ROSTER = (ExportFormat.CANVAS, ExportFormat.MOODLE, ExportFormat.BRIGHTSPACE, ExportFormat.BLACKBOARD)
"""Formats that identify students by the roster's columns, and have a name for the grade."""


def write_export(
    out: Path,
    api: ApiClient,
    transfer: FileTransfer,
    assignment: str,
    to: ExportFormat,
    *,
    column: str | None = None,
    key: MoodleKey | None = None,
    section: str | None = None,
    pdf: bool = False,
) -> tuple[Export | ExportRoster, Gradebook]:
    """Write an export, and return who is in it, and the gradebook that it was made of.

    Parameters
    ----------
    column
        Name of the grade in an LMS; ``None`` for the exam's name.
    key
        Field by which Moodle finds students; ``None`` for the field that the roster has.
    section
        Section of the roster; ``None`` for everyone.
    pdf
        Whether reports are printed as PDF, by this computer's Chromium or Chrome.

    Raises
    ------
    RequestError
        If the format lacks a given option, ``column`` is empty, or nothing here prints PDF.
    MissingMaterialError
        If there are no grades, or no roster where the format needs one.
    StackError
        If a file can't be fetched.
    """
    if column is not None and to not in _BY_ROSTER:
        named = f"{', '.join(_BY_ROSTER[:-1])} and {_BY_ROSTER[-1]}"
        raise RequestError(f"--column names the grade in {named}: {to} has no such column")
    if column is not None and not column.strip():
        raise RequestError("--column is empty: give the grade's name in the LMS, or leave the option out")
    if key is not None and to is not ExportFormat.MOODLE:
        raise RequestError(f"--key is for {ExportFormat.MOODLE} alone")
    if pdf and not to.is_feedback:
        raise RequestError(f"--pdf is for reports: {to} has none")
    printer = PdfPrinter.find() if pdf else None
    material = fetch_uploaded(api, transfer, assignment, *Gradebook.FILES, *ClassList.FILES)
    decisions = tuple(api.decisions(assignment))
    gradebook = Gradebook.of(material, decisions)
    matches = tuple(api.match_decisions(assignment))
    listed = ClassList.of(material, matches)
    roll = _roll(to, assignment, gradebook, listed, section)
    if to.is_feedback:
        found = feedback(roll, listed, to, ".html" if printer is None else ".pdf")
        fetch = report_fetcher(api, transfer, assignment)
        return write_feedback(out, found, material, decisions, matches, fetch, printer), gradebook
    exported = _export(to, roll, gradebook, column, key)
    write_whole(out, exported.data)
    return exported, gradebook


def _roll(
    to: ExportFormat, assignment: str, gradebook: Gradebook, listed: ClassList, section: str | None
) -> ExportRoster:
    if not gradebook.students:
        raise MissingMaterialError(f"assignment {assignment} has no grades yet: grade it first")
    if listed.roster is None and to in _BY_ROSTER:
        raise MissingMaterialError(
            f"assignment {assignment} has no roster.csv, and {to} finds students by what stands there: "
            f"upload one (aita upload roster.csv --assignment {assignment})"
        )
    return call_roll(gradebook, listed, section)


def _export(
    to: ExportFormat, roll: ExportRoster, gradebook: Gradebook, column: str | None, key: MoodleKey | None
) -> Export:
    grade_name = gradebook.exam.exam_name if column is None else column.strip()  # a header that was copied
    match to:
        case ExportFormat.CANVAS:
            return export_canvas(roll, grade_name)
        case ExportFormat.MOODLE:
            return export_moodle(roll, grade_name, key)
        case ExportFormat.BRIGHTSPACE:
            return export_brightspace(roll, grade_name)
        case ExportFormat.BLACKBOARD:
            return export_blackboard(roll, grade_name)
        case ExportFormat.GRADESCOPE:
            return export_gradescope(roll)
        case ExportFormat.MATRIX:
            return export_matrix(roll)
        case _:
            return export_json_lines(roll, gradebook)
