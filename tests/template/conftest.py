"""The template as CloudFormation gets it, and the definition as Step Functions gets it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samcli.yamlhelper import yaml_dump, yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).parents[2]
NO_VALUE = {"Ref": "AWS::NoValue"}
Json = dict[str, Any]


class ManagedPolicies:
    """Stands in for IAM, where samtranslator looks managed policies up."""

    def load(self) -> dict[str, str]:
        return {}


def read_template() -> Json:
    """Return the template as it is written, with intrinsic functions as dictionaries."""
    parsed: Json = yaml_parse((ROOT / "template.yaml").read_text())
    return parsed


def transform(template: Json, **parameters: str) -> Json:
    """Return the template after the SAM transform."""
    copy = yaml_parse(yaml_dump(template))
    validator = SamTemplateValidator(copy, ManagedPolicies(), region="us-east-1")
    validator._replace_local_codeuri()
    transformed: Json = Translator({}, Parser()).translate(copy, {"AWS::Region": "us-east-1", **parameters})
    return transformed


@pytest.fixture(scope="session")
def template() -> Json:
    return read_template()


@pytest.fixture(scope="session", params=["Disabled", "Active"])
def resources(request: pytest.FixtureRequest, template: Json) -> Json:
    """Every resource after the SAM transform, with tracing off and on."""
    return transform(template, Tracing=request.param)["Resources"]  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def definition_text() -> str:
    return (ROOT / "statemachine" / "run.asl.json").read_text()


@pytest.fixture(scope="session")
def definition(definition_text: str) -> Json:
    """The definition with each substitution filled in: a number for MaxConcurrency, its name for the others."""
    text = definition_text.replace("${MaxConcurrency}", "10")
    parsed: Json = json.loads(re.sub(r"\$\{(\w+)\}", r"\1", text))
    return parsed


def of_type(resources: Json, kind: str) -> dict[str, Json]:
    found = {name: resource for name, resource in resources.items() if resource["Type"] == kind}
    assert found, f"no {kind}: the test would prove nothing"
    return found


def settled(value: Any, given: set[str]) -> Any:
    """Return a template, or a part of it, as CloudFormation makes it where these conditions hold and no others."""
    match value:
        case {"Fn::If": [condition, yes, no]}:
            return settled(yes if condition in given else no, given)
        case dict():
            kept = {name: each for name, each in value.items() if not is_left_out(each, given)}
            settled_values = ((name, settled(each, given)) for name, each in kept.items())
            return {name: each for name, each in settled_values if each != NO_VALUE}
        case list():
            return [each for each in (settled(each, given) for each in value) if each != NO_VALUE]
    return value


def is_left_out(resource: Any, given: set[str]) -> bool:
    conditional = isinstance(resource, dict) and "Type" in resource and "Condition" in resource
    return conditional and resource["Condition"] not in given


def machines(definition: Json) -> Iterator[dict[str, Json]]:
    """Yield the states of the run and those of one item."""
    yield definition["States"]
    yield definition["States"]["RunItems"]["ItemProcessor"]["States"]


def all_states(definition: Json) -> dict[str, Json]:
    run, item = machines(definition)
    assert not run.keys() & item.keys()
    return run | item


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
