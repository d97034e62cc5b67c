"""``python -m tests.aws.smoke``: what ``make aws-smoke`` runs."""

import os
import secrets
import subprocess
import sys

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from aita.version import VERSION
from tests.aws.definition import ROOT
from tests.aws.smoke.commands import Commands
from tests.aws.smoke.deployed import DeployedStack
from tests.aws.smoke.replies import simulated
from tests.aws.smoke.report import Report
from tests.aws.smoke.run import on_aws_alone, smoke


def main() -> int:
    """Deploy, look, delete, and write the report; return 1 if a check failed."""
    try:
        account = boto3.client("sts").get_caller_identity()["Account"]
    except (BotoCoreError, ClientError) as error:
        typer.echo(f"There is no AWS account to deploy to: {error}. Run `aws configure` first.", err=True)
        return 1
    name = f"aita-smoke-{secrets.token_hex(4)}"
    folder = ROOT / "out" / "aws-smoke" / name
    folder.mkdir(parents=True)
    typer.echo(f"Everything about {name} is put into {folder.relative_to(ROOT)}")
    key = os.environ.get("OPENAI_API_KEY", "")
    here = None if key else simulated(folder)
    asked = here.parameters if here else _real_model()
    stack = DeployedStack(Commands(name, folder, {"AITA_LOCAL": "false"}), asked)
    region = stack.client("s3").meta.region_name
    facts = {
        "aita": f"{VERSION}, commit {_commit()}",
        "where": f"account ending in {account[-4:]}, {region}",
        "model": asked["ModelName"] if key else f"{asked['ModelName']}: its replies are put into the cache",
        "stack": name,
    }
    typer.echo("\n".join(f"{what}: {fact}" for what, fact in facts.items()))
    report = Report(facts, typer.echo)
    smoke(stack, report, replies=here.replies if here else {}, key=key, alone=on_aws_alone)
    file = folder / "report.md"
    file.write_text(report.markdown().replace(account, "ACCOUNT"), "utf-8")
    typer.echo(f"The report is {file.relative_to(ROOT)}")
    return 0 if report.is_good else 1


def _real_model() -> dict[str, str]:
    given = {"ModelBaseUrl": os.environ.get("OPENAI_BASE_URL", ""), "ModelName": os.environ.get("AITA_MODEL", "")}
    return {"ModelName": "gpt-6-luna"} | {name: value for name, value in given.items() if value}


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
