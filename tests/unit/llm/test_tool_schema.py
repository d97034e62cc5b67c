"""Schemas of tools' inputs: without references, whatever a task's own schema has."""

import json

import pytest
from pydantic import BaseModel

from aita.llm.tool_schema import tool_schema
from aita.tasks.json_schema import strict_schema
from aita.tasks.registry import all_kinds


class Step(BaseModel):
    text: str
    points: float


class Marked(BaseModel):
    first: Step
    others: list[Step]
    last: Step | None


class Tree(BaseModel):
    children: list["Tree"]


def test_definitions_stand_where_they_were_referred_to() -> None:
    schema = tool_schema(strict_schema(Marked))
    step = schema["properties"]["first"]
    assert step["properties"] == {"text": {"type": "string"}, "points": {"type": "number"}}
    assert schema["properties"]["others"]["items"] == step
    assert schema["properties"]["last"]["anyOf"] == [step, {"type": "null"}]
    assert schema["required"] == ["first", "others", "last"]


@pytest.mark.parametrize("kind", sorted(all_kinds()))
def test_each_kinds_schema_has_no_reference_and_a_plain_top(kind: str) -> None:
    own = strict_schema(all_kinds()[kind].response_model)
    schema = tool_schema(own)
    assert set(schema) == {"type", "properties", "required"}
    assert "$ref" not in json.dumps(schema)
    assert schema["properties"].keys() == own["properties"].keys()


@pytest.mark.parametrize(
    "schema",
    [
        strict_schema(Tree),
        {"anyOf": [{"type": "object"}, {"type": "string"}]},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/Missing"}}, "required": ["a"]},
    ],
)
def test_what_has_no_plain_form_stays_as_it_is(schema: dict[str, object]) -> None:
    assert tool_schema(schema) == schema
