"""Base classes of stages, which plan tasks, make them, and gather their results."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ValidationError

from aita.errors import RequestError
from aita.models.model_role import ModelRole
from aita.models.run import Item, Refs, RunSettings, TaskRow, TaskStatus
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.tasks.llm_task import LLMTask

INPUTS = "inputs"
"""Name of the stage's file with the shared inputs of its tasks."""

ItemFunction = Literal["task", "names", "split", "report"]
"""Function that executes a stage's items. Task and names have one code, and each its own rights."""

ReadFile = Callable[[str], bytes]
"""Returns one of the stage's own files, as Plan wrote it: its inputs, or one of ``StagePlan.files``."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """Plan of a stage: the shared inputs of its tasks, each task's refs in order, and files for its function."""

    inputs: BaseModel
    refs: Iterable[Refs]
    files: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Gathered:
    """End of an item: its row, which is ``None`` before the end, and its result, if it succeeded.

    ``lacks`` are the request parameters that the endpoint had refused, and that the item's calls did without.
    """

    item: Item
    row: TaskRow | None
    result: Any = None
    lacks: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether the item has a result."""
        return self.row is not None and self.row.status is TaskStatus.SUCCEEDED


class Stage(ABC):
    """One stage of a pipeline. ``artifact`` is the name of the file with the gathered results."""

    name: str
    artifact: str
    more_artifacts: ClassVar[tuple[str, ...]] = ()
    """Names of further files with gathered results, for other readers."""
    function: ClassVar[ItemFunction] = "task"
    gathers_halted: ClassVar[bool] = False
    """Whether the results of a halted run are gathered, too; else such a run leaves the artifact unchanged."""

    is_needed: ClassVar[bool] = True
    """Whether the run ends if none of the items succeeds: else the stages after it do without its results."""

    @property
    def goes_to_batches(self) -> bool:
        """Whether the provider's batches may have the stage's requests, in runs that use them."""
        return False

    @property
    def artifacts(self) -> tuple[str, ...]:
        """Names of all files with gathered results."""
        return (self.artifact, *self.more_artifacts)

    @abstractmethod
    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Check, before a run starts, that the instructor's files are complete and valid.

        Parameters
        ----------
        made
            Artifacts of the run's earlier stages, which need not exist yet.

        Raises
        ------
        MissingMaterialError
            If a file is missing.
        InvalidMaterialError
            If a file is invalid.
        """

    @abstractmethod
    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:
        """Return the plan of the stage for an assignment's present material."""

    @abstractmethod
    def digest(self, refs: Refs, inputs: BaseModel, model: str) -> str:
        """Return the identity of one task's work, which changes with its inputs and the model."""

    def gather(self, results: Iterable[tuple[Item, Any]]) -> Any:
        """Return the artifact, as JSON, from the succeeded items and their results, in the plan's order.

        A stage implements this method or overrides ``gather_all``.
        """
        raise NotImplementedError

    def artifact_key(self, assignment: str, run_id: str, name: str) -> str:  # noqa: ARG002 - for stages that keep each run's own
        """Return the key of an artifact; unless overridden, in the assignment's folder, where each run replaces it."""
        return object_keys.material(assignment, name)

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:  # noqa: ARG002 - see GradeStage
        """Return the artifacts by name, as JSON or encoded, from all items in the plan's order.

        Unless overridden, there is one artifact, which ``gather`` makes from the succeeded items.

        Parameters
        ----------
        read
            Reads the files that Plan wrote beside the items.

        Raises
        ------
        RequestError
            If the results are not acceptable. No artifact is written, and the run ends as FAILED with the reason.
        """
        return {self.artifact: self.gather((each.item, each.result) for each in ended if each.succeeded)}


class LLMStage(Stage):
    """A stage whose tasks call the model."""

    inputs_model: type[BaseModel]
    batchable: bool = False
    """Whether the tasks may share calls."""
    model_role: ModelRole | None = None
    """Role of the model that the tasks ask, as their kind has it; with ``None``, the stack's ``ModelName``."""

    @property
    def goes_to_batches(self) -> bool:
        """Whether the provider's batches may have the requests: the batch function reads no more than task does."""
        return self.function == "task"

    def read_inputs(self, data: bytes) -> BaseModel:
        """Return the shared inputs of the stage's tasks, as Plan wrote them.

        Raises
        ------
        RequestError
            If another version of aita planned the stage.
        """
        try:
            return self.inputs_model.model_validate_json(data)
        except ValidationError:
            raise RequestError(
                f"stage {self.name} was planned by another version of aita, and the stack was updated meanwhile: "
                "resume the run, which plans the stage anew"
            ) from None

    @abstractmethod
    def task(self, refs: Refs, inputs: Any) -> LLMTask[Any]:
        """Return the task of one item.

        Raises
        ------
        RequestError
            If another version of aita planned the stage.
        """

    def digest(self, refs: Refs, inputs: BaseModel, model: str) -> str:
        """Return the identity of the task's request."""
        return self.task(refs, inputs).digest(model)
