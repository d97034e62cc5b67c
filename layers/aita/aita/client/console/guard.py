"""Guard of the console's server: requests of its own pages alone get past it.

Other sites can send requests to a server on loopback, and by DNS rebinding even under a name of their own, so that
the browser takes them for the same site. They know neither the name in ``Host`` that the server has, nor its token.
"""

import hmac
import logging
import traceback
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

TOKEN_HEADER = "Aita-Console-Token"  # noqa: S105 - its name

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""Content security policy: scripts are files of the server, and no text becomes markup."""

FAILED = "the console failed: see where 'aita console' runs"

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Middleware that refuses requests that the server's own pages did not make, and lets no unexpected error out.

    Parameters
    ----------
    app
        Application behind it.
    hosts
        Values that ``Host`` may have, such as ``127.0.0.1:8123``.
    token
        Secret that each request needs, but for those of the pages' files, which are the same for everybody.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], token: str) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"http://{host}" for host in self._hosts)
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # a WebSocket: there are none here
            return

        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        reason = self._refusal(scope["method"], scope["path"], Headers(scope=scope))
        if reason:
            refused = JSONResponse({"error": "RefusedError", "message": reason}, status_code=403)
            await refused(scope, receive, guarded)
            return
        try:
            await self._app(scope, receive, guarded)
        except Exception as error:  # noqa: BLE001 - the server would print its message, which may hold a student's words
            place = traceback.extract_tb(error.__traceback__)[-1]
            logger.error("unexpected %s at %s:%s", type(error).__name__, place.filename, place.lineno)  # noqa: TRY400 - so would a traceback
            if not begun:
                failed = JSONResponse({"error": "UnexpectedError", "message": FAILED}, status_code=500)
                await failed(scope, receive, guarded)

    def _refusal(self, method: str, path: str, headers: Headers) -> str:
        """Return why a request is refused; empty if it is not."""
        if len(headers.getlist("host")) != 1 or headers["host"] not in self._hosts:
            return "the request is for another host: open the address that 'aita console' shows"
        if not self._origins.issuperset(headers.getlist("origin")):
            return "another site made the request"
        if method in ("GET", "HEAD") and (path == "/" or path.startswith("/pages/")):
            return ""  # a link to it may be followed
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return "another site made the request"
        if not hmac.compare_digest(headers.get(TOKEN_HEADER, "").encode(), self._token):
            return "the page is not of this console: open the address that 'aita console' shows"
        return ""
