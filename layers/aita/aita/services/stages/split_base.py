"""Base class of the split function's stages, which have one task for each file."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel

from aita.models.base import StrictModel
from aita.models.exam import Page
from aita.models.pile import PilePage
from aita.models.run import Refs
from aita.models.scan import SplitPages
from aita.ports import StoredObject
from aita.services.assignments import object_keys
from aita.services.stages.base import ItemFunction, Stage, StagePlan

SOURCES = "sources"
"""Name of the stage's file with the S3 keys of the files to split. The keys hold students' names, so that only the
split function reads it."""


class Sources(StrictModel):
    """S3 keys of the files to split, by their ids, and of the blank exam's files to compare them with.

    ``booklets`` are the pages of each file that is a booklet of a pile, and no object.
    ``of_students`` is true of students' scans, whose pages have names at their top. ``unknown`` are the ids of files of
    which nobody knows yet whose they are: the heads of their pages are kept.
    """

    files: dict[str, str] = {}
    booklets: dict[str, tuple[PilePage, ...]] = {}
    blank_exam: tuple[str, ...] = ()
    of_students: bool = True
    unknown: tuple[str, ...] = ()


class FilesInputs(StrictModel):
    """Ids of the blank exam's files, which determine the ink that is found on the pages."""

    blank_exam: tuple[str, ...] = ()


class Source(NamedTuple):
    """A file to split, the id under which its pages are stored, and its place among the files of that id, from 1."""

    student_id: str
    place: int
    file: StoredObject

    @property
    def source_id(self) -> str:
        """Opaque id of the file."""
        return object_keys.source_id(self.file.key, self.file.etag)


class FilesStage(Stage):
    """Stage with one task for each file, which makes the file's page images."""

    function: ClassVar[ItemFunction] = "split"

    def plan_files(
        self,
        sources: Iterable[Source],
        compared_with: Iterable[StoredObject] = (),
        booklets: Mapping[str, tuple[PilePage, ...]] | None = None,
        *,
        of_students: bool = True,
        unknown: Collection[str] = (),
    ) -> StagePlan:
        """Return a plan with one task for each file, in this order.

        Parameters
        ----------
        compared_with
            Files of the blank exam; empty without one.
        booklets
            Pages of the files that are booklets of piles, by the files' keys.
        of_students
            Whether the files to split are students' scans.
        unknown
            Ids of the students of whom nobody knows yet who they are.
        """
        keys: dict[str, str] = {}
        refs: list[Refs] = []
        heads: list[str] = []
        for source in sources:
            keys[source.source_id] = source.file.key
            refs.append({"student_id": source.student_id, "source": source.source_id, "place": source.place})
            heads += [source.source_id] if source.student_id in unknown else []
        blank = list(compared_with)
        inputs = FilesInputs(blank_exam=tuple(object_keys.source_id(file.key, file.etag) for file in blank))
        pages = booklets or {}
        where = Sources(
            files={source: key for source, key in keys.items() if key not in pages},
            booklets={source: pages[key] for source, key in keys.items() if key in pages},
            blank_exam=tuple(file.key for file in blank),
            of_students=of_students,
            unknown=tuple(heads),
        )
        return StagePlan(inputs, refs, {SOURCES: where.model_dump_json().encode()})

    def digest(self, refs: Refs, inputs: BaseModel, model: str) -> str:  # noqa: ARG002 - no model is asked
        """Return the ids of the file and of the blank exam's files, which change with their content."""
        return " ".join((str(refs["source"]), *FilesInputs.model_validate(inputs).blank_exam))


def add_pages(pages: list[Any], result: Any) -> None:
    """Append the pages of a file, numbered after the pages before them."""
    for page in SplitPages.model_validate(result).pages:
        pages.append(Page(**page.model_dump(exclude={"ink", "masked", "head"}) | {"page": len(pages) + 1}).model_dump())
