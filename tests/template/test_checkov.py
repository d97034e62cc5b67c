"""checkov on the transformed template: no finding without a reason that it stays."""

import json
import subprocess

import pytest

from tests.template.conftest import ROOT, Json, settled, transform

CHECKOV = ROOT / ".aita" / "checkov" / "bin" / "checkov"

REASONS = {
    "CKV_AWS_18": "S3's own access log needs a second bucket, which has the same finding; who wants the log has "
    "CloudTrail's data events.",
    "CKV_AWS_73": "Tracing is by parameter: it costs every cold start half a second.",
    "CKV_AWS_115": "A new account's concurrency can be as low as 10, and a reservation needs 100 left over; "
    "MaxConcurrency bounds the functions.",
    "CKV_AWS_116": "Nothing is invoked asynchronously: the state machine sees each failure and records it.",
    "CKV_AWS_117": "A VPC keeps nothing out that the roles let in, and the model is on the internet.",
    "CKV_AWS_119": "A key of AWS's encrypts the table; the customer's own is by parameter, KmsKeyArn.",
    "CKV_AWS_120": "Answers are of runs in progress and of who asks: a cached one would be wrong.",
    "CKV_AWS_158": "Logs hold no student's name or work, and are encrypted with a key of AWS's.",
    "CKV_AWS_173": "The functions' variables hold names, no secrets, and are encrypted with a key of AWS's.",
}

GIVEN = {"HasAccessLog", "SetsLogRole", "UsesApiKey"}
"""The conditions that hold with the parameters' defaults."""


@pytest.fixture(scope="module")
def findings(template: Json, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The resources with a finding, by the check that found it: as given, and with all that parameters add."""
    assert CHECKOV.exists(), "checkov's environment is not there: run `make checkov`"
    folder = tmp_path_factory.mktemp("checkov")
    for name, given in (("given.json", GIVEN), ("all.json", set(template["Conditions"]))):
        (folder / name).write_text(json.dumps(settled(transform(template), given), default=str))
    command = [str(CHECKOV), "--directory", str(folder), "--framework", "cloudformation", "--output", "json", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 200, done.stderr
    assert report["summary"]["parsing_errors"] == 0
    found: dict[str, set[str]] = {}
    for finding in report["results"]["failed_checks"]:
        found.setdefault(finding["check_id"], set()).add(finding["resource"])
    return found


def test_each_finding_has_its_reason(findings: dict[str, set[str]]) -> None:
    assert {check: found for check, found in findings.items() if check not in REASONS} == {}


def test_each_reason_has_a_finding(findings: dict[str, set[str]]) -> None:
    assert set(REASONS) <= set(findings)
