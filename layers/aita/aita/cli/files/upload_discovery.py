"""Discovery of the local files to upload, and of their names. Unknown files are refused before anything is sent."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from aita.errors import InvalidMaterialError
from aita.models.names import MATERIAL_TYPES, MAX_UPLOAD_BYTES, SCAN_TYPES, check_upload

SCANS = "scans/"
"""Prefix of the names of scans."""

_EXAM_SPEC = "exam_spec.json"
_QUESTIONS = "questions.json"
_SCANS = "scans"
_BLANK_EXAM = "blank_exam"
_LEFTOVERS = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_PROBLEMS_SHOWN = 10
_WHOSE = "whose is it? put it into a folder named for its student"
_NO_EXAM = (
    f"this is no exam's folder: there is no folder {_SCANS} in it, no {_QUESTIONS} or other file of the instructor's, "
    "and no student's folder with scans"
)
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Upload:
    """A local file, the name it is uploaded under, and its size in bytes."""

    path: Path
    name: str
    size: int


Problems = dict[str, list[str]]
"""Paths that can't be uploaded, by the reason."""


def find_uploads(paths: Iterable[Path]) -> list[Upload]:
    """Return the files to upload for some paths, each file once, ordered by name.

    A path is an exam's folder (the instructor's files beside ``scans/``), a folder of students'
    folders, one student's folder under ``scans/``, or a file. ``exam_spec.json`` is uploaded as
    ``questions.json``; hidden files and leftovers of desktops are passed over.

    Raises
    ------
    InvalidMaterialError
        If paths can't be uploaded; the message names the first ten with the reasons.
    """
    problems: Problems = {}
    found: dict[str, Upload] = {}
    for path in paths:
        for file, name in _files(path, problems):
            _add_upload(file, unicodedata.normalize("NFC", name), found, problems)
    if problems:
        raise InvalidMaterialError(f"nothing was uploaded: {_listed(problems)}")
    if not found:
        raise InvalidMaterialError("nothing was uploaded: there are no files in what was given")
    return [found[name] for name in sorted(found)]


def _listed(problems: Problems) -> str:
    """Return the first paths that can't be uploaded, each reason once behind its paths."""
    left, listed = _PROBLEMS_SHOWN, list[str]()
    for reason, paths in problems.items():
        if shown := paths[:left]:
            listed.append(f"{', '.join(shown)}: {reason}")
            left -= len(shown)
    more = sum(map(len, problems.values())) - _PROBLEMS_SHOWN
    return "; ".join([*listed, *([f"and {more} more"] if more > 0 else [])])


def _refuse(problems: Problems, path: Path, reason: str) -> None:
    problems.setdefault(reason, []).append(str(path))


def _add_upload(file: Path, name: str, found: dict[str, Upload], problems: Problems) -> None:
    try:
        check_upload(name)
        size = file.stat().st_size
    except InvalidMaterialError as error:
        _refuse(problems, file, str(error))
        return
    except OSError as error:
        _refuse(problems, file, error.strerror or "it can't be read")
        return
    earlier = found.setdefault(name, Upload(file, name, size))
    if not earlier.path.samefile(file):
        _refuse(problems, file, f"it would be {name}, as {earlier.path} would: keep one")
    elif size == 0:
        _refuse(problems, file, "it is empty")
    elif size > MAX_UPLOAD_BYTES:
        megabytes = f"{size / _MEGABYTE:,.0f} MB and may have {MAX_UPLOAD_BYTES // _MEGABYTE}"
        _refuse(problems, file, f"it has {megabytes}: scan it in parts")


def _files(path: Path, problems: Problems) -> Iterator[tuple[Path, str]]:
    if path.is_dir():
        yield from _folder(path, problems)
    elif path.is_file():
        name = _name_of_file(path)
        if name is None:
            _refuse(problems, path, _unknown(path))
        else:
            yield path, name
    else:
        _refuse(problems, path, "there is no such file or folder")


def _folder(path: Path, problems: Problems) -> Iterator[tuple[Path, str]]:
    entries = _entries(path)
    if path.resolve().name == _SCANS or not any(_marks_exam(entry) for entry in entries):
        if path.resolve().parent.name == _SCANS and not any(entry.is_dir() for entry in entries):
            yield from _student(path, problems)
        else:
            yield from _students_or_nothing(path, problems)
        return
    for entry in entries:
        if entry.is_dir() and entry.name == _SCANS:
            yield from _students(entry, problems)
        elif entry.is_file() and (name := _name_in_exam(entry)) is not None:
            yield entry, name
        else:
            _refuse(problems, entry, _unknown(entry))


def _students_or_nothing(path: Path, problems: Problems) -> Iterator[tuple[Path, str]]:
    """Yield the scans of a folder of students' folders; one in which no scan is found is refused as a whole."""
    inside: Problems = {}
    found = list(_students(path, inside))
    if inside and not found and _WHOSE not in inside and path.resolve().name != _SCANS:
        inside = {_NO_EXAM: [str(path)]}
    for reason, paths in inside.items():
        problems.setdefault(reason, []).extend(paths)
    yield from found


def _students(path: Path, problems: Problems) -> Iterator[tuple[Path, str]]:
    for entry in _entries(path):
        if entry.is_dir():
            yield from _student(entry, problems)
        elif entry.suffix.lower() in SCAN_TYPES:
            _refuse(problems, entry, _WHOSE)
        else:
            _refuse(problems, entry, _unknown(entry))


def _student(path: Path, problems: Problems) -> Iterator[tuple[Path, str]]:
    student = path.resolve().name
    for entry in _entries(path):
        if entry.is_dir():
            _refuse(problems, entry, "a student's folder holds scans and no folders")
        elif entry.suffix.lower() not in SCAN_TYPES:
            _refuse(problems, entry, _unknown(entry))
        else:
            yield entry, f"{_SCANS}/{student}/{entry.name}"


def _entries(path: Path) -> list[Path]:
    return sorted(
        entry for entry in path.iterdir() if not entry.name.startswith(".") and entry.name.lower() not in _LEFTOVERS
    )


def _marks_exam(entry: Path) -> bool:
    return (entry.is_dir() and entry.name == _SCANS) or (entry.is_file() and _name_in_exam(entry) is not None)


def _name_in_exam(file: Path) -> str | None:
    if file.name == _EXAM_SPEC:
        return _QUESTIONS
    if file.name in MATERIAL_TYPES:
        return file.name
    plain = PurePosixPath(file.name)
    return file.name if plain.stem == _BLANK_EXAM and plain.suffix.lower() in SCAN_TYPES else None


def _name_of_file(file: Path) -> str | None:
    known = _name_in_exam(file)
    student = file.resolve().parent
    if known is None and student.parent.name == _SCANS and file.suffix.lower() in SCAN_TYPES:
        return f"{_SCANS}/{student.name}/{file.name}"
    return known


def _unknown(path: Path) -> str:
    if path.is_dir():
        return "only a folder named scans is looked into beside the instructor's files"
    if path.suffix.lower() in SCAN_TYPES:
        return "a scan must lie in a folder named for its student, scans/<student>/"
    return (
        f"files of this kind are not taken: scans ({', '.join(SCAN_TYPES)}) and {', '.join(MATERIAL_TYPES)}, "
        f"{_EXAM_SPEC}, {_BLANK_EXAM}.pdf are"
    )
