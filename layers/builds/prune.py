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
    "boto3",  # Lambda's runtime has it
    "botocore",
    "openai/cli",
    "pygal/test",
    "pypdfium2_cli",
    "rapidfuzz/__pyinstaller",
)


def prune(target: Path) -> None:
    """Remove everything under ``target`` that a pattern of ``DROPPED`` names."""
    for pattern in DROPPED:
        for path in sorted(target.glob(pattern), reverse=True):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


if __name__ == "__main__":
    prune(Path(sys.argv[1]))
