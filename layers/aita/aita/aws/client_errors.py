"""Errors of AWS's responses, without the content of the requests."""

from botocore.exceptions import ClientError


def failed_request(error: Exception) -> str | None:
    """Return the code and operation of an error in a response of AWS; ``None`` for any other error."""
    if not isinstance(error, ClientError):
        return None
    return f"{error.response['Error']['Code']} in {error.operation_name}"
