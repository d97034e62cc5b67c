"""Stage ``split``: one task for each scanned file, which makes its page images and finds the ink on them."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from aita.errors import ConflictError, InvalidMaterialError, ObjectChangedError
from aita.models.run import Item, RunSettings
from aita.models.scan import SplitPages
from aita.models.student import Students
from aita.ports import StoredObject
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.pile_files import booklet_pages, pile_files
from aita.services.assignments.renamed_folders import renamed_folders, without_moved_booklets
from aita.services.assignments.uploaded_files import blank_exam_files, scan_files, scans_by_folder
from aita.services.stages.base import INPUTS, Gathered, ReadFile, StagePlan
from aita.services.stages.split_base import FilesInputs, FilesStage, Source, add_pages

_TRIES = 5  # students.json is written by the Plans of one assignment, at most a few at once


class SplitStage(FilesStage):
    """Turn every scanned file into page images, and compare them with the blank exam's if there is one."""

    name = "split"
    artifact = object_keys.PAGES
    more_artifacts: ClassVar[tuple[str, ...]] = (object_keys.SCANS, object_keys.HEADS)

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:  # noqa: ARG002 - it is the first
        """Require a scan or a pile, and a valid roster, if there is one."""
        if next(scan_files(material), None) is None and not pile_files(material):
            raise material.missing(
                f"assignment {material.assignment} has no scans: upload a folder for each student "
                f"(aita upload scans/ --assignment {material.assignment})"
            )
        material.roster()

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each file, by student and in natural order. New students get their ids here."""
        folders = scans_by_folder(material)
        if not folders:
            raise InvalidMaterialError(
                "no page of the pile could be given to a booklet: see the reasons "
                f"(aita piles list --assignment {material.assignment}), and do what they say"
            )
        students = _register(material, folders)
        ids = {student.folder: student.student_id for student in students.students}
        scans = (
            Source(ids[folder], place, file) for folder, files in folders.items() for place, file in enumerate(files, 1)
        )
        unknown = _unknown(material, students)
        return self.plan_files(scans, blank_exam_files(material), booklet_pages(material), unknown=unknown)

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return the pages, the heads that were kept and, for grading, the rest: ink, masks, unreadable files."""
        scans: dict[str, Any] = {}
        heads: dict[str, Any] = {}
        blank_exam = FilesInputs.model_validate_json(read(INPUTS)).blank_exam
        pages = self.gather(_collect_scans(ended, scans, heads, blank_exam))
        made = {object_keys.PAGES: pages, object_keys.SCANS: scans}
        return made | ({object_keys.HEADS: heads} if heads else {})

    def gather(self, results: Iterable[tuple[Item, Any]]) -> Any:
        """Return each student's pages, numbered through the student's files, by student id."""
        pages: dict[str, list[Any]] = {}
        for item, result in results:
            add_pages(pages.setdefault(str(item.refs["student_id"]), []), result)
        return pages


def _collect_scans(
    ended: Iterable[Gathered], scans: dict[str, Any], heads: dict[str, Any], blank_exam: tuple[str, ...]
) -> Iterator[tuple[Item, Any]]:
    """Yield the succeeded items and their results, one at a time; add each student's ink and heads."""
    for each in ended:
        empty = {"ink": [], "masked": [], "unreadable": 0, "blank_exam": blank_exam}
        student = scans.setdefault(str(each.item.refs["student_id"]), empty)
        if not each.succeeded:
            student["unreadable"] += 1
            continue
        split = SplitPages.model_validate(each.result)
        for number, page in enumerate(split.pages, len(student["ink"]) + 1):
            if page.head is not None:
                of_student = heads.setdefault(str(each.item.refs["student_id"]), [])
                of_student.append(page.head.model_dump() | {"page": number})
        student["ink"] += [page.ink and page.ink.model_dump() for page in split.pages]
        student["masked"] += [page.masked for page in split.pages]
        yield each.item, split


def _unknown(material: AssignmentFiles, students: Students) -> frozenset[str]:
    """Return the ids of the students whom nobody knows yet, of whom a roster may have a line."""
    from aita.services.assignments.class_list import ClassList  # noqa: PLC0415 - only Plan compares names, with rapidfuzz

    listed = ClassList.match(students, material.roster(), material.match_decisions(), ())
    sure = ("no_roster", "exact", "decided", "nobody")
    return frozenset(each.student_id for each in listed.students.students if each.match not in sure)


def _register(material: AssignmentFiles, folders: dict[str, list[StoredObject]]) -> Students:
    from aita.services.assignments.roster_matching import identify  # noqa: PLC0415 - only Plan compares names, with rapidfuzz

    roster = material.roster()
    for _ in range(_TRIES):
        known, etag = material.students()
        placed = without_moved_booklets(folders, known)
        renamed = renamed_folders(material.assignment, folders, placed)
        students = _with_files(identify(folders, roster, placed, renamed), folders)
        if students == known:
            return students
        try:
            data = students.model_dump_json(indent=2).encode()
            material.objects.put_if(object_keys.material(material.assignment, object_keys.STUDENTS), data, etag)
        except ObjectChangedError:
            continue
        return students
    raise ConflictError(f"{object_keys.STUDENTS} of {material.assignment} is being written by another run: try again")


def _with_files(students: Students, folders: dict[str, list[StoredObject]]) -> Students:
    with_files = tuple(
        student.model_copy(
            update={
                "files": {
                    object_keys.source_id(file.key, file.etag): file.key.rpartition(f"/{student.folder}/")[2]
                    for file in folders[student.folder]
                },
                "etags": {object_keys.source_id(file.key, file.etag): file.etag for file in folders[student.folder]},
            }
        )
        for student in students.students
    )
    return students.model_copy(update={"students": with_files})
