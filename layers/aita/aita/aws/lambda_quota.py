"""The account's quota of concurrent executions of Lambda."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from aita.aws.client_errors import failed_request
from aita.errors import StackError


@dataclass(frozen=True, slots=True)
class AccountQuota:
    """Quota of the account and region. The client is made when it is first asked for, as few requests need it."""

    make_client: Callable[[], Any]

    def left(self) -> int:
        """Return the limit of concurrent executions, less those that functions have reserved.

        Raises
        ------
        StackError
            If Lambda does not tell.
        """
        try:
            limits = self.make_client().get_account_settings()["AccountLimit"]
        except (BotoCoreError, ClientError) as error:
            raise StackError(failed_request(error) or type(error).__name__) from error
        return int(limits["UnreservedConcurrentExecutions"])
