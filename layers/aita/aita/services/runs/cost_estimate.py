"""Estimate of a run's cost and time before its start, from the real prompts and the sizes of pages."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from aita.errors import MissingMaterialError
from aita.models.api import Estimate, RubricDiff, RunOptions, StageEstimate, StartRunRequest
from aita.models.effort import expected_thoughts
from aita.models.model_role import ModelRole
from aita.models.names import check_assignment
from aita.models.provider_batch import BATCH_PRICE
from aita.models.run import SIMULATED, RunSettings
from aita.ports import DecisionStore, ObjectStore
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.pile_files import pile_files
from aita.services.grading.decided_grades import decided_as_graded
from aita.services.grading.grade_inputs import GradeInputs
from aita.services.grading.grading_settings import graded_before
from aita.services.grading.rubric_diff import compare
from aita.services.runs.aws_price import Work, bill, total
from aita.services.runs.duration_estimate import duration_of
from aita.services.runs.expected_requests import ExpectedRequests
from aita.services.runs.pipelines import stage_of, stages_of_run
from aita.services.runs.stage_history import StageHistory
from aita.services.runs.stage_work import work_of
from aita.services.runs.unknown_prices import tell_price
from aita.services.stages.base import LLMStage, Stage
from aita.services.stages.grade import GradeStage
from aita.tasks.request import LLMRequest
from aita.tasks.tokens import input_tokens, output_tokens

Cost = Callable[[int, int], Decimal | None]


@dataclass(frozen=True, slots=True)
class Estimator:
    """Estimates costs of runs.

    Parameters
    ----------
    cost
        Returns the cost in USD of input and output tokens, or ``None`` without a known price.
    cost_of
        The same for roles that have a model of their own.
    history
        Earlier runs; ``None`` if none are known.
    """

    objects: ObjectStore
    defaults: RunSettings
    cost: Cost
    decisions: DecisionStore
    cost_of: Mapping[ModelRole | None, Cost] = field(default_factory=dict)
    history: StageHistory | None = None

    def estimate(self, request: StartRunRequest) -> Estimate:
        """Return the calls, tokens, cost and time of a run that finds no cached reply.

        Raises
        ------
        RequestError
            As for a start: if the assignment's name or the pipeline is invalid, or material is missing.
        """
        material = self._material(request.assignment)
        settings = self._settings(material, request.options)
        expected = ExpectedRequests(material, settings)
        if thoughts := expected_thoughts(settings.reasoning_effort):
            expected.notes.append(
                f"the model's thoughts are taken as {thoughts:,} tokens a call, an assumption for its reasoning effort"
            )
        stages: list[StageEstimate] = []
        works: list[Work] = []
        made: frozenset[str] = frozenset()
        has_pile = bool(pile_files(material))
        for name in stages_of_run(request.pipeline, has_pile=has_pile, read_names=settings.read_names):
            stage = stage_of(name)
            stage.require(material, made)
            stages.append(self._stage(stage, expected.requests(stage, made), settings))
            works.append(work_of(stage, stages[-1].calls, material, settings, made, expected.grade_inputs))
            made |= {*stage.artifacts}
        expected.notes += [
            f"the price of {model} is not known: {tell_price(model)}"
            for model in dict.fromkeys(each.model for each in stages if each.cost_usd is None)
        ]
        if any(each.model == SIMULATED for each in stages):
            expected.notes.append("the simulated model costs nothing: a real one has another price")
        history = self.history.seconds_per_call(request.assignment) if self.history else {}
        duration = duration_of([*zip(stages, works, strict=True)], settings, history, expected.uncounted)
        return Estimate.of(stages, expected.notes, total(bill(sum(works, Work()))), duration)

    def rubric_changes(self, assignment: str, options: RunOptions) -> RubricDiff:
        """Return the effect of the present rubrics on existing grades, and the estimated cost of regrading.

        Raises
        ------
        RequestError
            If nothing is graded yet, or grading could not start now.
        """
        material = self._material(assignment)
        settings = self._settings(material, options)
        inputs, cells = GradeInputs.of(material, settings), material.grades()
        if not cells:
            raise MissingMaterialError(
                f"nothing of assignment {assignment} was graded yet: grade it first "
                f"(aita grade --assignment {assignment})"
            )
        decided = decided_as_graded(inputs.exam, cells, material.cell_decisions())
        found = compare(inputs, cells, cache(material.rubric_version), decided)
        questions = {question.question_id: question for question in inputs.exam.questions}
        requests = (
            inputs.task(student_id, questions[question_id], grader).request()
            for student_id, question_id in found.regrade
            for grader in range(1, settings.graders + 1)
        )
        return RubricDiff(
            questions=found.questions,
            rescaled=found.rescaled,
            regraded=len(found.regrade),
            others=found.others,
            estimate=self._stage(stage_of(GradeStage.name), requests, settings),
        )

    def _material(self, assignment: str) -> AssignmentFiles:
        return AssignmentFiles(self.objects, check_assignment(assignment), self.decisions)

    def _settings(self, material: AssignmentFiles, options: RunOptions) -> RunSettings:
        return self.defaults.model_copy(update=graded_before(material) | options.model_dump(exclude_none=True))

    def _stage(self, stage: Stage, requests: Iterable[LLMRequest], settings: RunSettings) -> StageEstimate:
        tokens = [(input_tokens(each), output_tokens(each, settings.reasoning_effort)) for each in requests]
        role = stage.model_role if isinstance(stage, LLMStage) else None
        price = self.cost_of.get(role, self.cost)
        asked = [*tokens, (0, 0)] if isinstance(stage, LLMStage) else tokens  # no price shows even without calls
        costs = [price(sent, received) for sent, received in asked]
        cost = None if None in costs else sum((each for each in costs if each is not None), Decimal(0))
        return StageEstimate(
            stage=stage.name,
            model=settings.model_of(role) if isinstance(stage, LLMStage) else "",
            calls=len(tokens),
            input_tokens=sum(sent for sent, _ in tokens),
            output_tokens=sum(received for _, received in tokens),
            cost_usd=cost,
            batch_cost_usd=cost * BATCH_PRICE if cost is not None and stage.goes_to_batches else cost,
        )
