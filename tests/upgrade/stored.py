"""What version 0.1.0 left behind, and how it comes into a bucket and a table."""

import hashlib
import json
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.integration.stack import Stack
from tests.upgrade.stack import BUCKET, TABLE

ARCHIVE = Path(__file__).with_name("0_1_0.tar.xz")


@cache
def files() -> dict[str, bytes]:
    """Return the archive's files by name."""
    with tarfile.open(ARCHIVE) as archive:
        found = {entry.name: archive.extractfile(entry) for entry in archive}
        return {name: file.read() for name, file in found.items() if file is not None}


def objects() -> dict[str, bytes]:
    """Return the bucket's objects by key."""
    return {name.removeprefix("bucket/"): data for name, data in files().items() if name.startswith("bucket/")}


def items() -> list[dict[str, Any]]:
    """Return the table's items."""
    return [json.loads(line) for line in files()["table.jsonl"].splitlines()]


def expected(name: str) -> Any:
    """Return a part of what 0.1.0 told."""
    return json.loads(files()["expected.json"])[name]


def checkpoint(folder: Path) -> Path:
    """Write the executor's checkpoint into a folder, and return its path."""
    (found,) = [name for name in files() if name.startswith("checkpoints/")]
    path = folder / Path(found).name
    path.write_bytes(files()[found])
    return path


def place(key: str, data: bytes) -> tuple[str, str]:
    """Return an object's key and its ETag."""
    return key, f'"{hashlib.md5(data).hexdigest()}"'


def load(stack: Stack) -> None:
    """Put what 0.1.0 left into the stack's bucket and table."""
    for key, data in objects().items():
        stack.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
    for item in items():
        stack.dynamodb.put_item(TableName=TABLE, Item=item)
