"""Outputs and parameters of a deployed stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from aita.client.stack_target import LOCAL_HINT, StackTarget
from aita.errors import StackError
from aita.models.model_role import ROLES, ModelRole
from aita.settings import BEDROCK

_READY = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
    }
)
"""Statuses in which a stack exists and answers."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployed stack. ``api_url`` is the base URL of its API, without a slash at the end.

    ``api_key_secret`` is the name of the secret with the model's key; ``None`` if its model is Amazon Bedrock's, which
    needs none. ``role_models`` are the models of roles that have one of their own, or an endpoint, and ``role_secrets``
    the secrets with the keys of roles that have an endpoint of their own, but for Amazon Bedrock. ``is_protected`` is
    false if the table can be deleted.
    """

    name: str
    region: str
    api_url: str
    bucket: str
    table: str
    state_machine_arn: str
    max_concurrency: int
    model: str
    api_key_secret: str | None
    role_models: Mapping[ModelRole, str] = field(default_factory=dict)
    role_secrets: Mapping[ModelRole, str] = field(default_factory=dict)
    is_protected: bool = True


def find_stack(place: StackTarget) -> Stack:
    """Return the stack at a place, from its outputs and parameters.

    Raises
    ------
    StackError
        If the stack does not exist, is not ready or is not one of aita's, or if CloudFormation can't be reached.
    """
    client = place.client("cloudformation")
    try:
        described = client.describe_stacks(StackName=place.stack)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"].get("Code") == "ValidationError":  # CloudFormation's code for an unknown stack
            raise StackError(f"there is no stack {place.stack!r} {_where(place)}: {_deploy(place)}") from error
        raise place.explain(error) from error
    except BotoCoreError as error:
        raise place.explain(error) from error
    if (status := described["StackStatus"]) not in _READY:
        raise StackError(f"stack {place.stack!r} is not ready, it is {status}: wait until it is, or {_deploy(place)}")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", ())}
    parameters = {given["ParameterKey"]: given["ParameterValue"] for given in described.get("Parameters", ())}
    try:
        return Stack(
            name=place.stack,
            region=client.meta.region_name,
            api_url=_api_url(outputs["ApiUrl"], place.endpoint_url),
            bucket=outputs["BucketName"],
            table=outputs["TableName"],
            state_machine_arn=outputs["StateMachineArn"],
            max_concurrency=int(outputs["MaxConcurrency"]),
            model=outputs["ModelName"],
            api_key_secret=None if parameters.get("ModelBaseUrl") == BEDROCK else parameters["ApiKeySecretName"],
            role_models={
                role: parameters.get(f"{role.capitalize()}Model") or outputs["ModelName"]
                for role in ROLES
                if parameters.get(f"{role.capitalize()}Model") or parameters.get(f"{role.capitalize()}BaseUrl")
            },
            role_secrets={
                role: parameters[f"{role.capitalize()}KeySecretName"]
                for role in ROLES
                if parameters.get(f"{role.capitalize()}BaseUrl") not in (None, "", BEDROCK)
            },
            is_protected=parameters.get("DeletionProtection") != "false",
        )
    except KeyError as error:
        raise StackError(
            f"stack {place.stack!r} does not tell its {error.args[0]}. If it is one of aita's, {_deploy(place)}"
        ) from error


def _where(place: StackTarget) -> str:
    if place.local:
        return f"in the local stack's emulator ({place.endpoint_url})"
    return f"in region {place.region}" if place.region else "in the region that is configured"


def _deploy(place: StackTarget) -> str:
    if place.local:
        return "deploy it with 'aita local up'"
    return f"deploy it with 'sam build && sam deploy', or name another with --stack or --region; {LOCAL_HINT}"


def _api_url(url: str, endpoint_url: str | None) -> str:
    """Return the API's base URL. An emulator's APIs have no host names, so the path holds the API's id."""
    if endpoint_url is None:
        return url.rstrip("/")
    parts = urlsplit(url)
    api_id = (parts.hostname or "").partition(".")[0]
    return f"{endpoint_url.rstrip('/')}/_aws/execute-api/{api_id}/{parts.path.strip('/')}"
