"""Stage ``transcribe``: one task for each page."""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from aita.models.run import Item, Refs, RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.stages.base import LLMStage, NoInputs, StagePlan
from aita.tasks.transcription import TranscriptionTask


class TranscribeStage(LLMStage):
    """Transcribe every page that split made."""

    name = "transcribe"
    artifact = object_keys.TRANSCRIPTIONS
    inputs_model: type[BaseModel] = NoInputs

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require nothing more than split, which comes first in every pipeline with this stage."""

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each page, by student."""
        return StagePlan(NoInputs(), _page_refs(material), {})

    def task(self, refs: Refs, inputs: NoInputs) -> TranscriptionTask:  # noqa: ARG002 - refs say all
        """Return the task of one page."""
        return TranscriptionTask(page=int(refs["page"]), image_key=str(refs["image"]), image_sha256=str(refs["sha256"]))

    def gather(self, results: Iterable[tuple[Item, Any]]) -> Any:
        """Return each student's pages, in order, by student id."""
        pages: dict[str, list[Any]] = {}
        for item, result in results:
            pages.setdefault(str(item.refs["student_id"]), []).append(result)
        return pages


def _page_refs(material: AssignmentFiles) -> Iterator[Refs]:
    students = material.pages()
    for student_id in list(students):
        for page in students.pop(student_id):  # frees memory on the way: an institution has 100,000 pages
            yield {"student_id": student_id, "page": page.page, "image": page.key, "sha256": page.sha256}
