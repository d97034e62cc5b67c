"""Stage ``answer_key``: one task for each question."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from aita.models.exam import ExamSpec, WrittenFor
from aita.models.grade import question_version
from aita.models.run import Refs, RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.question_inputs import QuestionInputs
from aita.services.stages.base import INPUTS, Gathered, LLMStage, ReadFile, StagePlan
from aita.tasks.answer_key import AnswerKeyGenerationTask


class AnswerKeyStage(LLMStage):
    """Write an answer key for each question."""

    name = "answer_key"
    artifact = object_keys.ANSWER_KEYS
    inputs_model: type[BaseModel] = QuestionInputs
    batchable = True

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require questions, unless the run extracts them; and valid files of instructions, if there are any."""
        if object_keys.EXAM_SPEC not in made:
            material.countable_exam()
        material.question_instructions()
        material.rubric_instructions()

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each question, in the exam's order."""
        inputs = QuestionInputs(
            exam=material.exam(),
            instructions=material.rubric_instructions(),
            question_instructions=material.question_instructions(),
        )
        return StagePlan(inputs, question_refs(inputs.exam), {})

    def task(self, refs: Refs, inputs: QuestionInputs) -> AnswerKeyGenerationTask:
        """Return the task of one question."""
        question = inputs.question(refs)
        return AnswerKeyGenerationTask(
            question=question,
            instructions=inputs.instructions,
            question_instructions=inputs.question_instructions.get(question.question_id, ""),
        )

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return the answer keys by question id, each with the version of the wording that it was written for."""
        return {self.artifact: by_question(QuestionInputs.model_validate_json(read(INPUTS)), ended)}


def question_refs(exam: ExamSpec) -> list[Refs]:
    """Return the refs of one item for each question."""
    return [{"question_id": question.question_id} for question in exam.questions]


def by_question(inputs: QuestionInputs, ended: Iterable[Gathered]) -> dict[str, Any]:
    """Return the results by question id, each with the version of the question's wording."""
    return {
        str(each.item.refs["question_id"]): each.result
        | WrittenFor(question_version=question_version(inputs.question(each.item.refs))).model_dump()
        for each in ended
        if each.succeeded
    }
