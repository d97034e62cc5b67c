"""Work of the console's server itself."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from aita.client.api_client import ApiClient
from aita.client.console.application import bucket_urls, make_application
from aita.client.console.guard import TOKEN_HEADER
from aita.client.console.own_work import OwnWork
from aita.client.console.staging import Staging
from aita.client.file_transfer import FileTransfer
from aita.client.sigv4 import SigV4Transport
from aita.client.stack_target import StackTarget
from aita.errors import AitaError, ConflictError, StackError
from aita.models.base import StrictModel
from tests.support.fake_stack import FakeStack

HOST = "127.0.0.1:8123"


class Sum(StrictModel):
    numbers: tuple[int, ...]


def add(_api: ApiClient, _files: FileTransfer, asked: Sum) -> dict[str, int]:
    if not asked.numbers:
        raise ConflictError("there is nothing to add")
    if sum(asked.numbers) < 0:
        raise StackError("the stack is gone")
    return {"sum": sum(asked.numbers)}


@pytest.fixture
def page(stack: FakeStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> TestClient:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "first")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    place = StackTarget("aita", "us-east-1", stack.url)
    application = make_application(
        lambda: SigV4Transport(place, stack.url, "us-east-1"),
        FileTransfer(place),
        bucket_urls("s3", stack.url),
        [HOST],
        "right",
        Staging(tmp_path),
        {"sum": OwnWork(Sum, add)},
    )
    return TestClient(application, base_url=f"http://{HOST}", headers={TOKEN_HEADER: "right"})


def test_work_is_done_and_answered(page: TestClient) -> None:
    got = page.post("/own/sum", json={"numbers": [1, 2]})
    assert (got.status_code, got.json()) == (200, {"sum": 3})


@pytest.mark.parametrize(
    ("numbers", "status", "error"), [([], 409, ConflictError), ([-1], 502, StackError)], ids=["refused", "failed"]
)
def test_an_error_has_its_class_and_message(
    page: TestClient, numbers: list[int], status: int, error: type[AitaError]
) -> None:
    got = page.post("/own/sum", json={"numbers": numbers})
    assert (got.status_code, got.json()["error"]) == (status, error.__name__)
    assert got.json()["message"]


def test_a_wrong_body_is_told_without_its_values(page: TestClient) -> None:
    got = page.post("/own/sum", json={"numbers": ["Ada Lovelace"]})
    assert (got.status_code, got.json()["error"]) == (400, "RequestError")
    assert "numbers.0" in got.json()["message"]
    assert "Ada" not in got.text


def test_there_is_no_other_work_and_none_without_the_token(page: TestClient) -> None:
    assert page.post("/own/files", json={}).status_code == 404
    assert page.get("/own/sum").status_code == 405
    assert page.post("/own/sum", json={"numbers": [1]}, headers={TOKEN_HEADER: "wrong"}).status_code == 403
