"""The provider's API key, from Secrets Manager."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from aita.errors import RunStopped

KEPT_SECONDS = 300.0
"""Seconds for which a key is kept in memory: reads of secrets are paid and limited."""


_NO_KEY = {
    "ResourceNotFoundException": "no secret {}",
    "AccessDeniedException": "no secret {}, or none that the functions may read",
    "InvalidRequestException": "only a secret {} that is being deleted (restore it first)",
}
"""What Secrets Manager's answers mean where there is no key.

A role that may read some secrets alone is denied those that are not there: IAM is asked for an ARN that lacks the end
which every secret has.
"""


@dataclass(slots=True)
class ApiKey:
    """Reader of the key, which it keeps for ``KEPT_SECONDS``.

    Parameters
    ----------
    command
        Command that sets the key.
    """

    client: Callable[[], Any]
    secret: str
    command: str = "aita key set"
    now: Callable[[], float] = time.monotonic
    _kept: tuple[float, str] | None = field(default=None, repr=False)

    def __call__(self) -> str:
        """Return the key.

        Raises
        ------
        RunStopped
            If there is no such secret, or none that may be read: no call can be made until that is mended.
        """
        if self._kept is None or self.now() - self._kept[0] >= KEPT_SECONDS:
            self._kept = self.now(), self._read()
        return self._kept[1]

    def forget(self) -> None:
        """Discard the key, so that the next call reads it again."""
        self._kept = None

    def _read(self) -> str:
        try:
            return str(self.client().get_secret_value(SecretId=self.secret)["SecretString"])
        except ClientError as error:
            if (code := error.response["Error"]["Code"]) not in _NO_KEY:
                raise
        raise RunStopped(
            f"there is {_NO_KEY[code].format(self.secret)}: set the API key with '{self.command}', then resume the run"
        )
