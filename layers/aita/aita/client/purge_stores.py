"""Versions of the bucket and rows of the table, listed and deleted permanently."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from aita.aws.dynamodb.batch_delete import delete_rows
from aita.aws.dynamodb.items import decisions_partition, write
from aita.errors import StorageError
from aita.ports import StoredRow, StoredVersion

_GONE = {"NoSuchKey", "NoSuchVersion"}
_VERSIONS = 1_000  # S3's limit for one DeleteObjects


@dataclass(frozen=True, slots=True)
class S3Versions:
    """Versions of a bucket's objects."""

    client: Any
    bucket: str

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        """Yield every version and deletion marker under a prefix."""
        for page in self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix):
            for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                yield StoredVersion(found["Key"], found["VersionId"], found.get("ETag", ""), found["IsLatest"])

    def read(self, version: StoredVersion) -> bytes:
        """Return a version's bytes; empty for a deletion marker or a version that no longer exists."""
        if not version.etag:
            return b""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=version.key, VersionId=version.version_id)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return b""
            raise
        return bytes(answer["Body"].read())

    def erase(self, versions: Sequence[StoredVersion]) -> None:
        """Delete versions permanently.

        Raises
        ------
        StorageError
            If S3 keeps some, with its reason for the first.
        """
        for first in range(0, len(versions), _VERSIONS):
            some = [{"Key": each.key, "VersionId": each.version_id} for each in versions[first : first + _VERSIONS]]
            answer = self.client.delete_objects(Bucket=self.bucket, Delete={"Objects": some, "Quiet": True})
            if refused := answer.get("Errors"):
                raise StorageError(f"S3 keeps {len(refused)} objects ({refused[0].get('Code')}): purge again")


@dataclass(frozen=True, slots=True)
class DynamoRows:
    """Rows of a table by their keys."""

    client: Any
    table: str
    pause: Callable[[float], None] = time.sleep

    def of_assignment(self, assignment: str) -> Iterator[StoredRow]:
        """Yield the rows of an assignment: run summaries, active-run markers and decisions."""
        yield from self._rows(f"ASSIGNMENT#{assignment}")
        yield from self._rows(decisions_partition(assignment))

    def of_run(self, run_id: str) -> Iterator[StoredRow]:
        """Yield the rows of a run: its META row and its tasks' rows."""
        return self._rows(f"RUN#{run_id}")

    def delete(self, rows: Sequence[StoredRow]) -> None:
        """Delete rows.

        Raises
        ------
        StorageError
            If the table is too busy for it.
        """
        delete_rows(self.client, self.table, [_key(row) for row in rows], self.pause)

    def _rows(self, partition: str) -> Iterator[StoredRow]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=write({":pk": partition}),
            ProjectionExpression="pk, sk",
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                kind, _, name = item["sk"]["S"].partition("#")
                yield StoredRow(partition, kind, name)


def _key(row: StoredRow) -> dict[str, Any]:
    return write({"pk": row.partition, "sk": f"{row.kind}#{row.name}" if row.name else row.kind})
