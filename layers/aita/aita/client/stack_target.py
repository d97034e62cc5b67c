"""Location of a stack, with the credentials and network settings by which it is reached."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from botocore.utils import get_environ_proxies

from aita.errors import StackError

_CONNECT_SECONDS = 5
_READ_SECONDS = 30  # API Gateway gives up after 29

LOCAL_HINT = "for the stack on this computer add --local"

_NO_PROFILE: Any = {"profile": (None, None, None, None)}
"""botocore's session variables, with the profile unset: a missing profile must not stop a laptop's stack."""

_NO_CREDENTIALS = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_REFUSED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


@dataclass(frozen=True)
class StackTarget:
    """Location of a stack.

    Parameters
    ----------
    stack
        Name of the stack in CloudFormation.
    region
        Region; ``None`` stands for the default of AWS's own tools.
    endpoint_url
        URL of an emulator that takes the place of AWS.
    local
        Whether it is the laptop's own stack, which has no accounts, so that no credentials are looked for.
    """

    stack: str
    region: str | None = None
    endpoint_url: str | None = None
    local: bool = False

    def client(self, service: str) -> Any:
        """Return a client of botocore.

        Raises
        ------
        StackError
            If there is no region, or the profile does not exist.
        """
        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 1 if self.local else 2},
            proxies={} if self.local else None,
        )
        try:
            client = self._session.create_client(
                service, region_name=self.region, endpoint_url=self.endpoint_url, config=config
            )
        except BotoCoreError as error:
            raise self.explain(error) from error
        return client

    def credentials(self) -> ReadOnlyCredentials:
        """Return the current credentials; temporary ones are renewed if possible.

        Raises
        ------
        StackError
            If there are no credentials, or they can't be renewed.
        """
        try:
            found = self._credentials
            if found is None:
                raise self.explain(NoCredentialsError())
            return found.get_frozen_credentials()
        except BotoCoreError as error:
            raise self.explain(error) from error

    def http(self) -> URLLib3Session:
        """Return an HTTP client with the proxies and certificates of the other clients."""
        proxies = {} if self.local else get_environ_proxies(self.endpoint_url or "https://amazonaws.com")
        bundle = None if self.local else self._session.get_config_variable("ca_bundle")
        return URLLib3Session(
            verify=bundle or True,
            proxies=proxies,
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),  # type: ignore[arg-type]  # the stubs know one number only
            max_pool_connections=16,
        )

    def explain(self, error: BotoCoreError | ClientError) -> StackError:
        """Return an error of AWS, or of the connection to it, as a ``StackError`` with the remedy."""
        return StackError(self._explanation(error))

    def _explanation(self, error: BotoCoreError | ClientError) -> str:
        if isinstance(error, _NO_CREDENTIALS):
            return (
                f"there are no AWS credentials that can be used ({error}): run 'aws configure' or 'aws sso login', "
                f"or set AWS_PROFILE; {LOCAL_HINT}"
            )
        if isinstance(error, NoRegionError):
            return f"there is no AWS region: run 'aws configure', set AWS_REGION, or add --region; {LOCAL_HINT}"
        if isinstance(error, ProfileNotFound):
            return f"{error}: set AWS_PROFILE to one that is there ('aws configure list-profiles')"
        if isinstance(error, (HTTPClientError, BotoConnectionError)):
            return self._unreachable(error)
        if isinstance(error, ClientError):
            return self._answer(error.response["Error"].get("Code", ""), error.response["Error"].get("Message", ""))
        return f"AWS can't be used: {error}"

    def _unreachable(self, error: BotoCoreError) -> str:
        if self.local:
            return f"the local stack does not answer at {self.endpoint_url}: start it with 'aita local up'"
        return f"AWS can't be reached: {error}. Check the network and the region ({self.region or 'as configured'})"

    def _answer(self, code: str, message: str) -> str:
        if code in _EXPIRED:
            return f"the AWS credentials have expired ({code}): sign in again ('aws sso login'), or renew them"
        if code in _REFUSED:
            return f"AWS refuses these credentials ({code}: {message}): check AWS_PROFILE and what its user may do"
        return f"AWS answers {code}: {message}"

    @cached_property
    def _credentials(self) -> Credentials | None:
        return self._session.get_credentials()

    @cached_property
    def _session(self) -> Session:
        if not self.local:
            return Session()
        session = Session(session_vars=_NO_PROFILE)
        session.set_credentials("test", "test")
        return session
