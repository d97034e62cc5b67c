"""A stack whose models are Amazon Bedrock's: no key, and the task function's role for its model alone."""

import re

import pytest

from tests.template.conftest import Json, settled, transform
from tests.template.grants import grants, statements

PROFILE, MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0"
ROLES = ("ApiFunctionRole", "PlanFunctionRole", "SplitFunctionRole", "ReportFunctionRole", "CollectFunctionRole")
OWN = "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/"


@pytest.fixture(scope="module")
def roles(template: Json) -> Json:
    resources: Json = settled(transform(template)["Resources"], {"UsesBedrock"})
    return resources


def granted(roles: Json, model: str, **models: str) -> dict[str, list[str]]:
    """Return the resources that the task function's role may invoke, by statement."""
    names = {
        "AWS::AccountId": "123456789012",
        "AWS::Partition": "aws",
        "AWS::Region": "eu-central-1",
        "ModelName": model,
        "Bucket.Arn": "bucket",
        "Table.Arn": "table",
        "TaskLogGroup.Arn": "log",
        "ApiKeySecretName": "key",
        **models,
    }
    found: dict[str, list[str]] = {}
    for grant in grants(roles, "TaskFunctionRole", names):
        if grant.action.startswith("bedrock:"):
            assert grant.action == "bedrock:InvokeModel"
            found.setdefault(grant.sid, []).append(grant.resource)
    return found


def test_an_inference_profile_is_called_with_its_model_in_any_region(roles: Json) -> None:
    assert granted(roles, PROFILE) == {
        "AskModel": [f"arn:aws:bedrock:eu-central-1::foundation-model/{PROFILE}", f"{OWN}{PROFILE}"],
        "AskModelOfProfile": [f"arn:aws:bedrock:*::foundation-model/{MODEL}*"],
    }


@pytest.mark.parametrize(
    ("profile", "model"),
    [("global.amazon.nova-2-lite-v1:0", "amazon.nova-2-lite-v1:0"), ("eu.vendor.model-4.6", "vendor.model-4")],
)
def test_the_name_of_a_profiles_model_is_what_follows_the_part_of_the_world(
    roles: Json, profile: str, model: str
) -> None:
    assert granted(roles, profile)["AskModelOfProfile"] == [f"arn:aws:bedrock:*::foundation-model/{model}*"]


@pytest.mark.parametrize("model", ["amazon.nova-lite-v1:0", "vendor"])
def test_a_model_without_a_profile_opens_no_other(roles: Json, model: str) -> None:
    found = granted(roles, model)
    assert f"arn:aws:bedrock:eu-central-1::foundation-model/{model}" in found["AskModel"]
    (elsewhere,) = found["AskModelOfProfile"]
    assert not re.search(r"foundation-model/\*|foundation-model/[^/]*\*[^/]*\*", elsewhere)
    assert not elsewhere.startswith(f"arn:aws:bedrock:*::foundation-model/{model}")


def test_a_model_elsewhere_is_called_through_the_profile_alone(roles: Json) -> None:
    (statement,) = [each for each in statements(roles, "TaskFunctionRole") if each["Sid"] == "AskModelOfProfile"]
    (profile,) = statement["Condition"]["ArnEquals"].values()
    assert list(statement["Condition"]) == ["ArnEquals"]
    assert list(statement["Condition"]["ArnEquals"]) == ["bedrock:InferenceProfileArn"]
    assert profile == {
        "Fn::Sub": "arn:${AWS::Partition}:bedrock:${AWS::Region}:${AWS::AccountId}:inference-profile/${ModelName}"
    }


def test_no_key_is_read_and_no_other_function_asks_a_model(roles: Json) -> None:
    assert "secretsmanager" not in str(roles["TaskFunctionRole"])
    for role in ROLES:
        assert "bedrock" not in str(roles[role])


def test_another_endpoint_opens_no_model(template: Json) -> None:
    roles = settled(transform(template)["Resources"], {"UsesApiKey"})
    assert "bedrock" not in str(roles["TaskFunctionRole"])
    assert "secretsmanager:GetSecretValue" in str(roles["TaskFunctionRole"])


def test_the_two_conditions_are_opposites(template: Json) -> None:
    conditions = template["Conditions"]
    assert conditions["UsesBedrock"] == {"Fn::Equals": [{"Ref": "ModelBaseUrl"}, "bedrock"]}
    assert conditions["UsesApiKey"] == {"Fn::Not": [conditions["UsesBedrock"]]}


def test_the_default_model_is_refused_before_anything_is_deployed(template: Json) -> None:
    rule = template["Rules"]["BedrockNamesItsModel"]
    assert rule["RuleCondition"] == template["Conditions"]["UsesBedrock"]
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "ModelName"}, template["Parameters"]["ModelName"]["Default"]]}]
    }


