"""What ``aita doctor`` asks AWS itself: who is calling, whether the key's secret is set, how much may run at once."""

from botocore.exceptions import BotoCoreError, ClientError

from aita.client.stack_target import StackTarget

BESIDE_TASKS = 10
"""Invocations at once that a run's tasks leave for the API, Plan and Collect."""


def account_of(place: StackTarget) -> str:
    """Return the account that the credentials are of.

    Raises
    ------
    StackError
        If there are none, they have expired, or AWS refuses them.
    """
    place.credentials()
    try:
        return str(place.client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise place.explain(error) from error


def is_set(place: StackTarget, secret: str) -> bool:
    """Tell whether a secret is there and has a value, without reading it.

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
    """Return how many invocations the account may have at once in this region, less what others reserved.

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
