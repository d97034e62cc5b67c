"""What a class's pages and roster say about single pages, for the assembly of answers."""

import secrets
from collections.abc import Iterable, Iterator

from aita.models.exam import Page
from aita.models.scan import PageInk, StudentScans
from aita.models.student import RosterEntry, Students
from aita.services.answers.blank_detection import INK
from aita.services.answers.duplicate_pages import Duplicates, PagePicture, duplicate_pages
from aita.services.answers.named_heads import HEAD_LINES, RosterNames
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.person_names import split_name
from aita.services.assignments.roster_matching import find_on_roster, fold, name_forms


def duplicates_of(pages: dict[str, tuple[Page, ...]], scans: dict[str, StudentScans]) -> dict[str, Duplicates]:
    """Return the findings about pages that a class has more than once, by student id."""
    return duplicate_pages(
        {student_id: list(_pictures(of_student, scans.get(student_id))) for student_id, of_student in pages.items()}
    )


def roster_names(material: AssignmentFiles) -> RosterNames:
    """Return the digests of the names on the roster; none without a roster.

    Raises
    ------
    InvalidMaterialError
        If the roster or the map of students is invalid.
    """
    roster = material.roster()
    if roster is None:
        return RosterNames()
    students: Students = material.students()[0]
    found = find_on_roster([student.folder for student in students.students], roster)
    places = {id(entry): number for number, entry in enumerate(roster)}
    owners, own = dict[int, str](), dict[str, set[str]]()
    for student in students.students:
        entry, match = found[student.folder]
        own[student.student_id] = name_forms(student.folder)
        if entry is not None and match == "exact":
            owners[places[id(entry)]] = student.student_id
            own[student.student_id] |= _forms(entry)
    return RosterNames.of(secrets.token_hex(8), [_forms(entry) for entry in roster], owners, own)


def head_lines(text: str) -> list[str]:
    """Return the first lines of a page's transcription, folded as names are."""
    lines = (fold(line) for line in text.splitlines())
    return [line for line in lines if line][:HEAD_LINES]


def _pictures(pages: Iterable[Page], scans: StudentScans | None) -> Iterator[PagePicture]:
    ink = dict(enumerate(scans.ink, 1)) if scans else {}
    return (_picture(page, ink.get(page.page)) for page in pages)


def _picture(page: Page, ink: PageInk | None) -> PagePicture:
    exam_page = ink.exam_page if ink else None
    return PagePicture(
        page=page.page,
        sha256=page.sha256,
        source=object_keys.source_of_page(page.key),
        exam_page=exam_page,
        untouched=ink is not None and exam_page is not None and sum(bytes.fromhex(ink.bands)) < INK,
    )


def _forms(entry: RosterEntry) -> set[str]:
    """Return the forms of a line's name, with either part first, and its number."""
    first, last = split_name(entry.name)
    return (name_forms(entry.name) | {fold(f"{last} {first}"), fold(entry.number)}) - {""}
