"""The alarms and the dashboard: each names a metric that is really emitted, with its dimensions.

CloudWatch takes an alarm on a metric that does not exist without complaint, and it never goes off.
"""

import json
import re

import pytest

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
    StageEvent,
    Usage,
)
from aita.observability import count_end, count_item, count_planned, metrics
from aita.services.runs.pipelines import PIPELINES
from aita.services.runs.task_recorder import Executed
from tests.template.conftest import ROOT, Json, of_type

Metric = tuple[str, str, frozenset[str]]
"""A namespace, a name and the names of the dimensions."""

LAMBDA_METRICS = {"ConcurrentExecutions", "Duration", "Errors", "Throttles"}
"""https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html, and for the dimension, which takes all
versions and aliases together: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html"""

EXECUTION_METRICS = {"ExecutionsAborted", "ExecutionsFailed", "ExecutionsStarted", "ExecutionsSucceeded"}
"""https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html, "Execution Metrics"."""

MAP_RUN_METRICS = {"ApproximateOpenMapRunCount"}
"""The same page, "Map Run Metrics": of the whole account, without a dimension."""

API_METRICS = {"5XXError"}
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html"""

DOCUMENTED: set[Metric] = {
    *(("AWS/Lambda", name, frozenset({"FunctionName"})) for name in LAMBDA_METRICS),
    *(("AWS/States", name, frozenset({"StateMachineArn"})) for name in EXECUTION_METRICS),
    *(("AWS/States", name, frozenset[str]()) for name in MAP_RUN_METRICS),
    *(("AWS/ApiGateway", name, frozenset({"ApiName", "Stage"})) for name in API_METRICS),
}
FIRED_BY = {
    "FailedRunsAlarm": ("AWS/States", "ExecutionsFailed"),
    "HaltedRunsAlarm": ("aita", "RunsHalted"),
    "HourlyCostAlarm": ("aita", "CostUSD"),
    "ApiErrorsAlarm": ("AWS/ApiGateway", "5XXError"),
    **{
        f"{name}ErrorsAlarm": ("AWS/Lambda", "Errors")
        for name in ("Plan", "Collect", "Split", "Task", "Names", "Batch", "Report")
    },
    **{f"{name}ThrottlesAlarm": ("AWS/Lambda", "Throttles") for name in ("Api", "Split", "Task", "Names", "Report")},
    "TaskDurationAlarm": ("AWS/Lambda", "Duration"),
}


@pytest.fixture
def emitted(capsys: pytest.CaptureFixture[str]) -> set[Metric]:
    """What the functions' own metrics are over all stages, outcomes and ends, as they write them for CloudWatch."""
    for stage in (StageEvent(run_id="r", attempt=1, stage=name) for name in PIPELINES["exam"]):
        manifest = Manifest(bucket="b", key="k")
        count_planned(PlanResponse(**stage.model_dump(), count=1, manifest=manifest, function="f", expires_at=0))
        usage = Usage(calls=2, input_tokens=1, output_tokens=1, cost_usd="0.1", unpriced_calls=1)
        for outcome in Outcome:
            event = ItemEvent(**stage.model_dump(), item=Item(task_id="t", refs={}))
            spent = CallUsage(usage=usage, latency_ms=1)
            count_item(event, Executed(answer=ItemResponse(outcome=outcome), spent=spent))
            metrics.flush_metrics()
        for status in RunStatus:
            count_end(CollectResponse(**stage.model_dump(), status=status))
    records = [json.loads(line)["_aws"]["CloudWatchMetrics"] for line in capsys.readouterr().out.splitlines()]
    return {
        (directive["Namespace"], metric["Name"], frozenset(dimensions))
        for record in records
        for directive in record
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    }


def test_every_alarm_is_on_a_metric_that_exists(resources: Json, emitted: set[Metric]) -> None:
    for name, alarm in alarms(resources).items():
        properties = alarm["Properties"]
        dimensions = frozenset(dimension["Name"] for dimension in properties["Dimensions"])
        assert (properties["Namespace"], properties["MetricName"], dimensions) in DOCUMENTED | emitted, name


def test_every_alarm_is_on_what_it_is_named_for(resources: Json) -> None:
    found = {name: alarm["Properties"] for name, alarm in alarms(resources).items()}
    assert {name: (each["Namespace"], each["MetricName"]) for name, each in found.items()} == FIRED_BY
    for name, properties in found.items():
        if properties["Namespace"] == "AWS/Lambda":
            function = re.sub("(Errors|Throttles|Duration)Alarm", "Function", name)
            assert properties["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": function}}]
            assert resources[function]["Type"] == "AWS::Lambda::Function"


