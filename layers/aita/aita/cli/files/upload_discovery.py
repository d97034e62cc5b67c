"""Discovery of the local files to upload, and of their names. Unknown files are refused before anything is sent."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from aita.cli.files.students_scans import (
    BLANK_EXAM,
    EXAM_SPEC,
    PACKED,
    SCANS_FOLDER,
    SEVERAL,
    WHOSE,
    Notes,
    Problems,
    entries,
    refuse,
    student_scans,
    students_scans,
    unknown,
)
from aita.errors import InvalidMaterialError
from aita.models.names import MATERIAL_TYPES, MAX_UPLOAD_BYTES, SCAN_TYPES, check_upload
from aita.services.assignments.lms_names import parse

SCANS = "scans/"
"""Prefix of the names of scans."""

_QUESTIONS = "questions.json"
ROSTER = "roster.csv"
_ROSTER_WORKBOOKS = ("roster.xlsx", "roster.xlsm")
_PROBLEMS_SHOWN = 10
_NO_EXAM = (
    f"this is no exam's folder: there is no folder {SCANS_FOLDER} in it, no {_QUESTIONS} or other file of the "
    "instructor's, and no student's folder with scans"
)
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A local file or a part of one, the name it is uploaded under, and its size in bytes.

    ``first`` is where the part begins, and ``whole`` the size of the file that it is a part of; ``None`` for all of
    it. ``made_of`` is the file that it was made of.
    """

    path: Path
    name: str
    size: int
    first: int = 0
    whole: int | None = None
    made_of: Path | None = None

    @property
    def shown(self) -> Path:
        """Path of the file that a person knows."""
        return self.made_of or self.path


@dataclass(frozen=True, slots=True)
class Found:
    """Files to upload, ordered by name, and what a person should know of the others.

    ``unplaced`` are paths of which it is not known what they are, by the reason; ``guessed`` are those whose names say
    less than aita asks for.
    """

    uploads: list[Upload]
    notes: list[str]
    unplaced: Problems = field(default_factory=dict)
    guessed: frozenset[Path] = frozenset()


def find_uploads(paths: Iterable[Path]) -> Found:
    """Return the files to upload for some paths, each file once, ordered by name.

    A path is an exam's folder (the instructor's files beside ``scans/``), a folder of students'
    folders, one student's folder under ``scans/``, an LMS's download of submissions, or a file. ``exam_spec.json`` is
    uploaded as ``questions.json``, and a roster that is a workbook as ``roster.csv``; hidden files and leftovers of
    desktops are passed over, and with a note typed texts and films among students' scans, and earlier submissions. A
    PDF that is named for a student is that student's.

    Raises
    ------
    InvalidMaterialError
        If paths can't be uploaded; the message names the first ten with the reasons.
    """
    problems: Problems = {}
    notes: Notes = defaultdict(list)
    files = [each for path in paths for each in _files(path, problems, notes)]
    uploads = checked_uploads(files, problems)
    if not uploads:
        reasons = "; ".join(["there are no files in what was given", *noted(notes)])
        raise InvalidMaterialError(f"nothing was uploaded: {reasons}")
    return Found(uploads, noted(notes))


def checked_uploads(files: Iterable[tuple[Path, str]], problems: Problems) -> list[Upload]:
    """Return files with the names that they are uploaded under as uploads, each once, ordered by name.

    Raises
    ------
    InvalidMaterialError
        If there are problems, or a file can't be uploaded; the message names the first ten with the reasons.
    """
    found: dict[str, Upload] = {}
    for file, name in files:
        _add_upload(file, unicodedata.normalize("NFC", name), found, problems)
    _refuse_merged(found.values(), problems)
    _refuse_two_blank_exams(found.values(), problems)
    if problems:
        raise InvalidMaterialError(f"nothing was uploaded: {_listed(problems)}")
    return [found[name] for name in sorted(found)]


def noted(notes: Notes) -> list[str]:
    """Return a line for each kind of note, with the first files."""
    return [_note(what, files) for what, files in notes.items()]


def _note(what: str, files: list[str]) -> str:
    shown, more = files[:_PROBLEMS_SHOWN], len(files) - _PROBLEMS_SHOWN
    return f"{what}: {', '.join(shown)}{f' and {more:,} more' if more > 0 else ''}"


def _listed(problems: Problems) -> str:
    """Return the first paths that can't be uploaded, each reason once behind its paths."""
    left, listed = _PROBLEMS_SHOWN, list[str]()
    for reason, paths in problems.items():
        if shown := paths[:left]:
            listed.append(f"{', '.join(shown)}: {reason}")
            left -= len(shown)
    more = sum(map(len, problems.values())) - _PROBLEMS_SHOWN
    return "; ".join([*listed, *([f"and {more} more"] if more > 0 else [])])


