"""Client of Amazon Bedrock: one signed call of Converse, over aita's own connections."""

import os
import ssl
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any
from urllib.request import getproxies

import boto3
import httpx2
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    HTTPClientError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSOError,
)
from botocore.exceptions import ConnectionError as NotConnectedError
from botocore.parsers import ResponseParserError

from aita.errors import CallError, ProviderBusy, RunStopped, SettingsError, TaskError, TooLongError
from aita.llm.bedrock_errors import CREDENTIALS, classify, cut_off, too_late
from aita.llm.connections import Connections
from aita.llm.converse import prompt_of
from aita.llm.http1 import request_head, whole_request
from aita.llm.quotes import without_quotes
from aita.llm.socket_connection import origin_of

_CONNECT = 10.0  # seconds
_SECONDS = ContextVar[float]("seconds")  # time-out of this thread's call, which botocore does not hand on to its events
_LARGEST = 20_000_000  # bytes of a response: many times a model's longest reply
_LOST = (httpx2.ReadTimeout, httpx2.ReadError, httpx2.RemoteProtocolError, httpx2.DecodingError)
"""Errors after the request was sent."""

_UNREADABLE = (ResponseParserError, AttributeError, TypeError, ValueError)
"""Errors of botocore's parser, for JSON of another shape."""

_NO_CREDENTIALS = (CredentialRetrievalError, NoAuthTokenError, NoCredentialsError, PartialCredentialsError, SSOError)


class BedrockClient:
    """Client that makes each call once, within one deadline for all of it.

    boto3 finds credentials, region and endpoint, checks and signs the request, and reads the response. What it signed
    goes over ``Connections``: its own client waits anew for each piece of a response, and shares sockets with forked
    processes. Behind a proxy, or with certificates of one's own (AWS_CA_BUNDLE), that client makes the call.

    Parameters
    ----------
    timeout
        Time-out of a call that is given none, in seconds; and of each, where botocore's own client makes the calls.

    Raises
    ------
    SettingsError
        If no region is set, or AWS's configuration can't be read.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 1},  # the callers of ``converse`` retry
            connect_timeout=_CONNECT,
            read_timeout=timeout,
        )
        try:
            self._client: Any = boto3.client("bedrock-runtime", config=config)
        except NoRegionError:
            raise SettingsError(
                "the model is one of Amazon Bedrock, and there is no AWS region: set AWS_DEFAULT_REGION, or run 'aws "
                "configure'"
            ) from None
        except BotoCoreError as error:
            raise SettingsError(f"Amazon Bedrock can't be called: {error}") from None
        self._connections = Connections(httpx2.URL(self._client.meta.endpoint_url))
        if not (getproxies().keys() - {"no"} or "AWS_CA_BUNDLE" in os.environ):
            self._client.meta.events.register("before-send.bedrock-runtime.Converse", self._send)

    def converse(self, body: Mapping[str, Any], timeout: float | None = None) -> dict[str, Any]:
        """Make one call, and return the parsed response, which may lack parts.

        Parameters
        ----------
        timeout
            Time-out of this call, in seconds.

        Raises
        ------
        ProviderBusy, RunStopped, TaskError
            As ``bedrock_errors.classify`` returns them.
        """
        own = _SECONDS.set(self._timeout if timeout is None else timeout)
        try:
            answer: dict[str, Any] = self._client.converse(**body)
        except ClientError as error:
            response: Mapping[str, Any] = error.response
            about, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
            code, status = str(about.get("Code", "")), int(metadata.get("HTTPStatusCode", 0))
            headers = metadata.get("HTTPHeaders", {})
            said = without_quotes(str(about.get("Message", "")), prompt_of(body))
            failure = classify(code, status, said, headers, body["modelId"])
        except (BotoCoreError, httpx2.TransportError) as error:
            failure = _failure(error)
        except _UNREADABLE:
            failure = cut_off()
        else:
            return answer
        finally:
            _SECONDS.reset(own)
        raise failure

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Send a signed request, and return the whole response, in place of botocore's own HTTP client."""
        url = httpx2.URL(request.url)
        fields = [(_bytes(name), _bytes(value)) for name, value in request.headers.items()]
        head = request_head(request.method, url.raw_path, [(b"Host", url.netloc), *fields])
        body: Any = request.body  # JSON, which is text or bytes
        data = whole_request(head, _bytes(body))
        answer = self._connections.send(origin_of(url), data, time.monotonic() + _SECONDS.get(), _CONNECT)
        try:
            received = bytearray()
            for part in answer.iter_bytes():
                received += part
                if len(received) > _LARGEST:
                    raise _too_large()
        finally:
            answer.close()
        headers: Any = answer.headers
        return AWSResponse(request.url, answer.status, headers, _Body(bytes(received)))


class _Body:
    """Body of a response in the form that botocore reads it from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Iterator[bytes]:
        """Yield the body."""
        yield self._data


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _too_large() -> CallError:
    failure = TooLongError(f"Amazon Bedrock's answer is larger than {_LARGEST // 1_000_000} MB")
    failure.may_be_paid = True
    return failure


def _failure(error: BotoCoreError | httpx2.TransportError) -> CallError:
    """Return aita's error for a call without a response."""
    failure = _connection_failure(error)
    failure.may_be_paid = isinstance(error, (*_LOST, ReadTimeoutError)) or (
        isinstance(error, HTTPClientError) and not isinstance(error, NotConnectedError)
    )
    return failure


def _connection_failure(error: BotoCoreError | httpx2.TransportError) -> CallError:
    if isinstance(error, httpx2.TimeoutException | ConnectTimeoutError | ReadTimeoutError):
        return too_late()
    if isinstance(error, _NO_CREDENTIALS):
        return RunStopped(CREDENTIALS)
    if isinstance(error, ParamValidationError):  # its message quotes the prompt
        return TaskError("the request is none that Amazon Bedrock takes: its form is wrong")
    if _is_not_trusted(error):
        return RunStopped(
            "Amazon Bedrock's server can't be trusted, as its certificate is not valid here: set AWS_CA_BUNDLE to your "
            "network's certificates"
        )
    if isinstance(error, httpx2.DecodingError):
        return cut_off()
    return ProviderBusy("Amazon Bedrock can't be reached: the connection failed or was lost")


def _is_not_trusted(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
