"""A stage: what it plans, how its tasks are made, and what is gathered from their results."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel

from aita.models.base import StrictModel
from aita.models.run import Item, Refs, RunSettings, TaskRow, TaskStatus
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.tasks.llm_task import LLMTask

INPUTS = "inputs"
"""The stage's file that holds what its tasks share."""

ReadFile = Callable[[str], bytes]
"""Returns one of the stage's own files, as Plan wrote it: its inputs, or one of ``StagePlan.files``."""


class NoInputs(StrictModel):
    """The inputs of a stage whose items say all there is to say."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What a stage is to do: what its tasks share, each task's refs in order, and files for its function."""

    inputs: BaseModel
    refs: Iterable[Refs]
    files: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What came of an item: its row if it has ended, and, if it succeeded, its result and what was asked without."""

    item: Item
    row: TaskRow | None
    result: Any = None
    lacks: tuple[str, ...] = ()

    @property
    def succeeded(self) -> bool:
        """Whether there is a result."""
        return self.row is not None and self.row.status is TaskStatus.SUCCEEDED


class Stage(ABC):
    """One stage. ``artifact`` is the name of the file that holds what the stage gathered."""

    name: str
    artifact: str
    more_artifacts: ClassVar[tuple[str, ...]] = ()
    """Further files that it gathers, where one does not serve all who read them."""
    function: ClassVar[Literal["task", "split", "report"]] = "task"
    gathers_halted: ClassVar[bool] = False
    """Whether what was done is gathered of a run that was halted too; else the artifact stays as it was."""

    @property
    def artifacts(self) -> tuple[str, ...]:
        """The names of all files that it gathers."""
        return (self.artifact, *self.more_artifacts)

    @abstractmethod
    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Check, before a run starts, that what the instructor must provide is there and right.

        Parameters
        ----------
        made
            The artifacts of the run's earlier stages, which need not be there yet.

        Raises
        ------
        MissingMaterialError, InvalidMaterialError
            Saying what is missing or wrong.
        """

    @abstractmethod
    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:
        """Return what there is to do for an assignment as it is now."""

    @abstractmethod
    def digest(self, refs: Refs, inputs: BaseModel, model: str) -> str:
        """Return the identity of one task's work: changed inputs or another model are new work."""

    def gather(self, results: Iterable[tuple[Item, Any]]) -> Any:
        """Return the artifact, as JSON, from the items that succeeded and their results, in the plan's order.

        A stage has this or a ``gather_all`` of its own.
        """
        raise NotImplementedError

    def artifact_key(self, assignment: str, run_id: str, name: str) -> str:  # noqa: ARG002 - for stages that keep each run's own
        """Return where an artifact is; unless overridden, the assignment has one, which each run replaces."""
        return object_keys.material(assignment, name)

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:  # noqa: ARG002 - see GradeStage
        """Return each artifact by its name, from all items in the plan's order.

        Unless overridden, there is one, from the items that succeeded.

        Parameters
        ----------
        read
            Reads what Plan wrote beside the items.

        Raises
        ------
        RequestError
            If what the tasks came to can't stand: nothing is written, and the run ends as FAILED with the reason.
        """
        return {self.artifact: self.gather((each.item, each.result) for each in ended if each.succeeded)}


class LLMStage(Stage):
    """A stage whose tasks each ask the model."""

    inputs_model: type[BaseModel]
    batchable: bool = False
    """Whether its tasks may share calls."""

    @abstractmethod
    def task(self, refs: Refs, inputs: Any) -> LLMTask[Any]:
        """Return the task of one item."""

    def digest(self, refs: Refs, inputs: BaseModel, model: str) -> str:
        """Return the identity of the task's request."""
        return self.task(refs, inputs).digest(model)
