"""Drop from a built layer what no function imports: it would only make cold starts and uploads larger."""

import shutil
import sys
from pathlib import Path

DROPPED = (
    "bin",  # commands
    "**/__pycache__",  # compiled anew, by the runtime's own version
    "**/*.pyi",
    "**/tests",
    "aita/cli",  # people's
    "aita/client",  # calls the stack from outside
    "boto3/data",  # of its resources, which nothing uses
    "boto3/examples",
    "openai/cli",
    "pygal/test",
    "pypdfium2_cli",
    "rapidfuzz/__pyinstaller",
)

SERVICES = frozenset({"bedrock-runtime", "dynamodb", "lambda", "s3", "secretsmanager", "stepfunctions"})
"""The services that functions ask, of the some four hundred that botocore describes."""


def prune(target: Path) -> None:
    """Remove everything under ``target`` that a pattern of ``DROPPED`` names, and botocore's other services."""
    for service in target.glob("botocore/data/*/"):
        if service.name not in SERVICES:
            shutil.rmtree(service)
    for pattern in DROPPED:
        for path in sorted(target.glob(pattern), reverse=True):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


if __name__ == "__main__":
    prune(Path(sys.argv[1]))
