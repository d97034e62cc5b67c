"""`make aws-smoke` on the emulator, as far as it goes: the same commands, checks and deletion as on AWS."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aita_local.emulator import CREDENTIALS, ENVIRONMENT, Emulator, no_proxy
from aita_local.state_dir import StateDir
from tests.aws.smoke import checks
from tests.aws.smoke.commands import Commands
from tests.aws.smoke.deployed import DeployedStack
from tests.aws.smoke.replies import simulated
from tests.aws.smoke.report import CheckFailed, Report, Verdict
from tests.aws.smoke.run import fail_a_run, smoke

TOLD = ("AWS::DynamoDB::Table", "AWS::Lambda::Function")
"""Types of which the emulator lists tags; AWS does of all in ``checks.TAGGED``."""

OTHERS = "aita/code-of-another-stack"
"""Key of what was uploaded for a stack that was deployed as the README says."""


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeployedStack]:
    """A stack in an account of its own: an emulator that has nothing of this project."""
    emulator = Emulator(StateDir(tmp_path / "account"))
    emulator.start()
    path = os.pathsep.join([os.environ["PATH"], str(ENVIRONMENT / "bin")])
    environ = CREDENTIALS | {"AWS_ENDPOINT_URL": emulator.endpoint_url, "NO_PROXY": no_proxy(), "no_proxy": no_proxy()}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "smoke"
    folder.mkdir()
    environ |= {"PATH": path, "AITA_LAYERS": "thin", "SAM_CLI_POLL_DELAY": "0.5"}
    try:
        yield DeployedStack(Commands("aita-smoke-0a1b2c3d", folder, environ, patience=600), {})
    finally:
        emulator.stop()


def artifacts(stack: DeployedStack) -> str:
    """Return the name of the bucket to which sam uploads."""
    buckets: Iterator[str] = (each["Name"] for each in stack.client("s3").list_buckets()["Buckets"])
    return next(name for name in buckets if name.startswith("aws-sam-cli-managed-default"))


def on_the_emulator(stack: DeployedStack, report: Report) -> None:
    """Break what each check looks at, as far as the emulator can, and say what it can't show."""
    stack.client("s3").put_object(Bucket=artifacts(stack), Key=OTHERS, Body=b"x")
    with report.check("a run can fail"):
        fail_a_run(stack)
    with pytest.raises(CheckFailed, match="without the tag"):
        checks.tagged(stack)
    stack.client("cloudwatch").delete_alarms(
        AlarmNames=[stack.physical_ids("AWS::CloudWatch::Alarm")["TaskErrorsAlarm"]]
    )
    with pytest.raises(CheckFailed, match="not there"):
        checks.quiet_alarms(stack)
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    stack.client("iam").put_role_policy(
        RoleName=stack.physical_ids("AWS::IAM::Role")["ReportFunctionRole"],
        PolicyName="too-much",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
    )
    with pytest.raises(CheckFailed, match="ReportFunctionRole: s3:DeleteObject"):
        checks.denials(stack)
    report.not_here("a stranger gets nothing", "the emulator asks for no signature")
    report.not_here("a run that fails sets the alarm off", "the emulator measures nothing of executions")


def test_the_smoke_test_passes_and_leaves_nothing(stack: DeployedStack) -> None:
    report = Report({"where": "the emulator"}, lambda line: None)
    here = simulated(stack.commands.folder)
    stack = DeployedStack(stack.commands, here.parameters)
    smoke(stack, report, replies=here.replies, alone=on_the_emulator, kinds=TOLD)
    assert not report.failed, report.markdown()
    assert report.is_good
    assert [line.verdict for line in report.lines].count(Verdict.NOT_HERE) == 2
    graded = next(line.seen for line in report.lines if "is graded" in line.what)
    assert "; 0 calls paid" in graded
    assert "only AWS shows it" in report.markdown()
    assert stack.left() == []
    listed = stack.client("s3").list_objects_v2(Bucket=artifacts(stack))["Contents"]
    assert [each["Key"] for each in listed] == [OTHERS]


def test_a_deploy_that_fails_is_told_and_leaves_nothing(stack: DeployedStack) -> None:
    report = Report({}, lambda line: None)
    broken = DeployedStack(stack.commands, {"MaxConcurrency": "none", "ModelName": "simulated"})
    smoke(broken, report, replies={}, alone=on_the_emulator)
    assert [line.what for line in report.failed] == ["the stack deploys"]
    assert not report.is_good
    assert broken.left() == []
