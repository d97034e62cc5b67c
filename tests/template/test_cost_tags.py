"""The tag by which a bill is split among stacks: on each resource that can have one and may cost."""

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.template.conftest import Json

FREE = {"AWS::IAM::Role", "AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup"}
"""Types that never cost. A role's tags would ask more rights of whoever deploys (``iam:TagRole``)."""


def is_taggable(kind: str) -> bool:
    """Return whether CloudFormation's own schema of a type knows tags."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return bool(schema.get("tagging", {}).get("taggable")) and "Tags" in schema["properties"]


def test_what_may_cost_has_the_stacks_tag(resources: Json) -> None:
    tagged = {name: each for name, each in resources.items() if each["Type"] not in FREE and is_taggable(each["Type"])}
    assert {each["Type"] for each in tagged.values()} >= {
        "AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine",
        "AWS::Logs::LogGroup", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::Stage",
    }  # fmt: skip
    for name, each in tagged.items():
        assert {"Key": "aita", "Value": {"Ref": "AWS::StackName"}} in each["Properties"].get("Tags", []), name
