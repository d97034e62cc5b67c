"""Signed requests: what is sent again, and what errors become."""

import pytest

from aita.client.sigv4 import SigV4Transport
from aita.client.stack_target import StackTarget
from aita.errors import ConflictError, InvalidMaterialError, NotFoundError, RequestError, StackError
from tests.support.fake_stack import FakeStack, Raw


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def api(stack: FakeStack, waits: list[float]) -> SigV4Transport:
    place = StackTarget("aita", "us-east-1", stack.url, local=True)
    return SigV4Transport(place, f"{stack.url}/_aws/execute-api/abc12345/v1", "us-east-1", waits.append)


def test_a_request_is_signed_and_json(stack: FakeStack, api: SigV4Transport) -> None:
    stack.answer("POST", "/runs", {"a": 1})
    assert api.request("POST", "runs", body={"name": "é"}) == {"a": 1}
    [sent] = stack.requests
    assert sent.body == {"name": "é"}
    assert sent.headers["content-type"] == "application/json"
    assert "x-amz-date" in sent.headers
    assert "idempotency-key" not in sent.headers


def test_paths_and_queries_are_quoted(stack: FakeStack, api: SigV4Transport) -> None:
    stack.answer("GET", "/runs/a/b?c", {})
    api.request("GET", "runs", "a/b?c", query={"q": "1&2=ü +", "none": None})
    assert stack.requests[0].query == {"q": "1&2=ü +"}


@pytest.mark.parametrize("failure", [Raw(0), Raw(500), Raw(503, b"<html>"), Raw(429, b'{"message": "Too Many"}')])
def test_a_get_is_tried_again(stack: FakeStack, api: SigV4Transport, waits: list[float], failure: Raw) -> None:
    stack.answer("GET", "/runs", failure, failure, {"runs": []})
    assert api.request("GET", "runs") == {"runs": []}
    assert len(waits) == 2


@pytest.mark.parametrize("failure", [Raw(0), Raw(500)])
def test_tries_are_bounded(stack: FakeStack, api: SigV4Transport, failure: Raw) -> None:
    stack.answer("GET", "/runs", failure)
    with pytest.raises(StackError):
        api.request("GET", "runs")
    assert len(stack.requests) == 3


@pytest.mark.parametrize("failure", [Raw(0), Raw(502)])
def test_a_post_is_sent_once(stack: FakeStack, api: SigV4Transport, waits: list[float], failure: Raw) -> None:
    stack.answer("POST", "/assignments/x/reviews/c", failure)
    with pytest.raises(StackError):
        api.request("POST", "assignments", "x", "reviews", "c")
    assert len(stack.requests) == 1
    assert waits == []


def test_a_repeatable_post_is_tried_again(stack: FakeStack, api: SigV4Transport) -> None:
    stack.answer("POST", "/runs/x/cancel", Raw(0), Raw(500), {"a": 1})
    assert api.request("POST", "runs", "x", "cancel", repeatable=True) == {"a": 1}


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (500, b'{"message": "Internal server error"}', "quota of concurrent executions.*'aita doctor'"),
        (500, b'{"error": "UnexpectedError", "message": "see"}', "its function's log says why"),
        (502, b'{"message": "Internal server error"}', "its function's log says why"),
        (504, b'{"message": "Endpoint request timed out"}', "its function's log says why"),
    ],
)
def test_a_bare_500_is_told_from_the_functions_own(
    stack: FakeStack, api: SigV4Transport, status: int, body: bytes, told: str
) -> None:
    stack.answer("POST", "/runs", Raw(status, body))
    with pytest.raises(StackError, match=told):
        api.request("POST", "runs")


def test_a_post_with_a_key_may_be_sent_again(stack: FakeStack, api: SigV4Transport) -> None:
    stack.answer("POST", "/runs", Raw(0), {"a": 1})
    assert api.request("POST", "runs", body={}, idempotency_key="k") == {"a": 1}
    assert [one.headers["idempotency-key"] for one in stack.requests] == ["k", "k"]


@pytest.mark.parametrize(
    ("status", "name", "expected"),
    [
        (404, "NotFoundError", NotFoundError),
        (409, "ConflictError", ConflictError),
        (422, "InvalidMaterialError", InvalidMaterialError),
        (400, "RequestError", RequestError),
        (400, "SomethingNewer", RequestError),
        (400, "AitaError", RequestError),
        (400, "__name__", RequestError),
        (500, "StorageError", StackError),
        (403, "ConflictError", StackError),
    ],
)
def test_errors_are_classes_again(
    stack: FakeStack, api: SigV4Transport, status: int, name: str, expected: type[Exception]
) -> None:
    stack.answer("POST", "/runs", Raw(status, f'{{"error": "{name}", "message": "because"}}'.encode()))
    with pytest.raises(expected, match="because") as caught:
        api.request("POST", "runs")
    assert caught.type is expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"null"])
def test_errors_without_a_reason(stack: FakeStack, api: SigV4Transport, body: bytes) -> None:
    stack.answer("POST", "/runs", Raw(400, body))
    with pytest.raises(RequestError, match="no reason given"):
        api.request("POST", "runs")


def test_an_answer_that_is_no_json(stack: FakeStack, api: SigV4Transport) -> None:
    stack.answer("GET", "/runs", Raw(200, b"<html>"))
    with pytest.raises(StackError, match="without JSON"):
        api.request("GET", "runs")


def test_no_credentials(stack: FakeStack) -> None:
    place = StackTarget("aita", "us-east-1", stack.url)
    with pytest.raises(StackError, match="no AWS credentials"):
        SigV4Transport(place, stack.url, "us-east-1").request("GET", "runs")


def test_expired_credentials_are_told(stack: FakeStack, api: SigV4Transport) -> None:
    stack.answer("GET", "/runs", Raw(403, b'{"message": "The security token included in the request is expired"}'))
    with pytest.raises(StackError, match=r"is expired.*expired and may call it"):
        api.request("GET", "runs")
