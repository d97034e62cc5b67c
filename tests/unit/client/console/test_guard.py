"""Who gets past the console's guard: its own pages alone."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from aita.client.console.guard import TOKEN_HEADER, Guard
from tests.support.fake_stack import FakeStack
from tests.unit.client.console.conftest import HOST, TOKEN

CALLS = [
    ("GET", "/api/assignments"),
    ("POST", "/api/assignments/midterm/reviews/c-1"),
    ("POST", "/stored"),
    ("POST", "/formulas"),
]
STRANGERS = [
    {TOKEN_HEADER: ""},
    {TOKEN_HEADER: "wrong"},
    {TOKEN_HEADER: "rightright"},
    {TOKEN_HEADER: "rïght"},
    {"host": "evil.example:8123"},  # DNS rebinding: its name leads to 127.0.0.1
    {"host": "127.0.0.1:8124"},
    {"host": "127.0.0.1"},
    {"origin": "https://evil.example"},
    {"origin": "http://127.0.0.1:8124"},  # a program on another port of this computer
    {"origin": f"https://{HOST}"},
    {"origin": "null"},  # a sandboxed frame, or a file
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
]


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
def test_strangers_get_nothing(stack: FakeStack, page: TestClient, stranger: dict[str, str]) -> None:
    headers = {name: value.encode() for name, value in stranger.items()}
    for method, path in CALLS:
        got = page.request(method, path, headers=headers)  # type: ignore[arg-type]  # bytes go as they are
        assert got.status_code == 403, path
        assert got.json()["error"] == "RefusedError", path
    assert stack.requests == []


@pytest.mark.parametrize("headers", [{}, {"origin": f"http://{HOST}"}, {"sec-fetch-site": "same-origin"}])
def test_its_own_pages_are_answered(stack: FakeStack, page: TestClient, headers: dict[str, str]) -> None:
    stack.answer("GET", "/assignments", {"assignments": []})
    assert page.get("/api/assignments", headers=headers).json() == {"assignments": []}


@pytest.mark.parametrize("path", ["/", "/pages/main.mjs", "/pages/vendor/preact.mjs", "/pages/console.css"])
def test_the_pages_files_need_no_token_and_hold_no_data(anyone: TestClient, path: str) -> None:
    got = anyone.get(path)
    assert got.status_code == 200
    assert anyone.get(path, headers={"host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/pages/main.mjs", "/api/assignments", "/nothing"])
def test_every_answer_forbids_foreign_scripts_frames_and_copies(anyone: TestClient, path: str) -> None:
    headers = anyone.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/pages/../guard.py", "/pages/..%2fguard.py", "/pages/%2e%2e/application.py"])
def test_no_file_beside_the_pages_is_served(anyone: TestClient, path: str) -> None:
    assert anyone.get(path).status_code in (403, 404)


def test_modules_are_sent_as_scripts(anyone: TestClient) -> None:
    """Without this type, browsers don't run them; where it comes from differs by system."""
    assert anyone.get("/pages/main.mjs").headers["content-type"].startswith("text/javascript")


def test_an_unexpected_error_is_told_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    """Its message may quote what a student wrote, and a traceback ends with it."""

    async def fail(_: Request) -> Response:
        raise ValueError("Maya Lindqvist wrote 42")

    routes = [Route("/own/x", fail, methods=["POST"])]
    application = Starlette(routes=routes, middleware=[Middleware(Guard, hosts=[HOST], token=TOKEN)])
    page = TestClient(application, base_url=f"http://{HOST}", headers={TOKEN_HEADER: TOKEN})
    got = page.post("/own/x")
    assert (got.status_code, got.json()["error"]) == (500, "UnexpectedError")
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert "unexpected ValueError at " in caplog.text
    assert "test_guard.py" in caplog.text
    assert "Maya" not in got.text + caplog.text