@pytest.mark.parametrize(("url", "taken"), [("bedrock", True), ("Bedrock", False), ("bedrock.example", False)])
def test_bedrock_is_one_word(template: Json, url: str, *, taken: bool) -> None:
    assert bool(re.fullmatch(template["Parameters"]["ModelBaseUrl"]["AllowedPattern"], url)) is taken


@pytest.mark.parametrize("role", ["Reader", "Grader"])
def test_a_reader_or_grader_there_is_granted_alone(template: Json, role: str) -> None:
    """The stack's other model is at another endpoint, and needs its key."""
    roles = settled(transform(template)["Resources"], {f"{role}UsesBedrock", "UsesApiKey"})
    found = granted(roles, "gpt", **{f"{role}Model": PROFILE})
    assert found == {
        f"Ask{role}": [f"arn:aws:bedrock:eu-central-1::foundation-model/{PROFILE}", f"{OWN}{PROFILE}"],
        f"Ask{role}OfProfile": [f"arn:aws:bedrock:*::foundation-model/{MODEL}*"],
    }
    (statement,) = [each for each in statements(roles, "TaskFunctionRole") if each["Sid"] == f"Ask{role}OfProfile"]
    assert f"inference-profile/${{{role}Model}}" in str(statement["Condition"]["ArnEquals"])


@pytest.mark.parametrize("role", ["Reader", "Grader"])
@pytest.mark.parametrize(
    ("model_base_url", "own_base_url", "own_model", "asks", "has_key"),
    [
        ("bedrock", "", "m", True, False),
        ("bedrock", "", "", False, False),
        ("bedrock", "https://x", "m", False, True),
        ("https://x", "bedrock", "m", True, False),
        ("https://x", "", "m", False, False),
        ("https://x", "https://y", "m", False, True),
    ],
)
def test_when_a_roles_model_is_there(
    template: Json, role: str, model_base_url: str, own_base_url: str, own_model: str, *, asks: bool, has_key: bool
) -> None:
    given = {"ModelBaseUrl": model_base_url, f"{role}BaseUrl": own_base_url, f"{role}Model": own_model}
    assert holds(template, given, f"{role}UsesBedrock") is asks
    assert holds(template, given, f"Has{role}Key") is has_key


def holds(template: Json, given: dict[str, str], name: str) -> bool:
    """Tell whether one of the template's conditions holds with some parameters."""

    def is_true(condition: Json) -> bool:
        ((kind, parts),) = condition.items()
        match kind:
            case "Fn::Not":
                return not is_true(parts[0])
            case "Fn::Or":
                return any(map(is_true, parts))
            case "Fn::And":
                return all(map(is_true, parts))
            case "Condition":
                return is_true(template["Conditions"][parts])
        assert kind == "Fn::Equals"
        return bool(given[parts[0]["Ref"]] == parts[1])

    return is_true(template["Conditions"][name])


@pytest.mark.parametrize(
    ("model_base_url", "reader_base_url", "reader_model", "expected"),
    [
        ("https://x", "", "", {"ApiKey"}),
        ("https://x", "", "m", {"ApiKey"}),
        ("https://x", "https://y", "m", {"ReaderKey"}),
        ("https://x", "bedrock", "m", {"AskReader", "AskReaderOfProfile"}),
        ("bedrock", "", "", {"AskModel", "AskModelOfProfile"}),
        ("bedrock", "", "m", {"AskReader", "AskReaderOfProfile"}),
        ("bedrock", "https://y", "m", {"ReaderKey"}),
    ],
)
def test_names_asks_the_readers_model_and_no_other(
    template: Json, model_base_url: str, reader_base_url: str, reader_model: str, expected: set[str]
) -> None:
    """Its stage is the reader's: neither the grader's key nor a model that the reader isn't is within its rights."""
    given = {"ModelBaseUrl": model_base_url, "ReaderBaseUrl": reader_base_url, "ReaderModel": reader_model}
    given |= {"GraderBaseUrl": "https://z", "GraderModel": "g"}
    asked = ("UsesApiKey", "UsesBedrock", "HasReaderKey", "HasGraderKey", "ReaderUsesBedrock", "GraderUsesBedrock")
    conditions = (*asked, "ReaderUsesModelsKey", "ReaderUsesModelOnBedrock")
    roles = settled(transform(template)["Resources"], {each for each in conditions if holds(template, given, each)})
    of_models = [each for each in statements(roles, "NamesFunctionRole") if re.search("bedrock:|secrets", str(each))]
    assert {each["Sid"] for each in of_models} == expected
    of_task = {each["Sid"]: each for each in statements(roles, "TaskFunctionRole")}
    assert all(of_task[each["Sid"]] == each for each in of_models)


@pytest.mark.parametrize("role", ["Reader", "Grader"])
def test_a_role_there_names_its_model(template: Json, role: str) -> None:
    rule = template["Rules"][f"BedrockNamesIts{role}"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": f"{role}BaseUrl"}, "bedrock"]}
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": f"{role}Model"}, ""]}]}
