"""Finished tasks, in DynamoDB."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from aita.aws.dynamodb.batch_delete import delete_rows
from aita.aws.dynamodb.items import read, task_key, write
from aita.errors import RequestError
from aita.models.run import TaskRow, TaskStatus
from aita.ports import Clock
from aita.services.compliance.retention import rows_expire_at

_TOKEN = re.compile(r"[\w.-]+", re.ASCII)  # a task's id; a kind's has a dot


@dataclass(frozen=True, slots=True)
class DynamoTaskTable:
    """Rows of finished tasks. They expire ``retention_days`` after they were written."""

    client: Any
    table: str
    clock: Clock
    retention_days: int
    pause: Callable[[float], None] = time.sleep

    def record(self, run_id: str, row: TaskRow) -> bool:
        """Record a finished task; idempotent. Return whether the row was written."""
        usage = row.usage.model_dump()
        values = row.model_dump(exclude={"usage", "task_id"}) | {
            "expires_at": rows_expire_at(self.clock(), self.retention_days)
        }
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        adds = ", ".join(f"#usage_{name} :usage_{name}" for name in usage)
        try:
            self.client.update_item(
                TableName=self.table,
                Key=task_key(run_id, row.task_id),
                UpdateExpression=f"SET {sets} ADD {adds}",
                ConditionExpression="attribute_not_exists(pk) OR (#status = :failed AND #attempt < :attempt)",
                ExpressionAttributeNames={f"#{name}": name for name in values}
                | {f"#usage_{name}": f"usage_{name}" for name in usage},
                ExpressionAttributeValues=write(
                    {f":{name}": value for name, value in values.items()}
                    | {f":usage_{name}": value for name, value in usage.items()}
                    | {":failed": TaskStatus.FAILED}
                ),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def rows(self, run_id: str, stage: str | None = None) -> Iterator[TaskRow]:
        """Yield the rows of a run, or of one of its stages, ordered by task id."""
        prefix = f"TASK#{stage}-" if stage else "TASK#"
        pages = self.client.get_paginator("query").paginate(
            **self._query(run_id, prefix),
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                yield _row(item)

    def page(self, run_id: str, status: str | None, limit: int, token: str | None) -> tuple[list[TaskRow], str | None]:
        """Return up to ``limit`` rows and the next page's token."""
        if token is not None and not _TOKEN.fullmatch(token):
            raise RequestError("next_token is not one that this list gave")
        rows: list[TaskRow] = []
        query = self._query(run_id, "TASK#")
        if status is not None:
            query["FilterExpression"] = "#status = :status"
            query["ExpressionAttributeNames"] = {"#status": "status"}
            query["ExpressionAttributeValues"] |= write({":status": status})
        start = {"ExclusiveStartKey": task_key(run_id, token)} if token else {}
        while True:
            answer = self.client.query(**query, **start)
            rows += [_row(item) for item in answer["Items"]]
            more = "LastEvaluatedKey" in answer
            if len(rows) > limit:
                return rows[:limit], rows[limit - 1].task_id
            if not more:
                return rows, None
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def remove(self, run_id: str, task_ids: list[str]) -> None:
        """Delete the rows of tasks that are no longer part of the run.

        Raises
        ------
        StorageError
            If the table is too busy for it.
        """
        delete_rows(self.client, self.table, [task_key(run_id, task_id) for task_id in task_ids], self.pause)

    def _query(self, run_id: str, prefix: str) -> dict[str, Any]:
        return {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": write({":pk": f"RUN#{run_id}", ":prefix": prefix}),
        }


def _row(item: dict[str, Any]) -> TaskRow:
    values = read(item)
    usage = {name.removeprefix("usage_"): values.pop(name) for name in list(values) if name.startswith("usage_")}
    values.setdefault("ended_at", "1970-01-01T00:00:00+00:00")  # missing in rows that the state machine's Catch wrote
    return TaskRow.model_validate(values | {"usage": usage, "task_id": item["sk"]["S"].removeprefix("TASK#")})
