"""The state machine's definition against the template, the code, and what it must never do."""

import re
from typing import Any

import pytest

from aita.models.provider_batch import BatchStep
from aita.models.run import (
    BatchResponse,
    CollectResponse,
    ItemEvent,
    ItemResponse,
    Outcome,
    PlanResponse,
    RetryState,
    RunStatus,
    StageEvent,
)
from aita.services.calls.batch_queue import ROUND
from aita.services.calls.batch_watch import LONGEST
from aita.services.runs.pipelines import PIPELINES, stage_of
from aita.services.stages.base import LLMStage
from tests.template.conftest import Json, all_states, machines
from tests.template.scheduler import Retries

OUTCOMES = {"SUCCEEDED", "FAILED", "SKIPPED", "WAIT"}
RUN_GOES_ON = {"RUNNING"}
RUN_IS_WELL = {"SUCCEEDED", "WAITING_FOR_REVIEW"}
THROTTLED = "Lambda.TooManyRequestsException"
CONDITION_FAILED = "DynamoDB.ConditionalCheckFailedException"


def test_substitutions_are_given_and_used(template: Json, definition_text: str) -> None:
    properties = template["Resources"]["RunStateMachine"]["Properties"]
    assert properties["DefinitionUri"] == "statemachine/run.asl.json"
    assert set(re.findall(r"\$\{(\w+)\}", definition_text)) == set(properties["DefinitionSubstitutions"])


def test_no_arn_of_ours_in_the_definition(definition_text: str) -> None:
    assert set(re.findall(r"arn:aws:\w+:[^\"]*", definition_text)) == {
        "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::dynamodb:updateItem",
        "arn:aws:states:::s3:getObject",
        "arn:aws:states:::s3:putObject",
    }


def test_every_state_is_reached_and_every_target_exists(definition: Json) -> None:
    starts = (definition["StartAt"], definition["States"]["RunItems"]["ItemProcessor"]["StartAt"])
    for start, states in zip(starts, machines(definition), strict=True):
        assert reachable(start, states) == set(states)


def test_the_item_knows_every_outcome_that_the_code_answers(definition: Json) -> None:
    outcome = all_states(definition)["Outcome"]
    routes = compared(outcome)
    assert set(routes) == OUTCOMES == {member.value for member in Outcome}
    assert {value for value, target in routes.items() if target == "Wait"} == {"WAIT"}
    assert {target for value, target in routes.items() if value != "WAIT"} == {"ItemEnded"}
    assert all_states(definition)[outcome["Default"]]["Type"] == "Fail"


def test_the_wait_is_the_one_that_the_code_answers(definition: Json) -> None:
    states = all_states(definition)
    assert set(states["RunItem"]["ResultSelector"]) == {"outcome.$", "wait.$", "waited.$"}
    assert set(ItemResponse.model_fields) == {"outcome", "wait", "waited"}
    answer = ItemResponse(outcome=Outcome.FAILED).model_dump(mode="json")
    assert (answer["outcome"], answer["wait"]) == ("FAILED", 0)
    assert states["Wait"] == {**states["Wait"], "SecondsPath": "$.answer.wait", "Next": "RunItem"}


def test_what_an_item_waited_for_goes_back_to_the_function(definition: Json) -> None:
    states = all_states(definition)
    first = definition["States"]["RunItems"]["ItemSelector"]["answer"]["waited"]
    assert RetryState.model_validate(first) == RetryState()
    assert states["RunItem"]["ResultPath"] == "$.answer"
    assert states["RunItem"]["Parameters"]["Payload"]["waited.$"] == "$.answer.waited"
    event = {key.removesuffix(".$") for key in states["RunItem"]["Parameters"]["Payload"]}
    assert event == set(ItemEvent.model_fields)


def test_every_run_status_goes_where_it_belongs(definition: Json) -> None:
    states = definition["States"]
    routes = compared(states["RunStatus"])
    assert set(routes) == RUN_GOES_ON | RUN_IS_WELL
    assert {states[routes[status]]["Type"] for status in RUN_IS_WELL} == {"Succeed"}
    assert routes["RUNNING"] == definition["StartAt"]
    otherwise = states[states["RunStatus"]["Default"]]
    assert otherwise["Type"] == "Fail"
    assert (otherwise["ErrorPath"], otherwise["CausePath"]) == ("$.status", "$.reason")
    assert {member.value for member in RunStatus} - set(routes) == {
        "PARTIAL", "FAILED", "HALTED", "BUDGET_REACHED", "CANCELLED",
    }  # fmt: skip


