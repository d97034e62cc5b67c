"""What a smoke test looks at in a stack that has graded the sample exam."""

import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.aws.definition import Json
from tests.aws.smoke.deployed import TAG, DeployedStack
from tests.aws.smoke.report import CheckFailed

TAGGED = (
    "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine",
    "AWS::Logs::LogGroup", "AWS::CloudWatch::Alarm", "AWS::ApiGateway::RestApi",
)  # fmt: skip
"""Types of resources that cost, and that Resource Groups' Tagging API lists."""

_ASKS_MODEL = {"TaskFunctionRole", "NamesFunctionRole", "BatchFunctionRole"}
_DENIED = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutBucketPolicy")
_DENIED_ON_TABLE = ("dynamodb:DeleteTable", "dynamodb:Scan")
_ALARM_SECONDS = 1200.0
_ALARM_POLL = 15.0


def ended(run: Json) -> str:
    """Check that a run succeeded, and return what it came to."""
    if run["status"] != "SUCCEEDED":
        raise CheckFailed(f"the run ended as {run['status']}: {run.get('reason') or 'it gives no reason'}")
    done = sum(stage["succeeded"] for stage in run["stages"])
    usage = run["usage"]
    return f"{done} tasks; {usage['calls']} calls paid, {usage['cached_calls']} from the cache"


def same_grades(made: Path, expected: Path) -> str:
    """Check that a gradebook is the expected one, to the byte."""
    if made.read_bytes() != expected.read_bytes():
        differing = sum(a != b for a, b in zip(_lines(made), _lines(expected), strict=False))
        raise CheckFailed(f"{max(differing, 1)} rows of the gradebook differ from {expected}: see {made}")
    return f"{len(_lines(made)) - 1} rows, the same as on the emulator"


def _lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines()


def quiet_alarms(stack: DeployedStack) -> str:
    """Check that every alarm of the template is there, and that none went off on a run that succeeded."""
    names = set(stack.physical_ids("AWS::CloudWatch::Alarm").values())
    pages = stack.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=stack.name)
    states = {alarm["AlarmName"]: alarm["StateValue"] for page in pages for alarm in page["MetricAlarms"]}
    if missing := names - set(states):
        raise CheckFailed(f"not there: {', '.join(sorted(missing))}")
    if loud := sorted(name for name in names if states[name] == "ALARM"):
        raise CheckFailed(f"went off: {', '.join(loud)}")
    return f"{len(names)} alarms"


def loud_alarm(stack: DeployedStack) -> str:
    """Check that the alarm on failed runs goes off, after a run that failed."""
    name = stack.physical_ids("AWS::CloudWatch::Alarm")["FailedRunsAlarm"]
    began = time.monotonic()
    while (waited := time.monotonic() - began) < _ALARM_SECONDS:
        alarms = stack.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        if alarms[0]["StateValue"] == "ALARM":
            return f"{name}, {waited:.0f} s after the run"
        time.sleep(_ALARM_POLL)
    raise CheckFailed(f"{name} did not go off within {_ALARM_SECONDS / 60:.0f} minutes of a run that failed")


def denials(stack: DeployedStack) -> str:
    """Check by IAM's simulator that no function may delete, and that only those that ask a model may read the key."""
    bucket, table = stack.outputs["BucketName"], stack.outputs["TableName"]
    roles = {name: role for name, role in stack.physical_ids("AWS::IAM::Role").items() if name.endswith("FunctionRole")}
    arns = {name: stack.client("iam").get_role(RoleName=role)["Role"]["Arn"] for name, role in roles.items()}
    account, partition = arns["TaskFunctionRole"].split(":")[4], arns["TaskFunctionRole"].split(":")[1]
    region = stack.client("s3").meta.region_name
    key = f"arn:{partition}:secretsmanager:{region}:{account}:secret:{stack.secret}-AbCdEf"
    objects = f"arn:{partition}:s3:::{bucket}/smoke/students.json"
    tables = f"arn:{partition}:dynamodb:{region}:{account}:table/{table}"
    allowed = [
        f"{name}: {action}"
        for name, arn in arns.items()
        for action, resource in (
            *((action, objects) for action in _DENIED),
            *((action, tables) for action in _DENIED_ON_TABLE),
            *([] if name in _ASKS_MODEL else [("secretsmanager:GetSecretValue", key)]),
        )
        if _may(stack, arn, action, resource)
    ]
    if allowed:
        raise CheckFailed(f"allowed: {', '.join(allowed)}")
    for name, action, resource in (
        ("PlanFunctionRole", "s3:GetObject", objects),
        ("TaskFunctionRole", "secretsmanager:GetSecretValue", key),
    ):
        if not _may(stack, arns[name], action, resource):
            raise CheckFailed(f"{name} may not {action}: the denials prove nothing")
    return f"{len(arns)} roles"


def _may(stack: DeployedStack, role: str, action: str, resource: str) -> bool:
    simulated = stack.client("iam").simulate_principal_policy(
        PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource]
    )
    return bool(simulated["EvaluationResults"][0]["EvalDecision"] == "allowed")


def strangers(stack: DeployedStack) -> str:
    """Check that a request without a signature gets nothing: of the API, and of the bucket, by TLS and without."""
    bucket, region = stack.outputs["BucketName"], stack.client("s3").meta.region_name
    places = {
        "the API": f"{stack.outputs['ApiUrl']}/runs",
        "the bucket": f"https://{bucket}.s3.{region}.amazonaws.com/",
        "the bucket without TLS": f"http://{bucket}.s3.{region}.amazonaws.com/",
    }
    for name, url in places.items():
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                raise CheckFailed(f"{name} answers a stranger with {answer.status}")
        except urllib.error.HTTPError as error:
            if error.code != 403:
                raise CheckFailed(f"{name} answers a stranger with {error.code}, not 403") from error
    return ", ".join(places)


def tagged(stack: DeployedStack, kinds: tuple[str, ...] = TAGGED) -> str:
    """Check that the stack's tag is on all of its resources of some types, so that a bill can be split by it."""
    pages = stack.client("resourcegroupstaggingapi").get_paginator("get_resources")
    found = pages.paginate(TagFilters=[{"Key": TAG, "Values": [stack.name]}])
    arns = [each["ResourceARN"] for page in found for each in page["ResourceTagMappingList"]]
    names = [name for kind in kinds for name in stack.physical_ids(kind).values()]
    untagged = [name for name in names if not any(arn.endswith((name, f"{name}:*")) for arn in arns)]
    if untagged:
        raise CheckFailed(f"without the tag {TAG}: {', '.join(sorted(untagged))}")
    return f"{len(names)} resources of {len(kinds)} types"
