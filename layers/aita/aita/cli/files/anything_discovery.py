"""Discovery in a folder of anything: what each file and folder seems to be, where nothing has the names aita asks for.

It finds all that ``find_uploads`` finds. Beyond that, it looks into folders and takes what the names or the content
tell, as guesses that a person sees before they are sent. What nothing tells is left unplaced.
"""

import filecmp
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from aita.cli.files.archives import as_given, is_archive
from aita.cli.files.gradescope_export import METADATA
from aita.cli.files.students_scans import (
    BLANK_EXAM,
    PAPER_WORDS,
    SCANS_FOLDER,
    WHOSE,
    Notes,
    Problems,
    entries,
    names_person,
    refuse,
    scans_among,
    student_scans,
    students_scans,
)
from aita.cli.files.upload_discovery import ROSTER, Found, checked_uploads, name_in_exam, noted
from aita.errors import InvalidMaterialError
from aita.models.names import SCAN_TYPES
from aita.models.student import CERTAIN, RosterEntry
from aita.services.assignments.lms_names import parse
from aita.services.assignments.name_forms import fold
from aita.services.assignments.roster_csv import read_roster
from aita.services.assignments.roster_matching import find_on_roster

OF_NOBODY = "nothing tells whose this is"
"""Reason of scans that may be a pile's, the blank exam or one student's."""

_TABLES = (".csv", ".tsv", ".xlsx", ".xlsm")
_BLANK = ("blank", "blanko", "empty", "template", "vierge")
_OF_MANY = re.compile(r"(?i)(students?|submissions?|abgaben|studierende|scans?|exams?)")
"""Folders' names that say that the folders in them are students'."""

_OF_PICTURES = re.compile(
    r"(?i)(photos?|fotos?|pictures?|images?|img|dcim|scans?|pages?|pile|class|all|new|folder|untitled|unbenannt|\d+)"
)
_MOST_DEEP = 8
_MOST_ROSTER_BYTES = 16 * 1024**2


def find_anything(paths: Iterable[Path], archives: Mapping[Path, Path], unreadable: Mapping[Path, str]) -> Found:
    """Return the files to upload that are in some paths, and what could not be placed.

    Parameters
    ----------
    archives
        Folders into which archives in the paths are unpacked.
    unreadable
        Archives in the paths that can't be, with the reasons.

    Raises
    ------
    InvalidMaterialError
        If what would be sent contradicts itself, as two files of one name do, or can't be sent.
    """
    search = _Search(archives, unreadable)
    for path in paths:
        search.look_at(path)
    search.place_rosters()
    search.place_blank_exams()
    search.place_doubtful()
    uploads = checked_uploads(search.each_once(), search.problems)
    if not uploads and not search.unplaced:
        reasons = "; ".join(["there are no files in what was given", *noted(search.notes)])
        raise InvalidMaterialError(f"nothing was uploaded: {reasons}")
    return Found(uploads, noted(search.notes), search.unplaced, frozenset(search.guessed))


