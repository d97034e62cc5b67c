"""The reasoning effort of a run: what it changes, and what it leaves as it was before there was one."""

from decimal import Decimal
from typing import Any

import pytest

from aita.models.api import RunOptions, StartRunRequest
from aita.models.effort import EFFORTS, ReasoningEffort, expected_thoughts, room_for_thoughts
from aita.models.run import Run, RunSettings, RunStatus, Usage
from aita.services.calls.model_identity import identity
from aita.services.runs.cost_estimate import Estimator
from tests.support.fakes import ASSIGNMENT, MODEL, FakeModel, Harness, right
from tests.unit.services.grading.test_grade_assembly import cell, grader, inputs


class Thinker(FakeModel):
    """A fake model that is told how long to think."""

    def __init__(self, effort: ReasoningEffort) -> None:
        super().__init__(otherwise=right)
        self.reasoning_effort = effort


def deployed(harness: Harness, effort: ReasoningEffort) -> FakeModel:
    """Deploy the stack with another effort, and return its model, which was not asked anything yet."""
    harness.model = Thinker(effort)
    harness.submissions = type(harness.submissions)(
        harness.runs, harness.objects, harness.executions, harness.batch_invoker, harness.clock,
        harness.submissions.defaults.model_copy(update={"reasoning_effort": effort}),
    )  # fmt: skip
    harness.cold()
    return harness.model


class TestWhatRepliesAreKnownBy:
    @pytest.mark.parametrize("effort", ["none", "default"])
    def test_what_was_paid_for_before_there_was_an_effort_is_used(
        self, harness: Harness, effort: ReasoningEffort
    ) -> None:
        harness.exam()
        harness.run()
        model = deployed(harness, effort)
        again = harness.run()
        assert (again.status, model.calls) == (RunStatus.SUCCEEDED, 0)
        assert again.usage.cached_calls == 6

    def test_another_effort_is_asked_anew_and_kept_apart(self, harness: Harness) -> None:
        harness.exam()
        harness.run()
        high = deployed(harness, "high")
        harness.run()
        harness.run()
        assert high.calls == 6
        assert deployed(harness, "none").calls == 0
        harness.run()
        assert harness.model.calls == 0

    def test_a_model_of_ones_own_needs_to_know_of_none(self) -> None:
        assert identity(FakeModel()) == ("https://model.test/v1", MODEL)
        assert len({identity(Thinker(effort)) for effort in EFFORTS}) == len(EFFORTS)
        assert identity(Thinker("none")) == identity(Thinker("default")) == identity(FakeModel())


class TestRuns:
    def test_one_keeps_to_the_effort_that_it_was_started_with(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        deployed(harness, "low")
        halted = harness.drive(run)
        assert halted.status is RunStatus.HALTED
        assert "started with the reasoning effort none and the stack now has low" in halted.reason
        deployed(harness, "none")
        assert harness.resume(halted).status is RunStatus.SUCCEEDED

    def test_leaving_it_to_the_model_is_no_other_effort_than_none(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        deployed(harness, "default")
        assert harness.drive(run).status is RunStatus.SUCCEEDED

    def test_a_row_of_a_run_that_knew_none_is_read(self, harness: Harness) -> None:
        harness.exam()
        values = harness.begin().model_dump(mode="json")
        del values["settings"]["reasoning_effort"]
        assert Run.model_validate(values).settings.reasoning_effort == "none"

    def test_tokens_for_the_limiter_are_with_thoughts(self, harness: Harness) -> None:
        harness.exam()
        harness.run(rate_limit_rps=10)
        plain = list(harness.limiter.tokens)
        deployed(harness, "medium")
        harness.run(rate_limit_rps=10)
        thoughtful = harness.limiter.tokens[len(plain) :]
        more = [thoughts - none for none, thoughts in zip(plain, thoughtful, strict=True)]
        assert more == [1000, 0, 0, 1000, 0, 0], "of each kind the first call; the others use what the first one used"


class TestGrades:
    def test_a_grade_names_its_effort_and_another_one_reopens_nothing(self) -> None:
        graded = [cell(inputs(reasoning_effort=effort), grader(3, 2)) for effort in EFFORTS]
        assert [each.reasoning_effort for each in graded] == [*EFFORTS]
        assert len({each.basis for each in graded}) == 1

    @pytest.mark.parametrize("effort", [{}, {"reasoning_effort": "none"}, {"reasoning_effort": "default"}])
    def test_one_without_thoughts_is_of_the_basis_that_version_0_1_0_gave_it(self, effort: dict[str, Any]) -> None:
        assert cell(inputs(**effort), grader(3, 2)).basis == "09d7a6fd8364ccef1af1c5beab808e59"


class TestEstimates:
    @staticmethod
    def estimate(harness: Harness, **options: Any) -> Any:
        estimator = Estimator(
            harness.objects,
            RunSettings(model=MODEL, max_workers=5),
            lambda taken, given: Decimal(taken + 10 * given),
            harness.decisions,
        )
        return estimator.estimate(
            StartRunRequest(assignment=ASSIGNMENT, pipeline="rubric", options=RunOptions(**options))
        )

    def test_they_are_with_thoughts_and_say_that_those_are_supposed(self, harness: Harness) -> None:
        harness.exam()
        plain, low = (self.estimate(harness, batch_size=1, reasoning_effort=effort) for effort in ("none", "low"))
        assert low.output_tokens - plain.output_tokens == 6 * expected_thoughts("low") > 0
        assert low.cost_usd - plain.cost_usd == 10 * 6 * expected_thoughts("low")
        assert [note for note in low.notes if note not in plain.notes] == [
            "the model's thoughts are taken as 300 tokens a call, an assumption for its reasoning effort"
        ]

    def test_each_call_is_priced_by_itself(self, harness: Harness) -> None:
        """A price that depends on a call's length must not see the sum of all."""
        harness.exam()
        seen: list[int] = []

        def cost(taken: int, given: int) -> Decimal:
            seen.append(taken)
            return Decimal(1 if taken else 0)

        defaults = RunSettings(model=MODEL, max_workers=5, batch_size=1)
        estimator = Estimator(harness.objects, defaults, cost, harness.decisions)
        found = estimator.estimate(StartRunRequest(assignment=ASSIGNMENT, pipeline="rubric"))
        assert found.cost_usd == found.calls == 6
        assert max(seen) < found.input_tokens / 2

    def test_more_effort_takes_more_of_everything(self) -> None:
        for amount in (expected_thoughts, room_for_thoughts):
            amounts = [amount(effort) for effort in EFFORTS]
            assert amounts == sorted(set(amounts))
            assert (amounts[0], amount("default")) == (0, 0)


def test_usages_are_taken_from_each_other() -> None:
    one = Usage(calls=3, input_tokens=10, cost_usd=Decimal("0.3"), unpriced_calls=1)
    assert one + one - one == one
