"""What AWS said of a request that failed, without what the request held."""

from botocore.exceptions import ClientError


def failed_request(error: Exception) -> str | None:
    """Return the code and operation of an error that AWS answered; ``None`` for any other error."""
    if not isinstance(error, ClientError):
        return None
    return f"{error.response['Error']['Code']} in {error.operation_name}"
