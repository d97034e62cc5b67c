"""Stage ``kind.<name>``: the tasks of one kind, each a line of a file that somebody gave."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from aita.errors import InvalidMaterial, MissingMaterial, ObjectNotFound
from aita.models.base import Frozen
from aita.models.run import Item
from aita.services import keys
from aita.services.material import Material
from aita.services.stages.stage import LLMStage, Refs, StagePlan
from aita.tasks.batchable import BatchableLLMTask
from aita.tasks.llm_task import LLMTask
from aita.tasks.registry import find_kind

KIND = "kind."
"""What the stage and pipeline of a kind begin with: their other names can't."""

MOST_BYTES = 20 * 1024 * 1024
"""The largest file of tasks: each function holds it whole."""


class KindInputs(Frozen):
    """The lines of a file of tasks, by their number, and whose they are."""

    assignment: str
    lines: dict[int, dict[str, Any]]


class KindStage(LLMStage):
    """Run the tasks of one kind.

    Raises
    ------
    RequestError
        If there is no such kind.
    """

    inputs_model: type[BaseModel] = KindInputs

    def __init__(self, kind: str) -> None:
        self.kind = find_kind(kind)
        self.name = f"{KIND}{kind}"
        self.artifact = keys.kind_results(kind)
        self.batchable = issubclass(self.kind, BatchableLLMTask)

    def require(self, material: Material) -> None:
        """There must be a file of tasks, each line right."""
        self._inputs(material)

    def plan(self, material: Material) -> StagePlan:
        """One task for each line, in the file's order."""
        inputs = self._inputs(material)
        return StagePlan(inputs, ({"line": number} for number in inputs.lines), {})

    def task(self, refs: Refs, inputs: KindInputs) -> LLMTask[Any]:
        """Return the task of one line."""
        return self.kind.model_validate(inputs.lines[int(refs["line"])])

    def gather(self, results: Iterable[tuple[Item, Any]]) -> Any:
        """Return each line's result, in the file's order."""
        return [{"line": item.refs["line"], "result": result} for item, result in results]

    def _inputs(self, material: Material) -> KindInputs:
        name = keys.kind_tasks(self.kind.kind)
        try:
            data = material.objects.get(keys.material(material.assignment, name))
        except ObjectNotFound:
            raise MissingMaterial(f"assignment {material.assignment} has no {name}: give one (aita run)") from None
        lines = read_lines(self.kind, data, name)
        for number, task in lines:
            for message in task.request().messages:
                if any(not image.key.startswith(f"{material.assignment}/") for image in message.images):
                    raise InvalidMaterial(f"{name}, line {number}: an image is not one of this assignment's")
        fields = {number: task.model_dump(mode="json", exclude_defaults=True) for number, task in lines}
        return KindInputs(assignment=material.assignment, lines=fields)


def read_lines(kind: type[LLMTask[Any]], data: bytes, name: str) -> list[tuple[int, LLMTask[Any]]]:
    """Read a file of tasks: JSON Lines, an object of the kind's fields on each; empty lines are passed over.

    Raises
    ------
    InvalidMaterial
        Naming the file, the line and what is wrong, and never a value.
    """
    if len(data) > MOST_BYTES:
        raise InvalidMaterial(
            f"{name} has {len(data) // 1_000_000} MB and may have {MOST_BYTES // 1_000_000}: split it"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidMaterial(f"{name} is not UTF-8 (byte {error.start})") from None
    tasks = list(_tasks(kind, text, name))
    if not tasks:
        raise InvalidMaterial(f"{name} has no tasks: put a JSON object on each line")
    return tasks


def _tasks(kind: type[LLMTask[Any]], text: str, name: str) -> Iterator[tuple[int, LLMTask[Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            raise InvalidMaterial(f"{name}, line {number}: it is not JSON") from None
        if not isinstance(fields, dict):
            raise InvalidMaterial(f"{name}, line {number}: it is no JSON object")
        try:
            yield number, kind.model_validate(fields)
        except ValidationError as error:
            details = error.errors(include_input=False, include_url=False, include_context=False)[:5]
            problems = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in details)
            raise InvalidMaterial(f"{name}, line {number}: {problems}") from None
