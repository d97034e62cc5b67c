"""The stack of these tests: built, deployed and taken down once, with state of its own and the simulated model."""

from collections.abc import Iterator

import pytest

from aita_local.emulator import ENVIRONMENT
from aita_local.stack import LocalSettings
from aita_local.state_dir import StateDir
from tests.local.stack import MAX_WORKERS, SAMPLES, LocalStack


@pytest.fixture(scope="session")
def fresh_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack that `sam build` and `sam deploy` have just put onto an emulator. Nothing limits the calls."""
    assert ENVIRONMENT.exists(), "the emulator's environment is not there: run `make emulator`"
    home = StateDir(tmp_path_factory.mktemp("local") / "home")
    made = LocalStack(home, LocalSettings(max_workers=MAX_WORKERS, rate_limit_rps=0))
    try:
        made.up()
        yield made
    finally:
        made.down()


@pytest.fixture
def stack(fresh_stack: LocalStack) -> LocalStack:
    """The stack, up, with a model that answers at once and has counted nothing yet."""
    fresh_stack.model.control(latency=0.05, rps=0, burst=1, error_rate=0, cut_rate=0, drop_rate=0, down_for=0)
    fresh_stack.model.control(reset_stats=True)
    return fresh_stack


@pytest.fixture(scope="session")
def uploaded(fresh_stack: LocalStack) -> str:
    """An assignment with the sample exam."""
    document = fresh_stack.run("upload", str(SAMPLES / "exam"), "--assignment", "midterm")
    assert len(document["files"]) == sum(1 for file in (SAMPLES / "exam").rglob("*") if file.is_file())
    return "midterm"
