"""The house rules for what is deployed, checked on the transformed template."""

import json
import re
from fnmatch import fnmatchcase
from itertools import pairwise

import pytest

from aita.aws.dynamodb.items import decision_key
from aita.services.runs.aws_price import REPORT_GB, SPLIT_GB, TASK_GB
from tests.template.conftest import ROOT, Json, listed, of_type, settled, transform
from tests.template.grants import statements

KEPT = {"Bucket", "Table"}
ROUTES = {
    ("post", "/assignments/{assignment}/uploads"),
    ("get", "/assignments/{assignment}/files"),
    ("get", "/assignments/{assignment}/reviews"),
    ("get", "/assignments/{assignment}/reviews/{cell_id}"),
    ("post", "/assignments/{assignment}/reviews/{cell_id}"),
    ("post", "/assignments/{assignment}/reviews/{cell_id}/equal"),
    ("post", "/assignments/{assignment}/reviews/{cell_id}/claim"),
    ("post", "/assignments/{assignment}/reviews/{cell_id}/release"),
    ("get", "/assignments/{assignment}/claims"),
    ("get", "/assignments/{assignment}/answers"),
    ("get", "/assignments/{assignment}/answers/{cell_id}"),
    ("get", "/assignments/{assignment}/equal-answers"),
    ("get", "/assignments/{assignment}/grades"),
    ("get", "/assignments/{assignment}/state"),
    ("get", "/assignments"),
    ("get", "/assignments/{assignment}/parts"),
    ("get", "/assignments/{assignment}/parts/{part_id}"),
    ("post", "/assignments/{assignment}/parts/{part_id}/decisions"),
    ("get", "/assignments/{assignment}/names"),
    ("get", "/assignments/{assignment}/loose-pages"),
    ("get", "/assignments/{assignment}/versions"),
    ("get", "/assignments/{assignment}/part-decisions"),
    ("get", "/assignments/{assignment}/rubric-changes"),
    ("get", "/assignments/{assignment}/uploads"),
    ("get", "/assignments/{assignment}/decisions"),
    ("get", "/assignments/{assignment}/students"),
    ("post", "/assignments/{assignment}/students/{student_id}"),
    ("post", "/runs"),
    ("get", "/runs"),
    ("get", "/runs/{run_id}"),
    ("get", "/runs/{run_id}/tasks"),
    ("get", "/runs/{run_id}/grades"),
    ("post", "/runs/{run_id}/resume"),
    ("post", "/runs/{run_id}/cancel"),
    ("get", "/runs/{run_id}/results"),
    ("post", "/runs/estimate"),
    ("get", "/openapi.json"),
}
SENDING = {
    "Sid": "SendTraces",
    "Effect": "Allow",
    "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
    "Resource": "*",
}
DENIALS = {"NoScans", "ByUrlAlone", "WorkOfOthers"}
FUNCTIONS = {f"{name}Function" for name in ("Api", "Plan", "Split", "Task", "Names", "Batch", "Report", "Collect")}


def test_what_people_made_outlives_the_stack(resources: Json) -> None:
    for name, resource in resources.items():
        if resource["Type"] in ("AWS::S3::Bucket", "AWS::DynamoDB::Table"):
            assert name in KEPT
            policies = resource["DeletionPolicy"], resource["UpdateReplacePolicy"]
            assert policies == ("RetainExceptOnCreate", "Retain")
        elif resource["Type"] == "AWS::Logs::LogGroup":
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Delete"


