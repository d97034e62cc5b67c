"""cfn-lint on the template that CloudFormation gets: on SAM's source it does not see how resources depend on others."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template.conftest import Json, transform

REGIONS = ("us-east-1", "us-west-1", "eu-central-1")
RESOLVED = ("W7001", "W1030")
"""A mapping whose values SAM has looked up, and functions that are traced by a parameter with other values, too."""


@pytest.mark.parametrize(
    "parameters",
    [{}, {"Tracing": "Active", "TrafficShift": "Canary10Percent5Minutes", "Release": "00000000ab"}],
    ids=["as given", "traced and gradual"],
)
def test_nothing_is_found(template: Json, tmp_path: Path, parameters: dict[str, str]) -> None:
    assert found(transform(template, **parameters), tmp_path / "transformed.json") == ""


def test_a_resource_that_may_not_be_there_is_found(template: Json, tmp_path: Path) -> None:
    """So it was, and SAM's source passed."""
    transformed = transform(template)
    transformed["Resources"]["Api"]["DependsOn"] = "ApiAccount"
    assert "E3005 'ApiAccount' will not exist when condition 'SetsLogRole' is False" in found(
        transformed, tmp_path / "transformed.json"
    )


def found(transformed: Json, file: Path) -> str:
    file.write_text(json.dumps(transformed, default=str))
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--ignore-checks", *RESOLVED, "--regions", *REGIONS]
    done = subprocess.run([*command, "--", str(file)], capture_output=True, text=True, timeout=300, check=False)
    assert not done.stderr
    return done.stdout
