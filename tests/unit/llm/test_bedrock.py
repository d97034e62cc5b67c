"""Models of Amazon Bedrock: what is sent, held against botocore's own model of the service, and what becomes of it."""

import base64
import io
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.session import Session
from botocore.stub import Stubber
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Picture
from pydantic import BaseModel

from aita.errors import (
    CallError,
    InvalidReplyError,
    ProviderBusy,
    ProviderSetting,
    RefusalError,
    RunStopped,
    SettingsError,
    TaskError,
    TooLongError,
)
from aita.executor.create import create_executor
from aita.llm.bedrock import BedrockModel
from aita.llm.bedrock_client import BedrockClient
from aita.llm.bedrock_errors import classify
from aita.llm.converse import Abilities, converse_body
from aita.llm.price_table import Price
from aita.llm.tool_schema import tool_schema
from aita.services.calls.conversation import require_complete
from aita.tasks.json_reply import read_reply as reply_of
from aita.tasks.request import Image, LLMRequest, Message, Parameters
from aita.tasks.simple import SimpleLLMTask
from tests.support.converse_endpoint import (
    DROP,
    MODEL,
    Converse,
    Raw,
    Refusal,
    answered,
    called,
    converse_endpoint,
    said,
)
from tests.support.raw_endpoint import listening, request_of

ROOT = Path(__file__).parents[3]
SCHEMA = {
    "type": "object",
    "properties": {"points": {"type": "number"}},
    "required": ["points"],
    "additionalProperties": False,
}


class Points(BaseModel):
    """A reply."""

    points: int


PLAIN = LLMRequest((Message("user", "hello"),), "", None, Parameters())
IN_SCHEMA = LLMRequest((Message("system", "You grade."), Message("user", "2 + 2 = 4")), "Grading", SCHEMA, Parameters())
LONG = "The rubric gives a point for each step. " * 200
"""Text of more tokens than providers' shortest cached prefix."""

SHARED = LLMRequest((Message("system", LONG), Message("user", "2 + 2 = 4")), "Grading", SCHEMA, Parameters())

TEXTS = st.text(st.characters(codec="utf-8"), max_size=90)
CONVERSE = Session().get_service_model("bedrock-runtime").operation_model("Converse")


def picture(kind: str) -> bytes:
    drawn = io.BytesIO()
    Picture.new("RGB", (8, 8), "white").save(drawn, kind)
    return drawn.getvalue()


def with_picture(data: bytes) -> tuple[LLMRequest, dict[str, bytes]]:
    message = Message("user", "Transcribe.", (Image("pages/1", "digest"),))
    return LLMRequest((Message("system", "You transcribe."), message), "", None, Parameters()), {"digest": data}


@pytest.fixture
def endpoint() -> Iterator[Converse]:
    with converse_endpoint() as converse:
        yield converse


@pytest.fixture
def model(endpoint: Converse, monkeypatch: pytest.MonkeyPatch) -> BedrockModel:
    return endpoint.model(monkeypatch)


def hold_against_the_service(value: Any, shape: Shape | None, at: str = "") -> None:
    """Check what botocore does not: enumerated words, patterns, and one member of each union."""
    match shape:
        case StructureShape() if isinstance(value, dict) and not getattr(shape, "is_document_type", False):
            if shape.is_tagged_union:
                assert len(value) == 1, f"{at} has {list(value)}"
            for name, each in value.items():
                hold_against_the_service(each, shape.members[name], f"{at}.{name}")
        case ListShape() if isinstance(value, list):
            for each in value:
                hold_against_the_service(each, shape.member, f"{at}[]")
        case MapShape() if isinstance(value, dict):
            for each in value.values():
                hold_against_the_service(each, shape.value, f"{at}{{}}")
        case Shape() if isinstance(value, str):
            if words := shape.metadata.get("enum"):
                assert value in words, f"{at} is {value}"
            if pattern := shape.metadata.get("pattern"):
                assert re.fullmatch(pattern, value), f"{at} is {value}"


def hold(body: dict[str, Any]) -> None:
    """Check a whole request: by botocore's own validation, and by what that passes over."""
    assert CONVERSE.input_shape is not None
    report = ParamValidator().validate(body, CONVERSE.input_shape)
    assert not report.has_errors(), report.generate_report()
    hold_against_the_service(body, CONVERSE.input_shape)
    roles = [message["role"] for message in body["messages"]]
    assert roles[0] == "user"
    assert all(before != after for before, after in itertools.pairwise(roles)), "they take turns"
    assert all(message["content"] for message in body["messages"])


