"""Stage ``count_pages``: one task for each PDF of a pile, so that its pages can be dealt out in ranges."""

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import BaseModel

from aita.models.base import StrictModel
from aita.models.pile import PageCount
from aita.models.run import Item, Refs, RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.pile_files import pile_files
from aita.services.stages.base import ItemFunction, Stage, StagePlan
from aita.services.stages.pile_sources import PileSources, require_whole
from aita.services.stages.split_base import SOURCES


class NoInputs(StrictModel):
    """Shared inputs of tasks that have none."""


class CountPagesStage(Stage):
    """Count the pages of the PDFs in the assignment's piles; nothing without piles."""

    name = "count_pages"
    artifact = object_keys.PAGE_COUNTS
    function: ClassVar[ItemFunction] = "split"

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:  # noqa: ARG002 - it is the first
        """Require that each file of a pile is there with all of its parts, and that the settings are valid."""
        require_whole(pile_files(material), material.assignment)
        material.pile_settings()

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each PDF."""
        files = [file for file in pile_files(material) if file.is_pdf]
        require_whole(files, material.assignment)
        sources = PileSources(files={file.source: file.parts for file in files})
        refs: list[Refs] = [{"source": file.source} for file in files]
        return StagePlan(NoInputs(), refs, {SOURCES: sources.model_dump_json().encode()})

    def digest(self, refs: Refs, inputs: BaseModel, model: str) -> str:  # noqa: ARG002 - no model is asked
        """Return the id of the file, which changes with its content."""
        return str(refs["source"])

    def gather(self, results: Iterable[tuple[Item, Any]]) -> Any:
        """Return the number of pages of each file, by its id."""
        return {str(item.refs["source"]): PageCount.model_validate(result).pages for item, result in results}
