"""The layers as AWS gets them, on the emulator: every other test here runs with thin ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aita_local.stack import LocalSettings
from tests.local.stack import SAMPLES, LocalStack, full_home, true_texts
from tests.template.test_builds import load

sizes = load("size")


@pytest.fixture
def full_stack(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStack]:
    monkeypatch.setenv("AITA_LAYERS", "full")
    made = LocalStack(full_home(tmp_path_factory), LocalSettings(max_workers=1, rate_limit_rps=0))
    try:
        made.up()
        yield made
    finally:
        made.down()


def test_a_page_goes_through_every_function(full_stack: LocalStack, tmp_path: Path) -> None:
    built = {path.name for path in (full_stack.home.path / "build").glob("*/python/*")}
    assert {"openai", "pydantic", "PIL", "pypdfium2"} <= built
    assert {"boto3", "botocore"} <= built, "the runtime's own would be of AWS's choice"
    for layer, limit in sizes.LIMITS.items():
        taken = sizes.shares(full_stack.home.path / "build" / layer)
        assert 10 * sizes.MB < taken.total() <= limit * sizes.MB, taken.most_common(5)
    folder = tmp_path / "scans" / "Maya Lindqvist"
    folder.mkdir(parents=True)
    scan = (SAMPLES / "exam" / "scans" / "Maya Lindqvist" / "page 1.jpg").read_bytes()
    (folder / "page 1.jpg").write_bytes(scan)
    full_stack.run("upload", str(tmp_path / "scans"), "--assignment", "full")
    run = full_stack.run("transcribe", "--assignment", "full")
    assert (run["status"], run["usage"]["calls"]) == ("SUCCEEDED", 1)
    assert full_stack.texts("full") == {("Maya Lindqvist", 1): true_texts()["Maya Lindqvist", 1]}
