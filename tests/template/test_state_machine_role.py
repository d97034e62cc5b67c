"""The state machine's role against its definition: no emulator enforces it, so it is proven here."""

from collections.abc import Iterator

from tests.template.conftest import Json, all_states, listed
from tests.template.grants import statements

NEEDED = {
    "arn:aws:states:::lambda:invoke": {"lambda:InvokeFunction"},
    "arn:aws:states:::dynamodb:updateItem": {"dynamodb:UpdateItem"},
    "arn:aws:states:::s3:getObject": {"s3:GetObject"},
    # What AWS's guide asks for a ResultWriter: large results are written in parts.
    "arn:aws:states:::s3:putObject": {
        "s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject",
    },
}  # fmt: skip
DISTRIBUTED = {"states:DescribeExecution", "states:StartExecution", "states:StopExecution"}


def services(definition: Json) -> Iterator[str]:
    """Yield what each state asks of another service."""
    for state in all_states(definition).values():
        if state["Type"] == "Task":
            yield state["Resource"]
        elif state["Type"] == "Map":
            assert state["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"
            yield state["ItemReader"]["Resource"]
            yield state["ResultWriter"]["Resource"]


def test_it_may_do_what_its_states_do_and_no_more(resources: Json, definition: Json) -> None:
    needed = DISTRIBUTED.union(*(NEEDED[service] for service in services(definition)))
    granted = {
        action
        for statement in statements(resources, "RunStateMachineRole")
        if statement["Sid"] != "DeliverLogs"  # what AWS's guide asks for a state machine that logs
        for action in listed(statement["Action"])
    }
    assert granted == needed


def test_it_writes_the_rows_of_runs_alone(resources: Json, definition: Json) -> None:
    (rows,) = (each for each in statements(resources, "RunStateMachineRole") if each["Sid"] == "RecordFailures")
    assert rows["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["RUN#*"]}}
    updates = [each for each in all_states(definition).values() if str(each.get("Resource")).endswith("updateItem")]
    assert updates
    for state in updates:
        assert state["Parameters"]["Key"]["pk"]["S.$"].startswith("States.Format('RUN#{}'")


def test_only_step_functions_takes_it_and_for_this_account(resources: Json) -> None:
    (statement,) = resources["RunStateMachineRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "states.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
