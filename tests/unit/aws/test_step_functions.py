"""Stops of executions: what there is no longer to stop is passed over, and nothing else."""

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from aita.aws.step_functions import StepFunctions

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:aita"
ARN = "arn:aws:states:us-east-1:123456789012:execution:aita:r-1"


def stop(code: str) -> None:
    client = boto3.client("stepfunctions", region_name="us-east-1")
    with Stubber(client) as stubber:
        stubber.add_client_error("stop_execution", code, "Execution is not running")
        StepFunctions(client, MACHINE).stop(ARN)
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["ExecutionDoesNotExist", "InvalidArn", "ValidationException"])
def test_an_execution_that_has_ended_is_passed_over(code: str) -> None:
    """The emulator refuses to stop one that succeeded or failed; a run that ended is resumed all the same."""
    stop(code)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_another_refusal_is_told(code: str) -> None:
    with pytest.raises(ClientError, match=code):
        stop(code)