class TestRequest:
    """What is sent."""

    def test_a_prompt_is_sent_as_converse_has_it(self, endpoint: Converse, model: BedrockModel) -> None:
        reply = model.complete(PLAIN, {})
        assert reply.text == "hi"
        assert endpoint.models == [MODEL]
        assert endpoint.paths == ["/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"]
        assert endpoint.bodies == [
            {
                "messages": [{"role": "user", "content": [{"text": "hello"}]}],
                "inferenceConfig": {"maxTokens": 8192, "temperature": 0.0},
            }
        ]
        (headers,) = endpoint.headers
        assert "/us-east-1/bedrock/aws4_request" in headers["authorization"], "signed, and without a key of a provider"
        assert headers["host"] == endpoint.url.removeprefix("http://")

    @pytest.mark.parametrize(("kind", "form"), [("JPEG", "jpeg"), ("PNG", "png"), ("GIF", "gif"), ("WEBP", "webp")])
    def test_a_picture_is_sent_as_its_bytes(
        self, endpoint: Converse, model: BedrockModel, kind: str, form: str
    ) -> None:
        data = picture(kind)
        request, images = with_picture(data)
        model.complete(request, images)
        image, text = endpoint.bodies[0]["messages"][0]["content"]
        assert image["image"]["format"] == form
        assert base64.b64decode(image["image"]["source"]["bytes"]) == data
        assert text == {"text": "Transcribe."}
        assert endpoint.bodies[0]["system"] == [{"text": "You transcribe."}]
        hold(converse_body(MODEL, request, images, 100, Abilities()))

    def test_a_picture_that_models_do_not_take_fails_its_task(self, endpoint: Converse, model: BedrockModel) -> None:
        request, images = with_picture(picture("BMP"))
        with pytest.raises(TaskError, match="neither JPEG, PNG"):
            model.complete(request, images)
        assert not endpoint.calls

    def test_a_schema_is_that_of_a_tool_which_must_be_called(self, endpoint: Converse, model: BedrockModel) -> None:
        endpoint.answer = lambda _: called("Grading", {"points": 2.5, "quote": "größer"})
        reply = model.complete(IN_SCHEMA, {})
        tools = endpoint.bodies[0]["toolConfig"]
        (tool,) = tools["tools"]
        assert tool["toolSpec"]["name"] == "Grading"
        assert tool["toolSpec"]["inputSchema"] == {"json": tool_schema(SCHEMA)}
        assert tools["toolChoice"] == {"tool": {"name": "Grading"}}
        assert json.loads(reply.text) == {"points": 2.5, "quote": "größer"}
        assert "größer" in reply.text
        assert require_complete(reply.text, reply.finish_reason, refusal=reply.refusal)

    def test_what_surrounds_the_call_of_the_tool_is_passed_over(self, endpoint: Converse, model: BedrockModel) -> None:
        response = called("Grading", {"points": 1})
        thoughts = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}
        response["output"]["message"]["content"][:0] = [thoughts, {"text": "Let me grade this."}]
        endpoint.answer = lambda _: response
        assert model.complete(IN_SCHEMA, {}).text == '{"points": 1}'

    def test_points_stay_the_number_that_was_written(self, endpoint: Converse, model: BedrockModel) -> None:
        body = json.dumps(called("Grading", {"points": 0})).replace('"points": 0', '"points": 0.1')
        endpoint.answer = lambda _: Raw(body.encode())
        (points,) = json.loads(model.complete(IN_SCHEMA, {}).text, parse_float=Decimal).values()
        assert points == Decimal("0.1")

    def test_the_shared_prefix_ends_in_a_cache_point(self) -> None:
        body = converse_body(MODEL, SHARED, {}, 100, Abilities())
        assert body["system"] == [{"text": LONG}, {"cachePoint": {"type": "default"}}]
        assert body["messages"] == [{"role": "user", "content": [{"text": "2 + 2 = 4"}]}]
        hold(body)

    def test_a_prefix_in_messages_has_its_cache_point_there(self) -> None:
        request = LLMRequest((Message("user", LONG), Message("user", "2 + 2 = 4")), "", None, Parameters())
        (turn,) = converse_body(MODEL, request, {}, 100, Abilities())["messages"]
        assert turn["content"] == [{"text": LONG}, {"cachePoint": {"type": "default"}}, {"text": "2 + 2 = 4"}]

    def test_a_repeated_request_marks_the_same_prefix(self) -> None:
        """What one student wrote is written to no cache."""
        body = converse_body(MODEL, SHARED.answered("no JSON", "it is no JSON"), {}, 100, Abilities())
        assert body["system"] == [{"text": LONG}, {"cachePoint": {"type": "default"}}]
        assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
        assert not any("cachePoint" in block for turn in body["messages"] for block in turn["content"])

    def test_a_short_prefix_has_none(self) -> None:
        assert "cachePoint" not in json.dumps(converse_body(MODEL, IN_SCHEMA, {}, 100, Abilities()))

    @given(
        st.lists(st.tuples(st.sampled_from(["user", "assistant", "system"]), TEXTS), max_size=6),
        st.sampled_from([None, SCHEMA]),
        TEXTS,
        st.booleans(),
    )
    def test_any_request_has_the_services_form(
        self, before: list[tuple[Any, str]], schema: dict[str, Any] | None, name: str, long: bool
    ) -> None:
        first = Message("user", LONG if long else "first")
        messages = (Message("system", "s"), first, *(Message(*each) for each in before), Message("user", "last"))
        request = LLMRequest(messages, name, schema, Parameters(temperature=0.5), sample=1, sample_line="Sample 1.")
        body = converse_body(MODEL, request, {}, 100, Abilities())
        hold(body)
        sent = [block["text"] for turn in body["messages"] for block in turn["content"] if "text" in block]
        wanted = [message.text for message in request.sent[1:] if message.text.strip()]
        assert sent == wanted, "all of it, in order"

    def test_half_a_character_fails_the_task(self, endpoint: Converse, model: BedrockModel) -> None:
        with pytest.raises(TaskError, match="half a character"):
            model.complete(LLMRequest((Message("user", "\ud83d"),), "", None, Parameters()), {})
        assert not endpoint.calls

    def test_botocore_takes_request_and_response(self, model: BedrockModel) -> None:
        """Stubber compares the whole request, and checks the response against the service's model."""
        request, images = with_picture(picture("PNG"))
        with Stubber(model.client._client) as stubber:
            body = converse_body(MODEL, request, images, request.max_output_tokens, Abilities())
            stubber.add_response("converse", said("read", cacheReadInputTokens=3, cacheWriteInputTokens=0), body)
            assert model.complete(request, images).text == "read"
            stubber.assert_no_pending_responses()


