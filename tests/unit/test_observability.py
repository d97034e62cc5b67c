"""What the functions write for CloudWatch: the metrics that alarms and the dashboard name."""

import json
import warnings
from typing import Any

import pytest
from aws_lambda_powertools import Metrics

from aita.models.call_usage import CallUsage
from aita.models.run import (
    CollectResponse,
    Item,
    ItemEvent,
    ItemResponse,
    Manifest,
    Outcome,
    PlanResponse,
    RunStatus,
    Usage,
)
from aita.observability import SERVICE, configure_logging, count_end, count_item, count_planned, metrics
from aita.services.runs.task_recorder import Executed

Json = dict[str, Any]
RUN = {"run_id": "r", "attempt": 1, "stage": "grade"}
IN_ALL = {"service": SERVICE}


def written(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, Json, float]]:
    """Return the name, dimensions and value of each metric that CloudWatch makes of what was printed."""
    found = []
    for line in capsys.readouterr().out.splitlines():
        record = json.loads(line)
        for directive in record["_aws"]["CloudWatchMetrics"]:
            assert directive["Namespace"] == "aita"
            for names in directive["Dimensions"]:
                dimensions = {name: record[name] for name in names}
                for metric in directive["Metrics"]:
                    (value,) = record[metric["Name"]]
                    found.append((metric["Name"], dimensions, value))
    return found


def item_metrics(executed: Executed, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, Json, float]]:
    count_item(ItemEvent(**RUN, item=Item(task_id="t", refs={})), executed)
    metrics.flush_metrics()
    return written(capsys)


def test_what_a_task_took_is_counted_for_the_stack(capsys: pytest.CaptureFixture[str]) -> None:
    usage = Usage(calls=2, input_tokens=30, output_tokens=7, cost_usd="0.25")
    executed = Executed(
        answer=ItemResponse(outcome=Outcome.SUCCEEDED), spent=CallUsage(requests=1, usage=usage, latency_ms=1200)
    )
    found = item_metrics(executed, capsys)
    assert sorted(found) == [
        ("CostUSD", IN_ALL, 0.25), ("InputTokens", IN_ALL, 30), ("Latency", IN_ALL, 1200), ("OutputTokens", IN_ALL, 7),
        ("TasksSucceeded", IN_ALL, 1),
    ]  # fmt: skip


def test_the_line_of_the_log_names_the_stage(capsys: pytest.CaptureFixture[str]) -> None:
    count_item(
        ItemEvent(**RUN, item=Item(task_id="t", refs={})), Executed(answer=ItemResponse(outcome=Outcome.SUCCEEDED))
    )
    metrics.flush_metrics()
    assert json.loads(capsys.readouterr().out)["stage"] == "grade"


def test_a_call_without_a_price_costs_nothing_known(capsys: pytest.CaptureFixture[str]) -> None:
    executed = Executed(
        answer=ItemResponse(outcome=Outcome.FAILED), spent=CallUsage(usage=Usage(calls=1, unpriced_calls=1))
    )
    names = {name for name, _, _ in item_metrics(executed, capsys)}
    assert "UnpricedCalls" in names
    assert "CostUSD" not in names


@pytest.mark.parametrize(
    ("outcome", "name"),
    [(Outcome.FAILED, "TasksFailed"), (Outcome.SKIPPED, "TasksSkipped"), (Outcome.WAIT, "Throttles")],
)
def test_each_outcome_has_a_metric(outcome: Outcome, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = item_metrics(Executed(answer=ItemResponse(outcome=outcome)), capsys)
    assert found == [(name, IN_ALL, 1)]


@pytest.mark.parametrize("status", RunStatus)
def test_ends_that_step_functions_does_not_tell_apart_have_a_metric(
    status: RunStatus, capsys: pytest.CaptureFixture[str]
) -> None:
    count_end(CollectResponse(**RUN, status=status, reason="r"))
    names = {RunStatus.HALTED: "RunsHalted", RunStatus.PARTIAL: "RunsPartial"}
    assert written(capsys) == ([(names[status], IN_ALL, 1)] if status in names else [])


def test_a_run_that_goes_on_and_a_stage_without_items_write_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    count_end(CollectResponse(**RUN, status=RunStatus.RUNNING))
    manifest = Manifest(bucket="b", key="k")
    count_planned(PlanResponse(**RUN, count=0, manifest=manifest, function="f", expires_at=0))
    assert written(capsys) == []
    count_planned(PlanResponse(**RUN, count=12, manifest=manifest, function="f", expires_at=0))
    assert written(capsys) == [("ItemsPlanned", IN_ALL, 12)]


def test_an_invocation_that_raised_writes_no_line_of_plain_text() -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        configure_logging()
        Metrics(namespace="none", service="none").flush_metrics()
    assert warned == []
