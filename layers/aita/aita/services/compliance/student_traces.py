"""Stored data of one student: own files, files shared with the class, and files of runs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from aita.errors import ObjectNotFoundError
from aita.models.pile import Booklet
from aita.models.student import RosterEntry, Student
from aita.ports import ObjectStore, StoredVersion, VersionStore
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.pile_files import booklet_files
from aita.services.assignments.roster_csv import without_student
from aita.services.compliance.run_files import RunFiles, cached_by, versions_of_replies


@dataclass(frozen=True)
class StudentTraces:
    """Finds the stored data of a student of an assignment."""

    objects: ObjectStore
    versions: VersionStore
    assignment: str
    student: Student

    def scans(self) -> Iterator[StoredVersion]:
        """Yield the student's uploaded files."""
        yield from self.versions.versions(self._scans)

    def made_files(self) -> Iterator[StoredVersion]:
        """Yield the files made from the scans, and the reports that name the student. They can be made again."""
        prefixes = (
            object_keys.student_pages(self.assignment, self.student.student_id),
            object_keys.student_strips(self.assignment, self.student.student_id),
            object_keys.student_heads(self.assignment, self.student.student_id),
            *(object_keys.report(self.assignment, name) for name in self._reports()),
        )
        of_booklet = (page.key for booklet in self._booklets for page in (*booklet.pages, *booklet.aside))
        for prefix in (*prefixes, *of_booklet):
            yield from self.versions.versions(prefix)
        # Without a blank exam, a student's pages are stored as the exam's.
        sources = {object_keys.source_id(scan.key, scan.etag) for scan in self.scans()}
        for page in self.versions.versions(object_keys.student_pages(self.assignment, object_keys.EXAM)):
            if page.key.rpartition("/")[2].rpartition("-")[0] in sources:
                yield page

    def shared_files(self, names: Sequence[str]) -> tuple[dict[str, bytes], list[StoredVersion]]:
        """Return the class's files without the student, by key, and the versions to delete after rewriting them.

        A file without the student is not rewritten. Versions to delete are all present ones of a rewritten file, and
        the earlier ones of any other file.
        """
        rewritten: dict[str, bytes] = {}
        outdated: list[StoredVersion] = []
        for name in names:
            key = object_keys.material(self.assignment, name)
            try:
                before = self.objects.get(key)
            except ObjectNotFoundError:
                before = b""
            after = self._without(name, before) if before else before
            if after != before:
                rewritten[key] = after
            stored = [version for version in self.versions.versions(key) if version.key == key]
            outdated += [version for version in stored if key in rewritten or not version.is_latest]
        return rewritten, outdated

    def of_runs(self, run_ids: Sequence[str]) -> tuple[list[StoredVersion], list[StoredVersion], dict[str, set[str]]]:
        """Return the student's cached replies, the runs' files that name the student, and the student's tasks by run.

        The files include stage files of the whole class, which Plan writes again when a run is resumed.
        """
        versions: list[StoredVersion] = []
        tasks: dict[str, set[str]] = {}
        replies: set[str] = set()
        untraced: set[str] = set()
        for run_id in run_ids:
            run = RunFiles.read(self.objects, run_id)
            tasks[run_id] = self._tasks(run)
            named, missing = run.replies(tasks[run_id])
            replies |= named
            untraced |= {f"{run_id}/{task_id}" for task_id in missing}
            gone = {file.key for file in run.files if self._is_named_in(file.data)}
            versions += [
                version
                for version in self.versions.versions(object_keys.run_files(run_id))
                if version.key in gone or not version.is_latest
            ]
        if untraced:
            replies |= cached_by(self.objects, untraced)
        return list(versions_of_replies(self.versions, replies)), versions, tasks

    @cached_property
    def _booklets(self) -> list[Booklet]:
        """The student's booklets in piles, whose files hold all students' pages."""
        files = booklet_files(AssignmentFiles(self.objects, self.assignment))
        return [file.booklet for file in files if file.folder == self.student.folder]

    @property
    def _scans(self) -> str:
        return f"{object_keys.scans(self.assignment)}{self.student.folder}/"

    @property
    def _roster_name(self) -> str | None:
        """Name on the roster, if it surely is the student's."""
        return self.student.roster_name if self.student.is_matched else None

    def _tasks(self, run: RunFiles) -> set[str]:
        listed = {str(i["task_id"]) for f in run.files for i in f.items() if self._is_of(i.get("refs", {}))}
        results = (json.loads(file.data) for file in run.files if file.is_result)
        return listed | {str(result["task_id"]) for result in results if self._is_of(result["refs"])}

    def _is_of(self, refs: dict[str, Any]) -> bool:
        return refs.get("student_id") == self.student.student_id

    def _is_named_in(self, data: bytes) -> bool:
        """Return whether a run's file has the student's id, or the key of one of the student's scans."""
        prefix = json.dumps(self._scans, ensure_ascii=False)[1:-1]
        return self.student.student_id.encode() in data or prefix.encode() in data

    def _without(self, name: str, data: bytes) -> bytes:
        student_id = self.student.student_id
        if name == object_keys.ROSTER:
            return self._roster_without(data)
        held: Any = json.loads(data)
        match name:
            case object_keys.STUDENTS:
                left = [each for each in held["students"] if each["student_id"] != student_id]
                changed: Any = held | {"students": left, "missing": self._still_missing(held["missing"])}
            case object_keys.BOOKLETS:
                mine = {page.key for booklet in self._booklets for page in (*booklet.pages, *booklet.aside)}
                left = [each for each in held["booklets"] if not mine & {page["key"] for page in each["pages"]}]
                changed = held | {"booklets": left}
            case object_keys.REPORTS:
                gone = set(self._reports())
                changed = [each for each in held if each["name"] not in gone]
            case _:
                changed = {each: value for each, value in held.items() if each != student_id}
        return data if changed == held else json.dumps(changed, ensure_ascii=False, indent=1).encode()

    def _roster_without(self, data: bytes) -> bytes:
        """Return the roster without the student's line; unchanged if it has no line, or several, of this name."""
        name = self._roster_name
        namesakes = sum(entry.name == name for entry in self._roster())
        return without_student(data, name) if name is not None and namesakes == 1 else data

    def _still_missing(self, names: list[str]) -> list[str]:
        """Return the names without scans that are others'. A person may have matched the student with one of them.

        Once a purge was interrupted, that line is no longer on the roster.
        """
        others = [entry for entry in self._roster() if entry.name != self._roster_name]
        return [name for name in names if any(name in (each.name, f"{each.name} ({each.number})") for each in others)]

    def _roster(self) -> tuple[RosterEntry, ...]:
        return AssignmentFiles(self.objects, self.assignment).roster() or ()

    def _reports(self) -> tuple[str, ...]:
        student_id = self.student.student_id
        return (
            object_keys.student_report(student_id),
            object_keys.transcription_report(student_id),
            object_keys.CLASS_REPORT,
        )