class TestReply:
    """What is read."""

    def test_cached_tokens_and_those_written_to_the_cache_are_counted(
        self, endpoint: Converse, model: BedrockModel
    ) -> None:
        endpoint.answer = lambda _: said(
            "hi", inputTokens=10, outputTokens=5, cacheReadInputTokens=1000, cacheWriteInputTokens=200
        )
        reply = model.complete(PLAIN, {})
        assert reply.usage is not None
        assert (reply.usage.input_tokens, reply.usage.cached_input_tokens) == (1210, 1000)
        assert (reply.usage.cache_write_tokens, reply.usage.output_tokens) == (200, 5)
        price = Price(*map(Decimal, ("1", "0.1", "1.25", "5")))
        cost = model.with_model(MODEL, price).price(reply).cost_usd
        assert cost == 10 * 1 + 1000 * Decimal("0.1") + 200 * Decimal("1.25") + 5 * 5

    def test_the_highest_cost_is_that_of_writing_everything_to_the_cache(self, model: BedrockModel) -> None:
        price = Price(*map(Decimal, ("1", "0.1", "1.25", "5")))
        dear, unknown = model.with_model(MODEL, price).highest_cost(PLAIN), model.with_model("vendor.unknown")
        assert dear is not None
        assert dear > 8192 * 5
        assert unknown.highest_cost(PLAIN) is None, "what has no price has an unknown cost"

    @pytest.mark.parametrize(
        ("stop_reason", "error"),
        [
            ("end_turn", None),
            ("tool_use", None),
            ("stop_sequence", None),
            ("max_tokens", TooLongError),
            ("model_context_window_exceeded", TooLongError),
            ("guardrail_intervened", RefusalError),
            ("content_filtered", RefusalError),
            ("malformed_model_output", None),
            ("malformed_tool_use", None),
        ],
    )
    def test_each_stop_reason_of_the_service(
        self, endpoint: Converse, model: BedrockModel, stop_reason: str, error: type[TaskError] | None
    ) -> None:
        endpoint.answer = lambda _: said("Sorry, the guardrail blocks this.", stop_reason)
        reply = model.complete(PLAIN, {})
        if error is None:
            assert require_complete(reply.text, reply.finish_reason, refusal=reply.refusal) == reply.text
        else:
            with pytest.raises(error):
                require_complete(reply.text, reply.finish_reason, refusal=reply.refusal)

    def test_no_stop_reason_of_the_service_is_left_out(self) -> None:
        assert CONVERSE.output_shape is not None
        words = CONVERSE.output_shape.members["stopReason"].metadata["enum"]
        marked: Any = TestReply.test_each_stop_reason_of_the_service
        (tested,) = [mark.args[1] for mark in marked.pytestmark if mark.name == "parametrize"]
        assert sorted(words) == sorted(reason for reason, _ in tested)

    def test_two_answers_that_differ_are_no_valid_reply(self, endpoint: Converse, model: BedrockModel) -> None:
        calls = [{"toolUse": {"toolUseId": f"t-{n}", "name": "Grading", "input": {"points": n}}} for n in (1, 2)]
        endpoint.answer = lambda _: answered(calls, "tool_use")
        with pytest.raises(InvalidReplyError):
            reply_of(Points, model.complete(IN_SCHEMA, {}).text)
        endpoint.answer = lambda _: answered([calls[0], calls[0]], "tool_use")
        assert reply_of(Points, model.complete(IN_SCHEMA, {}).text).value == Points(points=1)

    def test_a_reply_past_its_most_characters_counts_as_cut(self, endpoint: Converse, model: BedrockModel) -> None:
        endpoint.answer = lambda _: said("x" * 50)
        short = LLMRequest(PLAIN.messages, "", None, Parameters(max_reply_characters=49))
        assert model.complete(short, {}).finish_reason == "max_tokens"
        assert model.complete(PLAIN, {}).finish_reason == "end_turn"

    @pytest.mark.parametrize(
        "usage", [None, {}, {"inputTokens": -1, "outputTokens": 2}, {"inputTokens": 0, "outputTokens": 0}]
    )
    def test_tokens_that_are_not_reported_are_unknown(
        self, endpoint: Converse, model: BedrockModel, usage: Any
    ) -> None:
        endpoint.answer = lambda _: said("hi") | {"usage": usage}
        reply = model.complete(PLAIN, {})
        assert reply.text == "hi"
        assert reply.usage is None
        assert model.price(reply).unpriced_calls == 1


