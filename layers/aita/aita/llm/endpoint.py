"""Chat completions of an openai client, with the finished requests sent below it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.request import getproxies

import httpx2
import openai
from openai._base_client import SyncHttpxClientWrapper  # of a client that was given no HTTP client
from openai._types import RequestOptions

from aita.errors import ProviderSetting, RunStopped
from aita.forks import renew_in_children
from aita.llm.connection_failures import BAD_KEY, ENDLESS
from aita.llm.connections import Answer, Connections
from aita.llm.forked_clients import forget_connections
from aita.llm.http1 import request_head, whole_request
from aita.llm.socket_connection import Origin, origin_of

_PATH = "/chat/completions"
_REDIRECTS = {301, 302, 303, 307, 308}
_KEEPING = {307, 308}
"""Statuses of redirects whose request is sent there as it is."""
_MOST_REDIRECTS = 5
_FIRST_SUCCESS, _FIRST_REDIRECT = 200, 300
_LARGEST_ERROR = 1_000_000  # bytes


@dataclass(frozen=True, slots=True)
class _Request:
    """Finished request without its body, as openai's client makes it with a key."""

    key: str
    url: httpx2.URL
    origin: Origin
    head: bytes


class _BuiltRequest(Exception):  # noqa: N818 - it ends a call of openai's client that is made for its request
    def __init__(self, request: httpx2.Request) -> None:
        super().__init__()
        self.request = request


class Endpoint:
    """Endpoint of an openai client.

    The client is asked once for each key for the finished request: URL, authentication and headers. The calls go below
    it, and what is not a success is handed to it as its transport's answer, so that its errors are the errors. A client
    that may do more with a request than to send it makes its calls itself: one with an HTTP client of the caller's,
    through a proxy, with tokens or signatures of its own, or of another class.

    A redirect is followed within its host, and remembered. Prompts and keys go to no host that nobody named.

    Attributes
    ----------
    base_url
        Base URL, without a slash at its end.
    """

    def __init__(self, client: openai.OpenAI, model: str) -> None:
        self.base_url = str(client.base_url).rstrip("/")
        self._client = client
        self._model = model
        self._url = _PATH
        self._connections = _connections_below(client)
        self._request: _Request | None = None
        renew_in_children(client._client, forget_connections)  # openai has no public attribute for it

    def post(self, arguments: Mapping[str, Any], body: bytes, deadline: float) -> Answer | httpx2.Response:
        """Return the response to a call, with its body unread.

        Parameters
        ----------
        body
            The arguments as JSON.
        deadline
            When the whole call must have ended, as ``time.monotonic`` tells it.

        Raises
        ------
        openai.APIError, httpx2.RequestError
            If there is no successful response; the latter while the body of another is read.
        RunStopped
            If there is no key, or one that no header can hold, or if the endpoint redirects elsewhere.
        """
        with suppress(TypeError, UnicodeEncodeError):  # openai's, and httpx2's, of such a key
            if self._connections is None:
                return self._through_client(arguments)
            return self._below_client(self._connections, body, deadline)
        raise RunStopped(BAD_KEY, setting=ProviderSetting.KEY)

    def _below_client(self, connections: Connections, body: bytes, deadline: float) -> Answer | httpx2.Response:
        for _ in range(_MOST_REDIRECTS):
            answer = self._send(connections, body, deadline)
            if answer is not None:
                return answer
        raise RunStopped(ENDLESS, setting=ProviderSetting.BASE_URL)

    def _send(self, connections: Connections, body: bytes, deadline: float) -> Answer | httpx2.Response | None:
        """Return the response to a call; ``None`` if it must be sent to another path of its host."""
        key = self._key()
        try:
            request = self._finished(key)
            data = whole_request(request.head, body)
            answer = connections.send(request.origin, data, deadline, _connect_timeout(self._client.timeout))
        except httpx2.TransportError as error:
            return self._hand_over(key, error)
        if _FIRST_SUCCESS <= answer.status < _FIRST_REDIRECT:
            return answer
        try:
            if answer.status in _REDIRECTS and "location" in answer.headers:
                self._url = _redirected(request, answer.status, answer.headers["location"])
                self._request = None
                return None
            return self._hand_over(key, _read(answer))
        finally:
            answer.close()

    def _through_client(self, arguments: Mapping[str, Any]) -> httpx2.Response:
        """Have openai's client make the call; some of its classes read the model to build the URL.

        Its typed layer, which takes more time than all the rest of a call, is left out. The response is streamed, as
        openai would read a body of any size and wait for any number of its pieces. Retries are turned off here, as a
        copy of the client without them can't be made of a class with an ``__init__`` of its own.
        """
        once: RequestOptions = {"max_retries": 0}
        return self._client.post(_PATH, cast_to=httpx2.Response, body=arguments, options=once, stream=True)

    def _key(self) -> str:
        provider = self._client._api_key_provider
        return self._client.api_key if provider is None else provider()

    def _finished(self, key: str) -> _Request:
        """Return the request, asking openai's client for it if the key is a new one."""
        finished = self._request
        if finished is None or finished.key != key:
            built = self._built(key)
            head = request_head(built.method, built.url.raw_path, built.headers.raw)
            finished = self._request = _Request(key, built.url, origin_of(built.url), head)
        return finished

    def _built(self, key: str) -> httpx2.Request:
        def keep(request: httpx2.Request) -> httpx2.Response:
            raise _BuiltRequest(request)

        try:
            self._copy(key, keep).post(self._url, cast_to=httpx2.Response, body={"model": self._model}, stream=True)
        except _BuiltRequest as built:
            return built.request
        raise AssertionError("openai's client sends what it builds")

    def _hand_over(self, key: str, answer: httpx2.Response | httpx2.TransportError) -> httpx2.Response:
        """Return or raise what openai's client makes of a response or failure."""

        def answered(_: httpx2.Request) -> httpx2.Response:
            if isinstance(answer, httpx2.TransportError):
                raise answer
            return answer

        return self._copy(key, answered).post(_PATH, cast_to=httpx2.Response, body={"model": self._model}, stream=True)

    def _copy(self, key: str, handler: Any) -> openai.OpenAI:
        """Return a copy of the client whose requests are handled here."""
        http = httpx2.Client(transport=httpx2.MockTransport(handler))
        if self._client._api_key_provider is None or not key:
            return self._client.with_options(http_client=http, max_retries=0)
        return self._client.with_options(api_key=key, http_client=http, max_retries=0)


