"""A reader with an endpoint and key of its own and a grader of another name, on the real definition and handlers."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.integration.material import exam, kind, page, right
from tests.integration.provider import Answer, Provider, serving
from tests.integration.stack import Stack, deployed
from tests.integration.test_transcribe import put_scans

PRICES = "grade-model=1/2,read-model=3/4"


@pytest.fixture(scope="module")
def reader() -> Iterator[Provider]:
    with serving(right) as provider:
        yield provider


@pytest.fixture(scope="module")
def module_stack(reader: Provider) -> Iterator[Stack]:
    with deployed(
        AITA_READER_MODEL="read-model",
        AITA_READER_BASE_URL=reader.base_url,
        AITA_READER_KEY_SECRET="aita/reader-key",
        AITA_GRADER_MODEL="grade-model",
        AITA_MODEL_PRICES=PRICES,
        AITA_RATE_LIMIT_RPS="100",
    ) as stack:
        boto3.client("secretsmanager").create_secret(Name="aita/reader-key", SecretString="sk-reader")
        yield stack


def asked(provider: Provider) -> dict[str, set[str]]:
    """Return the kinds of a provider's requests by model."""
    found: dict[str, set[str]] = {}
    for request in provider.requests:
        found.setdefault(request["model"], set()).add(kind(request))
    return found


def put(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    put_scans(stack, assignment, Ada=[page(f"{assignment} a1"), page(f"{assignment} a2")])


def estimate(stack: Stack, assignment: str, pipeline: str) -> Any:
    status, found = stack.call("POST", "/runs/estimate", {"assignment": assignment, "pipeline": pipeline})
    assert status == 200, found
    return found


def test_each_model_does_its_own_and_no_other_gets_the_readers_key(
    stack: Stack, reader: Provider, assignment: str
) -> None:
    reader.requests.clear()
    put(stack, assignment)
    for pipeline in ("rubric", "transcribe", "grade"):
        run = stack.wait(stack.start(assignment, pipeline, max_cost_usd="5", see="never"))
        assert run["status"] == "SUCCEEDED", run
        assert (run["model"], run["reader_model"], run["grader_model"]) == ("test-model", "read-model", "grade-model")
        assert run["usage"]["unpriced_calls"] == 0
    assert asked(reader) == {"read-model": {"Transcription"}}
    assert asked(stack.provider) == {"grade-model": {"AnswerKey", "Rubric", "Grading"}}
    assert reader.keys == {"Bearer sk-reader"}
    assert stack.provider.keys == {"Bearer sk-test"}
    read = {call.resource for call in stack.calls["task"] if call.action == "secretsmanager:GetSecretValue"}
    assert len([secret for secret in read if "aita/reader-key" in secret]) == 1
    grades = stack.get(f"{assignment}/grades.json")
    assert {cell["model"] for each in grades.values() for cell in each.values() if cell["criteria"]} == {"grade-model"}


def test_a_key_that_is_refused_is_told_with_whose_it_is(stack: Stack, reader: Provider, assignment: str) -> None:
    put(stack, assignment)
    reader.answer = lambda request: Answer(status=401, code="invalid_api_key")
    try:
        run = stack.wait(stack.start(assignment, "transcribe"))
    finally:
        reader.answer = right
    assert run["status"] == "HALTED"
    assert "'aita key set --for reader'" in run["reason"]
    assert stack.wait(stack.start(assignment, "rubric"))["status"] == "SUCCEEDED", "the grader has another key"
    secrets = boto3.client("secretsmanager")
    secrets.delete_secret(SecretId="aita/reader-key", ForceDeleteWithoutRecovery=True)
    try:
        run = stack.wait(stack.start(assignment, "transcribe"))
    finally:
        secrets.create_secret(Name="aita/reader-key", SecretString="sk-reader")
    assert "no secret aita/reader-key: set the API key with 'aita key set --for reader'" in run["reason"]


def test_each_is_limited_and_priced_by_itself(stack: Stack, reader: Provider, assignment: str) -> None:
    put(stack, assignment)
    read = stack.wait(stack.start(assignment, "transcribe"))
    graded = stack.wait(stack.start(assignment, "rubric"))
    # each call has 100 tokens in and 20 out
    assert float(read["usage"]["cost_usd"]) == pytest.approx(read["usage"]["calls"] * (100 * 3 + 20 * 4) / 1e6)
    assert float(graded["usage"]["cost_usd"]) == pytest.approx(graded["usage"]["calls"] * (100 * 1 + 20 * 2) / 1e6)
    rows = stack.dynamodb.scan(TableName="aita-test")["Items"]
    limits = {row["pk"]["S"] for row in rows if row["pk"]["S"].startswith("LIMIT#")}
    assert limits == {f"LIMIT#{reader.base_url}#read-model", f"LIMIT#{stack.provider.base_url}#grade-model"}


def test_estimates_name_and_price_each(stack: Stack, assignment: str) -> None:
    put(stack, assignment)
    stages = {each["stage"]: each for each in estimate(stack, assignment, "exam")["stages"]}
    assert {name: each["model"] for name, each in stages.items() if each["model"]} == {
        "extract_questions": "read-model",
        "answer_key": "grade-model",
        "rubric": "grade-model",
        "transcribe": "read-model",
        "read_again": "read-model",
        "grade": "grade-model",
    }
    for name, sent, received in (("transcribe", 3, 4), ("rubric", 1, 2)):
        each = stages[name]
        assert each["calls"] > 0
        cost = (each["input_tokens"] * sent + each["output_tokens"] * received) / 1e6
        assert float(each["cost_usd"]) == pytest.approx(cost)


def test_a_cap_needs_the_prices_of_the_models_that_are_asked(stack: Stack, assignment: str) -> None:
    put(stack, assignment)
    stack.put(f"{assignment}/tasks/chat.jsonl", '{"prompt": "Say yes."}')
    body = {"assignment": assignment, "pipeline": "kind.chat", "options": {"max_cost_usd": "1"}}
    status, error = stack.call("POST", "/runs", body)
    assert status == 400
    assert "price of test-model is not known" in error["message"]
    assert "ModelPrices=test-model=INPUT/OUTPUT" in error["message"]


def test_a_kind_says_whose_it_is(stack: Stack, reader: Provider, assignment: str) -> None:
    asked_by = {}
    for kind_name in ("chat", "reader_chat", "grader_chat"):
        stack.put(f"{assignment}/tasks/{kind_name}.jsonl", f'{{"prompt": "Say yes, {kind_name} {assignment}."}}')
        for provider in (stack.provider, reader):
            provider.requests.clear()
            provider.answer = right_or_yes
        run = stack.wait(stack.start(assignment, f"kind.{kind_name}"))
        assert run["status"] == "SUCCEEDED", run
        (request,) = [*stack.provider.requests, *reader.requests]
        asked_by[kind_name] = request["model"]
    reader.answer = right
    assert asked_by == {"chat": "test-model", "reader_chat": "read-model", "grader_chat": "grade-model"}


def right_or_yes(request: dict[str, Any]) -> Answer:
    return right(request) if "response_format" in request else Answer("yes")