def test_the_bucket_is_private_versioned_and_encrypted(resources: Json) -> None:
    bucket = resources["Bucket"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_the_bucket_takes_tls_only(resources: Json) -> None:
    policy = resources["BucketPolicy"]["Properties"]
    assert policy["Bucket"] == {"Ref": "Bucket"}
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"] == [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}]


def test_only_what_can_be_made_again_expires(resources: Json) -> None:
    rules = resources["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {"runs/", "cache/"}
    assert all(rule["Status"] == "Enabled" for rule in rules)


def test_what_expires_does_not_stay_as_a_version(resources: Json) -> None:
    """To expire only marks an object of a versioned bucket as deleted, and purge finds what runs and the cache hold."""
    rules = resources["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    kept = {rule.get("Prefix", ""): rule.get("NoncurrentVersionExpiration") for rule in rules}
    assert kept["runs/"] == kept["cache/"] == {"NoncurrentDays": 1}


def test_the_table_can_be_restored_and_forgets(resources: Json) -> None:
    table = resources["Table"]["Properties"]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["SSESpecification"]["SSEEnabled"] is True
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]


def test_every_log_group_has_a_retention(resources: Json) -> None:
    for group in of_type(resources, "AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_every_function_logs_to_a_group_of_its_own(resources: Json) -> None:
    functions = of_type(resources, "AWS::Lambda::Function")
    groups = [function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] for function in functions.values()]
    assert len(set(groups)) == len(groups)
    assert set(groups) <= set(of_type(resources, "AWS::Logs::LogGroup"))


def test_functions_have_their_handlers(template: Json) -> None:
    handler = template["Globals"]["Function"]["Handler"]
    module, _, function = handler.partition(".")
    found = of_type(template["Resources"], "AWS::Serverless::Function")
    assert set(found) == FUNCTIONS
    for name, resource in found.items():
        code = ROOT / resource["Properties"]["CodeUri"] / f"{module}.py"
        assert f"def {function}(event" in code.read_text(), name
        assert resource["Metadata"].items() >= {"BuildMethod": "makefile", "ContextPath": "functions"}.items()


def test_only_split_parses_scans_and_only_those_that_ask_the_model_have_the_key(resources: Json) -> None:
    functions = of_type(resources, "AWS::Lambda::Function")
    with_imaging = {name for name, function in functions.items() if "ImagingLayer" in str(function["Properties"])}
    assert with_imaging == {"SplitFunction"}
    asking = {"TaskFunction", "NamesFunction", "BatchFunction"}
    assert {name for name in functions if "AITA_API_KEY_SECRET" in variables(functions[name])} == asking
    assert {name for name in FUNCTIONS if "secretsmanager" in str(resources[f"{name}Role"])} == asking


def test_who_reads_objects_is_told_of_those_that_are_not_there(resources: Json) -> None:
    """Without s3:ListBucket S3 answers 403 for an object that is not there, which looks like a fault."""
    for name in FUNCTIONS - {"CollectFunction"}:  # it reads what it knows to be there
        granted = {action for statement in inline(resources, f"{name}Role") for action in listed(statement["Action"])}
        assert {"s3:GetObject", "s3:ListBucket"} <= granted, name


def test_report_writes_reports_and_results_alone(resources: Json) -> None:
    writes = [each for each in inline(resources, "ReportFunctionRole") if "s3:PutObject" in listed(each["Action"])]
    assert [each["Resource"] for each in writes] == [
        [{"Fn::Sub": "${Bucket.Arn}/*/reports/*"}, {"Fn::Sub": "${Bucket.Arn}/runs/*/report/results/*"}]
    ]


def test_the_api_alone_adds_to_peoples_decisions(resources: Json) -> None:
    writing = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"}

    def written(name: str) -> set[str]:
        return {
            partition
            for each in inline(resources, name)
            if set(listed(each["Action"])) & writing
            for partition in each["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        }

    roles = {f"{function}Role" for function in FUNCTIONS} | {"RunStateMachineRole"}
    decisions = decision_key("a", "DECISION", "c", "d")["pk"]["S"]
    writers = {role for role in roles if any(fnmatchcase(decisions, each) for each in written(role))}
    assert writers == {"ApiFunctionRole"}


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://api.openai.com/v1", True),
        ("http://127.0.0.1:8000/v1", True),
        ("http://host.docker.internal:8000/v1", True),
        ("http://llm.university.example/v1", False),
        ("http://127.0.0.1@attacker.example/v1", False),
        ("http://localhost.attacker.example/v1", False),
    ],
)
def test_the_model_is_reached_with_tls_or_not_beyond_the_machine(template: Json, url: str, *, taken: bool) -> None:
    assert bool(re.fullmatch(template["Parameters"]["ModelBaseUrl"]["AllowedPattern"], url)) is taken


def test_functions_end_before_who_waits_for_them(resources: Json) -> None:
    timeouts = {
        name: function["Properties"]["Timeout"]
        for name, function in of_type(resources, "AWS::Lambda::Function").items()
    }
    assert timeouts.pop("ApiFunction") <= 29
    assert set(timeouts.values()) == {900}


def test_estimates_bill_the_memory_that_functions_have(resources: Json) -> None:
    billed = {"TaskFunction": TASK_GB, "NamesFunction": TASK_GB, "SplitFunction": SPLIT_GB, "ReportFunction": REPORT_GB}
    assert {name: resources[name]["Properties"]["MemorySize"] / 1024 for name in billed} == billed


def test_nothing_reserves_concurrency(resources: Json) -> None:
    """A new account's quota can be as low as 10, and a reservation needs 100 left over."""
    for function in of_type(resources, "AWS::Lambda::Function").values():
        assert "ReservedConcurrentExecutions" not in function["Properties"]


def test_tracing_is_one_switch(resources: Json) -> None:
    functions = of_type(resources, "AWS::Lambda::Function").values()
    assert len({"TracingConfig" in function["Properties"] for function in functions}) == 1


def test_every_route_wants_a_signature(resources: Json) -> None:
    api = resources["Api"]["Properties"]["Body"]
    found = {(verb, path) for path, verbs in api["paths"].items() for verb in verbs}
    assert found == ROUTES
    for path, verbs in api["paths"].items():
        for verb, method in verbs.items():
            assert method["security"] == [{"AWS_IAM": []}], (verb, path)
            assert "credentials" not in method["x-amazon-apigateway-integration"], (verb, path)


def test_a_key_of_the_customers_encrypts_bucket_and_table_and_is_used_through_them_alone(resources: Json) -> None:
    key, none = {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}
    (rule,) = resources["Bucket"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": {"Fn::If": ["HasKmsKey", "aws:kms", "AES256"]},
        "KMSMasterKeyID": {"Fn::If": ["HasKmsKey", key, none]},
    }
    assert resources["Table"]["Properties"]["SSESpecification"]["KMSMasterKeyId"] == {
        "Fn::If": ["HasKmsKey", key, none]
    }
    policy = resources["KmsKeyPolicy"]
    assert policy["Condition"] == "HasKmsKey"
    assert {role["Ref"] for role in policy["Properties"]["Roles"]} == {
        f"{name}Role" for name in (*FUNCTIONS, "RunStateMachine")
    }
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statement["Resource"] == key
    assert [each["Fn::Sub"].partition(".")[0] for each in statement["Condition"]["StringEquals"]["kms:ViaService"]] == [
        "dynamodb",
        "s3",
    ]


def test_a_first_deploy_that_fails_can_take_back_the_table(resources: Json, template: Json) -> None:
    """One that is protected would stay, and hold the stack at ROLLBACK_FAILED."""
    assert resources["Table"]["Properties"]["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
    assert template["Parameters"]["DeletionProtection"]["Default"] == "false"


def test_the_accounts_log_role_is_replaced_only_where_that_is_said(template: Json) -> None:
    """It is the role of every API of the account and region, and there is no way back to the one before."""
    assert template["Parameters"]["ApiAccessLog"]["Default"] != "Enabled"
    resources = transform(template)["Resources"]
    stage = resources["Apiv1Stage"]["Properties"]
    for given, waits in ((set[str](), False), ({"HasAccessLog"}, False), ({"HasAccessLog", "SetsLogRole"}, True)):
        made = settled(resources, given)
        assert ({"ApiLogRole", "ApiAccount"} <= set(made)) is waits
        assert ("ApiAccount" in json.dumps(settled(stage, given))) is waits


def test_the_log_role_is_set_last(resources: Json) -> None:
    """API Gateway refuses a role that was made seconds before. The machine waits for functions, and they for roles."""
    assert resources["ApiAccount"]["DependsOn"] == "RunStateMachine"
    assert "PlanFunction" in json.dumps(resources["RunStateMachine"]["Properties"])


def test_callers_of_other_accounts_are_denied_and_nobody_is_allowed_by_the_api_itself(resources: Json) -> None:
    policy = resources["Api"]["Properties"]["Body"]["x-amazon-apigateway-policy"]
    (statement,) = listed(policy["Statement"])
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "execute-api:Invoke")
    assert statement["Condition"] == {"StringNotEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}


def test_the_stage_throttles_and_logs_who_calls_without_what_is_sent(resources: Json) -> None:
    (stage,) = (each["Properties"] for each in of_type(resources, "AWS::ApiGateway::Stage").values())
    (settings,) = stage["MethodSettings"]
    assert settings == {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": {"Ref": "ApiRateLimit"},
        "ThrottlingBurstLimit": {"Ref": "ApiBurstLimit"},
        "DataTraceEnabled": False,
    }
    condition, log, otherwise = stage["AccessLogSetting"]["Fn::If"]
    assert (condition, otherwise) == ("HasAccessLog", {"Ref": "AWS::NoValue"})
    assert log["DestinationArn"] == {"Fn::GetAtt": ["ApiAccessLogGroup", "Arn"]}
    assert set(json.loads(log["Format"]).values()) == {
        "$context.requestId", "$context.requestTime", "$context.identity.userArn", "$context.identity.sourceIp",
        "$context.httpMethod", "$context.resourcePath", "$context.status", "$context.responseLatency",
        "$context.responseLength",
    }  # fmt: skip


def test_no_other_origin_is_answered(resources: Json) -> None:
    body = resources["Api"]["Properties"]["Body"]
    assert "options" not in {verb for verbs in body["paths"].values() for verb in verbs}
    assert "Access-Control" not in str(resources)


def test_roles_name_actions_and_resources(resources: Json) -> None:
    found = [statement for name in roles(resources) for statement in inline(resources, name)]
    assert len(found) > 15
    for statement in found:
        assert statement["Effect"] == ("Deny" if statement["Sid"] in DENIALS else "Allow")
        assert not any("*" in action for action in listed(statement["Action"])), statement
        if statement["Resource"] == "*":  # these actions know no resource
            assert statement == SENDING or statement["Sid"] in {"DeliverLogs", "LookAtQuota"}
            assert {action.partition(":")[0] for action in listed(statement["Action"])} <= {"lambda", "logs", "xray"}


def test_every_role_is_one_of_ours_with_statements_of_its_own(resources: Json) -> None:
    of_services = {"ApiLogRole"}  # what API Gateway asks for
    assert set(roles(resources)) - of_services == {f"{name}Role" for name in (*FUNCTIONS, "RunStateMachine")}
    assert {name for name in roles(resources) if "ManagedPolicyArns" in resources[name]["Properties"]} <= of_services


def test_a_function_logs_to_its_own_group_alone(resources: Json) -> None:
    for name in FUNCTIONS:
        group = resources[name]["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
        (logs,) = (each for each in inline(resources, f"{name}Role") if each["Sid"] == "WriteLogs")
        assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
        assert logs["Resource"] == {"Fn::GetAtt": [group, "Arn"]}


def test_traces_are_sent_only_where_they_are_made(template: Json) -> None:
    """Lambda makes no traced function whose role may not send traces, and waits for nothing but the role."""
    for tracing, given in (("Active", {"IsTraced"}), ("Disabled", set[str]())):
        resources = settled(transform(template, Tracing=tracing)["Resources"], given)
        for name, function in of_type(resources, "AWS::Lambda::Function").items():
            role = function["Properties"]["Role"]["Fn::GetAtt"][0]
            sending = [each for each in inline(resources, role) if "xray" in str(each)]
            assert ("TracingConfig" in function["Properties"]) is bool(given), name
            assert sending == ([SENDING] if given else []), name
        assert "xray" not in str(inline(resources, "RunStateMachineRole"))


def test_nothing_is_granted_beside_the_roles_but_the_customers_key(template: Json) -> None:
    """A policy of its own may come after what needs it; the key is needed for objects and rows, not for functions."""
    resources = transform(template, Tracing="Active")["Resources"]
    beside = {name for name, each in resources.items() if re.search("IAM::.*Policy", each["Type"])}
    of_people = {"InstructorPolicy", "GraderPolicy", "OperatorPolicy"}
    assert beside == of_people | {"KmsKeyPolicy"}
    for name in of_people:  # with a name of its own two stacks would collide, and CAPABILITY_IAM would not do
        assert set(resources[name]["Properties"]) == {"Description", "PolicyDocument"}
        assert len(json.dumps(resources[name]["Properties"]["PolicyDocument"])) < 6144, "IAM's limit"


def test_the_state_machine_may_run_its_map(resources: Json) -> None:
    granted = {statement["Sid"]: statement for statement in inline(resources, "RunStateMachineRole")}
    machine = resources["RunStateMachine"]["Properties"]
    assert machine["StateMachineName"] == {"Fn::Sub": "${AWS::StackName}-run"}
    start = granted["StartMapChildren"]
    assert start["Action"] == "states:StartExecution"
    assert start["Resource"]["Fn::Sub"].endswith(":stateMachine:${AWS::StackName}-run")
    watch = granted["WatchAndStopMapChildren"]
    assert set(watch["Action"]) == {"states:DescribeExecution", "states:StopExecution"}
    assert {arn["Fn::Sub"].rpartition("${AWS::AccountId}:")[2] for arn in watch["Resource"]} == {
        "execution:${AWS::StackName}-run:*",
        "execution:${AWS::StackName}-run/*",
        "mapRun:${AWS::StackName}-run/*",
    }


def test_the_state_machine_may_do_what_its_states_do_and_no_more(resources: Json, definition: Json) -> None:
    granted = {statement["Sid"]: statement for statement in inline(resources, "RunStateMachineRole")}
    invoked = {arn["Fn::If"][2]["Fn::GetAtt"][0] for arn in granted["InvokeFunctions"]["Resource"]}
    assert invoked == FUNCTIONS - {"ApiFunction"}
    assert granted["RecordFailures"]["Action"] == "dynamodb:UpdateItem"
    assert granted["ReadManifests"]["Action"] == "s3:GetObject"
    assert granted["ReadManifests"]["Resource"] == {"Fn::Sub": "${Bucket.Arn}/runs/*/manifest.json"}
    prefix = definition["States"]["RunItems"]["ResultWriter"]["Parameters"]["Prefix.$"]
    assert prefix == "States.Format('runs/{}/map', $$.Execution.Input.run_id)"
    assert granted["WriteMapResults"]["Resource"] == {"Fn::Sub": "${Bucket.Arn}/runs/*/map/*"}
    assert set(granted) == {
        "InvokeFunctions", "ReadManifests", "WriteMapResults", "RecordFailures",
        "StartMapChildren", "WatchAndStopMapChildren", "DeliverLogs",
    }  # fmt: skip


def test_the_state_machine_logs_no_data(resources: Json) -> None:
    logging = resources["RunStateMachine"]["Properties"]["LoggingConfiguration"]
    assert logging["IncludeExecutionData"] is False
    assert logging["Level"] in ("ERROR", "ALL")
    (destination,) = logging["Destinations"]
    assert destination["CloudWatchLogsLogGroup"]["LogGroupArn"] == {"Fn::GetAtt": ["RunLogGroup", "Arn"]}


def test_every_output_that_the_commands_read_is_there(template: Json) -> None:
    assert set(template["Outputs"]) == {
        "ApiUrl", "ApiId", "BucketName", "TableName", "StateMachineArn", "MaxConcurrency", "ModelName",
        "InstructorPolicyArn", "GraderPolicyArn", "OperatorPolicyArn",
    }  # fmt: skip


def test_every_parameter_is_used_and_described(template: Json) -> None:
    text = str({key: value for key, value in template.items() if key != "Parameters"})
    for name, parameter in template["Parameters"].items():
        assert f"'Ref': '{name}'" in text or f"${{{name}}}" in text, name
        assert parameter["Description"], name


def test_log_retentions_are_in_order(template: Json) -> None:
    allowed = template["Parameters"]["LogRetentionDays"]["AllowedValues"]
    assert all(shorter < longer for shorter, longer in pairwise(allowed))


def variables(function: Json) -> Json:
    found: Json = function["Properties"]["Environment"]["Variables"]
    return found


def roles(resources: Json) -> list[str]:
    return sorted(of_type(resources, "AWS::IAM::Role"))


def inline(resources: Json, role: str) -> list[Json]:
    return list(statements(resources, role))
