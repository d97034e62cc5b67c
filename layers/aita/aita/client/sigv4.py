"""Signed requests to the stack's API: JSON in, JSON out, errors as classes of ``aita.errors``."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse

from aita.client.repeated_requests import send_once, send_repeatedly
from aita.client.stack_target import StackTarget
from aita.errors import StackError, request_error_class

_BUSY = 429
_NOT_INVOKED = 500
"""What API Gateway answers when Lambda throttles the function, and not 429."""

_CLIENT_ERRORS = range(400, 500)
_SERVER_ERRORS = range(500, 600)
_FORBIDDEN = frozenset({401, 403})


class SigV4Transport:
    """Transport to the stack's API with AWS signature version 4.

    Parameters
    ----------
    place
        Stack whose credentials and network settings apply.
    url
        Base URL of the API, without a slash at the end.
    region
        Region of the API.
    pause
        Function that waits some seconds.
    """

    def __init__(self, place: StackTarget, url: str, region: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._place = place
        self._url = url
        self._region = region
        self._pause = pause
        self._http = place.http()

    def request(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        repeatable: bool = False,
    ) -> Any:
        """Send a request and return the response's JSON.

        A GET, and a request that is ``repeatable`` or has an idempotency key, is tried up to 3 times
        when the connection is lost or the API is overloaded or fails; any other once.

        Parameters
        ----------
        method
            The HTTP method.
        path
            The parts of the path after the API's URL, without slashes.
        query
            Parameters of the query; ``None`` leaves one out.
        body
            Content that is sent as JSON.
        idempotency_key
            Value of ``Idempotency-Key``, by which the API carries the request out once only.
        repeatable
            Whether the request does no more when it is carried out twice.

        Raises
        ------
        RequestError
            If the API refuses the request; of the subclass that it names.
        StackError
            If the API can't be reached, refuses the credentials, or fails.
        """
        data = b"" if body is None else json.dumps(body).encode()
        return _read(self.exchange(method, path, query or {}, data, idempotency_key, repeatable=repeatable))

    def exchange(
        self,
        method: str,
        path: Sequence[str],
        query: Mapping[str, str | int | None],
        data: bytes,
        idempotency_key: str | None = None,
        *,
        repeatable: bool = False,
    ) -> AWSResponse:
        """Send a request with JSON as it is, as ``request`` does, and return the response whatever its status is.

        Raises
        ------
        StackError
            If the API can't be reached, or there are no credentials.
        """
        url = "/".join((self._url, *(quote(part, safe="") for part in path)))
        given = {name: value for name, value in query.items() if value is not None}
        if given:
            url += "?" + urlencode(given, quote_via=quote)
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        repeatable = repeatable or method == "GET" or idempotency_key is not None
        send = partial(self._send, method, url, data, headers)
        return send_repeatedly(send, self._place, self._pause) if repeatable else send_once(send, self._place)

    def _send(self, method: str, url: str, data: bytes, headers: Mapping[str, str]) -> AWSResponse:
        request = AWSRequest(method=method, url=url, data=data, headers=dict(headers))
        SigV4Auth(self._place.credentials(), "execute-api", self._region).add_auth(request)
        return self._http.send(request.prepare())


def _read(response: AWSResponse) -> Any:
    refused = error_of(response)
    if refused is not None:
        raise refused
    try:
        return json.loads(response.content)
    except ValueError:
        status = response.status_code
        raise StackError(f"the stack's API answered {status} without JSON: is its URL right?") from None


def error_of(response: AWSResponse) -> Exception | None:
    """Return the error that a response of the API stands for, with what to do; ``None`` if it is none."""
    status = response.status_code
    if status not in _CLIENT_ERRORS and status not in _SERVER_ERRORS:
        return None
    try:
        answer = json.loads(response.content)
    except ValueError:
        answer = {}
    return _error(status, answer if isinstance(answer, dict) else {})


def _error(status: int, answer: dict[str, Any]) -> Exception:
    message = str(answer.get("message") or answer.get("Message") or "no reason given")
    if status in _FORBIDDEN:
        return StackError(
            f"the stack's API refuses the request ({status}: {message}): check that the AWS credentials have not "
            "expired and may call it (execute-api:Invoke), and that the stack is of this version"
        )
    if status == _BUSY:
        return StackError(f"the stack's API is overloaded ({message}): try again in a minute")
    if status == _NOT_INVOKED and not answer.get("error"):  # which every error of the function's own has
        return StackError(
            f"the stack's API failed ({status}: {message}) without its function: most likely Lambda runs as many "
            "functions as the account's quota of concurrent executions lets it. Try again in a minute; 'aita doctor' "
            "compares the quota with what the stack needs"
        )
    if status in _SERVER_ERRORS:
        return StackError(f"the stack's API failed ({status}: {message}): its function's log says why ('sam logs')")
    return request_error_class(str(answer.get("error", "")))(message)
