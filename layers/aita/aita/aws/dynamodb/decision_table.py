"""Decisions of people, in DynamoDB."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from aita.aws.dynamodb.items import DECISION, MATCH, decision_key, decisions_partition, match_key, read, write
from aita.errors import ConflictError, RequestError
from aita.models.grade import Decision
from aita.models.match import MatchDecision

_TOKEN = re.compile(r"([\w-]+)\.([\w-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class DynamoDecisionTable:
    """Rows of decisions: added once, never changed, and without expiry."""

    client: Any
    table: str

    def add(self, assignment: str, decision: Decision) -> None:
        """Write a decision."""
        self._add(decision_key(assignment, decision.cell_id, decision.decision_id), decision)

    def all(self, assignment: str) -> Iterator[Decision]:
        """Yield an assignment's decisions, ordered by cell, then oldest first."""
        for page in self.client.get_paginator("query").paginate(**self._query(assignment, DECISION)):
            yield from map(_decision, page["Items"])

    def page(self, assignment: str, limit: int, token: str | None) -> tuple[list[Decision], str | None]:
        """Return up to ``limit`` decisions in the order of ``all``, and the next page's token."""
        start = {"ExclusiveStartKey": decision_key(assignment, *_parse_token(token))} if token is not None else {}
        query = self._query(assignment, DECISION) | start
        answer = self.client.query(**query, Limit=limit + 1)  # one more shows a next page
        found = [_decision(item) for item in answer["Items"]]
        last = found[limit - 1] if len(found) > limit else None
        return found[:limit], f"{last.cell_id}.{last.decision_id}" if last else None

    def add_match(self, assignment: str, decision: MatchDecision) -> None:
        """Write a decision about a student's match."""
        self._add(match_key(assignment, decision.student_id, decision.decision_id), decision)

    def matches(self, assignment: str) -> Iterator[MatchDecision]:
        """Yield an assignment's decisions about matches, ordered by student, then oldest first."""
        for page in self.client.get_paginator("query").paginate(**self._query(assignment, MATCH)):
            yield from (MatchDecision.model_validate(read(item)) for item in page["Items"])

    def _add(self, key: dict[str, Any], decision: Decision | MatchDecision) -> None:
        item = key | write(decision.model_dump())
        try:
            self.client.put_item(TableName=self.table, Item=item, ConditionExpression="attribute_not_exists(pk)")
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise ConflictError(
                    f"decision {decision.decision_id} is recorded already, and stays as it is"
                ) from None
            raise

    def _query(self, assignment: str, kind: str) -> dict[str, Any]:
        return {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :kind)",
            "ExpressionAttributeValues": write({":pk": decisions_partition(assignment), ":kind": f"{kind}#"}),
            "ConsistentRead": True,
        }


def _decision(item: dict[str, Any]) -> Decision:
    return Decision.model_validate(read(item))


def _parse_token(token: str) -> tuple[str, str]:
    """Return the cell's and the decision's id."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise RequestError("next_token is not one that this list gave")
    return match[1], match[2]
