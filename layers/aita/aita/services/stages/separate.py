"""Stage ``separate``: one task for each range of a pile's pages; then the pile is separated into booklets."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from aita.models.pile import PilePage, SeparatedPages
from aita.models.run import Refs, RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.booklets import separate
from aita.services.assignments.pile_files import PileFile, pile_files
from aita.services.assignments.uploaded_files import blank_exam_files
from aita.services.stages.base import INPUTS, Gathered, ItemFunction, ReadFile, Stage, StagePlan
from aita.services.stages.pile_sources import PileSources
from aita.services.stages.split_base import SOURCES, FilesInputs

PAGES_AT_ONCE: Final = 20
"""Pages of a range: with a second for each, a fraction of the time that a function has."""


class SeparateInputs(FilesInputs):
    """Shared inputs of the tasks: the blank exam that pages are compared with, and the pages of a booklet, if given."""

    length: int = 0


class SeparateStage(Stage):
    """Make an image of each page of the piles, find which page of the exam it is, and separate the booklets."""

    name = "separate"
    artifact = object_keys.BOOKLETS
    function: ClassVar[ItemFunction] = "split"

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require nothing: an assignment may have no pile."""

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each range of a PDF's pages, and for each other file."""
        counts = material.page_counts()
        files = [file for file in pile_files(material) if not file.is_pdf or file.source in counts]
        blank = blank_exam_files(material)
        inputs = SeparateInputs(
            blank_exam=tuple(object_keys.source_id(file.key, file.etag) for file in blank),
            length=material.pile_settings().pages,
        )
        sources = PileSources(
            files={file.source: file.parts for file in files}, blank_exam=tuple(file.key for file in blank)
        )
        return StagePlan(inputs, list(_refs(files, counts)), {SOURCES: sources.model_dump_json().encode()})

    def digest(self, refs: Refs, inputs: BaseModel, model: str) -> str:  # noqa: ARG002 - no model is asked
        """Return the range, and the ids of the file and of the blank exam's files, which change with their content."""
        blank = FilesInputs.model_validate(inputs, from_attributes=True).blank_exam
        return " ".join((str(refs["source"]), str(refs["first"]), str(refs["last"]), *blank))

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return the booklets; no file without a pile."""
        length = SeparateInputs.model_validate_json(read(INPUTS)).length
        ranges = [(int(each.item.refs["section"]), _pages(each)) for each in ended]
        if not ranges:
            return {}
        sections = [
            [page for _, pages in of_section for page in pages] for _, of_section in groupby(ranges, key=itemgetter(0))
        ]
        found = separate(sections, length)
        counted: dict[str, int] = {}
        for page in (page for section in sections for page in section):
            counted[page.source] = max(counted.get(page.source, 0), page.page)
        return {self.artifact: found.model_copy(update={"counted": counted}).model_dump(mode="json")}


def _pages(ended: Gathered) -> tuple[PilePage, ...]:
    """Return the pages of a range; those of a range that failed are there without an image."""
    if ended.succeeded:
        return SeparatedPages.model_validate(ended.result).pages
    refs = ended.item.refs
    numbers = range(int(refs["first"]), max(int(refs["first"]), int(refs["last"])) + 1)
    return tuple(PilePage(source=str(refs["source"]), page=number) for number in numbers)


def _refs(files: Iterable[PileFile], counts: dict[str, int]) -> Iterator[Refs]:
    sections: dict[str, int] = {}
    for file in files:
        section = sections.setdefault(file.section, len(sections) + 1)
        count = counts[file.source] if file.is_pdf else 0
        for first in range(1, max(1, count) + 1, PAGES_AT_ONCE):
            last = min(first + PAGES_AT_ONCE - 1, count)
            yield {"source": file.source, "section": section, "first": first, "last": last}
