"""Executors by the role of the model that an item's stage asks."""

from collections.abc import Callable
from dataclasses import dataclass

from aita.errors import ProviderSetting
from aita.models.model_role import ModelRole
from aita.models.run import ItemEvent
from aita.services.execution.task_executor import REMEDIES, TaskExecutor
from aita.services.runs.pipelines import stage_of
from aita.services.runs.task_recorder import Executed
from aita.services.stages.base import LLMStage

KEY_COMMANDS: dict[ModelRole | None, str] = {
    None: "aita key set",
    "reader": "aita key set --for reader",
    "grader": "aita key set --for grader",
}
"""Command that sets the key of each role's model."""


@dataclass(frozen=True, slots=True)
class RoleExecutors:
    """Executors of a stack whose reader, grader or both have a model of their own.

    Parameters
    ----------
    executor_of
        Returns the executor of a role, the same each time.
    """

    executor_of: Callable[[ModelRole | None], TaskExecutor]

    def execute(self, event: ItemEvent, remaining: Callable[[], float]) -> Executed:
        """Execute one item as ``TaskExecutor.execute`` does, with the model of its stage's role."""
        return self.of_stage(event.stage).execute(event, remaining)

    def of_stage(self, name: str) -> TaskExecutor:
        """Return the executor of a stage's items."""
        stage = stage_of(name)
        return self.executor_of(stage.model_role if isinstance(stage, LLMStage) else None)


def remedies_of(role: ModelRole | None, *, has_key: bool) -> dict[ProviderSetting, str]:
    """Return how the settings of a role's model are corrected on the stack.

    Parameters
    ----------
    has_key
        Whether its endpoint and key are its own.
    """
    if role is None:
        return REMEDIES
    name = role.capitalize()
    base_url = f"{name}BaseUrl" if has_key else "ModelBaseUrl"
    key = KEY_COMMANDS[role if has_key else None]
    return {
        ProviderSetting.KEY: f"set it with '{key}'",
        ProviderSetting.MODEL: f"deploy the stack with the right {name}Model and {base_url}",
        ProviderSetting.BASE_URL: f"deploy the stack with a {base_url} that is that of the provider's API",
    }
