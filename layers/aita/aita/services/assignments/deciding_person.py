"""Names of the people who sign requests, by their ARNs."""

from aita.errors import RequestError

_LONGEST = 200


def name_of(caller: str) -> str:
    """Return the last part of an ARN: a user's name, or the name of a role's session.

    Raises
    ------
    RequestError
        If the request was not signed by anybody.
    """
    if name := signed_by(caller):
        return name
    raise RequestError("by is missing: the request is signed by nobody, say who decides")


def signed_by(caller: str) -> str:
    """Return the last part of an ARN, as ``name_of`` does; empty if the request was not signed by anybody."""
    return caller.rpartition("/")[2].rpartition(":")[2][:_LONGEST]
