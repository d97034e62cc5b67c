"""Archive of students' reports under the names that an LMS takes back."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

from aita.atomic_write import replacing
from aita.cli.files.report_age import out_of_date
from aita.cli.pdf_printer import PdfPrinter
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.concurrency import map_concurrently
from aita.models.decision import Decision
from aita.models.match import MatchDecision
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.exports.export_roster import ExportRoster, GradedStudent
from aita.services.exports.feedback import Feedback

_FETCHERS = 8  # reports fetched at once
_PRINTERS = 2  # browsers at once: each takes a core
_MISSING = "there is no report yet: make it with aita report{option}"
_OUTDATED = "the report is older than a grade, a decision or an upload: make it with aita report{option}"


def write_feedback(
    out: Path,
    found: Feedback,
    material: AssignmentFiles,
    decisions: Iterable[Decision],
    matches: Iterable[MatchDecision],
    fetch: Callable[[Mapping[Path, str]], None],
    printer: PdfPrinter | None,
) -> ExportRoster:
    """Write the archive, and return the students whose reports are in it.

    A report that shows something else than what counts now, or that is not made yet, leaves its student out.

    Parameters
    ----------
    fetch
        Fetches those reports that there are, each by its name in the bucket, to a path.
    printer
        Prints the reports as PDF; ``None`` for HTML.
    """
    with TemporaryDirectory(dir=out.parent, prefix=".feedback-") as name:
        paths = {student_id: Path(name, f"{student_id}.html") for student_id in found.names}
        fetch({path: object_keys.student_report(student_id) for student_id, path in paths.items()})
        fetched = {student_id: path for student_id, path in paths.items() if path.exists()}
        by_name = {object_keys.student_report(student_id): path for student_id, path in fetched.items()}
        outdated = set(out_of_date(material, lambda _: decisions, matches, by_name))

        def problem(student: GradedStudent) -> str:
            student_id = student.student.student_id
            if student_id not in fetched:
                return _MISSING.format(option=student.option)
            is_old = object_keys.student_report(student_id) in outdated
            return _OUTDATED.format(option=student.option) if is_old else ""

        fit = found.roll.without(problem)
        kept = {student.student.student_id: fetched[student.student.student_id] for student in fit.students}
        if printer is not None:
            printed = {path: path.with_suffix(".pdf") for path in kept.values()}
            map_concurrently(lambda path: printer.print(path, printed[path]), printed, _PRINTERS)
            kept = {student_id: printed[path] for student_id, path in kept.items()}
        with replacing(out) as file, ZipFile(file, "w", ZIP_DEFLATED) as archive:
            for student_id, path in kept.items():
                archive.write(path, found.names[student_id])
    return fit


def report_fetcher(api: ApiClient, transfer: FileTransfer, assignment: str) -> Callable[[Mapping[Path, str]], None]:
    """Return what fetches an assignment's reports, as far as they were made."""

    def fetch(names: Mapping[Path, str]) -> None:
        prefix = object_keys.reports("")[1:]
        urls = {file.name.removeprefix(prefix): file.url for file in api.files(assignment)}
        there = {path: urls[name] for path, name in names.items() if name in urls}
        map_concurrently(lambda path: transfer.save(there[path], path), there, _FETCHERS)

    return fetch
