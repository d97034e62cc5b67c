"""The smoke test itself: deploy, grade, look, delete."""

from collections.abc import Callable, Mapping

from tests.aws.smoke import checks
from tests.aws.smoke.checks import TAGGED
from tests.aws.smoke.deployed import DeployedStack
from tests.aws.smoke.replies import ASSIGNMENT, SAMPLE, expected, export
from tests.aws.smoke.report import CheckFailed, Report

NO_KEY = "no-key-is-needed"
BROKEN = "smoke-broken"
"""Assignment with one scan that is no picture."""


def smoke(
    stack: DeployedStack,
    report: Report,
    *,
    replies: Mapping[str, bytes],
    key: str = "",
    alone: Callable[[DeployedStack, Report], None],
    kinds: tuple[str, ...] = TAGGED,
) -> None:
    """Make every check, and delete the stack whatever came of them.

    Parameters
    ----------
    stack
        The stack, not yet deployed.
    report
        Report that takes the checks.
    replies
        Replies of the simulated model; without them, ``key`` is that of a real one.
    key
        The model's API key.
    alone
        The checks that only AWS shows, or what says of them that they can't be made.
    kinds
        Types of resources whose tags are looked at.
    """
    with report.check("the stack deploys") as seen:
        stack.deploy()
        seen.append(f"{len(stack.resources)} resources")
    try:
        if not report.failed:
            _look(stack, report, replies, key, alone, kinds)
    finally:
        _delete(stack, report)


def _look(
    stack: DeployedStack,
    report: Report,
    replies: Mapping[str, bytes],
    key: str,
    alone: Callable[[DeployedStack, Report], None],
    kinds: tuple[str, ...],
) -> None:
    commands = stack.commands
    with report.check("the sample exam is graded") as seen:
        stack.put_replies(replies)
        commands.aita("key", "set", given=key or NO_KEY)
        commands.aita("upload", str(SAMPLE), "--assignment", ASSIGNMENT)
        seen.append(checks.ended(commands.aita("exam", "--assignment", ASSIGNMENT)))
    with report.check("the grades are right" if replies else "the grades are there") as seen:
        made = commands.folder / "grades.csv"
        export(commands, made)
        if replies:
            seen.append(checks.same_grades(made, expected(commands.folder)))
    with report.check("reports are made, and the audit recomputes") as seen:
        commands.aita("report", "--assignment", ASSIGNMENT, "--no-run", "--out", str(commands.folder / "reports"))
        commands.aita("audit", "--assignment", ASSIGNMENT, "--out", str(commands.folder / "audit"))
    with report.check("every alarm is there and quiet") as seen:
        seen.append(checks.quiet_alarms(stack))
    with report.check("the functions' roles are denied what they do not need") as seen:
        seen.append(checks.denials(stack))
    with report.check("everything that costs has the stack's tag") as seen:
        seen.append(checks.tagged(stack, kinds))
    alone(stack, report)
    with report.check("purge deletes the exam, and proves it") as seen:
        seen.append(f"{commands.aita('purge', '--assignment', ASSIGNMENT, '--yes')['deleted']} deleted")


def on_aws_alone(stack: DeployedStack, report: Report) -> None:
    """Make the checks that only AWS shows."""
    with report.check("a stranger gets nothing") as seen:
        seen.append(checks.strangers(stack))
    with report.check("a run that fails sets the alarm off") as seen:
        fail_a_run(stack)
        seen.append(checks.loud_alarm(stack))


def fail_a_run(stack: DeployedStack) -> None:
    """Run an assignment of which a part can't succeed."""
    scan = stack.commands.folder / "broken" / "scans" / "Nobody" / "page-1.png"
    scan.parent.mkdir(parents=True)
    scan.write_bytes(b"\x89PNG\r\n\x1a\n and then nothing of a picture")
    stack.commands.aita("upload", str(stack.commands.folder / "broken"), "--assignment", BROKEN)
    run = stack.commands.aita("transcribe", "--assignment", BROKEN, good=(1, 3))
    if run["status"] != "FAILED":
        raise CheckFailed(f"a scan that is no picture is {run['status']}")


def _delete(stack: DeployedStack, report: Report) -> None:
    with report.check("nothing is left") as seen:
        stack.delete()
        if left := stack.left():
            raise CheckFailed(f"still there: {', '.join(left)}")
        seen.append("stack, bucket, table and secret")