def test_a_dimension_has_the_value_that_is_emitted(resources: Json) -> None:
    found = alarms(resources)
    stack = {"Ref": "AWS::StackName"}
    for function in of_type(resources, "AWS::Lambda::Function").values():
        assert function["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == stack
    for name in ("HaltedRunsAlarm", "HourlyCostAlarm"):
        assert found[name]["Properties"]["Dimensions"] == [{"Name": "service", "Value": stack}]
    assert found["FailedRunsAlarm"]["Properties"]["Dimensions"][0]["Value"] == {"Ref": "RunStateMachine"}
    (stage,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    assert found["ApiErrorsAlarm"]["Properties"]["Dimensions"] == [
        {"Name": "ApiName", "Value": resources["Api"]["Properties"]["Body"]["info"]["title"]},
        {"Name": "Stage", "Value": stage["Properties"]["StageName"]},
    ]


def test_every_alarm_compares_as_it_should(resources: Json) -> None:
    found = {name: alarm["Properties"] for name, alarm in alarms(resources).items()}
    timeout = resources["TaskFunction"]["Properties"]["Timeout"]
    assert found["TaskDurationAlarm"]["Threshold"] == pytest.approx(0.9 * timeout * 1000)
    assert found["TaskDurationAlarm"]["Statistic"] == "Maximum"
    cost = found["HourlyCostAlarm"]
    assert (cost["Period"], cost["Threshold"]) == (3600, {"Ref": "MaxHourlyCostUsd"})
    for name, properties in found.items():
        if name not in ("TaskDurationAlarm", "HourlyCostAlarm"):
            assert (properties["Statistic"], properties["Threshold"]) == ("Sum", 1), name
        assert properties["ComparisonOperator"].startswith("GreaterThan"), name
        assert properties["TreatMissingData"] == "notBreaching", f"{name}: a metric without a run has no data"
        assert properties["Period"] * properties["EvaluationPeriods"] <= 86_400, name


def test_an_alarm_writes_to_who_is_named_and_to_nobody_else(resources: Json, template: Json) -> None:
    assert template["Conditions"]["HasAlarmEmail"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}
    for name in ("AlarmTopic", "AlarmSubscription"):
        assert resources[name]["Condition"] == "HasAlarmEmail"
    for name, alarm in alarms(resources).items():
        actions = {"Fn::If": ["HasAlarmEmail", [{"Ref": "AlarmTopic"}], {"Ref": "AWS::NoValue"}]}
        assert alarm["Properties"]["AlarmActions"] == actions, name


def test_the_dashboard_shows_what_exists(resources: Json, emitted: set[Metric]) -> None:
    body = dashboard(resources)
    shown = set()
    for widget in body["widgets"]:
        assert widget["properties"]["region"] == "${AWS::Region}"
        for namespace, name, *rest in widget["properties"]["metrics"]:
            names = [each for each in rest if isinstance(each, str)]
            dimensions = dict(zip(names[::2], names[1::2], strict=True))
            assert (namespace, name, frozenset(dimensions)) in DOCUMENTED | emitted, name
            for value in dimensions.values():
                referred = re.fullmatch(r"\$\{(\w+|AWS::StackName)\}", value)
                assert value == "v1" or (referred and referred[1] in {*resources, "AWS::StackName"}), value
            shown.add(name)
    assert {
        "ExecutionsStarted", "TasksSucceeded", "Throttles", "InputTokens", "OutputTokens", "CostUSD", "ItemsPlanned",
    } <= shown  # fmt: skip


def test_every_metric_that_is_paid_for_is_looked_at(resources: Json, emitted: set[Metric]) -> None:
    """CloudWatch bills each name with each set of dimensions: here the stack's name alone, so one each."""
    watched = {each["Properties"]["MetricName"] for each in alarms(resources).values()}
    shown = {each[1] for widget in dashboard(resources)["widgets"] for each in widget["properties"]["metrics"]}
    assert {dimensions for _, _, dimensions in emitted} == {frozenset({"service"})}
    assert {name for _, name, _ in emitted} <= watched | shown
    assert len(emitted) == 12, "docs/costs.md has their price"


def test_no_widget_covers_another(resources: Json) -> None:
    taken = [
        (x, y)
        for widget in dashboard(resources)["widgets"]
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


def test_every_alarm_has_a_line_in_the_operations_guide(resources: Json) -> None:
    guide = (ROOT / "docs" / "operations.md").read_text()
    assert set(re.findall(r"(?m)^\| `(\w+Alarm)` \|", guide)) == set(alarms(resources))


def alarms(resources: Json) -> dict[str, Json]:
    return of_type(resources, "AWS::CloudWatch::Alarm")


def dashboard(resources: Json) -> Json:
    body: Json = json.loads(resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    return body
