"""Stages of earlier versions, at which a run may stand when its stack is updated."""

from collections.abc import Iterable
from typing import Any, NoReturn

from pydantic import BaseModel

from aita.errors import RequestError
from aita.models.base import LenientModel
from aita.models.run import Refs, RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.stages.base import Gathered, LLMStage, ReadFile, StagePlan
from aita.tasks.llm_task import LLMTask


class MapAnswersStage(LLMStage):
    """Stage ``map_answers``, which marked the answers on transcribed pages until stage ``transcribe`` did so itself.

    Ended runs are shown with it. A run that stands at it ends with the reason, and can be resumed: it has no such stage
    then, and asks for no page that was transcribed and mapped before (``services.runs.older_transcriptions``).
    """

    name = "map_answers"
    artifact = object_keys.ANSWERS
    inputs_model: type[BaseModel] = LenientModel

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require nothing, as no run begins this stage."""

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - see LLMStage
        """Refuse."""
        self._refuse()

    def task(self, refs: Refs, inputs: Any) -> LLMTask[Any]:  # noqa: ARG002 - see LLMStage
        """Refuse."""
        self._refuse()

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:  # noqa: ARG002 - see LLMStage
        """Refuse."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise RequestError(
            f"stage {self.name} is one of an earlier version of aita, and the stack was updated meanwhile: resume the "
            "run, which finds the answers in stage transcribe and pays for no page again that it had mapped"
        )