BODY = json.dumps(called("Grading", {"points": 2})).encode()


class TestFailure:
    """What becomes of what is no reply."""

    @pytest.mark.parametrize("end", [0, 1, 30, len(BODY) // 2, len(BODY) - 1])
    def test_a_cut_body_is_a_failed_call(self, endpoint: Converse, model: BedrockModel, end: int) -> None:
        """botocore raises nothing for it."""
        endpoint.answer = lambda _: Raw(BODY[:end])
        with pytest.raises(ProviderBusy, match="cut off") as failed:
            model.complete(IN_SCHEMA, {})
        assert failed.value.may_be_paid
        assert endpoint.calls == 1

    @pytest.mark.parametrize(
        "answer",
        [
            {},
            [],
            "text",
            said("hi") | {"usage": {"inputTokens": "many"}},
            said("hi") | {"usage": []},
            {"stopReason": "end_turn"},
            {"output": {}, "stopReason": "end_turn"},
            {"output": {"message": {"role": "assistant"}}, "stopReason": "end_turn"},
            {"output": {"message": {"role": "assistant", "content": [{"text": "hi"}]}}},
            {"output": {"message": {"role": "assistant", "content": [{"text": "hi"}]}}, "stopReason": None},
        ],
    )
    def test_a_success_that_lacks_its_reply_is_a_failed_call(
        self, endpoint: Converse, model: BedrockModel, answer: Any
    ) -> None:
        endpoint.answer = lambda _: answer
        with pytest.raises(ProviderBusy, match="cut off"):
            model.complete(PLAIN, {})

    @pytest.mark.parametrize(
        ("refusal", "limited", "timed_out"),
        [
            (Refusal(429, "ThrottlingException", "Too many tokens, please wait before trying again."), True, False),
            (Refusal(429, "ModelNotReadyException", "The model is not ready."), False, False),
            (Refusal(503, "ServiceUnavailableException", "Too many connections"), False, False),
            (Refusal(500, "InternalServerException"), False, False),
            (Refusal(424, "ModelErrorException"), False, False),
            (Refusal(408, "ModelTimeoutException"), False, True),
            (Refusal(502, ""), False, False),
            (Refusal(429, ""), True, False),
        ],
    )
    def test_a_busy_service_is_asked_once_and_waited_for(
        self, endpoint: Converse, model: BedrockModel, refusal: Refusal, limited: bool, timed_out: bool
    ) -> None:
        endpoint.answer = lambda _: refusal
        with pytest.raises(ProviderBusy) as failed:
            model.complete(PLAIN, {})
        assert (failed.value.limited, failed.value.timed_out) == (limited, timed_out)
        assert failed.value.may_be_paid == timed_out
        assert str(refusal.status) in str(failed.value)
        assert endpoint.calls == 1, "botocore's own retries are off: the engine's limiter decides"

    def test_tokens_of_the_day_that_are_used_up_stop_the_run(self, endpoint: Converse, model: BedrockModel) -> None:
        told = "Too many tokens per day, please wait before trying again."
        endpoint.answer = lambda _: Refusal(429, "ThrottlingException", told)
        with pytest.raises(RunStopped, match="next day"):
            model.complete(PLAIN, {})

    @pytest.mark.parametrize("status", [408, 504, 524])
    def test_a_gateway_that_waited_too_long_may_have_been_answered(
        self, endpoint: Converse, model: BedrockModel, status: int
    ) -> None:
        endpoint.answer = lambda _: Refusal(status, "")
        with pytest.raises(ProviderBusy) as failed:
            model.complete(PLAIN, {})
        assert failed.value.timed_out
        assert failed.value.may_be_paid

    def test_a_stated_wait_is_kept(self, endpoint: Converse, model: BedrockModel) -> None:
        endpoint.answer = lambda _: Refusal(429, "ThrottlingException", headers={"Retry-After": "7"})
        with pytest.raises(ProviderBusy) as failed:
            model.complete(PLAIN, {})
        assert failed.value.retry_after == 7

    @pytest.mark.parametrize(
        ("refusal", "told", "setting"),
        [
            (
                Refusal(403, "AccessDeniedException", "You don't have access to the model."),
                "aws bedrock get-foundation-model-availability --model-id anthropic.claude-haiku-4-5-20251001-v1:0",
                None,
            ),
            (
                Refusal(404, "ResourceNotFoundException", "Could not resolve the foundation model."),
                "aws bedrock list-inference-profiles",
                ProviderSetting.MODEL,
            ),
            (
                Refusal(404, "ResourceNotFoundException", "Model use case details have not been submitted."),
                "fill in the form",
                None,
            ),
            (
                Refusal(400, "ValidationException", "The provided model identifier is invalid."),
                "aws bedrock list-foundation-models",
                ProviderSetting.MODEL,
            ),
            (
                Refusal(
                    400,
                    "ValidationException",
                    "Invocation of model ID amazon.nova-2-lite-v1:0 with on-demand throughput isn\u2019t supported. "
                    "Retry your request with the ID or ARN of an inference profile that contains this model.",
                ),
                "aws bedrock list-inference-profiles",
                ProviderSetting.MODEL,
            ),
            (
                Refusal(
                    400,
                    "ValidationException",
                    "This model doesn't support the image field for user messages. Remove image and try again.",
                ),
                "does not see pictures",
                ProviderSetting.MODEL,
            ),
            (
                Refusal(400, "ValidationException", "The model doesn\u2019t support image input."),
                "does not see pictures",
                ProviderSetting.MODEL,
            ),
            (Refusal(400, "ServiceQuotaExceededException"), "Service Quotas", None),
            (Refusal(403, "ExpiredTokenException", "The security token is expired"), "aws sso login", None),
            (Refusal(403, "UnrecognizedClientException"), "aws sts get-caller-identity", None),
            (
                Refusal(403, "InvalidSignatureException", "Signature expired: 20261130T000000Z is now earlier than"),
                "clock is wrong",
                None,
            ),
            (
                Refusal(403, "AccessDeniedException", "denied due to INVALID_PAYMENT_INSTRUMENT: A valid"),
                "means of payment",
                None,
            ),
            (
                Refusal(403, "AccessDeniedException", "not authorized to perform the required AWS Marketplace actions"),
                "aws-marketplace:Subscribe",
                None,
            ),
        ],
    )  # fmt: skip
    def test_what_no_call_can_pass_halts_the_run_with_advice(
        self, endpoint: Converse, model: BedrockModel, refusal: Refusal, told: str, setting: ProviderSetting | None
    ) -> None:
        endpoint.answer = lambda _: refusal
        with pytest.raises(RunStopped) as stopped:
            model.complete(PLAIN, {})
        assert told in str(stopped.value)
        assert stopped.value.setting is setting
        assert endpoint.calls == 1

    @pytest.mark.parametrize(
        ("message", "error"),
        [
            ("Input is too long for requested model.", TooLongError),
            ("Input Tokens Exceeded: Number of input tokens exceeds maximum length.", TooLongError),
            ("The model returned the following errors: prompt is too long: 205000 tokens > 200000", TooLongError),
            ("The model returned the following errors: Could not process image", TaskError),
            ("The provided image does not match the specified image format.", TaskError),
            ("The image format webp is not supported.", TaskError),
            ("Output blocked by content filtering policy", RefusalError),
            ("The text field in the ContentBlock object at messages.0.content.0 is blank.", TaskError),
            ("messages: text content blocks must be non-empty", TaskError),
            ("messages: at least one message is required", TaskError),
        ],
    )  # fmt: skip
    def test_what_is_wrong_with_one_request_fails_its_task(
        self, endpoint: Converse, model: BedrockModel, message: str, error: type[TaskError]
    ) -> None:
        quoting = f"{message} Zebulon Quartermaine"
        endpoint.answer = lambda _: Refusal(400, "ValidationException", quoting)
        with pytest.raises(error) as failed:
            model.complete(PLAIN, {})
        assert type(failed.value) is error
        assert "Zebulon" not in str(failed.value), "it may quote the prompt"
        assert failed.value.unexplained == (error is TaskError), "ten of them halt the run"
        assert failed.value.said == quoting

    def test_a_service_that_never_answers_is_too_late(
        self, endpoint: Converse, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = threading.Event()
        endpoint.answer = lambda _: held.wait() and said("too late")
        try:
            with pytest.raises(ProviderBusy) as failed:
                endpoint.model(monkeypatch, timeout=0.2).complete(PLAIN, {})
        finally:
            held.set()
        assert failed.value.timed_out
        assert failed.value.may_be_paid
        assert endpoint.calls == 1

    def test_one_deadline_is_for_all_of_a_call(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each piece of this response comes soon after the one before it."""
        body = json.dumps(said("hi")).encode()
        ended = threading.Event()

        def trickle(connection: socket.socket) -> None:
            request_of(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            for byte in body:
                if ended.wait(0.02):
                    return
                connection.sendall(bytes([byte]))

        with listening(trickle) as url:
            model = Converse(lambda _: None, url.removesuffix("/v1")).model(monkeypatch, timeout=0.5)
            with pytest.raises(ProviderBusy) as failed:
                model.complete(PLAIN, {})
            ended.set()
        assert failed.value.timed_out
        assert failed.value.may_be_paid

    def test_a_dropped_connection_is_not_tried_again_here(self, endpoint: Converse, model: BedrockModel) -> None:
        endpoint.answer = lambda _: DROP
        with pytest.raises(ProviderBusy, match="lost") as failed:
            model.complete(PLAIN, {})
        assert failed.value.may_be_paid
        assert endpoint.calls == 1

    def test_a_server_that_is_not_there_was_not_paid(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with converse_endpoint() as gone:
            pass
        with pytest.raises(ProviderBusy, match="can't be reached") as failed:
            gone.model(monkeypatch).complete(PLAIN, {})
        assert not failed.value.may_be_paid

    def test_behind_a_proxy_botocore_makes_the_call(self, endpoint: Converse, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", endpoint.url)
        monkeypatch.setenv("NO_PROXY", "")
        model = endpoint.model(monkeypatch)
        assert model.complete(PLAIN, {}).text == "hi"
        assert endpoint.paths[0].startswith("http://127.0.0.1:"), "asked of the proxy"
        endpoint.answer = lambda _: Refusal(503, "ServiceUnavailableException")
        with pytest.raises(ProviderBusy):
            model.complete(PLAIN, {})
        assert endpoint.calls == 2

    def test_without_credentials_the_run_stops(self, endpoint: Converse, monkeypatch: pytest.MonkeyPatch) -> None:
        model = endpoint.model(monkeypatch)
        for name in list(os.environ):
            if name.startswith("AWS_") and name not in {"AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"}:
                monkeypatch.delenv(name)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            monkeypatch.setenv(name, os.devnull)
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
        model = BedrockModel(BedrockClient(1.0), MODEL)
        with pytest.raises(RunStopped, match="aws configure"):
            model.complete(PLAIN, {})

    def test_without_a_region_the_settings_are_wrong(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
        with pytest.raises(SettingsError, match="AWS_DEFAULT_REGION"):
            BedrockClient(1.0)

    @given(st.text(max_size=60), st.integers(400, 599), st.text(max_size=300))
    def test_any_refusal_is_one_of_ours_and_keeps_its_words_to_itself(self, code: str, status: int, said: str) -> None:
        failure = classify(code, status, said, {}, MODEL)
        assert isinstance(failure, CallError)
        assert failure.said == said
        secret = classify(code, status, f"{said} Ada Lovelace wrote", {}, MODEL)
        assert "Ada" not in str(secret)


class Picky:
    """A model that refuses what its rules name, in Amazon Bedrock's words."""

    def __init__(self, *rules: tuple[str, str, Refusal]) -> None:
        self.rules = rules

    def __call__(self, body: dict[str, Any]) -> Any:
        text = json.dumps(body)
        for present, absent, refusal in self.rules:
            if present in text and not (absent and absent in text):
                return refusal
        return called("Grading", {"points": 1}) if "toolConfig" in body else said('{"points": 1}')


def invalid(message: str) -> Refusal:
    return Refusal(400, "ValidationException", message)


NO_TOOL = invalid("This model doesn't support the toolConfig.toolChoice.tool field. Remove toolConfig.toolChoice.tool.")
NO_ANY = invalid("This model doesn't support the toolConfig.toolChoice.any field. Remove it and try again.")
NO_TOOLS = invalid("This model doesn't support tool use.")


class TestAdapting:
    """What a model refuses is left out from then on."""

    @pytest.mark.parametrize(
        ("rules", "lacks", "calls"),
        [
            ([("temperature", "", invalid("`temperature` is deprecated for this model."))], ("temperature",), 2),
            (
                [("cachePoint", "", Refusal(403, "AccessDeniedException", "You invoked an unsupported model or your "
                  "request did not allow prompt caching. See the documentation for more information."))],
                ("cachePoint",), 2,
            ),
            (
                [("cachePoint", "", invalid("Malformed input request: #/system/1: extraneous key [cachePoint] is not "
                  "permitted, please reformat your input and try again."))],
                ("cachePoint",), 2,
            ),
            ([('"tool": {"name"', "", NO_TOOL)], ("toolChoice.tool",), 2),
            ([('"tool": {"name"', "", NO_TOOL), ('"any"', "", NO_ANY)], ("toolChoice.tool", "toolChoice.any"), 3),
            ([("toolConfig", "", NO_TOOLS)], ("json_schema", "json_object"), 2),
            (
                [('"system"', "", invalid("This model doesn't support system messages. Try again without a system "
                  "message or use a model that supports system messages."))],
                ("the system role",), 2,
            ),
            (
                [("toolConfig", "", invalid("The model returned the following errors: tools.0.custom.input_schema: "
                  "JSON schema is invalid"))],
                ("toolSpec.Grading",), 2,
            ),
            (
                [("8192", "", invalid("The maximum tokens you requested exceeds the model limit of 4096. Try again "
                  "with a maximum tokens value that is lower than 4096."))],
                ("maxTokens>4096",), 2,
            ),
            (
                [("8192", "", invalid("max_tokens: 8192 > 5000, which is the maximum allowed number of output tokens "
                  "for claude-3-5-sonnet-20240620"))],
                ("maxTokens>5000",), 2,
            ),
        ],
    )  # fmt: skip
    def test_what_is_refused_by_name_is_left_out_from_then_on(
        self, endpoint: Converse, model: BedrockModel, rules: Any, lacks: tuple[str, ...], calls: int
    ) -> None:
        endpoint.answer = Picky(*rules)
        reply = model.complete(SHARED, {})
        assert json.loads(reply.text) == {"points": 1}
        assert reply.lacks == lacks
        assert endpoint.calls == calls
        assert model.complete(SHARED, {}).lacks == lacks
        assert endpoint.calls == calls + 1, "learned once"
        for body in endpoint.bodies:
            for blocks in body.get("system", ["none is sent"]), *(turn["content"] for turn in body["messages"]):
                assert blocks

    def test_another_schema_keeps_its_tool(self, endpoint: Converse, model: BedrockModel) -> None:
        endpoint.answer = Picky(("Grading", "", invalid("tools.0.custom.input_schema: JSON schema is invalid")))
        model.complete(IN_SCHEMA, {})
        other = LLMRequest(IN_SCHEMA.messages, "Rubric", SCHEMA, Parameters())
        model.complete(other, {})
        assert "toolConfig" in endpoint.bodies[-1]
        assert "toolConfig" not in endpoint.bodies[-2]

    @pytest.mark.parametrize(
        "form", ["Invalid input: {}", "The model returned the following errors: {!r}", "{} is bad"]
    )
    def test_a_refusal_of_one_input_teaches_nothing(self, endpoint: Converse, model: BedrockModel, form: str) -> None:
        written = "temperature is not supported, tool use is not supported, system messages are not supported"
        wrong = LLMRequest((Message("user", written),), "Grading", SCHEMA, Parameters())
        endpoint.answer = lambda body: invalid(form.format(written)) if written in json.dumps(body) else said("hi")
        with pytest.raises(TaskError):
            model.complete(wrong, {})
        assert endpoint.calls == 1
        assert model.complete(SHARED, {}).lacks == ()

    def test_nor_does_one_that_is_refused_in_every_form(self, endpoint: Converse, model: BedrockModel) -> None:
        endpoint.answer = lambda body: (
            invalid("no temperature, no tool use is supported") if "odd" in json.dumps(body) else said("hi")
        )
        with pytest.raises(TaskError):
            model.complete(LLMRequest((Message("user", "odd"),), "Grading", SCHEMA, Parameters()), {})
        assert endpoint.calls > 1
        assert model.complete(SHARED, {}).lacks == ()

    def test_without_a_system_role_its_text_begins_the_first_message(
        self, endpoint: Converse, model: BedrockModel
    ) -> None:
        endpoint.answer = Picky(('"system"', "", invalid("This model doesn't support system messages.")))
        model.complete(IN_SCHEMA, {})
        assert endpoint.bodies[-1]["messages"] == [
            {"role": "user", "content": [{"text": "You grade."}, {"text": "2 + 2 = 4"}]}
        ]

    def test_what_can_not_be_left_out_is_not_asked_again(self, endpoint: Converse, model: BedrockModel) -> None:
        endpoint.answer = lambda _: NO_TOOLS
        with pytest.raises(TaskError):
            model.complete(PLAIN, {})
        assert endpoint.calls == 1

    def test_another_model_of_the_client_learns_for_itself(self, endpoint: Converse, model: BedrockModel) -> None:
        endpoint.answer = Picky(("temperature", "", invalid("temperature is not supported")))
        model.complete(PLAIN, {})
        other = model.with_model("amazon.nova-lite-v1:0")
        other.complete(PLAIN, {})
        assert endpoint.calls == 4
        assert endpoint.models[-1] == "amazon.nova-lite-v1:0"

    def test_threads_that_are_refused_alike_all_get_their_reply(self, endpoint: Converse, model: BedrockModel) -> None:
        endpoint.answer = Picky(('"tool": {"name"', "", NO_TOOL), ("temperature", "", invalid("no temperature")))
        texts: list[str] = []
        threads = [threading.Thread(target=lambda: texts.append(model.complete(IN_SCHEMA, {}).text)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert texts == ['{"points": 1}'] * 8


class TestInProcess:
    """An executor behind the environment's bedrock."""

    def test_a_batch_is_answered(self, endpoint: Converse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        endpoint.model(monkeypatch)
        monkeypatch.setenv("OPENAI_BASE_URL", "bedrock")
        monkeypatch.setenv("AITA_MODEL", MODEL)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        executor = create_executor(checkpoint_dir=tmp_path, rate_limit=0, show_progress=False)
        tasks = [SimpleLLMTask(task_id=f"t-{n}", prompt=f"Say hi, {n}.") for n in range(5)]
        batch = executor.execute_batch(tasks)
        assert [result.result for result in batch.successful_results] == ["hi"] * 5
        assert endpoint.calls == 5

    def test_a_wrong_base_url_is_told_of_both_forms(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", "Bedrock")
        with pytest.raises(SettingsError, match="http:// or https://, or bedrock"):
            create_executor()

    @pytest.mark.slow
    def test_neither_library_is_loaded_for_the_other(self, endpoint: Converse) -> None:
        script = (
            "import sys\nfrom aita import create_executor\nexecutor = create_executor()\n"
            "print('openai' in sys.modules, 'boto3' in sys.modules)"
        )
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "layers" / "aita"),
            "AWS_DEFAULT_REGION": "us-east-1",
            "OPENAI_API_KEY": "sk-test",
        }
        found = [
            subprocess.run(
                [sys.executable, "-c", script], env=environment | more, capture_output=True, text=True, check=True
            ).stdout.split()
            for more in ({"OPENAI_BASE_URL": "bedrock"}, {})
        ]
        assert found == [["False", "True"], ["True", "False"]]
