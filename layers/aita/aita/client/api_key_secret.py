"""The secret that holds the model's API key."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from aita.client.stack_target import StackTarget


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
        If Secrets Manager can't be reached or refuses.
    """
    try:
        set_api_key(place.client("secretsmanager"), name, key, place.stack)
    except (BotoCoreError, ClientError) as error:
        raise place.explain(error) from error
