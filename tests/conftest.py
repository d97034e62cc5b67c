"""What every test starts from: no settings or credentials of this machine, and no network but loopback."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from pytest_socket import socket_allow_hosts

from tests.support.fakes import Harness

hypothesis.settings.register_profile("shared", deadline=None)  # a time of its own for each example tells of the machine
hypothesis.settings.load_profile("shared")

_MARKS = {
    "adversary": ("long", "slow"),
    "aws": ("slow",),
    "browser": ("long", "slow"),
    "container": ("container", "slow"),
    "fuzz": ("long", "slow"),
    "injection": ("slow",),
    "integration": ("slow",),
    "local": ("emulator", "slow"),
    "misreadings": ("long", "slow"),
    "system": ("slow",),
    "template": ("slow",),
    "upgrade": ("slow",),
    "wheel": ("long", "slow"),
}
"""The markers of all tests in a folder."""

_PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by its folder."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        for mark in _MARKS.get(folder, ()):
            item.add_marker(mark)


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> Iterator[None]:
    """Clear what tests must not see; for the session, so that it comes before any stack that a module deploys."""
    with pytest.MonkeyPatch.context() as patched:
        for name in list(os.environ):
            if name.startswith(("AWS_", "OPENAI_", "AITA_")) or name.upper() in _PROXIES:
                patched.delenv(name)
        patched.setenv("AWS_ACCESS_KEY_ID", "testing")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patched.setenv("AWS_SESSION_TOKEN", "testing")
        patched.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patched.setenv("AWS_CONFIG_FILE", os.devnull)
        patched.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patched.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Let what tests start be interrupted: a shell has what it runs in the background ignore it, with all children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """Let a test that reaches beyond this machine fail; pytest-socket lifts it after the test."""
    socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


@pytest.fixture
def harness() -> Harness:
    """Return everything that a run needs, in memory."""
    return Harness()
