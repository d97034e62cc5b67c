"""Download of an assignment's reports, under the file names that the class report links to."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from urllib.parse import unquote

from aita.cli.files.assignment_download import fetch_uploaded
from aita.cli.files.report_age import out_of_date
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.concurrency import map_concurrently
from aita.errors import NotFoundError
from aita.models.report import REPORT_OF
from aita.services.assignments import object_keys
from aita.services.assignments.class_list import ClassList
from aita.services.reporting.file_names import is_one_file
from aita.services.reporting.report_builder import ReportSources

_FETCHERS = 8  # files fetched at once
_REPORTS = object_keys.reports("")[1:]  # prefix of the API's names of reports
_OF_0_1_0 = re.compile(r"s-[0-9a-f]+\.html")  # a report's file, which version 0.1.0 named by the student's id
_FOLDERS = tuple(
    report("").partition("/")[0] for report in (object_keys.student_report, object_keys.transcription_report)
)


@dataclass(frozen=True, slots=True)
class FetchedReports:
    """Fetched reports.

    Parameters
    ----------
    paths
        Their files, the class report first.
    out_of_date
        Files of outdated reports; a file does not exist if its report was not made yet.
    outdated_students
        Names of the students whose reports are out of date, each with the report's file if that has another name.
    untranscribed
        Folders that were uploaded after the last transcription, of which there is no report.
    """

    paths: tuple[Path, ...]
    out_of_date: tuple[Path, ...]
    outdated_students: tuple[str, ...]
    untranscribed: tuple[str, ...]


def fetch_reports(
    api: ApiClient, transfer: FileTransfer, assignment: str, folder: Path, complete: Callable[[str], str]
) -> FetchedReports:
    """Fetch an assignment's reports into a folder.

    A report without a link in the class report keeps its name in the bucket, with the student's id. A file
    that an earlier class report of the assignment in the folder linked to, and that is not fetched now, is deleted: the
    student has another name by now, or is gone.

    Parameters
    ----------
    complete
        Function that completes the commands in the class report with the global options in use.

    Raises
    ------
    NotFoundError
        If there are no reports.
    StackError
        If a report can't be fetched.
    RequestError
        If a source file of the reports is invalid, so that their age can't be determined.
    """
    material = fetch_uploaded(api, transfer, assignment, *ReportSources.FILES)
    matches = api.match_decisions(assignment)
    listed = ClassList.of(material, matches)
    names = listed.students.names()
    urls = {file.name.removeprefix(_REPORTS): file.url for file in api.files(assignment)}
    if object_keys.CLASS_REPORT not in urls:
        raise NotFoundError(f"{assignment} has no reports yet: make them (aita report --assignment {assignment})")
    folder.mkdir(parents=True, exist_ok=True)
    of_students = [
        report(student_id)
        for report in (object_keys.student_report, object_keys.transcription_report)
        for student_id in names
    ]
    # All are fetched before the first takes its place: a name may have been another student's before.
    with TemporaryDirectory(dir=folder, prefix=".reports-") as name:
        fetched = Path(name)
        class_report = fetched / object_keys.CLASS_REPORT
        transfer.save(urls[object_keys.CLASS_REPORT], class_report)
        class_report.write_bytes(complete(class_report.read_bytes().decode()).encode())
        links = _Links.of(class_report)
        linked = links.names
        files = {name: linked.get(name, name) for name in of_students if name in urls}
        _save(transfer, {fetched / file: urls[name] for name, file in files.items()})
        files = {object_keys.CLASS_REPORT: object_keys.CLASS_REPORT} | files
        known = {*of_students, *linked.values(), *_linked_before(folder / object_keys.CLASS_REPORT, links)}
        _put_in_place(fetched, folder, files.values(), gone=known.difference(files.values()))
    paths = {name: folder / file for name, file in files.items()}
    outdated = out_of_date(material, api.decisions, matches, paths)
    students = {object_keys.student_report(student_id): name for student_id, name in names.items()}
    labels = {name: _label(student, linked.get(name)) for name, student in students.items()}
    return FetchedReports(
        paths=tuple(paths.values()),
        out_of_date=tuple(folder / linked.get(name, name) for name in outdated),
        outdated_students=tuple(labels[name] for name in outdated if name in labels),
        untranscribed=listed.untranscribed,
    )


def _label(student: str, file: str | None) -> str:
    """Return a student's name, with the report's file where it has another name, as after a new match."""
    return student if file is None or Path(file).stem == student else f"{student}, in {file}"


def _save(transfer: FileTransfer, urls: Mapping[Path, str]) -> None:
    for parent in {path.parent for path in urls}:
        parent.mkdir(parents=True, exist_ok=True)
    map_concurrently(lambda path: transfer.save(urls[path], path), urls, _FETCHERS)


def _put_in_place(fetched: Path, folder: Path, files: Iterable[str], gone: Iterable[str]) -> None:
    """Move fetched reports to their folder, in which those that are gone are deleted before."""
    for path in (folder / file for file in gone):
        if path.is_file() or path.is_symlink():  # a folder is no report
            path.unlink()
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (fetched / file).replace(folder / file)


def _linked_before(class_report: Path, now: "_Links") -> set[str]:
    """Return the files that the class report that is about to be replaced links to; none if it is of another title.

    A class report's title has the assignment's name.
    """
    if not class_report.exists():
        return set()
    before = _Links.of(class_report)
    return set(before.names.values()) if before.title == now.title else set()


class _Links(HTMLParser):
    """A class report's title and links to reports: files by their names in the bucket, the same in aita 0.1.0.

    A link that somebody else wrote into it, such as to a teacher's own notes, is none to a report.
    """

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, str] = {}
        self.title = ""
        self._in_title = False

    @classmethod
    def of(cls, class_report: Path) -> Self:
        """Return the links of a file."""
        links = cls()
        links.feed(class_report.read_text(encoding="utf-8", errors="replace"))
        links.close()
        return links

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        attributes = dict(attrs)
        linked = unquote(attributes.get("href") or "")
        folder, _, file = linked.partition("/")
        name = attributes.get(REPORT_OF) or (linked if _OF_0_1_0.fullmatch(file) else "")
        if tag == "a" and folder in _FOLDERS and name.partition("/")[0] == folder and is_one_file(file):
            self.names[name] = linked

    def handle_endtag(self, tag: str) -> None:
        self._in_title = self._in_title and tag != "title"

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