def test_the_states_read_only_what_the_functions_answer(definition: Json) -> None:
    states = definition["States"]
    plan = set(PlanResponse.model_fields)
    read = paths({key: states["RunItems"][key] for key in ("ItemReader", "ItemSelector")})
    assert {path.split(".")[1] for path in read} <= plan
    assert paths(states["AnythingToRun"]) == {"$.count", "$.provider_batch"}
    assert {"status", "reason", "run_id", "attempt", "stage"} == set(CollectResponse.model_fields)


def test_the_batches_steps_go_where_they_belong(definition: Json) -> None:
    states = definition["States"]
    routes = compared(states["BatchStep"])
    assert routes == {
        BatchStep.AGAIN: "AdvanceBatches",
        BatchStep.WAIT: "WaitForBatches",
        BatchStep.DONE: "RunItems",
        BatchStep.STOPPED: "Collect",
    }
    assert states["WaitForBatches"]["Next"] == "AdvanceBatches"
    assert set(states["AdvanceBatches"]["Parameters"]["Payload"]) == {f"{name}.$" for name in StageEvent.model_fields}
    assert states["AdvanceBatches"]["ResultPath"] == "$.batches", "what Plan answered stays, for the Map"
    assert set(BatchResponse.model_fields) >= {"step"}


def test_a_history_holds_two_days_of_each_stage_with_a_model(definition: Json) -> None:
    """A round enters and leaves three states, and schedules, starts and ends an invocation."""
    events = 3 * 2 + 3
    rounds = LONGEST.total_seconds() / definition["States"]["WaitForBatches"]["Seconds"]
    assert definition["States"]["WaitForBatches"]["Seconds"] == ROUND.total_seconds()
    stages = [stage for stage in map(stage_of, PIPELINES["exam"]) if isinstance(stage, LLMStage)]
    assert len(stages) == 7
    assert rounds * events < 25_000 / 4, "two days of one"
    assert rounds / 2 * events * len(stages) < 25_000 * 0.8, "a day of each, and their Maps"


def test_no_execution_has_a_time_out(definition: Json) -> None:
    """A batch may take a day, and a standard execution a year."""
    assert "TimeoutSeconds" not in definition


def test_every_task_has_a_timeout_a_retry_and_a_catch(definition: Json) -> None:
    for name, state in all_states(definition).items():
        if state["Type"] == "Task":
            assert state["TimeoutSeconds"] <= 900, name
            assert state["Retry"], name
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], name
    assert definition["States"]["RunItems"]["Catch"][0]["ErrorEquals"] == ["States.ALL"]


def test_retries_grow_have_jitter_and_an_end(definition: Json) -> None:
    for name, state in all_states(definition).items():
        for retry in state.get("Retry", []):
            if retry["ErrorEquals"] == [CONDITION_FAILED]:  # asking again would answer the same
                assert retry["MaxAttempts"] == 0, name
                continue
            assert retry["JitterStrategy"] == "FULL", name
            assert retry["BackoffRate"] > 1, name
            assert retry["MaxDelaySeconds"] <= 60, name
            if retry["ErrorEquals"] != [THROTTLED]:
                assert 0 < retry["MaxAttempts"] <= 15, name


