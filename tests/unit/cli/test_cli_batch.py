"""Runs that use the provider's batches: the options, both prices, and how far the batches are."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.console import Console

from aita.cli.views.progress import LogProgress, draw
from aita.models.api import Estimate, StageEstimate
from aita.models.provider_batch import BatchProgress
from aita.models.run import RunStatus
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import RUN, FakeStack, run_view

COMMANDS = [["extract-questions"], ["generate-rubric"], ["transcribe"], ["grade"], ["exam"], ["rubric", "apply"]]
SINCE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LINE = f"waiting for the provider's batch, since {SINCE.astimezone():%Y-%m-%d %H:%M %Z}, 120 of 1,300 done"


def waiting(done: int = 120) -> BatchProgress:
    return BatchProgress(since=SINCE, done=done, total=1300)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(("option", "use"), [("--batch", "first"), ("--batch-only", "only")])
def test_every_pipeline_takes_it(stack: FakeStack, aita: Aita, command: list[str], option: str, use: str) -> None:
    stack.answer("POST", "/runs", run_view())
    assert aita(*command, "-a", "midterm", option, "--detach")[0] == 0
    (sent,) = stack.asked("POST", "/runs")
    assert sent.body["options"] == {"provider_batch": use}


def test_one_of_the_two_is_given(stack: FakeStack, aita: Aita) -> None:
    code, _, err = aita("grade", "-a", "midterm", "--batch", "--batch-only")
    assert code == 2
    assert "give one of them" in err
    assert stack.asked("POST", "/runs") == []


def test_an_estimate_has_both_prices(stack: FakeStack, aita: Aita) -> None:
    amounts = {"cost_usd": Decimal("0.3"), "batch_cost_usd": Decimal("0.15")}
    stage = StageEstimate(stage="rubric", calls=4, input_tokens=2_400, output_tokens=6_000, **amounts)
    stack.answer("POST", "/runs/estimate", Estimate.of([stage], []))
    _, out, _ = aita("estimate", "rubric", "-a", "midterm")
    assert "$0.3000" in out
    assert "$0.1500" in out
    stack.answer("POST", "/runs", run_view())
    stack.answer("GET", f"/runs/{RUN}", run_view(RunStatus.SUCCEEDED))
    assert "$0.3000, or $0.1500 with --batch" in aita("transcribe", "-a", "midterm", "--max-cost", "1")[2]


def test_a_run_that_waits_says_since_when_and_for_how_many(stack: FakeStack, aita: Aita) -> None:
    stack.answer("GET", f"/runs/{RUN}", run_view(batch_progress=waiting()))
    _, out, _ = aita("status", RUN)
    assert LINE in out


def test_a_cancelled_run_says_if_its_batches_may_go_on(stack: FakeStack, aita: Aita) -> None:
    stack.answer("GET", f"/runs/{RUN}", run_view(RunStatus.CANCELLED, batch_progress=waiting()))
    out = " ".join(aita("status", RUN)[1].split())
    assert "the provider has not confirmed that its batch of 1,300 requests is cancelled" in out
    assert f"aita cancel {RUN}" in out


def test_a_halted_run_says_that_its_batch_is_still_paid(stack: FakeStack, aita: Aita) -> None:
    stack.answer("GET", f"/runs/{RUN}", run_view(RunStatus.HALTED, batch_progress=waiting()))
    out = " ".join(aita("status", RUN)[1].split())
    assert "its batch of 1,300 requests is still at the provider, and is paid" in out
    assert f"aita resume {RUN}" in out
    assert f"aita cancel {RUN}" in out
    console = Console(width=120)
    with console.capture() as capture:
        console.print(draw(run_view(RunStatus.HALTED, batch_progress=waiting()), ""))
    assert "waiting" not in capture.get()


def test_progress_says_so_once_for_each_change() -> None:
    console = Console(width=120)
    with console.capture() as capture, LogProgress(console, lambda: 1000.0) as lines:
        for done in (120, 120, 121):
            lines.show(run_view(batch_progress=waiting(done)))
        lines.show(run_view())
    assert [line.partition(", since")[0] for line in capture.get().splitlines()] == [
        f"{run_view().stage}: waiting for the provider's batch"
    ] * 2
    with console.capture() as capture:
        console.print(draw(run_view(batch_progress=waiting()), ""))
    assert LINE in capture.get()
