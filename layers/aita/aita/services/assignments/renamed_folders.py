"""Renamed folders, and booklets at new places of a pile: whose scans were known before is the same student."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from aita.models.student import Student, Students
from aita.ports import StoredObject
from aita.services.assignments import object_keys
from aita.services.assignments.pile_files import first_page


def renamed_folders(
    assignment: str, folders: Mapping[str, Sequence[StoredObject]], known: Students
) -> dict[str, Student]:
    """Return the known student of each new folder that is a renamed one.

    More than half of the contents in the new folder and in the gone one must be the same. Where several folders, or
    several students, fit, there is none; neither is there while the old folder is still there.

    Parameters
    ----------
    folders
        Present scans, by folder.
    """
    gone = [student for student in known.students if student.files and student.folder not in folders]
    new = folders.keys() - {student.folder for student in known.students}
    pairs = [(folder, student) for student in gone for folder in new if _same(assignment, student, folders[folder])]
    of_folder = Counter(folder for folder, _ in pairs)
    of_student = Counter(student.student_id for _, student in pairs)
    return {
        folder: student for folder, student in pairs if of_folder[folder] == 1 and of_student[student.student_id] == 1
    }


def without_moved_booklets(folders: Mapping[str, Sequence[StoredObject]], known: Students) -> Students:
    """Return the known students, without a folder for those in whose place of the pile another booklet begins now.

    A booklet's folder is named for its place. Once the pile's file has other content, the name says nothing of whose
    it is: the booklet is looked for at other places, by the page that it begins with.
    """
    return known.model_copy(
        update={
            "students": tuple(
                student.model_copy(update={"folder": ""}) if _has_moved(student, folders) else student
                for student in known.students
            )
        }
    )


def _has_moved(student: Student, folders: Mapping[str, Sequence[StoredObject]]) -> bool:
    begun = set(filter(None, map(first_page, student.etags.values())))
    begins = set(filter(None, (first_page(file.etag) for file in folders.get(student.folder, ()))))
    return bool(begun and begins) and begun.isdisjoint(begins)


def _same(assignment: str, student: Student, files: Sequence[StoredObject]) -> bool:
    contents = {first_page(file.etag) or file.etag for file in files}
    before = {first_page(etag) or etag for etag in student.etags.values()}
    kept = contents & before if before else set(_kept(assignment, student, files))
    return 2 * len(kept) > max(len(before or student.files), len(contents))


def _kept(assignment: str, student: Student, files: Iterable[StoredObject]) -> Iterator[str]:
    """Yield the contents that the student had under the same file names: versions before 0.3 stored no ETags."""
    scans = object_keys.scans(assignment)
    for file in files:
        name = file.key.removeprefix(scans).partition("/")[2]
        if object_keys.source_id(f"{scans}{student.folder}/{name}", file.etag) in student.files:
            yield file.etag
