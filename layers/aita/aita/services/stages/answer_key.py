"""Stage ``answer_key``: one task for each question."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from aita.models.exam import AnswerKey, ExamSpec, WrittenFor
from aita.models.grade import question_version
from aita.models.run import Refs, RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.material_versions import key_version
from aita.services.grading.question_inputs import QuestionInputs, check_question_instructions
from aita.services.stages.base import INPUTS, Gathered, LLMStage, ReadFile, StagePlan
from aita.tasks.answer_key import AnswerKeyGenerationTask, check_user_answer_keys


class AnswerKeyInputs(QuestionInputs):
    """Shared inputs of the answer keys' tasks; those that an earlier version planned have no own answer keys."""

    user_answer_keys: dict[str, AnswerKey] = {}


class AnswerKeyStage(LLMStage):
    """Write an answer key for each question, or take the instructor's own."""

    name = "answer_key"
    artifact = object_keys.ANSWER_KEYS
    inputs_model: type[BaseModel] = AnswerKeyInputs
    model_role = AnswerKeyGenerationTask.model_role
    batchable = True

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require questions, unless the run extracts them; and instructions and answer keys for them, if any."""
        instructions, answer_keys = material.question_instructions(), material.user_answer_keys()
        material.rubric_instructions()
        exam = material.countable_exam() if object_keys.EXAM_SPEC not in made else material.own_exam()
        if exam is not None:
            check_question_instructions(exam, instructions)
            check_user_answer_keys(exam, answer_keys)

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each question, in the exam's order."""
        inputs = AnswerKeyInputs(
            exam=material.exam(),
            instructions=material.rubric_instructions(),
            question_instructions=material.question_instructions(),
            user_answer_keys=material.user_answer_keys(),
        )
        check_question_instructions(inputs.exam, inputs.question_instructions)
        check_user_answer_keys(inputs.exam, inputs.user_answer_keys)
        return StagePlan(inputs, question_refs(inputs.exam), {})

    def task(self, refs: Refs, inputs: AnswerKeyInputs) -> AnswerKeyGenerationTask:
        """Return the task of one question."""
        question = inputs.question(refs)
        return AnswerKeyGenerationTask(
            question=question,
            instructions=inputs.instructions,
            question_instructions=inputs.question_instructions.get(question.question_id, ""),
            user_answer_key=inputs.user_answer_keys.get(question.question_id),
        )

    def gather_all(self, ended: Iterable[Gathered], read: ReadFile) -> dict[str, Any]:
        """Return the answer keys by question id, each with its origin."""
        inputs = AnswerKeyInputs.model_validate_json(read(INPUTS))
        return {self.artifact: by_question(inputs, ended, inputs.user_answer_keys)}


def question_refs(exam: ExamSpec) -> list[Refs]:
    """Return the refs of one item for each question."""
    return [{"question_id": question.question_id} for question in exam.questions]


def by_question(
    inputs: QuestionInputs,
    ended: Iterable[Gathered],
    own: Collection[str],
    written_from: Mapping[str, AnswerKey] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the results by question id, each with its origin.

    Parameters
    ----------
    own
        Ids of the questions whose results are the instructor's own.
    written_from
        Answer keys that the other results were written from, by question id.
    """
    found = {}
    for each in ended:
        if each.succeeded:
            question = inputs.question(each.item.refs)
            question_id = question.question_id
            key = written_from.get(question_id) if question_id not in own else None
            origin = WrittenFor(
                question_version=question_version(question),
                own=question_id in own,
                answer_key=key_version(key) if key else "",
            )
            found[question_id] = each.result | origin.model_dump(exclude_defaults=True)
    return found
