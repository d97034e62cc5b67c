"""Students' scans below a folder: in folders named for them, named for them, or as an LMS names submissions."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from aita.cli.files.gradescope_export import METADATA, students_of_export
from aita.models.names import MATERIAL_TYPES, SCAN_TYPES
from aita.services.assignments.lms_names import LmsName, parse
from aita.services.assignments.name_forms import fold, is_joined, of_person

SCANS_FOLDER = "scans"
EXAM_SPEC = "exam_spec.json"
BLANK_EXAM = "blank_exam"
PACKED = "an archive here is not unpacked: unpack it into its student's folder, or upload a zip by itself"
WHOSE = "whose is it? put it into a folder named for its student"

_LEFTOVERS = frozenset({"thumbs.db", "desktop.ini", "__macosx", "ehthumbs.db", "$recycle.bin"})
PASSED_OVER = frozenset(
    {".mov", ".mp4", ".aae", ".txt", ".html", ".htm", ".rtf", ".doc", ".docx", ".odt", ".md", ".url", ".webloc"}
)
"""Endings of what students hand in beside scans: typed text, and what a phone adds to a picture."""

_PACKED = frozenset({".zip", ".rar", ".7z", ".gz", ".tgz", ".tar", ".bz2", ".xz"})

PAPER_WORDS = re.compile(
    r"(?i)(all|class|classe|klasse|exams?|scans?|img|image|page|seite|dsc|doc|document|untitled|submissions?|students?|"
    r"section|group|solutions?|blank|midterm|final|quiz|klausur|answers?|keys?|rubrics?|questions?|rosters?|list|"
    r"instructions?|covers?|sheets?|grading|grades?|marking|scheme|v\d+|version|musterl(ö|o)sung(en)?|"
    r"l(ö|o)sung(en)?|aufgaben|corrig(é|e)|sujet)"
)
"""Words of files that are not named for a person."""


SEVERAL = "the student has several submissions, and which is the last is not told: keep one"

Problems = dict[str, list[str]]
"""Paths that can't be uploaded, by the reason."""

Notes = defaultdict[str, list[str]]
"""Files of which a person should know something, by that."""


def students_scans(path: Path, problems: Problems, notes: Notes) -> Iterator[tuple[Path, str]]:
    """Yield the scans of a folder of students' folders and files, each with the name that it is uploaded under."""
    yield from scans_among(entries(path), problems, notes)


def scans_among(inside: Iterable[Path], problems: Problems, notes: Notes) -> Iterator[tuple[Path, str]]:
    """Yield the scans of students' folders and files that lie in one folder."""
    found = list(inside)
    if metadata := next((entry for entry in found if entry.name == METADATA), None):
        yield from _exported(metadata, found, problems, notes)
        return
    loose = [entry for entry in found if not entry.is_dir()]
    yield from _loose(loose, problems, notes)
    folders = {entry: parse(entry.name) for entry in found if entry.is_dir()}
    for entry in _undated(folders):
        refuse(problems, entry, SEVERAL)
    latest = _latest(folders)
    for entry, named in folders.items():
        if named is not None and named.is_text:
            notes["typed into the LMS, and passed over"].append(entry.name)
        elif named is not None and entry not in latest:
            notes["there is a later submission of the same student, and this one is passed over"].append(entry.name)
        else:
            yield from student_scans(entry, problems, notes, None if named is None else named.folder)


def _exported(metadata: Path, inside: Iterable[Path], problems: Problems, notes: Notes) -> Iterator[tuple[Path, str]]:
    """Yield the scans of Gradescope's export of submissions."""
    students = students_of_export(metadata)
    for entry in inside:
        student = students.pop(entry.name, None)
        if entry == metadata:
            continue
        if not entry.is_dir() and entry.suffix.lower() in PASSED_OVER:
            notes["no scan, and passed over"].append(entry.name)
        elif not entry.is_dir() and entry.suffix.lower() not in SCAN_TYPES:
            refuse(problems, entry, unknown(entry))
        elif student is None:
            refuse(problems, entry, WHOSE)
        elif entry.is_dir():
            yield from student_scans(entry, problems, notes, student)
        else:
            yield entry, f"{SCANS_FOLDER}/{student}/{entry.name}"
    if students:
        notes[f"in Gradescope's {METADATA}, and its file is not there"].extend(students)


