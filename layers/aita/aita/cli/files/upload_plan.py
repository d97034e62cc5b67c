"""Plan of an upload: what each file was taken for, what is missing, and what could not be placed."""

import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from aita.cli.files.anything_discovery import OF_NOBODY, find_anything
from aita.cli.files.archives import archives_in, as_given, is_unpacked, unpacked
from aita.cli.files.assignment_download import fetch_material
from aita.cli.files.gradescope_export import METADATA
from aita.cli.files.students_scans import BLANK_EXAM, WHOSE
from aita.cli.files.upload_checks import Fetch, check_material, missing_students
from aita.cli.files.upload_discovery import SCANS, Found, Upload, find_uploads
from aita.cli.files.uploaded_roster import with_csv_roster
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import InvalidMaterialError
from aita.services.assignments import object_keys
from aita.services.assignments.lms_names import parse

_TAKEN_FOR = {
    object_keys.QUESTIONS: "the questions",
    object_keys.USER_ANSWER_KEYS: "your answer keys",
    object_keys.USER_RUBRICS: "your rubrics",
    object_keys.QUESTION_INSTRUCTIONS: "your instructions for questions",
    object_keys.RUBRIC_INSTRUCTIONS: "your instructions for rubrics",
    object_keys.ROSTER: "the roster",
    object_keys.GRADE_SCALE: "the grade scale",
    object_keys.PILE_SETTINGS: "the settings of piles",
}
"""What the instructor's files are, by the names that they are uploaded under."""

_BLANK_EXAM = "the blank exam"


@dataclass(frozen=True, slots=True)
class Taken:
    """A file, or all scans of a kind in a folder, with what they were taken for; no students for the instructor's.

    ``students`` are the names of the folders under ``scans/``.
    """

    path: str
    taken_for: str
    students: tuple[str, ...]
    files: int
    guessed: bool


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Paths of which it is not known what they are, with the reason, and a command that takes them."""

    paths: tuple[str, ...]
    reason: str
    command: str | None

    def __str__(self) -> str:
        """Return it in a line."""
        return f"{', '.join(self.paths)}: {self.reason}" + ("" if self.command is None else f": {self.command}")


@dataclass(frozen=True, slots=True)
class Plan:
    """An upload before anything of it is sent.

    Parameters
    ----------
    uploads
        Files to send.
    missing
        Sentences on what an exam usually has and neither this upload nor the bucket has.
    without_scans
        Sentences on students of the roster of whom no scans surely are; the notes have them, too.
    notes
        Sentences on the files: passed over, late, doubtful.
    """

    uploads: list[Upload]
    taken: tuple[Taken, ...]
    missing: tuple[str, ...]
    without_scans: tuple[str, ...]
    unplaced: tuple[Unplaced, ...]
    notes: tuple[str, ...]

    def check(self) -> None:
        """Raise InvalidMaterialError if there is nothing to send; the message says of each path why."""
        if not self.uploads:
            raise InvalidMaterialError(f"nothing was uploaded: {'; '.join(map(str, self.unplaced))}")

    def document(self) -> dict[str, Any]:
        """Return it as JSON, without the files."""
        return {
            "taken": [asdict(each) for each in self.taken],
            "missing": [*self.missing, *self.without_scans],
            "unplaced": [asdict(each) for each in self.unplaced],
            "notes": list(self.notes),
        }


@contextmanager
def planned(
    paths: Sequence[Path], assignment: str, fetch: Fetch, stored: Callable[[], Collection[str]], *, guess: bool
) -> Iterator[Plan]:
    """Yield the plan of an upload, whose files are there as long as it is used.

    Parameters
    ----------
    fetch
        Fetches the assignment's stored files.
    stored
        Names of the files that the assignment has already.
    guess
        Whether paths may be anything, which a person should look at before they are sent. Else they must be as
        ``find_uploads`` knows them.

    Raises
    ------
    InvalidMaterialError
        If files can't be uploaded, or the instructor's are wrong; the message names them.
    """
    with _found(paths, guess=guess) as found, with_csv_roster(found.uploads) as (uploads, read):
        notes = [*found.notes, *read, *(check_material(uploads, fetch) if uploads else ())]
        yield Plan(
            uploads,
            tuple(_taken(uploads, found.guessed)),
            tuple(_missing(uploads, stored)),
            tuple(map(as_given, missing_students(uploads))),
            tuple(_unplaced(found, assignment)),
            tuple(map(as_given, notes)),
        )


def planned_on(
    api: ApiClient, transfer: FileTransfer, assignment: str, paths: Sequence[Path], *, guess: bool
) -> AbstractContextManager[Plan]:
    """Return ``planned`` for an assignment of a stack."""

    def names() -> set[str]:
        written = {file.name for file in api.files(assignment)}
        return written | {file.name for file in api.uploaded(assignment)}

    return planned(paths, assignment, partial(fetch_material, api, transfer, assignment), names, guess=guess)


@contextmanager
def _found(paths: Sequence[Path], *, guess: bool) -> Iterator[Found]:
    if not guess:
        with unpacked(paths) as folders:
            yield _known(folders)
        return
    inside, unreadable = archives_in(paths)
    with unpacked([*paths, *inside]) as folders:
        archives = dict(zip(inside, folders[len(paths) :], strict=True))
        yield find_anything(folders[: len(paths)], archives, unreadable)


def _known(folders: Sequence[Path]) -> Found:
    try:
        return find_uploads(folders)
    except InvalidMaterialError as error:
        if not find_anything(folders, {}, {}).uploads:  # it raises where no guess helps
            raise
        raise InvalidMaterialError(f"{error}. With --yes, what can be placed is uploaded without the rest") from None


def _taken(uploads: Iterable[Upload], guessed: Collection[Path]) -> Iterator[Taken]:
    scans: dict[tuple[str, str, bool], list[Upload]] = {}
    for one in uploads:
        is_guess = one.shown in guessed
        if one.name.startswith(SCANS):
            scans.setdefault((*_source(one), is_guess), []).append(one)
        else:
            yield Taken(as_given(str(one.shown)), _TAKEN_FOR.get(one.name, _BLANK_EXAM), (), 1, is_guess)
    for (path, taken_for, is_guess), files in scans.items():
        students = dict.fromkeys(PurePosixPath(one.name).parent.name for one in files)
        yield Taken(path, taken_for, tuple(students), len(files), is_guess)


def _source(scan: Upload) -> tuple[str, str]:
    """Return the folder that a scan's student was found in, and the kind of scans."""
    student, folder = scan.name.split("/")[1], scan.path.parent
    exported = next((each for each in (folder, folder.parent) if (each / METADATA).is_file()), None)
    if exported is not None:
        return as_given(str(exported)), "submissions to Gradescope"
    in_folder = parse(scan.path.name) is None and scan.path.stem.strip() != student
    place = as_given(str(folder.parent if in_folder and not is_unpacked(folder) else folder))
    submission = parse(student)
    if submission is not None:
        return place, f"submissions to {submission.system}"
    return place, "scans in students' folders" if in_folder else "scans named for their students"


