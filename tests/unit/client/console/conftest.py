"""The console in front of a stack on loopback."""

from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from aita.client.console.application import bucket_urls, make_application
from aita.client.console.guard import TOKEN_HEADER
from aita.client.console.staging import Staging
from aita.client.file_transfer import FileTransfer
from aita.client.sigv4 import SigV4Transport
from aita.client.stack_target import StackTarget
from tests.support.fake_stack import FakeStack

HOST = "127.0.0.1:8123"
TOKEN = "right"


@pytest.fixture
def anyone(stack: FakeStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> TestClient:
    """A program that knows the console's address, and not its token."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "first")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    place = StackTarget("aita", "us-east-1", stack.url)

    def connect() -> SigV4Transport:
        api_url = f"{stack.url}/_aws/execute-api/abc12345/v1"
        return SigV4Transport(replace(place), api_url, "us-east-1", lambda _: None)

    files = FileTransfer(place, lambda _: None)
    application = make_application(connect, files, bucket_urls("s3", stack.url), [HOST], TOKEN, Staging(tmp_path), {})
    return TestClient(application, base_url=f"http://{HOST}")


@pytest.fixture
def page(anyone: TestClient) -> TestClient:
    """A page of the console."""
    anyone.headers[TOKEN_HEADER] = TOKEN
    return anyone
