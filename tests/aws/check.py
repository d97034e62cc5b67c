"""``make aws-check``: AWS's own interpreter takes every path of the definition, one state at a time.

It takes credentials that may call ``states:TestState`` and ``states:ValidateStateMachineDefinition``, and leaves
nothing in the account. What it cannot show: the map's reading of its items and its ItemSelector, and the time that a
retry takes.
"""

import sys
from collections.abc import Sequence
from typing import Any

import boto3
import typer
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.aws.definition import deployed_text
from tests.aws.path import Path
from tests.aws.paths import PATHS
from tests.aws.walk import Astray, Walk


def main() -> int:
    """Print how each path went; return 1 if one went astray."""
    try:
        # Hundreds of requests in a row: more than TestState answers in a second.
        client = boto3.client("stepfunctions", config=Config(retries={"mode": "adaptive", "max_attempts": 10}))
        problems = check(client, PATHS)
    except (BotoCoreError, ClientError) as error:
        typer.echo(f"Step Functions could not be asked: {error}", err=True)
        typer.echo("It takes credentials (`aws configure`) that may call states:TestState and", err=True)
        typer.echo("states:ValidateStateMachineDefinition.", err=True)
        return 1
    typer.echo(f"{len(PATHS) - len(problems)} of {len(PATHS)} paths went as the table has them")
    return 1 if problems else 0


def check(client: Any, paths: Sequence[Path]) -> list[str]:
    """Have a client of Step Functions validate the definition and take the paths; return what went astray."""
    diagnosed = client.validate_state_machine_definition(definition=deployed_text(), severity="ERROR")
    problems = [f"the definition: {found['code']}: {found['message']}" for found in diagnosed["diagnostics"]]
    for path in paths:
        walk = Walk(path, client)
        try:
            walk.take()
            typer.echo(f"ok      {path.name} ({walk.requests} states)")
        except Astray as error:
            problems.append(f"{path.name}: {error}")
            typer.echo(f"ASTRAY  {problems[-1]}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
