"""Stage ``answer_key``: one task for each question."""

from collections.abc import Collection, Iterable
from typing import Any

from pydantic import BaseModel

from aita.models.exam import ExamSpec, WrittenFor
from aita.models.grade import question_version
from aita.models.run import Refs, RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.question_inputs import QuestionInputs, check_question_instructions
from aita.services.stages.base import INPUTS, Gathered, LLMStage, ReadFile, StagePlan
from aita.tasks.answer_key import AnswerKeyGenerationTask


class AnswerKeyStage(LLMStage):
    """Write an answer key for each question."""

    name = "answer_key"
    artifact = object_keys.ANSWER_KEYS
    inputs_model: type[BaseModel] = QuestionInputs
    batchable = True

    def require(self, material: AssignmentFiles, made: frozenset[str]) -> None:
        """Require questions, unless the run extracts them; and valid instructions for them, if there are any."""
        instructions = material.question_instructions()
        material.rubric_instructions()
        if object_keys.EXAM_SPEC not in made:
            check_question_instructions(material.countable_exam(), instructions)
        elif (own := material.own_exam()) is not None:
            check_question_instructions(own, instructions)

    def plan(self, material: AssignmentFiles, settings: RunSettings) -> StagePlan:  # noqa: ARG002 - the same for all
        """Return one task for each question, in the exam's order."""
        inputs = QuestionInputs(
            exam=material.exam(),
            instructions=material.rubric_instructions(),
            question_instructions=material.question_instructions(),
        )
        check_question_instructions(inputs.exam, inputs.question_instructions)
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


def by_question(inputs: QuestionInputs, ended: Iterable[Gathered], own: Collection[str] = ()) -> dict[str, Any]:
    """Return the results by question id, each with its origin.

    Parameters
    ----------
    own
        Ids of the questions whose results are the instructor's own.
    """
    found = {}
    for each in ended:
        if each.succeeded:
            question = inputs.question(each.item.refs)
            origin = WrittenFor(question_version=question_version(question), own=question.question_id in own)
            found[question.question_id] = each.result | origin.model_dump(exclude_defaults=True)
    return found
