"""Renamed folders: a new folder with the scans of a student whose folder is gone is the same student's."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from aita.models.student import Student, Students
from aita.ports import StoredObject
from aita.services.assignments import object_keys


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


def _same(assignment: str, student: Student, files: Sequence[StoredObject]) -> bool:
    contents = {file.etag for file in files}
    before = set(student.etags.values())
    kept = contents & before if before else set(_kept(assignment, student, files))
    return 2 * len(kept) > max(len(before or student.files), len(contents))


def _kept(assignment: str, student: Student, files: Iterable[StoredObject]) -> Iterator[str]:
    """Yield the contents that the student had under the same file names: versions before 0.3 stored no ETags."""
    scans = object_keys.scans(assignment)
    for file in files:
        name = file.key.removeprefix(scans).partition("/")[2]
        if object_keys.source_id(f"{scans}{student.folder}/{name}", file.etag) in student.files:
            yield file.etag
