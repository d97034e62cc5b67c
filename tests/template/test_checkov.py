"""checkov as anyone runs it here: no finding, and no suppression without one."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.template.conftest import ROOT, Json, settled, transform

pytestmark = pytest.mark.long

CHECKOV = ROOT / ".aita" / "checkov" / "bin" / "checkov"

GIVEN = {"UsesApiKey", "ReaderUsesModelsKey"}
"""The conditions that hold with the parameters' defaults."""


@pytest.fixture(scope="module")
def scanned(template: Json, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the template as CloudFormation gets it, and as it makes it with and without what parameters add."""
    folder = tmp_path_factory.mktemp("checkov")
    transformed = transform(template)
    variants = {
        "transformed": transformed,
        "given": settled(transformed, GIVEN),
        "all": settled(transformed, set(template["Conditions"])),
    }
    for name, variant in variants.items():
        (folder / f"{name}.json").write_text(json.dumps(variant, default=str))
    return folder


def test_nothing_is_found_in_what_cloudformation_gets(scanned: Path) -> None:
    assert failures(scan("--directory", str(scanned), where=ROOT)) == {}


def test_nothing_is_found_in_the_source(template: Json) -> None:
    assert failures(scan("--file", "template.yaml", where=ROOT)) == {}


def test_each_suppression_has_a_finding_and_a_reason(template: Json, scanned: Path, tmp_path: Path) -> None:
    """In a folder without .checkov.yaml, and without the Metadata."""
    suppressed: dict[str, set[str]] = {}
    for file in scanned.iterdir():
        bare = json.loads(file.read_text())
        for name, resource in bare["Resources"].items():
            for skip in resource.get("Metadata", {}).pop("checkov", {}).get("skip", ()):
                assert len(skip["comment"]) > 30, (name, skip)
                suppressed.setdefault(skip["id"], set()).add(name)
        (tmp_path / file.name).write_text(json.dumps(bare))
    of_stage = set(yaml.safe_load((ROOT / ".checkov.yaml").read_text())["skip-check"])
    assert {check for check, names in suppressed.items() if "Api" in names} == of_stage
    for check in of_stage:
        suppressed[check] = {"Apiv1Stage"}
    assert failures(scan("--directory", str(tmp_path), where=tmp_path)) == suppressed


def scan(*what: str, where: Path) -> Json:
    assert CHECKOV.exists(), "checkov's environment is not there: run `make checkov`"
    command = [str(CHECKOV), *what, "--framework", "cloudformation", "--output", "json", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=where)
    report: Json = json.loads(done.stdout)
    assert report["summary"]["passed"] > 60, done.stderr
    assert report["summary"]["parsing_errors"] == 0
    return report


def failures(report: Json) -> dict[str, set[str]]:
    """Return the names of the resources with a finding, by the check that found it."""
    found: dict[str, set[str]] = {}
    for finding in report["results"]["failed_checks"]:
        found.setdefault(finding["check_id"], set()).add(finding["resource"].rpartition(".")[2])
    return found
