"""The simulated model's answers, for a stack that can't reach it: the replies that the sample exam costs.

The exam is graded on this machine's emulator first. Its replies, put into the cache of another stack, answer each
call there: a call that they do not answer finds no model, and fails.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aita_local import stack
from aita_local.deploy import client
from aita_local.stack import LocalSettings
from aita_local.state_dir import StateDir
from tests.aws.definition import ROOT
from tests.aws.smoke.commands import Commands

ASSIGNMENT = "smoke"
SAMPLE = ROOT / "samples" / "exam"
_CACHE = "cache/"


@dataclass(frozen=True, slots=True)
class Simulated:
    """The sample exam, graded here.

    Attributes
    ----------
    parameters
        The template's parameters with which another stack asks what was asked here: a reply is known by its endpoint
        too. There, nobody is at that address of loopback.
    replies
        The replies that it cost, by key.
    """

    parameters: dict[str, str]
    replies: dict[str, bytes]


def simulated(folder: Path) -> Simulated:
    """Grade the sample exam on an emulator of its own; its gradebook is put into ``folder``."""
    home = StateDir(folder / "home")
    settings = LocalSettings()
    try:
        connection = stack.up(settings, home=home, say=lambda line: None)
        commands = Commands(connection.stack, folder, {"AITA_HOME": str(home.path), "AITA_LOCAL": "true"})
        commands.aita("upload", str(SAMPLE), "--assignment", ASSIGNMENT)
        commands.aita("exam", "--assignment", ASSIGNMENT)
        export(commands, expected(folder))
        s3 = client("s3", connection.endpoint_url)
        bucket = _bucket(connection.endpoint_url, connection.stack)
        replies = {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in _keys(s3, bucket, _CACHE)}
    finally:
        stack.down(home=home, say=lambda line: None)
    parameters = {
        "ModelBaseUrl": connection.model_base_url,
        "ModelName": settings.model,
        "MaskHeader": f"{settings.mask_header:g}",
        "ReasoningEffort": str(settings.reasoning_effort),
    }
    return Simulated(parameters, replies)


def expected(folder: Path) -> Path:
    """Return where the gradebook of the emulator's exam is."""
    return folder / "expected.csv"


def export(commands: Commands, file: Path) -> None:
    """Write the sample's gradebook."""
    commands.aita("export", "gradescope", "--assignment", ASSIGNMENT, "--out", str(file))


def _keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [found["Key"] for page in pages for found in page.get("Contents", ())]


def _bucket(endpoint_url: str, name: str) -> str:
    described = client("cloudformation", endpoint_url).describe_stacks(StackName=name)["Stacks"][0]
    return next(str(output["OutputValue"]) for output in described["Outputs"] if output["OutputKey"] == "BucketName")