def _add_upload(file: Path, name: str, found: dict[str, Upload], problems: Problems) -> None:
    try:
        check_upload(name)
        size = file.stat().st_size
    except InvalidMaterialError as error:
        refuse(problems, file, str(error))
        return
    except OSError as error:
        refuse(problems, file, error.strerror or "it can't be read")
        return
    earlier = found.setdefault(name, Upload(file, name, size))
    if not earlier.path.samefile(file):
        refuse(problems, file, f"it would be {name}, as {earlier.path} would: keep one")
    elif size == 0:
        refuse(problems, file, "it is empty")
    elif size > MAX_UPLOAD_BYTES:
        megabytes = f"{size / _MEGABYTE:,.0f} MB and may have {MAX_UPLOAD_BYTES // _MEGABYTE}"
        refuse(problems, file, f"it has {megabytes}: scan it in parts")


def _refuse_merged(uploads: Iterable[Upload], problems: Problems) -> None:
    """Refuse scans that would be one student's and come from two places: they may be two students' of one name."""
    places: dict[str, Path] = {}
    for upload in uploads:
        student, parent = PurePosixPath(upload.name).parent, upload.path.resolve().parent
        if upload.name.startswith(SCANS) and (earlier := places.setdefault(str(student), parent)) != parent:
            reason = f"it would be in {student}, as what is in {earlier} would: rename one, or put them into one folder"
            refuse(problems, upload.path, reason)


def _refuse_two_blank_exams(uploads: Iterable[Upload], problems: Problems) -> None:
    """Refuse a second blank exam, of another type of file."""
    found = [upload.path for upload in uploads if PurePosixPath(upload.name).stem == BLANK_EXAM]
    for path in found[1:]:
        refuse(problems, path, f"it would be the blank exam, as {found[0]} would: keep one")


def _files(path: Path, problems: Problems, notes: Notes) -> Iterator[tuple[Path, str]]:
    if path.is_dir():
        yield from _folder(path, problems, notes)
    elif path.is_file():
        name = _name_of_file(path)
        if name is None:
            refuse(problems, path, unknown(path))
        else:
            yield path, name
    else:
        refuse(problems, path, "there is no such file or folder")


def _folder(path: Path, problems: Problems, notes: Notes) -> Iterator[tuple[Path, str]]:
    inside = entries(path)
    if path.resolve().name == SCANS_FOLDER or not any(_marks_exam(entry) for entry in inside):
        if path.resolve().parent.name == SCANS_FOLDER and not any(entry.is_dir() for entry in inside):
            yield from student_scans(path, problems, notes)
        else:
            yield from _students_or_nothing(path, problems, notes)
        return
    for entry in inside:
        if entry.is_dir() and entry.name == SCANS_FOLDER:
            yield from students_scans(entry, problems, notes)
        elif entry.is_file() and (name := name_in_exam(entry)) is not None:
            yield entry, name
        else:
            refuse(problems, entry, unknown(entry))


def _students_or_nothing(path: Path, problems: Problems, notes: Notes) -> Iterator[tuple[Path, str]]:
    """Yield the scans of a folder of students' folders; one in which no scan is found is refused as a whole."""
    inside: Problems = {}
    of_scans: Notes = defaultdict(list)
    found = list(students_scans(path, inside, of_scans))
    is_of_students = path.resolve().name == SCANS_FOLDER or any(parse(entry.name) for entry in entries(path))
    if (inside or of_scans) and not found and inside.keys().isdisjoint({WHOSE, SEVERAL, PACKED}) and not is_of_students:
        inside = {_NO_EXAM: [str(path)]}
    for what, files in of_scans.items() if found or is_of_students else ():
        notes[what].extend(files)
    for reason, paths in inside.items():
        problems.setdefault(reason, []).extend(paths)
    yield from found


def _marks_exam(entry: Path) -> bool:
    return (entry.is_dir() and entry.name == SCANS_FOLDER) or (entry.is_file() and name_in_exam(entry) is not None)


def name_in_exam(file: Path) -> str | None:
    """Return the name that a file of the instructor's is uploaded under; ``None`` if its name is of none."""
    if file.name == EXAM_SPEC:
        return _QUESTIONS
    if file.name in MATERIAL_TYPES:
        return file.name
    if file.name.lower() in _ROSTER_WORKBOOKS:
        return ROSTER
    plain = PurePosixPath(file.name)
    return file.name if plain.stem == BLANK_EXAM and plain.suffix.lower() in SCAN_TYPES else None


def _name_of_file(file: Path) -> str | None:
    known = name_in_exam(file)
    student = file.resolve().parent
    if known is None and student.parent.name == SCANS_FOLDER and file.suffix.lower() in SCAN_TYPES:
        return f"{SCANS_FOLDER}/{student.name}/{file.name}"
    return known