class _Search:
    """Files that were found, and candidates that are decided upon when all has been seen."""

    def __init__(self, archives: Mapping[Path, Path], unreadable: Mapping[Path, str]) -> None:
        self._archives, self._unreadable = archives, unreadable
        self.files: list[tuple[Path, str]] = []
        self.problems: Problems = {}
        self.unplaced: Problems = {}
        self.notes: Notes = defaultdict(list)
        self.guessed: set[Path] = set()
        self._tables: list[Path] = []
        self._blank: list[Path] = []
        self._doubtful: list[Path] = []
        self._seen: set[Path] = set()

    def look_at(self, path: Path) -> None:
        """Look at a path that a person gave."""
        if path.is_dir():
            self._look_into(path, 0)
        elif path.is_file():
            self._take_files([path])
        else:
            refuse(self.problems, path, "there is no such file or folder")

    def place_rosters(self) -> None:
        """Take the only table that reads as a roster for the roster, unless one is named so."""
        reasons = {path: _no_roster(path) for path in self._tables}
        rosters = [path for path, reason in reasons.items() if not reason]
        named = next((path for path, name in self.files if name == ROSTER), None)
        if named is None and len(rosters) == 1:
            self._guess([(rosters.pop(), ROSTER)])
        for path in rosters:
            other = f"{named.name} is the roster" if named else f"{len(rosters)} files can be it"
            refuse(self.unplaced, path, f"it reads as a roster, and {other}: name the right one {ROSTER}")
        for path, reason in reasons.items():
            if reason:
                refuse(self.unplaced, path, f"it can't be read as a roster: {reason}")

    def place_blank_exams(self) -> None:
        """Take the only file that its words call a blank exam for that, unless one is named so, or may be another."""
        named = next((path for path, name in self.files if Path(name).stem == BLANK_EXAM), None)
        others = [path for path in self._doubtful if _has_blank(path)]
        if named is None and len(self._blank) == 1 and not others:
            path = self._blank.pop()
            self._guess([(path, f"{BLANK_EXAM}{path.suffix.lower()}")])
        for path in self._blank:
            other = f"{named.name} is that" if named else f"{len(self._blank) + len(others)} files are called so"
            refuse(self.unplaced, path, f"it is called a blank exam, and {other}: name the right one {BLANK_EXAM}.pdf")

    def place_doubtful(self) -> None:
        """Take folders and files for students' whose names are on the roster, or folders' a person's; others not."""
        if not self._doubtful:
            return
        roster = next((path for path, name in self.files if name == ROSTER), None)
        people = _entries(roster) if roster else None
        names = {path: path.name if path.is_dir() else path.stem.strip() for path in self._doubtful}
        found = find_on_roster(names.values(), people)
        archives = {folder: archive for archive, folder in self._archives.items()}
        for path, name in names.items():
            is_on_roster = found[name][1] in CERTAIN
            if path.is_dir() and (is_on_roster or (names_person(name) and not _is_of_pictures(path))):
                self._guess(student_scans(path, self.unplaced, self.notes))
            elif path.is_file() and is_on_roster:
                self._guess([(path, f"{SCANS_FOLDER}/{name}/{path.name}")])
            else:
                refuse(self.unplaced, archives.get(path, path), OF_NOBODY)

    def each_once(self) -> Iterator[tuple[Path, str]]:
        """Yield the files without those that are there twice, as in an archive beside what was unpacked of it."""
        first: dict[str, Path] = {}
        for path, name in self.files:
            earlier = first.setdefault(unicodedata.normalize("NFC", name), path)
            if earlier.samefile(path) or not filecmp.cmp(earlier, path, shallow=False):
                yield path, name
            else:
                self.notes["there twice with the same content, and taken once"].append(as_given(str(path)))

    def _guess(self, files: Iterable[tuple[Path, str]]) -> None:
        taken = list(files)
        self.files.extend(taken)
        self.guessed.update(path for path, _ in taken)

    def _look_into(self, path: Path, depth: int, *, of_students: bool = False) -> None:
        """Look into a folder that is no student's."""
        if (resolved := path.resolve()) in self._seen:
            return
        self._seen.add(resolved)
        inside = entries(path)
        if resolved.name == SCANS_FOLDER:
            self.files.extend(students_scans(path, self.unplaced, self.notes))
            return
        folders = [entry for entry in inside if entry.is_dir()]
        if resolved.parent.name == SCANS_FOLDER and not folders:
            self.files.extend(student_scans(path, self.unplaced, self.notes))
            return
        files = [entry for entry in inside if not entry.is_dir()]
        exported = any(file.name == METADATA for file in files)
        if exported:
            self._take_students(inside, guessed=depth > 0)
            return
        marked = self._take_files(files, guessed=depth > 0)
        submissions = [entry for entry in folders if parse(entry.name)]
        self._take_students(submissions, guessed=depth > 0)
        for entry in folders:
            if entry not in submissions:
                self._take_folder(entry, depth, of_students=of_students or (depth == 0 and not marked))

    def _take_folder(self, entry: Path, depth: int, *, of_students: bool) -> None:
        inside = entries(entry)
        is_of_many = any(map(_OF_MANY.fullmatch, fold(entry.name).split()))
        if not inside:
            self.notes["empty, and passed over"].append(entry.name)
        elif entry.name == SCANS_FOLDER:
            self._look_into(entry, depth)
        elif any(each.is_dir() or _is_of_exam(each) for each in inside):
            if names_person(entry.name) and not _is_of_people(inside):
                self.files.extend(student_scans(entry, self.unplaced, self.notes))
            elif depth < _MOST_DEEP:
                self._look_into(entry, depth + 1, of_students=is_of_many)
            else:
                refuse(self.unplaced, entry, f"it lies more than {_MOST_DEEP} folders deep: upload it by itself")
        elif not any(each.suffix.lower() in SCAN_TYPES for each in inside):
            refuse(self.unplaced, entry, "no scan is in it")
        elif not names_person(entry.name) and (all if of_students else any)(
            parse(each.name) for each in inside if each.suffix.lower() in SCAN_TYPES
        ):
            self._take_students(inside, guessed=True)
        elif _is_of_pictures(entry) or not of_students:
            self._doubtful.append(entry)
        else:
            self.files.extend(student_scans(entry, self.unplaced, self.notes))

    def _take_files(self, files: Sequence[Path], *, guessed: bool = False) -> bool:
        """Take the files of a folder that is no student's, and tell whether there are the instructor's among them."""
        plain = [file for file in files if file.is_file()]
        named = [(file, name) for file in plain if (name := name_in_exam(file)) is not None]
        if guessed:
            self._guess(named)
        else:
            self.files.extend(named)
        tables = [file for file in plain if file.suffix.lower() in _TABLES and name_in_exam(file) is None]
        blank = [file for file in plain if _is_called_blank(file) and name_in_exam(file) is None]
        self._tables.extend(tables)
        self._blank.extend(blank)
        taken = {*(file for file, _ in named), *tables, *blank}
        self._take_students([file for file in files if file not in taken], guessed=guessed)
        return bool(taken)

    def _take_students(self, inside: Iterable[Path], *, guessed: bool) -> None:
        others = list[Path]()
        for entry in inside:
            if not entry.exists():
                refuse(self.unplaced, entry, "it is a link that leads nowhere")
            elif not (entry.is_file() or entry.is_dir()):
                refuse(self.unplaced, entry, "it is a pipe or a device, and no file")
            elif not is_archive(entry):
                others.append(entry)
            elif entry in self._archives:
                self._take_folder(self._archives[entry], 0, of_students=False)
            elif entry in self._unreadable:
                refuse(self.unplaced, entry, self._unreadable[entry])
            else:
                refuse(
                    self.unplaced, entry, "an archive within another one or a folder: unpack it, or upload it by itself"
                )
        problems: Problems = {}
        taken = list(scans_among(others, problems, self.notes))
        self._doubtful.extend(map(Path, problems.pop(WHOSE, ())))
        for reason, paths in problems.items():
            self.unplaced.setdefault(reason, []).extend(paths)
        if guessed:
            self._guess(taken)
        else:
            self.files.extend(taken)


