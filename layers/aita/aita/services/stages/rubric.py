"""Stage ``rubric``: one task for each question, with its answer key in the prompt."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from aita.models.exam import AnswerKey, RubricPoints
from aita.models.run import Refs, RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.question_inputs import QuestionInputs
from aita.services.grading.question_wording import current_keys
from aita.services.stages.answer_key import by_question, question_refs
from aita.services.stages.base import INPUTS, Gathered, LLMStage, ReadFile, StagePlan
from aita.tasks.rubric import RubricGenerationTask, check_user_rubrics


class RubricInputs(QuestionInputs):
    """Shared inputs of the rubric tasks."""

    answer_keys: dict[str, AnswerKey]
    user_rubrics: dict[str, RubricPoints]


class RubricStage(LLMStage):
    """Write a rubric for each question, or take the instructor's own."""

    name = "rubric"
    artifact = object_keys.RUBRICS
    inputs_model: type[BaseModel] = RubricInputs
    model_role = RubricGenerationTask.model_role

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require questions, unless the run extracts them; and rubrics of the instructor's that fit the questions."""
        if object_keys.EXAM_SPEC not in made:
            check_user_rubrics(material.countable_exam(), material.user_rubrics())
        elif material.has_exam():
            check_user_rubrics(material.exam(), material.user_rubrics())

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each question, in the exam's order."""
        exam = material.exam()
        inputs = RubricInputs(
            exam=exam,
            instructions=material.rubric_instructions(),
            question_instructions=material.question_instructions(),
            answer_keys=current_keys(material, exam),
            user_rubrics=material.user_rubrics(),
        )
        return StagePlan(inputs, question_refs(inputs.exam), {})

    def task(self, refs: Refs, inputs: RubricInputs) -> RubricGenerationTask:
        """Return the task of one question."""
        question = inputs.question(refs)
        return RubricGenerationTask(
            question=question,
            answer_key=inputs.answer_keys.get(question.question_id),
            instructions=inputs.instructions,
            question_instructions=inputs.question_instructions.get(question.question_id, ""),
            user_rubric=inputs.user_rubrics.get(question.question_id),
        )

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return the rubrics by question id, each with its origin."""
        inputs = RubricInputs.model_validate_json(read(INPUTS))
        return {self.artifact: by_question(inputs, ended, inputs.user_rubrics, inputs.answer_keys)}