def _redirected(request: _Request, status: int, location: str) -> str:
    """Return the URL to which an endpoint's redirect leads.

    Raises
    ------
    RunStopped
        If that is another host or less safe, or if the request would not be sent there as it is.
    """
    here = request.url
    there = here.join(location)
    if there.host != here.host or there.scheme not in {here.scheme, "https"}:
        told = "redirects to another host, or from https to http, where no prompt is sent: set the URL that is meant"
    elif status not in _KEEPING:
        told = "redirects as web pages do: set the URL of its API"
    else:
        return str(there)
    raise RunStopped(f"the provider answered {status}: its base URL {told}", setting=ProviderSetting.BASE_URL)


def http_client(base_url: str, timeout: float) -> httpx2.Client:
    """Return an HTTP client for an openai client of one's own.

    If the environment names a proxy, the client is openai's default, as other connections would bypass the proxy.

    Parameters
    ----------
    timeout
        Time-out of one call, in seconds.
    """
    url = httpx2.URL(base_url)
    if getproxies().keys() - {"no"} or url.scheme not in {"http", "https"}:
        return openai.DefaultHttpxClient(base_url=base_url, timeout=timeout)
    return openai.DefaultHttpxClient(base_url=base_url, timeout=timeout, transport=Connections(url))


def _connections_below(client: openai.OpenAI) -> Connections | None:
    """Return connections for the requests of a client; ``None`` if it must make its calls itself."""
    http = client._client
    if type(client) not in {openai.OpenAI, openai.AzureOpenAI} or client.workload_identity is not None:
        return None
    if client._provider_runtime is not None or getattr(client, "_azure_ad_token_provider", None) is not None:
        return None
    if isinstance(http._transport, Connections):
        return http._transport
    is_default = type(http) is SyncHttpxClientWrapper and not any(http._mounts.values())
    return Connections(client.base_url) if is_default and client.base_url.scheme in {"http", "https"} else None


def _read(answer: Answer) -> httpx2.Response:
    """Return a response with its body, whose begin is enough."""
    body = bytearray()
    for part in answer.iter_bytes():
        body += part
        if len(body) > _LARGEST_ERROR:
            break
    decoded = [
        (name, value)
        for name, value in answer.fields
        if name.lower() not in {b"content-encoding", b"content-length", b"transfer-encoding"}
    ]
    return httpx2.Response(answer.status, headers=decoded, content=bytes(body))


def _connect_timeout(timeout: object) -> float:
    connect = timeout.connect if isinstance(timeout, httpx2.Timeout) else timeout
    return float(connect) if isinstance(connect, int | float) else float("inf")
