"""An assignment's reports on this computer, in files that are named after the students."""

import re
import unicodedata
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from aita.cli.files.assignment_download import fetch_graded
from aita.cli.files.report_age import out_of_date
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import NotFoundError
from aita.services.assignments import object_keys

_FETCHERS = 8  # files fetched at once
_REPORTS = object_keys.reports("")[1:]  # what the API's names of reports begin with
_UNFIT = re.compile(r'[<>:"/\\|?*]')  # on Windows, the strictest
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_HREF = re.compile(r'href="([^"]*)"')
_LONGEST = 150  # bytes; a file's name may have 255, and its end follows


@dataclass(frozen=True, slots=True)
class FetchedReports:
    """Where reports are now, the class's first, and which are out of date, with the students whose they are.

    One that is out of date may be not there: it was not made yet.
    """

    paths: tuple[Path, ...]
    out_of_date: tuple[Path, ...]
    whose: tuple[str, ...]


def fetch_reports(api: ApiClient, transfer: FileTransfer, assignment: str, folder: Path) -> FetchedReports:
    """Fetch an assignment's reports into a folder.

    Raises
    ------
    NotFoundError
        If there are none.
    StackError
        If one can't be fetched.
    RequestError
        If it can't be told whether they are out of date, as a file that they are made of is wrong.
    """
    material = fetch_graded(api, transfer, assignment)
    names = material.students()[0].names()
    named = report_names(names)
    urls = {file.name.removeprefix(_REPORTS): file.url for file in api.files(assignment)}
    found = {name: urls[name] for name in (object_keys.CLASS_REPORT, *named) if name in urls}
    if object_keys.CLASS_REPORT not in found:
        raise NotFoundError(f"{assignment} has no reports yet: make them (aita report --assignment {assignment})")
    paths = {name: folder / named.get(name, name) for name in found}
    for parent in {path.parent for path in paths.values()}:
        parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_FETCHERS) as fetchers:
        list(fetchers.map(transfer.save, found.values(), paths.values()))
    _link(paths[object_keys.CLASS_REPORT], named)
    outdated = out_of_date(material, api.decisions, paths)
    whose = {object_keys.student_report(student_id): name for student_id, name in names.items()}
    return FetchedReports(
        paths=tuple(paths.values()),
        out_of_date=tuple(folder / named.get(name, name) for name in outdated),
        whose=tuple(whose[name] for name in outdated if name in whose),
    )


def report_names(names: Mapping[str, str]) -> dict[str, str]:
    """Return each report's name for people by its name in the bucket; ``names`` are the students' by id."""
    fit: dict[str, str] = {}
    taken: set[str] = set()
    for student_id, name in names.items():
        base = _fit(name) or student_id
        unique, times = base, 1
        while unique.casefold() in taken:
            times += 1
            unique = f"{base} ({times})"
        taken.add(unique.casefold())
        fit[student_id] = unique
    return {
        report(student_id): report(name)
        for report in (object_keys.student_report, object_keys.transcription_report)
        for student_id, name in fit.items()
    }


def _fit(name: str) -> str:
    """Return a name as a file may have it on any system; nothing if nothing of it is left."""
    plain = "".join(" " if unicodedata.category(each).startswith("C") else each for each in name)
    words = " ".join(_UNFIT.sub(" ", unicodedata.normalize("NFC", plain)).split())
    cleaned = words.encode()[:_LONGEST].decode(errors="ignore").strip(" .")
    return "" if _DEVICES.fullmatch(cleaned) else cleaned


def _link(class_report: Path, named: Mapping[str, str]) -> None:
    """Let the class's report link to the files as they are named here."""
    html = class_report.read_text(encoding="utf-8")
    # All at once: a student may be named as another's report is in the bucket.
    linked = _HREF.sub(lambda found: f'href="{quote(named[found[1]])}"' if found[1] in named else found[0], html)
    class_report.write_text(linked, encoding="utf-8", newline="\n")
