"""Decisions of people, in DynamoDB."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from aita.aws.dynamodb.items import DECISION, MATCH, PART, decision_key, decisions_partition, read, write
from aita.concurrency import map_concurrently
from aita.errors import ConflictError, RequestError
from aita.models.decision import Decision
from aita.models.match import MatchDecision
from aita.models.part_decision import PartDecision

_TOKEN = re.compile(r"([\w-]+)\.([\w-]+)", re.ASCII)

_FEW, _NEW = 200, 100
"""Decisions up to which all are read whole, and new ones up to which each is read by itself. Reading 1,000 decisions
whole takes 0.1 s of computing, and a tenth of it without all that a process knows already."""

_READ_AT_ONCE = 8

_WHICH = {"ProjectionExpression": "pk, sk, #at", "ExpressionAttributeNames": {"#at": "at"}}

Item = dict[str, Any]
Known = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class DynamoDecisionTable:
    """Rows of decisions: added once, never changed, and without expiry.

    Those about cells of the assignment that was asked for last are remembered, without the erased ones; one takes about
    2 KB. Which ones there are is always read from the table.
    """

    client: Any
    table: str
    _known: dict[str, dict[Known, Decision]] = field(default_factory=dict, repr=False, compare=False)

    def add(self, assignment: str, decision: Decision) -> None:
        """Write a decision about a cell."""
        item = self._add(decision_key(assignment, DECISION, decision.cell_id, decision.decision_id), decision)
        self._known.setdefault(decisions_partition(assignment), {})[_known_by(item)] = _decision(item)

    def all(self, assignment: str) -> Iterator[Decision]:
        """Yield an assignment's decisions about cells, ordered by cell, then oldest first."""
        partition = decisions_partition(assignment)
        found = self._read(assignment, self._known.get(partition, {}))
        self._known.clear()
        self._known[partition] = dict(found)
        return iter(found.values())

    def page(self, assignment: str, limit: int, token: str | None) -> tuple[list[Decision], str | None]:
        """Return up to ``limit`` decisions in the order of ``all``, and the next page's token."""
        items, following = self._page(assignment, DECISION, limit, token)
        return [Decision.model_validate(item) for item in items], following

    def add_on_part(self, assignment: str, decision: PartDecision) -> None:
        """Write a decision about a part of a page."""
        self._add(decision_key(assignment, PART, decision.part_id, decision.decision_id), decision)

    def on_parts(self, assignment: str) -> Iterator[PartDecision]:
        """Yield an assignment's decisions about parts of pages, ordered by part, then oldest first."""
        return (PartDecision.model_validate(item) for item in self._all(assignment, PART))

    def page_on_parts(self, assignment: str, limit: int, token: str | None) -> tuple[list[PartDecision], str | None]:
        """Return up to ``limit`` decisions in the order of ``on_parts``, and the next page's token."""
        items, following = self._page(assignment, PART, limit, token)
        return [PartDecision.model_validate(item) for item in items], following

    def add_match(self, assignment: str, decision: MatchDecision) -> None:
        """Write a decision about a student's match."""
        self._add(decision_key(assignment, MATCH, decision.student_id, decision.decision_id), decision)

    def matches(self, assignment: str) -> Iterator[MatchDecision]:
        """Yield an assignment's decisions about matches, ordered by student, then oldest first."""
        return (MatchDecision.model_validate(item) for item in self._all(assignment, MATCH))

    def _add(self, key: Item, decision: Decision | PartDecision | MatchDecision) -> Item:
        item = key | write(decision.model_dump())
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            # The stubs' error response has no Item, which ReturnValuesOnConditionCheckFailure adds.
            recorded: Item | None = error.response.get("Item")  # type: ignore[assignment]
            if not recorded or type(decision).model_validate(read(recorded)) != decision:
                raise ConflictError(
                    f"decision {decision.decision_id} is recorded already, and stays as it is"
                ) from None
            # boto3 sent it again, as the answer to its first request was lost
        return item

    def _read(self, assignment: str, known: Mapping[Known, Decision]) -> dict[Known, Decision]:
        """Return an assignment's decisions by row, of which those known are not parsed again: rows are never changed.

        A row's time tells its decision from one that was purged: the first on the same exam's cell has the same id
        again.
        """
        if len(known) > _FEW:
            rows = [*map(_known_by, self._items(assignment, DECISION, **_WHICH))]
            new = [row for row in rows if row not in known]
            if len(new) <= _NEW:
                read_now = {row: each for one in map_concurrently(self._one, new, _READ_AT_ONCE) for row, each in one}
                there = {**known, **read_now}
                return {row: there[row] for row in rows if row in there}  # others were purged meanwhile
        items = {_known_by(item): item for item in self._items(assignment, DECISION)}
        return {row: known.get(row) or _decision(item) for row, item in items.items()}

    def _all(self, assignment: str, kind: str) -> Iterator[Item]:
        return map(read, self._items(assignment, kind))

    def _one(self, row: Known) -> list[tuple[Known, Decision]]:
        """Return a row's decision; none if it is gone. It is a query, as every reader of decisions may query."""
        found = self.client.query(
            TableName=self.table,
            KeyConditionExpression="pk = :pk AND sk = :sk",
            ExpressionAttributeValues=write({":pk": row[0], ":sk": row[1]}),
            ConsistentRead=True,
        )["Items"]
        return [(_known_by(item), _decision(item)) for item in found]

    def _items(self, assignment: str, kind: str, **only: Any) -> Iterator[Item]:
        for page in self.client.get_paginator("query").paginate(**self._query(assignment, kind), **only):
            yield from page["Items"]

    def _page(self, assignment: str, kind: str, limit: int, token: str | None) -> tuple[list[Item], str | None]:
        start = {"ExclusiveStartKey": decision_key(assignment, kind, *_parse_token(token))} if token is not None else {}
        # One item more than asked for shows that there is a next page.
        found = self.client.query(**self._query(assignment, kind), Limit=limit + 1, **start)["Items"]
        last = found[limit - 1]["sk"]["S"] if len(found) > limit else None
        return [read(item) for item in found[:limit]], ".".join(last.split("#")[1:]) if last else None

    def _query(self, assignment: str, kind: str) -> dict[str, Any]:
        return {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :kind)",
            "ExpressionAttributeValues": write({":pk": decisions_partition(assignment), ":kind": f"{kind}#"}),
            "ConsistentRead": True,
        }


def _decision(item: Item) -> Decision:
    return Decision.model_validate(read(item))


def _known_by(item: Item) -> Known:
    return item["pk"]["S"], item["sk"]["S"], item["at"]["S"]


def _parse_token(token: str) -> tuple[str, str]:
    """Return the ids of the decision's subject and of the decision."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise RequestError("next_token is not one that this list gave")
    return match[1], match[2]