def _loose(files: list[Path], problems: Problems, notes: Notes) -> Iterator[tuple[Path, str]]:
    """Yield the scans that lie in no student's folder: those of an LMS's download, or named for their student."""
    named = {file: parse(file.name) for file in files}
    latest = _latest(named)
    undated = _undated_files(named)
    for file, submission in named.items():
        is_scan = file.suffix.lower() in SCAN_TYPES
        if (submission is not None and submission.is_text) or file.suffix.lower() in PASSED_OVER:
            notes["no scan, and passed over"].append(file.name)
        elif not is_scan:
            refuse(problems, file, unknown(file))
        elif file in undated:
            refuse(problems, file, SEVERAL)
        elif submission is not None and file not in latest:
            notes["there is a later submission of the same student, and this one is passed over"].append(file.name)
        elif submission is not None:
            if submission.is_late:
                notes["late, and taken"].append(file.name)
            yield file, f"{SCANS_FOLDER}/{submission.folder}/{file.name}"
        elif file.suffix.lower() == ".pdf" and names_person(file.stem):
            notes["taken for the scan of the student whose name it has"].append(file.name)
            yield file, f"{SCANS_FOLDER}/{file.stem.strip()}/{file.name}"
        else:
            refuse(problems, file, WHOSE)


def _latest(named: Mapping[Path, LmsName | None]) -> set[Path]:
    """Return the paths but those of submissions before a student's last one, as far as their times are told."""
    last: dict[str, datetime] = {}
    for submission in named.values():
        if submission is not None and submission.submitted_at is not None:
            last[submission.folder] = max(last.get(submission.folder, submission.submitted_at), submission.submitted_at)
    return {
        path
        for path, submission in named.items()
        if submission is None or submission.submitted_at in (None, last.get(submission.folder))
    }


def _undated(folders: Mapping[Path, LmsName | None]) -> list[Path]:
    """Return the folders of submissions without a time whose student has several."""
    of_student: dict[str, list[Path]] = defaultdict(list)
    for path, submission in folders.items():
        if submission is not None and not submission.is_text:
            of_student[submission.folder].append(path)
    several = [paths for paths in of_student.values() if len(paths) > 1]
    return [path for paths in several for path in paths if (named := folders[path]) and named.submitted_at is None]


def _undated_files(files: Mapping[Path, LmsName | None]) -> set[Path]:
    """Return the files of submissions whose time is not understood, and whose student has files of another time."""
    times: dict[str, set[str]] = defaultdict(set)
    for submission in files.values():
        if submission is not None and not submission.is_text:
            times[submission.folder].add(submission.submitted)
    return {
        path
        for path, submission in files.items()
        if submission is not None and submission.submitted_at is None and len(times[submission.folder]) > 1
    }


def names_person(stem: str) -> bool:
    """Return whether a file's name is a person's: two words at least, or East Asian letters, and none of a paper."""
    words = fold(of_person(stem)).split()
    if any(PAPER_WORDS.fullmatch(word) or any(map(str.isdigit, word)) for word in words):
        return False
    return len(words) > 1 or (len(words) == 1 and len(words[0]) > 1 and is_joined(stem) and not words[0].isascii())


def student_scans(
    path: Path, problems: Problems, notes: Notes, student: str | None = None
) -> Iterator[tuple[Path, str]]:
    """Yield the scans of one student's folder; ``student`` is its name under ``scans/`` if that is another."""
    student = student or path.resolve().name
    if student != student.strip():
        refuse(problems, path, "a student's folder has no spaces at the ends of its name: rename it")
        return
    inside = entries(path)
    if len({named.folder for entry in inside if (named := parse(entry.name)) is not None}) > 1 and not parse(student):
        refuse(problems, path, "it holds submissions of several students: upload it by itself")
        return
    for entry in inside:
        if entry.is_dir():
            refuse(problems, entry, "a student's folder holds scans and no folders: move the scans in it out of it")
        elif entry.suffix.lower() in PASSED_OVER:
            notes["no scan, and passed over"].append(f"{path.name}/{entry.name}")
        elif entry.suffix.lower() not in SCAN_TYPES:
            refuse(problems, entry, unknown(entry))
        else:
            yield entry, f"{SCANS_FOLDER}/{student}/{entry.name}"


def entries(path: Path) -> list[Path]:
    """Return what is in a folder, without hidden files and what desktops leave."""
    return sorted(
        entry
        for entry in path.iterdir()
        if not entry.name.startswith((".", "~$")) and entry.name.lower() not in _LEFTOVERS  # ~$: open in Office
    )


def refuse(problems: Problems, path: Path, reason: str) -> None:
    """Add a path to those that can't be uploaded."""
    problems.setdefault(reason, []).append(str(path))


def unknown(path: Path) -> str:
    """Return why a file or folder of an unknown kind is not taken."""
    if path.is_dir():
        return "only a folder named scans is looked into beside the instructor's files"
    if path.suffix.lower() in _PACKED:
        return PACKED
    if path.suffix.lower() in SCAN_TYPES:
        return "a scan must lie in a folder named for its student, scans/<student>/"
    return (
        f"files of this kind are not taken: scans ({', '.join(SCAN_TYPES)}) and {', '.join(MATERIAL_TYPES)}, "
        f"{EXAM_SPEC}, {BLANK_EXAM}.pdf are"
    )
