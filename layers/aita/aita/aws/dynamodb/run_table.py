"""Runs in DynamoDB."""

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from aita.aws.dynamodb.items import active_key, read, run_key, summary_key, write
from aita.aws.dynamodb.transaction_conflicts import cancellation_reasons, is_passing, repeated
from aita.errors import ConflictError, NotFoundError, RequestError
from aita.models.provider_batch import BatchProgress
from aita.models.run import Run, RunStatus, RunSummary, StageCounts, TaskRow, TaskStatus, Usage
from aita.ports import Clock
from aita.services.compliance.retention import rows_expire_at

_REFUSED = "ConditionalCheckFailedException"
_UNMET = "ConditionalCheckFailed"  # as a transaction's reason
_LONGEST_ID = 26  # characters of a ULID; DynamoDB raises an error for a partition key of over 2,048 bytes


@dataclass(frozen=True, slots=True)
class DynamoRunTable:
    """META rows of runs, summaries and active-run markers. They expire ``retention_days`` after they were written."""

    client: Any
    table: str
    clock: Clock
    retention_days: int

    def create(self, run: Run, replaces: str | None) -> None:
        """Write a new run and make it active, in one transaction."""
        summary = self._put(summary_key(run.assignment, run.run_id), RunSummary.of(run))
        self._transact(run, replaces, self._put(run_key(run.run_id), run), summary)

    def get(self, run_id: str) -> Run:
        """Return the run, by a strongly consistent read."""
        if len(run_id) <= _LONGEST_ID:
            answer = self.client.get_item(TableName=self.table, Key=run_key(run_id), ConsistentRead=True)
            if "Item" in answer:
                return Run.model_validate(read(answer["Item"]))
        raise NotFoundError(f"there is no run {run_id[:40]!r}: 'aita runs --assignment NAME' lists the ids")

    def active(self, assignment: str, pipeline: str) -> str | None:
        """Return the id of the run that was last made active, even if it has ended."""
        key = active_key(assignment, pipeline)
        answer = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return str(read(answer["Item"])["run_id"]) if "Item" in answer else None

    def restart(self, run: Run, replaces: str | None) -> None:
        """Begin the next attempt of a run and make it active."""
        meta = self._put(run_key(run.run_id), run)
        meta["Put"] |= {
            "ConditionExpression": "attempt = :before AND #status <> :running",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": write({":before": run.attempt - 1, ":running": RunStatus.RUNNING}),
        }
        self._transact(run, replaces, meta)

    def set_execution(self, run_id: str, attempt: int, execution_arn: str) -> None:
        """Record the execution of an attempt, unless the run is in another one."""
        values = {":arn": execution_arn, ":attempt": attempt}
        self._update(run_id, "SET execution_arn = :arn", values, condition="attempt = :attempt")

    def end(self, run_id: str, attempt: int, status: RunStatus, reason: str) -> Run:
        """End the run if it is RUNNING in this attempt; return the run after the update."""
        run = self._update(
            run_id,
            "SET #status = :status, reason = :reason, ended_at = :now",
            {":status": status, ":reason": reason, ":running": RunStatus.RUNNING, ":attempt": attempt},
            condition="#status = :running AND attempt = :attempt",
            names={"#status": "status"},
        )
        return run or self.get(run_id)

    def cancel_ended(self, run_id: str, attempt: int, reason: str) -> Run:
        """Make a run CANCELLED that has ended otherwise in this attempt; return the run after the update."""
        run = self._update(
            run_id,
            "SET #status = :status, reason = :reason",
            {
                ":status": RunStatus.CANCELLED,
                ":reason": reason,
                ":running": RunStatus.RUNNING,
                ":attempt": attempt,
            },
            condition="#status <> :running AND attempt = :attempt",
            names={"#status": "status"},
        )
        return run or self.get(run_id)

    def begin_stage(self, run_id: str, stage: str, counts: StageCounts, removed_usage: Usage) -> None:
        """Set the current stage, its counters, and the usage of task rows that were removed."""
        self._update(
            run_id,
            "SET stage = :stage, stages.#stage = :counts, removed_usage = :removed_usage",
            {":stage": stage, ":counts": counts, ":removed_usage": removed_usage},
            names={"#stage": stage},
        )

    def count(self, run_id: str, stage: str, row: TaskRow) -> Run:
        """Add a finished task to the counters of its attempt; return the run after the update."""
        usage = row.usage.model_dump()
        adds = ", ".join(f"#usage.{name} :{name}" for name in usage)
        ended = "succeeded" if row.status is TaskStatus.SUCCEEDED else "failed"
        run = self._update(
            run_id,
            f"ADD stages.#stage.{ended} :one, {adds}",
            {":one": 1, ":attempt": row.attempt} | {f":{name}": value for name, value in usage.items()},
            condition="attempt = :attempt AND attribute_exists(stages.#stage)",
            names={"#stage": stage, "#usage": "usage"},
        )
        return run or self.get(run_id)

    def count_wait(self, run_id: str, reason: str) -> Run:
        """Count one wait for the provider and record its reason; return the run after the update."""
        run = self._update(run_id, "ADD waits :one SET wait_reason = :reason", {":one": 1, ":reason": reason})
        return run or self.get(run_id)

    def show_batches(self, run_id: str, attempt: int, progress: BatchProgress | None) -> None:
        """Record how far the provider's batches are that the run waits for in this attempt; ``None`` for none."""
        change = "REMOVE batch_progress" if progress is None else "SET batch_progress = :progress"
        self._update(run_id, change, {":progress": progress, ":attempt": attempt}, condition="attempt = :attempt")

    def reserve_cost(self, run_id: str, attempt: int, amount: Decimal, cap: Decimal) -> bool:
        """Add ``amount`` to the committed cost (USD) if the sum stays within ``cap``; return whether it was added."""
        run = self._update(
            run_id,
            "ADD committed_usd :amount",
            {":amount": amount, ":most": cap - amount, ":running": RunStatus.RUNNING, ":attempt": attempt},
            condition="committed_usd <= :most AND #status = :running AND attempt = :attempt",
            names={"#status": "status"},
        )
        return run is not None

    def release_cost(self, run_id: str, attempt: int, amount: Decimal) -> bool:
        """Subtract ``amount`` (USD) from the attempt's committed cost; return whether the run is in this attempt."""
        values = {":amount": -amount, ":attempt": attempt}
        return self._update(run_id, "ADD committed_usd :amount", values, condition="attempt = :attempt") is not None

    def finish_stage(self, run_id: str, stage: str, counts: StageCounts, usage: Usage) -> Run:
        """Set a stage's counts and the run's usage to exact values; return the run after the update."""
        run = self._update(
            run_id,
            "SET stages.#stage = :counts, #usage = :usage",
            {":counts": counts, ":usage": usage},
            names={"#stage": stage, "#usage": "usage"},
        )
        return run or self.get(run_id)

    def summarise(self, run: Run) -> None:
        """Update the run's entry in the list of its assignment's runs."""
        self.client.put_item(**self._put(summary_key(run.assignment, run.run_id), RunSummary.of(run))["Put"])

    def list(self, assignment: str, limit: int, token: str | None) -> tuple[list[RunSummary], str | None]:
        """Return up to ``limit`` summaries, newest first, and the next page's token."""
        if token is not None and not token.isalnum():
            raise RequestError("next_token is not one that this list gave")
        start = {"ExclusiveStartKey": summary_key(assignment, token)} if token else {}
        answer = self.client.query(
            TableName=self.table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :run)",
            ExpressionAttributeValues=write({":pk": f"ASSIGNMENT#{assignment}", ":run": "RUN#"}),
            ScanIndexForward=False,
            Limit=limit + 1,  # one more shows a next page
            **start,
        )
        runs = [RunSummary.model_validate(read(item)) for item in answer["Items"]]
        return runs[:limit], runs[limit - 1].run_id if len(runs) > limit else None

    def _put(self, key: dict[str, Any], row: Run | RunSummary) -> dict[str, Any]:
        expires_at = rows_expire_at(self.clock(), self.retention_days)
        item = key | write(row.model_dump() | {"expires_at": expires_at})
        return {"Put": {"TableName": self.table, "Item": item}}

    def _transact(self, run: Run, replaces: str | None, *writes: dict[str, Any]) -> None:
        marker: dict[str, Any] = {
            "TableName": self.table,
            "Item": active_key(run.assignment, run.pipeline)
            | write({"run_id": run.run_id, "expires_at": rows_expire_at(self.clock(), self.retention_days)}),
        }
        if replaces is None:
            marker["ConditionExpression"] = "attribute_not_exists(pk)"
        else:
            marker["ConditionExpression"] = "run_id = :replaces"
            marker["ExpressionAttributeValues"] = write({":replaces": replaces})
        try:
            repeated(lambda: self.client.transact_write_items(TransactItems=[*writes, {"Put": marker}]))
        except ClientError as error:
            if is_passing(error):
                raise ConflictError(
                    f"the tasks of run {run.run_id} that are still at work write its row: try again in a minute"
                ) from None
            if _UNMET not in cancellation_reasons(error):
                raise
            raise ConflictError(
                f"another run of {run.assignment} / {run.pipeline} was started at the same time: "
                f"see it with 'aita runs --assignment {run.assignment}'"
            ) from None

    def _update(
        self,
        run_id: str,
        expression: str,
        values: dict[str, Any],
        *,
        condition: str = "attribute_exists(pk)",
        names: dict[str, str] | None = None,
    ) -> Run | None:
        """Update the META row and return the run; ``None`` if the condition does not hold."""
        now = {":now": self.clock()}
        joined = f"{expression}, updated_at = :now" if "SET" in expression else f"{expression} SET updated_at = :now"
        arguments = {"ExpressionAttributeNames": names} if names else {}
        update = partial(
            self.client.update_item,
            TableName=self.table,
            Key=run_key(run_id),
            UpdateExpression=joined,
            ConditionExpression=condition,
            ExpressionAttributeValues=write(values | now),
            ReturnValues="ALL_NEW",
            **arguments,
        )
        try:
            answer = repeated(update)
        except ClientError as error:
            if error.response["Error"]["Code"] == _REFUSED:
                return None
            raise
        return Run.model_validate(read(answer["Attributes"]))
