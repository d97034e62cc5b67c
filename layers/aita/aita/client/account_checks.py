"""Checks of the AWS account for ``aita doctor``: caller's account, secret of the API key, and quota of concurrency."""

from botocore.exceptions import BotoCoreError, ClientError

from aita.client.stack_outputs import Stack
from aita.client.stack_target import StackTarget


def account_of(place: StackTarget) -> str:
    """Return the id of the account that the credentials belong to.

    Raises
    ------
    StackError
        If there are no credentials, they have expired, or AWS refuses them.
    """
    place.credentials()
    try:
        return str(place.client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise place.explain(error) from error


def is_set(place: StackTarget, secret: str) -> bool:
    """Tell whether a secret exists and has a value, without reading it.

    Raises
    ------
    StackError
        If Secrets Manager can't be reached or refuses.
    """
    client = place.client("secretsmanager")
    try:
        described = client.describe_secret(SecretId=secret)
    except client.exceptions.ResourceNotFoundException:
        return False
    except (BotoCoreError, ClientError) as error:
        raise place.explain(error) from error
    versions = described.get("VersionIdsToStages", {}).values()
    return "DeletedDate" not in described and any("AWSCURRENT" in stages for stages in versions)


def concurrency_left(place: StackTarget) -> int:
    """Return the account's limit of concurrent invocations in this region, less the reserved ones.

    Raises
    ------
    StackError
        If Lambda can't be reached or refuses.
    """
    try:
        limits = place.client("lambda").get_account_settings()["AccountLimit"]
    except (BotoCoreError, ClientError) as error:
        raise place.explain(error) from error
    return int(limits["UnreservedConcurrentExecutions"])


def running_executions(place: StackTarget, stack: Stack) -> int:
    """Return how many runs of a stack are at work.

    Raises
    ------
    StackError
        If Step Functions can't be reached or refuses.
    """
    client = place.client("stepfunctions")
    try:
        answer = client.list_executions(stateMachineArn=stack.state_machine_arn, statusFilter="RUNNING")
    except (BotoCoreError, ClientError) as error:
        raise place.explain(error) from error
    return len(answer["executions"])
