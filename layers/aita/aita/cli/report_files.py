"""An assignment's reports on this computer, in files that are named after the students."""

import re
import unicodedata
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

from aita.aws.api import Api
from aita.aws.transfer import Transfer
from aita.cli.assignment_files import fetch_material
from aita.errors import NotFound
from aita.services import keys

_FETCHERS = 8  # files fetched at once
_REPORTS = keys.reports("")[1:]  # what the API's names of reports begin with
_UNFIT = re.compile(r'[<>:"/\\|?*]')  # on Windows, the strictest
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_HREF = re.compile(r'href="([^"]*)"')
_LONGEST = 150  # bytes; a file's name may have 255, and its end follows


def fetch_reports(api: Api, transfer: Transfer, assignment: str, folder: Path) -> list[Path]:
    """Fetch an assignment's reports into a folder and return their paths, the class's first.

    Raises
    ------
    NotFound
        If there are none.
    StackError
        If one can't be fetched.
    """
    students, _ = fetch_material(api, transfer, assignment, (keys.STUDENTS,)).students()
    named = report_names(students.names())
    urls = {file.name.removeprefix(_REPORTS): file.url for file in api.files(assignment)}
    found = {name: urls[name] for name in (keys.CLASS_REPORT, *named) if name in urls}
    if keys.CLASS_REPORT not in found:
        raise NotFound(f"{assignment} has no reports yet: make them (aita report --assignment {assignment})")
    paths = {name: folder / named.get(name, name) for name in found}
    for parent in {path.parent for path in paths.values()}:
        parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_FETCHERS) as fetchers:
        list(fetchers.map(transfer.save, found.values(), paths.values()))
    _link(paths[keys.CLASS_REPORT], named)
    return list(paths.values())


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
        for report in (keys.student_report, keys.transcription_report)
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
