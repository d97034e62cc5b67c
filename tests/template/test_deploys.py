"""How new code takes over: at once by default, and gradually where a deploy asks for it."""

import json

from tests.template.conftest import Json, of_type, transform

RUN_BY_THE_MACHINE = {f"{name}Function" for name in ("Plan", "Split", "Task", "Names", "Batch", "Report", "Collect")}
GRADUAL = {"TrafficShift": "Canary10Percent5Minutes", "Release": "00000000ab"}


def test_by_default_nothing_goes_through_codedeploy(resources: Json) -> None:
    assert not [name for name, resource in resources.items() if "CodeDeploy" in resource["Type"]]
    for alias in of_type(resources, "AWS::Lambda::Alias").values():
        assert "UpdatePolicy" not in alias


def test_gradual_traffic_ends_at_the_functions_own_alarm(template: Json) -> None:
    resources = transform(template, **GRADUAL)["Resources"]
    groups = of_type(resources, "AWS::CodeDeploy::DeploymentGroup")
    assert set(groups) == {f"{name}DeploymentGroup" for name in RUN_BY_THE_MACHINE}
    for name in RUN_BY_THE_MACHINE:
        group = groups[f"{name}DeploymentGroup"]["Properties"]
        alarm = name.replace("Function", "ErrorsAlarm")
        assert group["AlarmConfiguration"] == {"Enabled": True, "Alarms": [{"Name": {"Ref": alarm}}]}
        assert alarm in resources
        assert "Canary10Percent5Minutes" in json.dumps(group["DeploymentConfigName"])
        assert "CodeDeployLambdaAliasUpdate" in resources[f"{name}Aliaslive"]["UpdatePolicy"]


def test_a_release_is_a_new_version_whatever_has_changed(template: Json) -> None:
    """SAM would publish none where only a parameter has changed, such as the model's name."""
    versions = [
        set(of_type(transform(template, **GRADUAL, **more)["Resources"], "AWS::Lambda::Version"))
        for more in ({}, {"ModelName": "another"})
    ]
    assert versions[0] == versions[1] == {f"{name}Version00000000ab" for name in RUN_BY_THE_MACHINE}
    after = transform(template, **GRADUAL | {"Release": "00000000cd"})["Resources"]
    assert set(of_type(after, "AWS::Lambda::Version")).isdisjoint(versions[0])


def test_the_shift_and_the_release_go_together(template: Json) -> None:
    rule = template["Rules"]["GradualTrafficNamesItsRelease"]
    assert rule["RuleCondition"] == template["Conditions"]["IsGradual"]
    nobodys = template["Parameters"]["Release"]["Default"]
    assert rule["Assertions"][0]["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Release"}, nobodys]}]}
    shift = template["Parameters"]["TrafficShift"]
    gradual = {name: shifts["Gradual"] for name, shifts in template["Mappings"]["TrafficShifts"].items()}
    assert gradual == {name: name != shift["Default"] for name in shift["AllowedValues"]}


def test_the_machine_invokes_what_it_may_invoke(resources: Json) -> None:
    """The function itself all at once, and the alias where the traffic shifts."""
    substitutions = resources["RunStateMachine"]["Properties"]["DefinitionSubstitutions"]
    variables = resources["PlanFunction"]["Properties"]["Environment"]["Variables"]
    used = [substitutions[f"{name}FunctionArn"] for name in ("Plan", "Batch", "Collect")]
    used += [variables[f"AITA_{name}_FUNCTION_ARN"] for name in ("SPLIT", "TASK", "NAMES", "REPORT")]
    (policy,) = resources["RunStateMachineRole"]["Properties"]["Policies"]
    (invoke,) = [each for each in policy["PolicyDocument"]["Statement"] if each["Sid"] == "InvokeFunctions"]
    assert sorted(map(json.dumps, used)) == sorted(map(json.dumps, invoke["Resource"]))
    assert sorted(map(json.dumps, used)) == sorted(
        json.dumps({"Fn::If": ["IsGradual", {"Ref": f"{name}Aliaslive"}, {"Fn::GetAtt": [name, "Arn"]}]})
        for name in RUN_BY_THE_MACHINE
    )


def test_the_api_has_no_alias(resources: Json) -> None:
    """SAM wires an API to its function's alias whenever there is one: all at once, it would keep the first release."""
    assert set(of_type(resources, "AWS::Lambda::Alias")) == {f"{name}Aliaslive" for name in RUN_BY_THE_MACHINE}
