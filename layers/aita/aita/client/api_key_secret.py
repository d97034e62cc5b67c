"""The secret that holds the model's API key."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from aita.client.stack_target import StackTarget
from aita.errors import StackError


def set_api_key(client: Any, name: str, key: str, stack: str) -> None:
    """Write the key into the secret of this name, which is created if needed, with the stack's cost tag.

    Parameters
    ----------
    client
        A Secrets Manager client.
    name
        The secret's name.
    key
        The key; it is neither logged nor stored elsewhere.
    stack
        The stack's name, which all that a stack pays for has as its tag ``aita``.
    """
    try:
        client.put_secret_value(SecretId=name, SecretString=key)
    except client.exceptions.ResourceNotFoundException:
        client.create_secret(
            Name=name,
            SecretString=key,
            Description="The API key of the model that aita calls",
            Tags=[{"Key": "aita", "Value": stack}],
        )


def store_api_key(place: StackTarget, name: str, key: str) -> None:
    """Store the key in the secret of a stack.

    Raises
    ------
    StackError
        If Secrets Manager can't be reached or refuses, or the secret is being deleted.
    """
    client = place.client("secretsmanager")
    try:
        set_api_key(client, name, key, place.stack)
    except client.exceptions.InvalidRequestException as error:
        raise StackError(
            f"the secret {name} is being deleted: bring it back (aws secretsmanager restore-secret --secret-id "
            f"{name}), then set the key again"
        ) from error
    except (BotoCoreError, ClientError) as error:
        raise place.explain(error) from error
