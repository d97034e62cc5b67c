"""What the console passes on, and what it makes itself."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from aita.client.console.application import bucket_urls
from tests.support.fake_stack import FakeStack, Raw

PARABOLA = r"the root of $x^2$ is \(\frac{1}{2}\)"


def test_a_decision_and_its_answer_pass_as_they_are(stack: FakeStack, page: TestClient) -> None:
    theirs = {"error": "ConflictError", "message": "m", "theirs": {"by": "ada"}, "yours": {"action": "accept"}}
    stack.answer("POST", "/assignments/midterm/reviews/c-1", Raw(409, json.dumps(theirs).encode()))
    got = page.post("/api/assignments/midterm/reviews/c-1", json={"action": "accept", "basis": "é"})
    assert (got.status_code, got.json()) == (409, theirs)
    [sent] = stack.requests
    assert sent.body == {"action": "accept", "basis": "é"}


def test_queries_names_and_keys_pass_as_they_are(stack: FakeStack, page: TestClient) -> None:
    stack.answer("POST", "/assignments/midterm/students/Bo & Co? é", {"a": 1})
    stack.answer("GET", "/assignments/midterm/answers", {"answers": []})
    stack.answer("POST", "/runs", {"run_id": "r"})
    page.post("/api/assignments/midterm/students/Bo%20%26%20Co%3F%20%C3%A9", json={})
    page.get("/api/assignments/midterm/answers?question=1%20a%26&show=open")
    page.post("/api/runs", json={}, headers={"idempotency-key": "once"})
    named, asked, started = stack.requests
    assert named.path == "/assignments/midterm/students/Bo & Co? é"
    assert asked.query == {"question": "1 a&", "show": "open"}
    assert started.headers["idempotency-key"] == "once"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/assignments"),
        ("GET", "/api/openapi.json"),
        ("GET", "/api/assignments/%2e%2e/state"),
        ("GET", "/api/assignments//state"),
        ("POST", "/api/assignments/midterm/uploads"),
        ("POST", "/api/assignments/midterm/state"),
    ],
)
def test_no_other_call_is_passed_on(stack: FakeStack, page: TestClient, method: str, path: str) -> None:
    assert page.request(method, path, json={}).status_code in (404, 405)
    assert stack.requests == []


def test_a_slash_in_a_name_stays_in_the_name(stack: FakeStack, page: TestClient) -> None:
    assert page.get("/api/assignments/midterm%2Fstate").status_code == 404
    assert stack.requests == []


def test_a_stack_that_is_gone_is_told_with_the_remedy(stack: FakeStack, page: TestClient) -> None:
    stack.answer("GET", "/assignments", Raw(0))
    got = page.get("/api/assignments")
    assert got.status_code == 502
    assert got.json()["error"] == "StackError"
    assert "AWS can't be reached" in got.json()["message"]


def test_newer_credentials_are_taken_without_a_new_start(
    stack: FakeStack, page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired = Raw(403, b'{"message": "The security token included in the request is expired"}')

    def refuse() -> Raw:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "newer")
        return expired

    stack.answer("POST", "/assignments/midterm/reviews/c-1", refuse, {"decision_id": "d"})
    assert page.post("/api/assignments/midterm/reviews/c-1", json={"action": "accept"}).json() == {"decision_id": "d"}
    before, after = [one.headers["authorization"] for one in stack.requests]
    assert "Credential=first/" in before
    assert "Credential=newer/" in after


def test_expired_credentials_are_told_with_the_remedy(stack: FakeStack, page: TestClient) -> None:
    stack.answer("GET", "/assignments", Raw(403, b'{"message": "The security token is expired"}'))
    got = page.get("/api/assignments")
    assert (got.status_code, got.json()["error"]) == (403, "StackError")
    assert "check that the AWS credentials have not expired" in got.json()["message"]


@pytest.mark.parametrize("path", ["/api/runs", "/stored", "/formulas"])
def test_forms_of_other_sites_and_floods_are_refused(stack: FakeStack, page: TestClient, path: str) -> None:
    """A form can send text, and never JSON, from one site to another."""
    assert page.post(path, content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    assert page.post(path, content=b" " * 1_100_000, headers={"content-type": "application/json"}).status_code == 413
    assert stack.requests == []


def test_a_picture_is_fetched_and_never_kept(stack: FakeStack, page: TestClient) -> None:
    stored = stack.file("page.jpg", b"\xff\xd8picture")
    got = page.post("/stored", json={"url": stored["url"]})
    assert got.content == b"\xff\xd8picture"
    assert got.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "body", [{"url": "http://169.254.169.254/latest/meta-data"}, {"url": "file:///etc/passwd"}, {}], ids=str
)
def test_nothing_but_the_buckets_files_is_fetched(page: TestClient, body: dict[str, str]) -> None:
    assert page.post("/stored", json=body).status_code == 400


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://exams.s3.amazonaws.com/a/b.jpg?X-Amz-Signature=1", True),
        ("https://exams.s3.eu-central-1.amazonaws.com/a", True),
        ("https://exams.s3.cn-north-1.amazonaws.com.cn/a", True),
        ("http://exams.s3.amazonaws.com/a", False),
        ("https://others.s3.amazonaws.com/a", False),
        ("https://exams.s3.amazonaws.com.evil.example/a", False),
        ("https://exams.s3.amazonaws.com:8443/a", False),
        ("https://exams.s3.amazonaws.com@evil.example/a", False),
        ("https://evil.example/exams.s3.amazonaws.com/a", False),
        ("https://exams.s3.dualstack.us-gov-west-1.amazonaws.com/a", True),
        ("https://exams.s3.others.s3.amazonaws.com/a", False),
        ("https://exams.s3.abc123.execute-api.us-east-1.amazonaws.com/a", False),
        ("https://exams.s3\n.amazonaws.com/a", False),
    ],
)
def test_urls_of_the_bucket_on_aws(url: str, expected: bool) -> None:
    assert bucket_urls("exams", None)(url) is expected


@pytest.mark.parametrize(
    "path",
    [
        "exams/../others/a",
        "exams/%2e%2e/others/a",
        "exams/a/../../others/a",
        "exams/..\\others/a",
        "exams2/a",
        "/exams/a",
    ],
)
def test_a_path_that_leaves_the_bucket_of_an_emulator_is_none_of_it(path: str) -> None:
    is_ours = bucket_urls("exams", "http://127.0.0.1:5000")
    assert is_ours("http://127.0.0.1:5000/exams/s..1/a%20b.jpg?X-Amz-Signature=%2F")
    assert not is_ours(f"http://127.0.0.1:5000/{path}")


def test_formulas_come_as_trees_between_the_text_as_it_is(page: TestClient) -> None:
    [pieces] = page.post("/formulas", json={"texts": [PARABOLA]}).json()["texts"]
    assert "".join(source for source, _ in pieces) == PARABOLA
    text, power, between, fraction = pieces
    assert (text, between) == (["the root of ", None], [" is ", None])
    assert power[1][0] == fraction[1][0] == "math"
    assert ["msup", {}, ["mi", {}, "x"], ["mn", {}, "2"]] in power[1]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        r"$\text{<svg/onload=alert(1)>}$",
        r"$\text{<img src=x onerror=alert(1)>}$",
        "$x\x00\x01\ud7ff\ufffe^2$",
        r"$\unknowncommand{$",
    ],
)
def test_hostile_text_becomes_no_element(page: TestClient, text: str) -> None:
    [pieces] = page.post("/formulas", json={"texts": [text]}).json()["texts"]
    assert "".join(source for source, _ in pieces) == text

    def tags(tree: Any) -> list[str]:
        if not isinstance(tree, list):
            return []
        return [tree[0], *(tag for child in tree[2:] for tag in tags(child))]

    found = {tag for _, tree in pieces for tag in tags(tree)}
    assert found <= {"math", "mtext", "mrow", "msup", "mi", "mn", "mo", "code"}