def test_every_invocation_waits_alike_for_lambda(definition: Json) -> None:
    """Throttled for hours; not ready, as a function is that nobody used for weeks, or at fault for minutes."""
    invoking = [state for state in all_states(definition).values() if str(state.get("Resource")).endswith(":invoke")]
    assert len(invoking) == 4
    throttled, unable = invoking[0]["Retry"][:2]
    assert all(state["Retry"][:2] == [throttled, unable] for state in invoking)
    assert throttled["ErrorEquals"] == [THROTTLED]
    assert {
        "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException",
        "Lambda.ClientExecutionTimeoutException",  # Step Functions' guide, "Handle Lambda service exceptions"
        "Lambda.CodeArtifactUserPendingException", "Lambda.CodeArtifactUserDeletedException",
        "Lambda.ResourceNotReadyException", "Lambda.ResourceConflictException", "Lambda.SnapStartNotReadyException",
        "Lambda.EC2ThrottledException", "Lambda.ENILimitReachedException",  # Lambda's reference, Invoke
    } == set(unable["ErrorEquals"])  # fmt: skip
    error = unable["ErrorEquals"][0]
    assert 240 < Retries.of(invoking[0], error).mean < 600, "idle functions were seen to need up to two minutes"


def test_the_table_and_the_manifest_are_waited_for_by_the_minute(definition: Json) -> None:
    """DynamoDB and S3 throttle too: a new partition, or more than an on-demand table had before, takes minutes."""
    states = all_states(definition)
    for name in ("RecordFailure", "CountFailure", "RecordRunFailure"):
        assert Retries.of(states[name], "States.TaskFailed").mean > 120, name
    assert [retry["ErrorEquals"] for retry in states["RunItems"]["Retry"]] == [["States.ItemReaderFailed"]]
    assert Retries.of(states["RunItems"], "States.ItemReaderFailed").mean > 120


def test_a_history_holds_the_longest_wait_for_lambda(definition: Json) -> None:
    """A retry is three events of the execution's 25,000: TaskScheduled, TaskStarted and TaskFailed."""
    retries = Retries.of(all_states(definition)["RunItem"], THROTTLED)
    assert 3 * retries.attempts < 25_000 / 5


def test_a_row_says_why_its_task_has_no_end(definition: Json) -> None:
    states = all_states(definition)
    catches = {tuple(catch["ErrorEquals"]): catch for catch in states["RunItem"]["Catch"]}
    throttled, unable = states["RunItem"]["Retry"][:2]
    causes = {
        (THROTTLED,): "Lambda was throttled for about",
        tuple(unable["ErrorEquals"]): "Lambda itself could not run this task's function",
        ("States.ALL",): "the function that ran this task stopped unexpectedly",
    }
    assert throttled["ErrorEquals"] == [THROTTLED]
    assert catches.keys() == causes.keys()
    for errors, told in causes.items():
        reason = states[catches[errors]["Next"]]
        assert (reason["Type"], reason["ResultPath"], reason["Next"]) == ("Pass", "$.why", "RecordFailure")
        assert reason["Result"].startswith(told)
        assert "resume the run" in reason["Result"]
    values = states["RecordFailure"]["Parameters"]["ExpressionAttributeValues"]
    assert (values[":error_type"], values[":error_message"]) == ({"S.$": "$.error.Error"}, {"S.$": "$.why"})


def test_a_run_says_why_it_could_not_go_on(definition: Json) -> None:
    states = definition["States"]
    for name in ("Plan", "Collect"):
        assert {tuple(catch["ErrorEquals"]): catch["Next"] for catch in states[name]["Catch"]} == {
            (THROTTLED,): "RunThrottled",
            ("States.ALL",): "RunBroken",
        }
    assert [catch["Next"] for catch in states["RunItems"]["Catch"]] == ["RunBroken"]
    for name in ("RunThrottled", "RunBroken"):
        assert (states[name]["ResultPath"], states[name]["Next"]) == ("$.why", "RecordRunFailure")
    values = states["RecordRunFailure"]["Parameters"]["ExpressionAttributeValues"]
    assert (values[":error_type"], values[":reason"]) == ({"S.$": "$.error.Error"}, {"S.$": "$.why"})


def test_how_long_lambda_was_throttled_is_told_as_it_is(definition: Json) -> None:
    states = all_states(definition)
    minutes = Retries.of(states["RunItem"], THROTTLED).mean / 60
    for name in ("Throttled", "RunThrottled"):
        (told,) = re.findall(r"throttled for about (\d+) minutes", states[name]["Result"])
        assert int(told) == pytest.approx(minutes, rel=0.05)
        assert "never ran" in states[name]["Result"]
        assert "MaxConcurrency" in states[name]["Result"]


