"""A run with a cap never costs more, whoever calls at once; and what a run would take is told before."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import MissingMaterialError, RequestError
from aita.models.api import RunOptions, StartRunRequest
from aita.models.run import Outcome, Run, RunSettings, RunStatus
from aita.ports import Reply
from aita.services.runs.cost_estimate import Estimator
from aita.tasks.request import LLMRequest
from tests.support.fakes import ASSIGNMENT, COST_OF_A_CALL, HIGHEST_COST, MODEL, Clock, Harness, busy, reply, right
from tests.support.memory_runs import MemoryRuns


def cap_for(calls: int) -> Decimal:
    """Return a cap that lets so many calls be made one after the other."""
    return COST_OF_A_CALL * (calls - 1) + HIGHEST_COST


class TestCap:
    def test_a_run_ends_before_it_would_pass_it_and_keeps_its_work(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run(max_cost_usd=cap_for(4))
        assert run.status is RunStatus.BUDGET_REACHED
        assert harness.model.calls == 4
        assert run.usage.cost_usd == 4 * COST_OF_A_CALL <= cap_for(4)
        assert "--max-cost" in run.reason
        assert len(harness.rows(run)) == 4

    def test_a_higher_cap_goes_on_and_pays_nothing_twice(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run(max_cost_usd=cap_for(4))
        again = harness.drive(harness.submissions.resume(run.run_id, Decimal(10)))
        assert (again.status, harness.model.calls) == (RunStatus.SUCCEEDED, 6)
        assert again.settings.max_cost_usd == 10
        assert again.usage.cost_usd == 6 * COST_OF_A_CALL

    def test_the_same_cap_ends_at_once(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run(max_cost_usd=cap_for(4))
        assert harness.resume(run).status is RunStatus.BUDGET_REACHED
        assert harness.model.calls == 4

    def test_what_a_call_did_not_cost_is_given_back(self, harness: Harness) -> None:
        harness.exam()
        run = harness.run(max_cost_usd=HIGHEST_COST + 10 * COST_OF_A_CALL)
        assert run.status is RunStatus.SUCCEEDED
        assert run.committed_usd == run.usage.cost_usd == 6 * COST_OF_A_CALL

    def test_a_call_that_was_refused_gives_all_back(self, harness: Harness) -> None:
        harness.exam()
        harness.model.say(busy(), busy(1))
        run = harness.run(max_cost_usd=HIGHEST_COST + 10 * COST_OF_A_CALL)
        assert run.committed_usd == run.usage.cost_usd

    def test_one_of_unknown_cost_keeps_its_highest(self, harness: Harness) -> None:
        harness.exam()
        harness.model.say(lambda request: reply(right(request), usage=None))
        run = harness.run(max_cost_usd=Decimal(10))
        assert run.committed_usd == HIGHEST_COST + 5 * COST_OF_A_CALL

    def test_calls_of_unknown_cost_that_fill_the_cap_are_told(self, harness: Harness) -> None:
        harness.exam()
        harness.model.otherwise = lambda request: reply(right(request), usage=None)
        run = harness.run(max_cost_usd=2 * HIGHEST_COST)
        assert run.status is RunStatus.BUDGET_REACHED
        assert run.usage.unpriced_calls == 2
        assert f"{2 * HIGHEST_COST:.4f} more set aside as 2 calls are of unknown cost" in run.reason

    def test_a_run_without_a_cap_commits_nothing(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(harness.runs, "reserve_cost", None)
        monkeypatch.setattr(harness.runs, "release_cost", None)
        harness.exam()
        assert harness.run().status is RunStatus.SUCCEEDED

    def test_a_model_without_a_price_can_not_have_one(self, harness: Harness) -> None:
        harness.exam()
        harness.submissions = type(harness.submissions)(
            harness.runs, harness.objects, harness.executions, harness.batch_invoker, harness.clock,
            RunSettings(model=MODEL, max_workers=5), unpriced=frozenset({"grader"}),
        )  # fmt: skip
        with pytest.raises(RequestError, match="price of fake-model is not known"):
            harness.begin(max_cost_usd=1)
        assert harness.begin().settings.max_cost_usd is None

    def test_others_are_skipped_once_it_is_reached(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin(max_cost_usd=HIGHEST_COST)
        events = harness.events(run)
        assert [harness.invoke(event).answer.outcome for event in events] == [
            Outcome.SUCCEEDED, Outcome.SKIPPED, Outcome.SKIPPED,
        ]  # fmt: skip

    @pytest.mark.parametrize(("usage", "paid"), [("priced", COST_OF_A_CALL), ("unknown", HIGHEST_COST), ("none", 0)])
    def test_what_a_call_cost_counts_though_the_run_was_resumed_meanwhile(
        self, harness: Harness, usage: str, paid: Decimal
    ) -> None:
        """The new attempt begins with the cost of recorded tasks, without what calls in flight had committed."""
        harness.exam()

        def resumed(request: LLMRequest) -> Reply:
            harness.submissions.cancel(run.run_id)
            harness.submissions.resume(run.run_id)
            if usage == "none":
                raise busy()
            return reply(right(request), **({} if usage == "priced" else {"usage": None}))

        run = harness.begin(max_cost_usd=Decimal(10))
        harness.model.say(resumed)
        harness.invoke(harness.events(run)[0])
        assert harness.runs.get(run.run_id).committed_usd == paid

    @given(
        cap=st.decimals("0.1", 5, places=2),
        calls=st.lists(st.tuples(st.sampled_from(["answered", "refused", "died"]), st.integers(1, 50)), max_size=40),
    )
    def test_no_order_of_calls_and_deaths_passes_the_cap(self, cap: Decimal, calls: list[tuple[str, int]]) -> None:
        runs, run = one_run()
        paid = Decimal(0)
        for end, cents in calls:
            highest = Decimal(cents) / 100
            if not runs.reserve_cost(run.run_id, 1, highest, cap):
                continue
            cost = highest if end == "died" else highest / 2 if end == "answered" else Decimal(0)
            paid += cost
            if end != "died":
                runs.release_cost(run.run_id, 1, highest - cost)
            assert paid <= runs.get(run.run_id).committed_usd <= cap

    def test_nor_do_many_at_once(self) -> None:
        runs, run = one_run()

        def call(_: int) -> bool:
            return runs.reserve_cost(run.run_id, 1, Decimal("0.3"), Decimal(10))

        with ThreadPoolExecutor(16) as pool:
            assert sum(pool.map(call, range(100))) == 33


def one_run() -> tuple[MemoryRuns, Run]:
    clock = Clock()
    runs = MemoryRuns(clock)
    run = Run(
        run_id="1", assignment="a", pipeline="rubric", status=RunStatus.RUNNING, attempt=1, stage="s",
        settings=RunSettings(model=MODEL, max_workers=1), created_at=clock(), updated_at=clock(),
    )  # fmt: skip
    runs.create(run, None)
    return runs, run


class TestEstimate:
    @staticmethod
    def estimate(harness: Harness, pipeline: str, priced: bool = True, **options: Any) -> Any:
        def cost(taken: int, given: int) -> Decimal | None:
            return Decimal(taken + 4 * given) / 1_000_000 if priced else None

        defaults = RunSettings(model=MODEL, max_workers=5)
        request = StartRunRequest(assignment=ASSIGNMENT, pipeline=pipeline, options=RunOptions(**options))
        return Estimator(harness.objects, defaults, cost, harness.decisions).estimate(request)

    def test_of_questions(self, harness: Harness) -> None:
        harness.exam()
        found = self.estimate(harness, "rubric", batch_size=1)
        assert [(stage.stage, stage.calls) for stage in found.stages] == [("answer_key", 3), ("rubric", 3)]
        assert found.input_tokens == sum(stage.input_tokens for stage in found.stages) > 1_000
        assert found.cost_usd == Decimal(found.input_tokens + 4 * found.output_tokens) / 1_000_000
        assert any("answer keys" in note for note in found.notes)

    def test_is_near_what_the_run_then_asks(self, harness: Harness) -> None:
        harness.exam()
        found = self.estimate(harness, "rubric", batch_size=1)
        harness.run()
        asked = sum(len(m.text.encode()) / 4 for request in harness.model.requests for m in request.messages)
        assert found.input_tokens == pytest.approx(asked, rel=0.5)
        assert self.estimate(harness, "rubric", batch_size=1).input_tokens == pytest.approx(asked, rel=0.02)

    def test_of_questions_that_share_calls(self, harness: Harness) -> None:
        harness.exam()
        assert self.estimate(harness, "rubric").stages[0].calls == 1

    def test_of_a_rubric_that_the_instructor_gave(self, harness: Harness) -> None:
        harness.exam()
        own = {"1a": {"total_points": 5, "criteria": [{"points": 5, "description": "right"}]}}
        harness.put("user_rubrics.json", own)
        assert self.estimate(harness, "rubric").stages[1].calls == 2

    def test_of_scans_before_and_after_they_are_split(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"x")
        harness.put("scans/Ann/2.pdf", b"x" * 900_000)
        before = self.estimate(harness, "transcribe")
        calls = [(stage.stage, stage.calls) for stage in before.stages]
        assert calls == [("split", 0), ("transcribe", 4)]
        assert before.notes
        page = {"page": 1, "key": "k", "sha256": "a" * 64, "width": 640, "height": 480}
        harness.put("pages.json", {"s": [page]})
        after = self.estimate(harness, "transcribe")
        assert (after.calls, after.notes) == (1, ())
        assert after.input_tokens < before.input_tokens / 4

    def test_of_a_kind(self, harness: Harness) -> None:
        harness.put("tasks/chat.jsonl", '{"prompt": "hello"}\n\n{"prompt": "you"}\n')
        assert self.estimate(harness, "kind.chat").calls == 2

    def test_without_a_price(self, harness: Harness) -> None:
        harness.exam()
        assert self.estimate(harness, "rubric", priced=False).cost_usd is None

    def test_of_nothing(self, harness: Harness) -> None:
        harness.put("user_rubrics.json", {})
        with pytest.raises(MissingMaterialError):
            self.estimate(harness, "rubric")
