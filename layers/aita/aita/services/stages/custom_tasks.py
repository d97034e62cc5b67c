"""Stage ``kind.<name>``: one custom task of a kind for each line of an uploaded file."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from pydantic import BaseModel

from aita.errors import MissingMaterialError, ObjectNotFoundError
from aita.models.base import StrictModel
from aita.models.run import Item, Refs, RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.task_files import check_images, read_lines
from aita.services.stages.base import Gathered, LLMStage, ReadFile, StagePlan
from aita.tasks.batchable import BatchableLLMTask
from aita.tasks.llm_task import LLMTask
from aita.tasks.registry import find_kind

KIND = "kind."
"""Prefix of the stages and pipelines of kinds; no other name of a stage or pipeline begins with it."""


class KindInputs(StrictModel):
    """Lines of a file of tasks by their numbers, each with the fields of its task."""

    lines: dict[int, dict[str, Any]]


class KindStage(LLMStage):
    """Run the tasks of one kind.

    Raises
    ------
    RequestError
        If there is no such kind.
    """

    inputs_model: type[BaseModel] = KindInputs
    gathers_halted: ClassVar[bool] = True

    def __init__(self, kind: str) -> None:
        self.kind = find_kind(kind)
        self.name = f"{KIND}{kind}"
        self.artifact = object_keys.kind_results(kind)
        self.batchable = issubclass(self.kind, BatchableLLMTask)
        self.model_role = self.kind.model_role

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:  # noqa: ARG002 - it is the only one
        """Require a file with at least one task and with valid lines only."""
        self._inputs(material)

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each line, in the file's order."""
        inputs = self._inputs(material)
        return StagePlan(inputs, ({"line": number} for number in inputs.lines), {})

    def task(self, refs: Refs, inputs: KindInputs) -> LLMTask[Any]:
        """Return the task of one line."""
        return self.kind.model_validate(inputs.lines[int(refs["line"])])

    def artifact_key(self, assignment: str, run_id: str, name: str) -> str:  # noqa: ARG002 - it is the run's
        """Return a key in the run's files, as its lines belong to its file, and the next run may have another file."""
        return object_keys.stage_file(run_id, self.name, "gathered")

    def gather(self, results: Iterable[tuple[Item, Any]]) -> Any:
        """Return each line's result, in the file's order."""
        return [{"line": item.refs["line"], "result": result} for item, result in results]

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:  # noqa: ARG002 - not needed
        """Return the result or error of each line that has ended, in the file's order, with its calls and usage."""
        return {self.artifact: list(_ends(ended))}

    def _inputs(self, material: AssignmentFiles) -> KindInputs:
        name = object_keys.kind_tasks(self.kind.kind)
        try:
            data = material.objects.get(object_keys.material(material.assignment, name))
        except ObjectNotFoundError:
            command = f"aita run {self.kind.kind} --input FILE.jsonl --assignment {material.assignment}"
            raise MissingMaterialError(
                f"assignment {material.assignment} has no {name}: give one ({command})"
            ) from None
        lines = read_lines(self.kind, data, name)
        if not lines:
            raise MissingMaterialError(f"{name} of {material.assignment} has no tasks: put a JSON object on each line")
        check_images(lines, material.assignment, name)
        return KindInputs(lines={line.number: line.fields for line in lines})


def _ends(ended: Iterable[Gathered]) -> Iterator[dict[str, Any]]:
    for each in ended:
        if each.row is None:
            continue
        row = each.row
        outcome = {"result": each.result} if each.succeeded else {"error": f"{row.error_type}: {row.error_message}"}
        usage = row.usage.model_dump(mode="json", exclude_defaults=True)
        identity = {"line": each.item.refs["line"], "task_id": each.item.task_id}
        lacks = {"lacks": each.lacks} if each.lacks else {}
        yield identity | outcome | lacks | {"asks": row.asks, "latency_ms": row.latency_ms, "usage": usage}