def _missing(uploads: Sequence[Upload], stored: Callable[[], Collection[str]]) -> Iterator[str]:
    names = {one.name for one in uploads}
    if not all(_kinds(names)):
        names |= set(stored())
    has_blank, has_questions, has_roster, has_scans = _kinds(names)
    if not (has_questions or has_blank):
        yield "the questions: there is neither questions.json nor a blank exam, so they are read from students' pages"
    if not has_blank:
        yield f"the blank exam ({BLANK_EXAM}.pdf): print and answers are told apart less surely without it"
    if not has_roster:
        yield "the roster (roster.csv or roster.xlsx): without it, nobody can say who is missing"
    if not has_scans:
        yield "scans of students"


def _kinds(names: Collection[str]) -> tuple[bool, bool, bool, bool]:
    return (
        any(name.startswith(f"{BLANK_EXAM}.") for name in names),
        not {object_keys.QUESTIONS, object_keys.EXAM_SPEC}.isdisjoint(names),
        object_keys.ROSTER in names,
        any(name.startswith((SCANS, "piles/")) for name in names),
    )


def _unplaced(found: Found, assignment: str) -> Iterator[Unplaced]:
    for reason, paths in found.unplaced.items():
        shown = tuple(as_given(path) for path in paths)
        if reason not in (OF_NOBODY, WHOSE):
            yield Unplaced(shown, reason, None)
        elif shown == tuple(paths):
            yield Unplaced(
                shown, f"{OF_NOBODY}: {_WAYS}, or all of it is a pile of the class", _pile(paths, assignment)
            )
        else:
            yield Unplaced(shown, f"{OF_NOBODY}: unpack the archive; then {_WAYS}, or upload a pile with --pile", None)


_WAYS = f"put one student's into scans/<student>/, name the blank exam {BLANK_EXAM}.pdf"


def _pile(paths: Iterable[str], assignment: str) -> str:
    return shlex.join(["aita", "upload", *paths, "--pile", "--assignment", assignment])
