"""Findings about single pages that follow from a class's pages and roster, for the assembly of answers."""

import re
import secrets
from collections.abc import Iterable, Iterator

from aita.models.exam import Page
from aita.models.scan import PageInk, StudentScans
from aita.models.student import RosterEntry, Student
from aita.services.answers.blank_detection import INK
from aita.services.answers.duplicate_pages import Duplicates, PagePicture, duplicate_pages
from aita.services.answers.named_heads import HEAD_LINES, LEAST_DIGITS, ClassNames
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.name_forms import fold, name_forms
from aita.services.assignments.person_names import split_name

_BRACKETS = re.compile(r"\([^()]*\)")
"""Additions to a folder's name, such as "(exam)"."""


def duplicates_of(pages: dict[str, tuple[Page, ...]], scans: dict[str, StudentScans]) -> dict[str, Duplicates]:
    """Return the findings about pages that a class has more than once, by student id."""
    return duplicate_pages(
        {student_id: list(_pictures(of_student, scans.get(student_id))) for student_id, of_student in pages.items()}
    )


def class_names(material: AssignmentFiles) -> ClassNames:
    """Return the digests of the names of the folders and on the roster.

    Raises
    ------
    InvalidMaterialError
        If the roster or the map of students is invalid.
    """
    found = ClassList.of(material, material.match_decisions())
    roster, students = found.roster or (), found.students.students
    lines = {student.student_id: entry for student in students if (entry := found.entry(student)) is not None}
    taken = {id(entry) for entry in lines.values()}
    names = {
        student.student_id: _name_forms(student.folder) | _name_forms(_BRACKETS.sub(" ", student.folder))
        for student in students
    }
    for student_id, entry in lines.items():
        names[student_id] |= _forms(entry)
    others = [_forms(entry) for entry in roster if id(entry) not in taken]
    shown = [name for student in students for name in (student.folder, student.roster_name) if name]
    listed = [entry.name for entry in roster]
    numbers = [entry.number for entry in roster if sum(map(str.isdecimal, entry.number)) >= LEAST_DIGITS]
    return ClassNames.of(secrets.token_hex(8), names, others, lines, (*shown, *listed, *numbers))


def same_names(students: Iterable[Student]) -> frozenset[str]:
    """Return the ids of the students whose folders have one name, short numbers and additions in brackets aside.

    They may be one person's, unless the roster or a person tells them apart, or numbers of students in the names do.
    """
    by_name: dict[str, list[Student]] = {}
    for student in students:
        words = fold(_BRACKETS.sub(" ", student.folder)).split()
        name = " ".join(word for word in words if not any(map(str.isdecimal, word)) or len(word) >= LEAST_DIGITS)
        if name:
            by_name.setdefault(name, []).append(student)
    return frozenset(
        student.student_id
        for found in by_name.values()
        if len(found) > 1 and not all(each.is_matched or each.is_decided for each in found)
        for student in found
    )


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
    """Return the forms of a line's name, and its number."""
    return _name_forms(entry.name) | ({fold(entry.number)} - {""})


def _name_forms(name: str) -> set[str]:
    """Return the forms of a name, with either part first."""
    first, last = split_name(name.replace("_", " "))
    return (name_forms(name) | {fold(f"{last} {first}")}) - {""}
