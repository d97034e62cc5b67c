"""What stages of the split function share: the assignment's files, and one task for each."""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import BaseModel

from aita.models.base import StrictModel
from aita.models.exam import Page
from aita.models.run import Refs
from aita.models.scan import SplitPages
from aita.ports import StoredObject
from aita.services.assignments import object_keys
from aita.services.stages.base import Stage, StagePlan

SOURCES = "sources"
"""The stage's file with the S3 keys of what is split; they hold names, so only the split function reads it."""


class Sources(StrictModel):
    """Where the files are: each one's S3 key by its id, and the keys of the blank exam to compare them with.

    ``of_students`` says that they are students' scans, whose pages tell at their top who wrote them.
    """

    files: dict[str, str] = {}
    blank_exam: tuple[str, ...] = ()
    of_students: bool = True


class FilesInputs(StrictModel):
    """The ids of the blank exam's files, as they are now: another blank exam finds other ink."""

    blank_exam: tuple[str, ...] = ()


class Source(NamedTuple):
    """A file to split, the id that its pages are stored under, and which of that id's files it is, from 1."""

    student_id: str
    place: int
    file: StoredObject

    @property
    def source_id(self) -> str:
        """Its opaque id."""
        return object_keys.source_id(self.file.key, self.file.etag)


class FilesStage(Stage):
    """A stage whose tasks each make the page images of one file."""

    function: ClassVar[Literal["task", "split", "report"]] = "split"

    def plan_files(
        self, sources: Iterable[Source], compared_with: Iterable[StoredObject] = (), *, of_students: bool = True
    ) -> StagePlan:
        """Return the plan: one task for each file, in this order.

        Parameters
        ----------
        compared_with
            The blank exam's files.
        of_students
            Whether the files to split are students' scans.
        """
        files: dict[str, str] = {}
        refs: list[Refs] = []
        for source in sources:
            files[source.source_id] = source.file.key
            refs.append({"student_id": source.student_id, "source": source.source_id, "place": source.place})
        blank = list(compared_with)
        inputs = FilesInputs(blank_exam=tuple(object_keys.source_id(file.key, file.etag) for file in blank))
        where = Sources(files=files, blank_exam=tuple(file.key for file in blank), of_students=of_students)
        return StagePlan(inputs, refs, {SOURCES: where.model_dump_json().encode()})

    def digest(self, refs: Refs, inputs: BaseModel, model: str) -> str:  # noqa: ARG002 - no model is asked
        """Return the ids of the file and of what it is compared with, which cover their content."""
        return " ".join((str(refs["source"]), *FilesInputs.model_validate(inputs).blank_exam))


def add_pages(pages: list[Any], result: Any) -> None:
    """Append the pages of one more file, numbered behind those of the files before it."""
    for page in SplitPages.model_validate(result).pages:
        pages.append(Page(**page.model_dump(exclude={"ink"}) | {"page": len(pages) + 1}).model_dump())
