"""What each role of the transformed template grants, with names in place of intrinsic functions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.template.conftest import Json, listed

PARTITION_KEY = "dynamodb:LeadingKeys"
AUTHENTICATION = "s3:authType"
"""A signed URL has REST-QUERY-STRING:
https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html"""


@dataclass(frozen=True)
class Grant:
    """One action on one pattern of resources.

    ``partitions`` are patterns of partition keys, none for all; ``but_presigned`` leaves out what a signed URL asks.
    """

    sid: str
    action: str
    resource: str
    partitions: tuple[str, ...] = ()
    but_presigned: bool = False

    def covers(self, action: str, resource: str, partition: str = "", presigned: bool = False) -> bool:
        """Tell whether it is on an action on a resource, as IAM matches them."""
        return (
            action == self.action
            and not (presigned and self.but_presigned)
            and matches(resource, self.resource)
            and (not self.partitions or any(matches(partition, pattern) for pattern in self.partitions))
        )


def matches(value: str, pattern: str) -> bool:
    """Match as IAM does: ``*`` and ``?`` are wild, and nothing else is."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def grants(resources: Json, role: str, names: dict[str, str]) -> list[Grant]:
    """Return what a role's own statements grant, with each resource written out."""
    return _of_effect("Allow", resources, role, names)


def denials(resources: Json, role: str, names: dict[str, str]) -> list[Grant]:
    """Return what a role's own statements deny, whatever else grants it."""
    return _of_effect("Deny", resources, role, names)


def _of_effect(effect: str, resources: Json, role: str, names: dict[str, str]) -> list[Grant]:
    found = []
    for statement in statements(resources, role):
        if statement["Effect"] != effect:
            continue
        conditions = dict(statement.get("Condition", {}).get("ForAllValues:StringLike", {}))
        partitions = tuple(conditions.pop(PARTITION_KEY, ()))
        assert not conditions
        authentication = statement.get("Condition", {}).get("StringEquals", {})
        assert authentication in ({}, {AUTHENTICATION: "REST-HEADER"})
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                found.append(
                    Grant(statement["Sid"], action, written_out(resource, names), partitions, bool(authentication))
                )
    return found


def statements(resources: Json, role: str) -> Iterator[Json]:
    """Yield the inline statements of a role, or those of a policy, with those that a parameter adds."""
    properties = resources[role]["Properties"]
    own = [properties] if "PolicyDocument" in properties else []
    for policy in properties.get("Policies", own):
        for statement in policy["PolicyDocument"]["Statement"]:
            yield statement["Fn::If"][1] if "Fn::If" in statement else statement


def written_out(value: Any, names: dict[str, str]) -> str:
    """Return a string in which each reference is replaced by its name."""
    match value:
        case str():
            return value
        case {"Ref": name}:
            return names[name]
        case {"Fn::GetAtt": [resource, attribute]}:
            return names[f"{resource}.{attribute}"]
        case {"Fn::If": ["IsGradual", _, at_once]}:
            return written_out(at_once, names)
        case {"Fn::Select": [place, {"Fn::Split": [mark, whole]}]}:
            return written_out(whole, names).split(mark)[int(place)]
        case {"Fn::Sub": [text, given]}:
            return written_out(
                {"Fn::Sub": text}, names | {name: written_out(each, names) for name, each in given.items()}
            )
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([\w.:]+)\}", lambda found: names[found[1]], text)
    raise AssertionError(f"{value} is not one of the functions that the template uses")
