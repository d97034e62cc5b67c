"""Executions of the state machine."""

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from aita.aws.client_errors import failed_request
from aita.errors import StackError
from aita.models.run import Run, StageEvent

_UNKNOWN = "ExecutionDoesNotExist"
_GONE = {_UNKNOWN, "InvalidArn"}
_ENDED = _GONE | {"ValidationException"}
"""Answers to ``StopExecution`` that may mean that nothing is there to stop; AWS documents none of an ended one."""


@dataclass(frozen=True, slots=True)
class StepFunctions:
    """Executions of one state machine, each named for its run and attempt."""

    client: Any
    state_machine_arn: str

    def start(self, run: Run) -> str:
        """Start the run's current attempt at its current stage; return the execution's ARN.

        Raises
        ------
        StackError
            If Step Functions does not say that it has started it.
        """
        event = StageEvent(run_id=run.run_id, attempt=run.attempt, stage=run.stage)
        try:
            answer = self.client.start_execution(
                stateMachineArn=self.state_machine_arn,
                name=f"{run.run_id}-{run.attempt}",
                input=json.dumps(event.model_dump()),
            )
        except (BotoCoreError, ClientError) as error:
            raise StackError(
                f"Step Functions did not start the run ({failed_request(error) or type(error).__name__}): resume it "
                f"(aita resume {run.run_id})"
            ) from error
        return str(answer["executionArn"])

    def stop(self, execution_arn: str) -> None:
        """Stop an execution; one that has ended or does not exist is passed over."""
        try:
            self.client.stop_execution(executionArn=execution_arn, error="Cancelled", cause="cancelled by a person")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ENDED:
                raise

    def is_running(self, execution_arn: str) -> bool | None:
        """Return whether the execution is running; ``None`` if Step Functions does not know it.

        ``DescribeExecution`` is eventually consistent, so that it may not know what was started seconds ago.
        """
        try:
            answer = self.client.describe_execution(executionArn=execution_arn)
        except ClientError as error:
            if (code := error.response["Error"]["Code"]) in _GONE:
                return None if code == _UNKNOWN else False
            raise
        return bool(answer["status"] == "RUNNING")

    def list_running(self) -> frozenset[str]:
        """Return the ARNs of the executions that are running, 1,000 at the most, without those of the map's items.

        ``ListExecutions`` is eventually consistent.

        Raises
        ------
        StackError
            If Step Functions does not tell.
        """
        arguments = {"stateMachineArn": self.state_machine_arn, "statusFilter": "RUNNING", "maxResults": 1000}
        try:
            found = self.client.list_executions(**arguments)["executions"]
        except (BotoCoreError, ClientError) as error:
            raise StackError(failed_request(error) or type(error).__name__) from error
        return frozenset(each["executionArn"] for each in found)
