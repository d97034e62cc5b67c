"""Stage ``split_exam``: one task for each file with the pages from which questions are read."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from aita.errors import InvalidMaterialError
from aita.models.run import Item, RunSettings
from aita.models.scan import ExamPages
from aita.ports import StoredObject
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.pile_files import booklet_pages, pile_files
from aita.services.assignments.uploaded_files import blank_exam_files, scan_files, scans_by_folder
from aita.services.stages.base import INPUTS, Gathered, ReadFile, StagePlan
from aita.services.stages.split_base import FilesInputs, FilesStage, Source, add_pages


class ExamFilesInputs(FilesInputs):
    """Shared inputs of the tasks; ``blank`` is true if the files are the blank exam's."""

    blank: bool


class SplitExamStage(FilesStage):
    """Turn the blank exam or, without one, one student's scans into page images."""

    name = "split_exam"
    artifact = object_keys.EXAM_PAGES

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:  # noqa: ARG002 - it is the first
        """Require a blank exam or a scan, unless the instructor provides the questions."""
        if (
            material.own_exam()
            or blank_exam_files(material)
            or next(scan_files(material), None)
            or pile_files(material)
        ):
            return
        raise material.missing(
            f"assignment {material.assignment} has nothing to read the questions from: upload the blank exam "
            f"(aita upload blank_exam.pdf --assignment {material.assignment}), or questions.json"
        )

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each file, in natural order; none if the instructor provides the questions."""
        blank = blank_exam_files(material)
        files = [] if material.own_exam() else blank or most_scanned(material)
        sources = (Source(object_keys.EXAM, place, file) for place, file in enumerate(files, 1))
        plan = self.plan_files(sources, booklets=booklet_pages(material), of_students=not blank)
        return replace(plan, inputs=ExamFilesInputs(blank=bool(blank)))

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return the pages, and whether they are the blank exam's.

        Raises
        ------
        InvalidMaterialError
            If a file can't be read, as its questions would be missing unnoticed.
        """
        blank = ExamFilesInputs.model_validate_json(read(INPUTS)).blank
        files = list(ended)
        if unread := sum(not each.succeeded for each in files):
            raise InvalidMaterialError(
                f"{unread} of the {len(files)} files that the questions are read from can't be read: see the failed "
                "tasks with their reasons, then upload the blank exam anew and resume the run"
            )
        pages = self.gather((each.item, each.result) for each in files)
        return {self.artifact: ExamPages(blank=blank, pages=pages).model_dump()}

    def gather(self, results: Iterable[tuple[Item, Any]]) -> Any:
        """Return the pages, numbered through the files."""
        pages: list[Any] = []
        for _, result in results:
            add_pages(pages, result)
        return pages


def most_scanned(material: AssignmentFiles) -> list[StoredObject]:
    """Return the files of the student with the most files, then the most bytes, whose scans are probably complete."""
    folders = scans_by_folder(material).values()
    return max(folders, key=lambda files: (len(files), sum(file.size for file in files)), default=[])
