"""Claims: who is at work on an answer, so that two people do not grade the same one."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from aita.models.base import LenientModel, StrictModel

Window = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{0,64}$")]
"""Random name of the window in which a person works, as one person may have several; empty for the only one."""


class Claim(LenientModel):
    """A person's claim on an answer, until a time (UTC). ``caller`` is the ARN that signed the request."""

    cell_id: str
    by: str
    caller: str
    window: str = ""
    until: datetime

    def is_of(self, caller: str, window: str) -> bool:
        """Return whether a person claimed the answer in this window."""
        return (self.caller, self.window) == (caller, window)


class ClaimRequest(StrictModel):
    """``POST /assignments/{assignment}/reviews/{cell_id}/claim`` and ``/release``."""

    window: Window = ""


class ClaimView(StrictModel):
    """A claim, and whether it is that of the person and window that ask."""

    cell_id: str
    by: str
    mine: bool
    until: datetime


class ClaimList(StrictModel):
    """``GET /assignments/{assignment}/claims``: the claims that hold."""

    claims: tuple[ClaimView, ...]


class Released(StrictModel):
    """Response to a release."""

    cell_id: str