def _is_of_exam(file: Path) -> bool:
    return name_in_exam(file) is not None or file.suffix.lower() in (*_TABLES, ".zip") or file.name == METADATA


def _is_of_people(inside: Sequence[Path]) -> bool:
    """Return whether there are folders in a folder, each named for a person, and no scans beside them."""
    folders = [each for each in inside if each.is_dir()]
    has_scans = any(each.suffix.lower() in SCAN_TYPES for each in inside if each not in folders)
    return bool(folders) and not has_scans and all(parse(each.name) or names_person(each.name) for each in folders)


def _is_of_pictures(folder: Path) -> bool:
    return all(map(_OF_PICTURES.fullmatch, fold(folder.name).split()))


def _is_called_blank(file: Path) -> bool:
    is_scan = file.suffix.lower() in SCAN_TYPES
    return is_scan and _has_blank(file) and all(word in _BLANK or PAPER_WORDS.fullmatch(word) for word in _words(file))


def _has_blank(file: Path) -> bool:
    return any(word in _BLANK for word in _words(file))


def _words(file: Path) -> list[str]:
    return [word for word in fold(file.stem.replace("_", " ")).split() if not word.isdigit()]


def _no_roster(path: Path) -> str:
    """Return why a table is no roster; empty if it is one."""
    try:
        _entries(path)
    except InvalidMaterialError as error:
        return str(error).removeprefix(f"{ROSTER}, ")
    except OSError as error:
        return error.strerror or "it can't be read"
    return ""


def _entries(path: Path) -> tuple[RosterEntry, ...]:
    from aita.cli.files.roster_workbook import is_workbook, roster_of_workbook  # noqa: PLC0415 - openpyxl takes long to import

    if path.stat().st_size > _MOST_ROSTER_BYTES:
        raise InvalidMaterialError(f"it has more than {_MOST_ROSTER_BYTES // 1024**2} MB")
    data = path.read_bytes()
    return read_roster(roster_of_workbook(data).csv if is_workbook(data[:8]) else data).entries