def test_no_error_path_ends_in_success(definition: Json) -> None:
    checked = 0
    for states in machines(definition):
        for name, state in states.items():
            for catch in state.get("Catch", []):
                after = [states[target] for target in reachable(catch["Next"], states)]
                assert {step["Type"] for step in after} <= {"Pass", "Task", "Fail"}, name
                assert not any(step.get("End") for step in after), name
                checked += 1
    assert checked >= 8


def test_no_cause_is_kept_as_it_may_quote_a_student(definition: Json) -> None:
    for name in ("RecordFailure", "CountFailure", "RecordRunFailure"):
        state = all_states(definition)[name]
        assert not any("Cause" in path for path in paths(state)), name
        assert state["ResultPath"] is None, name


def test_a_success_and_a_later_attempt_are_never_overwritten(definition: Json) -> None:
    states = all_states(definition)
    row = states["RecordFailure"]["Parameters"]
    assert "#status <> :succeeded" in row["ConditionExpression"]
    assert row["ExpressionAttributeValues"][":succeeded"] == {"S": "SUCCEEDED"}
    assert "#attempt < :attempt" in row["ConditionExpression"]
    run = states["RecordRunFailure"]["Parameters"]
    assert run["ConditionExpression"] == "#status = :running AND #attempt = :attempt"
    assert run["ExpressionAttributeValues"][":running"] == {"S": RunStatus.RUNNING.value}


def test_expressions_use_what_is_declared(definition: Json) -> None:
    for name in ("RecordFailure", "CountFailure", "RecordRunFailure"):
        parameters = all_states(definition)[name]["Parameters"]
        text = parameters["ConditionExpression"] + " " + parameters["UpdateExpression"]
        names = {key.removesuffix(".$") for key in parameters["ExpressionAttributeNames"]}
        assert set(re.findall(r"#\w+", text)) == names, name
        assert set(re.findall(r":\w+", text)) == set(parameters["ExpressionAttributeValues"]), name


def test_the_map_is_one_that_all_three_interpreters_run(definition: Json) -> None:
    items = definition["States"]["RunItems"]
    assert definition.get("QueryLanguage", "JSONPath") == "JSONPath"
    assert items["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert items["ItemReader"]["ReaderConfig"] == {"InputType": "JSON"}
    assert items["ToleratedFailurePercentage"] == 100.0
    assert isinstance(items["ToleratedFailurePercentage"], float)
    assert "ItemBatcher" not in items
    assert isinstance(items["MaxConcurrency"], int)


def test_a_large_stage_does_not_outgrow_the_state(definition: Json) -> None:
    """The children's answers together may be more than a state's output takes, so they go to S3."""
    items = definition["States"]["RunItems"]
    assert items["ResultWriter"]["Resource"] == "arn:aws:states:::s3:putObject"
    assert items["ResultPath"] is None


def test_an_ordinary_task_takes_at_most_four_transitions(definition: Json) -> None:
    item = definition["States"]["RunItems"]["ItemProcessor"]
    steps = [item["StartAt"], item["States"][item["StartAt"]]["Next"]]
    steps.append(compared(item["States"][steps[-1]])["SUCCEEDED"])
    assert item["States"][steps[-1]]["Type"] == "Succeed"
    assert 1 + len(steps) <= 4  # the child's own start is one


def reachable(start: str, states: dict[str, Json]) -> set[str]:
    seen: set[str] = set()
    queue = [start]
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.add(name)
            queue += targets(states[name])
    return seen


def targets(state: Json) -> list[str]:
    found = [state[key] for key in ("Next", "Default") if key in state]
    return found + [branch["Next"] for key in ("Choices", "Catch") for branch in state.get(key, [])]


def compared(choice: Json) -> dict[str, str]:
    """Return where a Choice state goes for each string that it compares with."""
    return {test["StringEquals"]: branch["Next"] for branch in choice["Choices"] for test in branch.get("Or", [branch])}


def paths(value: Any) -> set[str]:
    """Return the JSONPaths into the state's input that occur anywhere in a value."""
    if isinstance(value, dict):
        return set().union(*map(paths, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(paths, value)) if value else set()
    return set(re.findall(r"(?<!\$)\$\.[\w.]+", value)) if isinstance(value, str) else set()
