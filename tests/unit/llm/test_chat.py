"""The model behind chat completions, against an endpoint in process; and what its calls cost."""

import base64
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import httpx2
import openai
import pytest

from aita.errors import AitaError, CallError, ProviderBusy, RefusalError, RunStopped, TaskError, TooLongError
from aita.llm.chat import ChatModel, connect
from aita.llm.pricing import highest_cost
from aita.models.effort import EFFORTS, ReasoningEffort, expected_thoughts
from aita.models.run import Usage
from aita.models.transcription import Transcription
from aita.ports import TokenUsage
from aita.services.calls.conversation import require_complete
from aita.tasks.json_schema import strict_schema
from aita.tasks.request import Image, LLMRequest, Message, Parameters
from aita.tasks.tokens import input_tokens
from tests.unit.tasks.test_grading import task

MARKER = "PROMPT-MARKER"
TOLD = "PROVIDER-MARKER"
MESSAGES = (
    Message("system", "Transcribe."),
    Message("user", f"This page. {MARKER}", (Image("k", "a" * 64),)),
)
REQUEST = LLMRequest(MESSAGES, "Transcription", strict_schema(Transcription), Parameters())
IMAGES = {"a" * 64: b"\xff\xd8\xffJPEG"}

OPENAI = "https://api.openai.com/v1"

Answer = httpx2.Response | Exception


def completion(text: Any = "{}", **changes: Any) -> dict[str, Any]:
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "served-model",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 50, "completion_tokens": 7, "total_tokens": 57},
    } | changes


def ok(body: Any) -> httpx2.Response:
    headers = {"content-type": "application/json"}
    return httpx2.Response(200, content=json.dumps(body).encode(), headers=headers)


def refusal(status: int, code: Any = None, message: str = TOLD, headers: Any = None, **more: Any) -> httpx2.Response:
    return httpx2.Response(status, json={"error": {"code": code, "message": message} | more}, headers=headers)


@dataclass
class Endpoint:
    """An OpenAI-compatible endpoint that gives the queued answers, then good ones."""

    answers: list[Answer | Callable[[dict[str, Any]], Answer]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[httpx2.Headers] = field(default_factory=list)
    forgotten: int = 0

    def model(self, base_url: str = "https://model.test/v1", name: str = "gpt-5", **more: Any) -> ChatModel:
        client = openai.OpenAI(
            base_url=base_url,
            api_key=lambda: "sk-secret",
            max_retries=0,
            http_client=httpx2.Client(transport=httpx2.MockTransport(self._answer)),
        )
        return ChatModel(client, name, forget_key=self._forget, **more)

    def _forget(self) -> None:
        self.forgotten += 1

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.bodies.append(body)
        self.headers.append(request.headers)
        answer = self.answers.pop(0) if self.answers else ok(completion())
        if callable(answer):
            answer = answer(body)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def fails(self, *answers: Answer) -> AitaError:
        """Return the error that a call over these answers ends in, and check that it tells nothing."""
        self.answers = [*answers]
        with pytest.raises(AitaError) as caught:
            self.model().complete(REQUEST, IMAGES)
        error = caught.value
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
        for marker in (MARKER, TOLD, "sk-secret"):
            assert marker not in f"{error} {error!r} {error.args}"
        return error


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


class TestRequest:
    def test_the_strict_schema_is_asked_for_first(self, endpoint: Endpoint) -> None:
        endpoint.model().complete(REQUEST, IMAGES)
        (body,) = endpoint.bodies
        assert body["response_format"] == {
            "type": "json_schema",
            "json_schema": {"name": "Transcription", "schema": strict_schema(Transcription), "strict": True},
        }
        assert (body["model"], body["temperature"], body["max_completion_tokens"]) == ("gpt-5", 0.0, 8192)

    def test_images_go_as_data_urls_before_the_text(self, endpoint: Endpoint) -> None:
        endpoint.model().complete(REQUEST, IMAGES)
        system, user = endpoint.bodies[0]["messages"]
        assert system == {"role": "system", "content": "Transcribe."}
        image, text = user["content"]
        assert image["image_url"]["url"] == f"data:image/jpeg;base64,{base64.b64encode(IMAGES['a' * 64]).decode()}"
        assert text == {"type": "text", "text": f"This page. {MARKER}"}

    @pytest.mark.parametrize("data", [b"%PDF-1.7", b"RIFF\x24\0\0\0WAVEfmt "], ids=["a PDF", "a sound"])
    def test_what_is_no_image_is_sent_nowhere(self, endpoint: Endpoint, data: bytes) -> None:
        with pytest.raises(TaskError, match="neither JPEG, PNG, GIF nor WebP"):
            endpoint.model().complete(REQUEST, {"a" * 64: data})
        assert endpoint.bodies == []

    def test_the_key_is_asked_for_before_each_call(self) -> None:
        keys = iter(("first", "second"))
        seen = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            seen.append(request.headers["authorization"])
            return ok(completion())

        client = connect("https://model.test/v1", lambda: next(keys), 5)
        client = client.with_options(http_client=httpx2.Client(transport=httpx2.MockTransport(answer)))
        model = ChatModel(client, "m", forget_key=lambda: None)
        model.complete(REQUEST, IMAGES)
        model.complete(REQUEST, IMAGES)
        assert seen == ["Bearer first", "Bearer second"]

    def test_the_client_never_retries_by_itself(self) -> None:
        client = connect("https://model.test/v1", lambda: "k", 7)
        assert (client.max_retries, client.timeout) == (0, 7)


class TestReply:
    def test_what_came_is_told(self, endpoint: Endpoint) -> None:
        ticks = [10.0, 12.5]
        model = endpoint.model()
        model.now = lambda: ticks.pop(0) if len(ticks) > 1 else ticks[0]
        reply = model.complete(REQUEST, IMAGES)
        assert (reply.text, reply.finish_reason, reply.refusal, reply.model) == ("{}", "stop", False, "served-model")
        assert (reply.usage, reply.latency_ms) == (TokenUsage(50, 0, 7), 2500)

    def test_cached_tokens(self, endpoint: Endpoint) -> None:
        usage = {"prompt_tokens": 50, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 30}}
        endpoint.answers = [ok(completion(usage=usage))]
        assert endpoint.model().complete(REQUEST, IMAGES).usage == TokenUsage(50, 30, 7)

    @pytest.mark.parametrize("cached", [{"prompt_cache_hit_tokens": 30}, {"cached_tokens": 30}])
    def test_cached_tokens_by_the_names_of_deepseek_and_moonshot(self, endpoint: Endpoint, cached: Any) -> None:
        endpoint.answers = [ok(completion(usage={"prompt_tokens": 50, "completion_tokens": 7} | cached))]
        assert endpoint.model().complete(REQUEST, IMAGES).usage == TokenUsage(50, 30, 7)

    @pytest.mark.parametrize(("count", "usage"), [(7.0, TokenUsage(50, 0, 7)), (7.5, None), (True, None)])
    def test_a_count_may_be_written_with_a_point(
        self, endpoint: Endpoint, count: Any, usage: TokenUsage | None
    ) -> None:
        endpoint.answers = [ok(completion(usage={"prompt_tokens": 50.0, "completion_tokens": count}))]
        assert endpoint.model().complete(REQUEST, IMAGES).usage == usage

    @pytest.mark.parametrize(
        "usage",
        [None, {}, {"prompt_tokens": 5}, {"completion_tokens": 5}],
    )
    def test_a_call_whose_tokens_are_not_told_is_unpriced(self, endpoint: Endpoint, usage: Any) -> None:
        endpoint.answers = [ok(completion(usage=usage))]
        model = endpoint.model("https://api.openai.com/v1")
        reply = model.complete(REQUEST, IMAGES)
        assert reply.usage is None
        assert model.price(reply) == Usage(calls=1, unpriced_calls=1)

    @pytest.mark.parametrize("details", [None, {}, {"cached_tokens": None}])
    def test_cached_tokens_that_are_not_told_are_none(self, endpoint: Endpoint, details: Any) -> None:
        usage = {"prompt_tokens": 50, "completion_tokens": 7, "prompt_tokens_details": details}
        endpoint.answers = [ok(completion(usage=usage))]
        assert endpoint.model().complete(REQUEST, IMAGES).usage == TokenUsage(50, 0, 7)

    def test_more_cached_tokens_than_there_are_never_make_a_call_cheaper_than_free(self, endpoint: Endpoint) -> None:
        usage = {"prompt_tokens": 5, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 500}}
        endpoint.answers = [ok(completion("", usage=usage))]
        model = endpoint.model("https://api.openai.com/v1")
        assert model.price(model.complete(REQUEST, IMAGES)).cost_usd == 5 * Decimal("0.125") / 1_000_000

    @pytest.mark.parametrize(
        ("details", "written"),
        [
            ({"cached_tokens": 10, "cache_write_tokens": 20}, 20),
            ({"cached_tokens": 40, "cache_write_tokens": 20}, 10),
            ({"cache_write_tokens": 900}, 50),
            ({"cache_write_tokens": -1}, 0),
            ({"cache_write_tokens": "20"}, 0),
            ({"cached_tokens": 10}, 0),
        ],
    )
    def test_tokens_written_to_the_cache(self, endpoint: Endpoint, details: Any, written: int) -> None:
        usage = {"prompt_tokens": 50, "completion_tokens": 7, "prompt_tokens_details": details}
        endpoint.answers = [ok(completion(usage=usage))]
        told = endpoint.model().complete(REQUEST, IMAGES).usage
        assert told is not None
        assert told.cache_write_tokens == written

    def test_thoughts_are_part_of_what_came_out_and_cost_as_much(self, endpoint: Endpoint) -> None:
        details = {"reasoning_tokens": 400}
        usage = {"prompt_tokens": 1000, "completion_tokens": 500, "completion_tokens_details": details}
        endpoint.answers = [ok(completion(usage=usage))]
        model = endpoint.model(OPENAI, "gpt-6-luna")
        assert model.price(model.complete(REQUEST, IMAGES)).cost_usd == Decimal("0.00035")

    def test_a_refusal(self, endpoint: Endpoint) -> None:
        message = {"role": "assistant", "content": None, "refusal": "I can't"}
        endpoint.answers = [ok(completion(choices=[{"index": 0, "finish_reason": "stop", "message": message}]))]
        reply = endpoint.model().complete(REQUEST, IMAGES)
        assert (reply.text, reply.refusal) == ("", True)

    @pytest.mark.parametrize("reason", ["length", "content_filter"])
    def test_a_cut_reply_is_told_as_such(self, endpoint: Endpoint, reason: str) -> None:
        message = {"role": "assistant", "content": "{"}
        endpoint.answers = [ok(completion(choices=[{"index": 0, "finish_reason": reason, "message": message}]))]
        assert endpoint.model().complete(REQUEST, IMAGES).finish_reason == reason

    @pytest.mark.parametrize(
        "choice",
        [
            {"finish_reason": "error", "error": {"code": 502, "message": TOLD}},
            {"finish_reason": "error"},
            {"finish_reason": None, "error": {"message": TOLD}},
            {"finish_reason": "stop", "error": TOLD},
            {"finish_reason": "network_error"},
            {"finish_reason": "insufficient_system_resource"},
            {"finish_reason": "abort"},
            {"finish_reason": "ERROR"},
        ],
    )
    def test_a_reply_that_was_broken_off_is_none(self, endpoint: Endpoint, choice: Any) -> None:
        message = {"role": "assistant", "content": "The force is"}
        assert type(endpoint.fails(ok(completion(choices=[choice | {"message": message}])))) is ProviderBusy

    @pytest.mark.parametrize("reason", [None, "stop", "STOP", "FINISH_REASON_STOP", "eos", "end_turn", "null", ""])
    def test_a_reply_that_came_to_its_end_is_whole(self, endpoint: Endpoint, reason: Any) -> None:
        choice = {"finish_reason": reason, "message": {"content": "x"}}
        endpoint.answers = [ok(completion(choices=[choice]))]
        reply = endpoint.model().complete(REQUEST, IMAGES)
        assert require_complete(reply.text, reply.finish_reason, refusal=reply.refusal) == "x"

    def test_half_a_character_can_be_kept_and_sent_back(self, endpoint: Endpoint) -> None:
        endpoint.answers = [ok(completion("half \ud83d of it"))]
        model = endpoint.model()
        reply = model.complete(REQUEST, IMAGES)
        reply.text.encode()
        model.complete(REQUEST.answered(reply.text, "bad"), IMAGES)
        assert endpoint.bodies[1]["messages"][2]["content"].startswith("half ")

    @pytest.mark.parametrize(
        "body",
        [
            completion(model=None),
            {name: value for name, value in completion().items() if name not in ("model", "usage", "id", "created")},
            completion([{"type": "text", "text": "x"}]),
        ],
    )
    def test_what_servers_leave_out(self, endpoint: Endpoint, body: Any) -> None:
        endpoint.answers = [ok(body)]
        reply = endpoint.model().complete(REQUEST, IMAGES)
        assert isinstance(reply.text, str)
        assert isinstance(reply.model, str)

    @pytest.mark.parametrize(
        "answer",
        [
            httpx2.Response(200, content=b"<html>sign in</html>", headers={"content-type": "text/html"}),
            httpx2.Response(200, content=b"null", headers={"content-type": "application/json"}),
            ok(completion(choices=[{"index": 0}])),
            ok(completion(choices=[{"index": 0, "message": None}])),
        ],
    )
    def test_what_is_no_completion(self, endpoint: Endpoint, answer: Answer) -> None:
        error = endpoint.fails(answer)
        assert type(error) is TaskError
        assert "see that the base URL is that of its API" in str(error)

    @pytest.mark.parametrize(
        "answer",
        [
            httpx2.Response(200, content=b'{"id": PROVIDER', headers={"content-type": "application/json"}),
            httpx2.Response(200, content=b"", headers={"content-type": "application/json"}),
            httpx2.Response(200, content=b"\xff\xfe\xff", headers={"content-type": "application/json"}),
            ok({"error": {"code": 500, "message": TOLD}}),
        ],
    )
    def test_what_was_cut_off_or_failed_behind_a_gateway(self, endpoint: Endpoint, answer: Answer) -> None:
        assert type(endpoint.fails(answer)) is ProviderBusy

    @pytest.mark.parametrize(
        ("body", "kind", "message"),
        [
            (completion(choices=[]), TaskError, "without a reply: its filter may refuse this input"),
            (
                completion(
                    choices=[], prompt_filter_results=[{"content_filter_results": {"hate": {"filtered": True}}}]
                ),
                RefusalError,
                "its filter refuses this input",
            ),
            (
                {"choices": None, "base_resp": {"status_code": 1026, "status_msg": "new_sensitive"}},
                RefusalError,
                "its filter",
            ),
            ({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "limit"}}, ProviderBusy, "an error"),
            ([{"error": {"code": 429, "message": TOLD}}], ProviderBusy, "answered 429"),
            (
                {"object": "error", "code": 400, "message": TOLD, "type": "BadRequestError"},
                TaskError,
                "refuses the request",
            ),
            ({"code": 500, "message": TOLD, "data": None}, ProviderBusy, "answered 500"),
            ({"statusCode": 429, "message": f"Too many requests {TOLD}"}, ProviderBusy, "answered 429"),
            ({"error": True, "status": 429, "message": TOLD}, ProviderBusy, "answered 429"),
            ({"error": "Unauthorized", "statusCode": 401, "message": TOLD}, RunStopped, "key is wrong"),
            ({"code": 401, "msg": f"令牌已过期 {TOLD}"}, RunStopped, "key is wrong"),
            ({"success": False, "message": f"no quota left {TOLD}"}, RunStopped, "no quota"),
            ({"status": "error", "msg": TOLD}, ProviderBusy, "with an error instead"),
            ({"code": "Throttling.RateQuota", "message": f"rate limit {TOLD}"}, ProviderBusy, "with an error instead"),
            ({"code": "DataInspectionFailed", "message": TOLD}, RefusalError, "its filter"),
            ({"error_code": 110, "error_msg": f"Access token invalid {TOLD}"}, RunStopped, "key is wrong"),
            ({"code": "SUCCESS", "message": TOLD}, TaskError, "no chat completion"),
            ({"message": TOLD, "version": 1}, TaskError, "no chat completion"),
            ({"code": 200, "message": TOLD, "data": {}}, TaskError, "no chat completion"),
            ({"detail": f"model overloaded {TOLD}"}, ProviderBusy, "with an error instead of a reply"),
            ({"success": False, "errors": [{"code": 7009, "message": TOLD}]}, ProviderBusy, "with an error instead"),
        ],
    )
    def test_what_stands_in_a_replys_place_is_what_it_says(
        self, endpoint: Endpoint, body: Any, kind: type, message: str
    ) -> None:
        error = endpoint.fails(ok(body))
        assert type(error) is kind
        assert message in str(error)

    def test_a_refusal_among_its_parts(self, endpoint: Endpoint) -> None:
        endpoint.answers = [ok(completion([{"type": "refusal", "refusal": "I can't"}]))]
        assert endpoint.model().complete(REQUEST, IMAGES).refusal

    @pytest.mark.parametrize(
        ("native", "kind"),
        [("MAX_TOKENS", TooLongError), ("SAFETY", RefusalError), ("STOP", None), ("novel", None), (None, None)],
    )
    def test_a_gateways_word_hides_no_cut(self, endpoint: Endpoint, native: Any, kind: type[AitaError] | None) -> None:
        choice = {"finish_reason": "stop", "native_finish_reason": native, "message": {"content": "The fo"}}
        endpoint.answers = [ok(completion(choices=[choice]))]
        reply = endpoint.model().complete(REQUEST, IMAGES)
        if kind is None:
            assert require_complete(reply.text, reply.finish_reason, refusal=reply.refusal) == "The fo"
            return
        with pytest.raises(kind):
            require_complete(reply.text, reply.finish_reason, refusal=reply.refusal)

    def test_nor_that_it_was_broken_off(self, endpoint: Endpoint) -> None:
        choice = {"finish_reason": "stop", "native_finish_reason": "error", "message": {"content": "The fo"}}
        assert type(endpoint.fails(ok(completion(choices=[choice])))) is ProviderBusy


def formats(endpoint: Endpoint) -> list[str]:
    return [body.get("response_format", {}).get("type", "text") for body in endpoint.bodies]


UNSUPPORTED = "Unsupported value: 'reasoning_effort' does not support 'none' with this model."


class TestReasoningEffort:
    @staticmethod
    def efforts(endpoint: Endpoint) -> list[str | None]:
        return [body.get("reasoning_effort") for body in endpoint.bodies]

    def test_it_is_sent(self, endpoint: Endpoint) -> None:
        endpoint.model(reasoning_effort="low").complete(REQUEST, IMAGES)
        assert self.efforts(endpoint) == ["low"]

    def test_a_model_that_is_to_decide_is_not_told(self, endpoint: Endpoint) -> None:
        endpoint.model(reasoning_effort="default").complete(REQUEST, IMAGES)
        assert "reasoning_effort" not in endpoint.bodies[0]

    @pytest.mark.parametrize(
        "refused",
        [
            refusal(400, "unknown_parameter", "Unrecognized request argument supplied: reasoning_effort"),
            refusal(400, message="Unsupported parameter", param="reasoning_effort"),
            refusal(400, message="Model grok does not support parameter reasoningEffort."),
            refusal(400, message='"gemma3" does not support thinking'),
            httpx2.Response(422, json={"detail": [{"loc": ["body", "reasoning_effort"], "msg": "Extra inputs"}]}),
            httpx2.Response(400, json={"code": "x", "error": "Model g does not support parameter reasoningEffort."}),
            httpx2.Response(
                422,
                json={"object": "error", "message": {"detail": [{"loc": ["body", "reasoning_effort"], "msg": "no"}]}},
            ),
            httpx2.Response(400, json=[{"error": {"code": 400, "message": "Invalid reasoning_effort: none."}}]),
            httpx2.Response(400, json=[{"error": {"code": 400, "message": "Thinking is not enabled for this model"}}]),
            refusal(
                400, message="Provider returned error", metadata={"raw": '{"message": "\'reasoning_effort\' is bad"}'}
            ),
            refusal(400, message="invalid reasoning value: 'medium'"),
            refusal(200, "400", "Unsupported parameter: 'reasoning_effort'"),
            refusal(200, "400", "Unsupported parameter", param="reasoning_effort"),
            refusal(200, "unsupported_parameter", "Unsupported parameter: 'reasoning_effort'"),
        ],
    )
    def test_an_endpoint_that_refuses_it_is_asked_without_from_then_on(
        self, endpoint: Endpoint, refused: httpx2.Response
    ) -> None:
        endpoint.answers = [refused]
        model = endpoint.model(reasoning_effort="medium")
        assert model.complete(REQUEST, IMAGES).lacks == ("reasoning_effort",)
        model.complete(REQUEST, IMAGES)
        assert self.efforts(endpoint) == ["medium", None, None]
        assert [body["temperature"] for body in endpoint.bodies] == [0.0] * 3

    @pytest.mark.parametrize(
        ("asked", "told", "sent"),
        [
            ("none", f"{UNSUPPORTED} Supported values are: 'low', 'medium', 'high', 'xhigh', and 'max'.", "low"),
            ("none", f"{UNSUPPORTED} Supported values are: 'minimal', 'low', 'medium', and 'high'.", "minimal"),
            ("max", "reasoning_effort must be one of `none`, `low`, `high`", "high"),
            ("minimal", 'reasoning_effort: Input should be "medium" or "high"', "medium"),
            ("none", UNSUPPORTED, None),
            ("none", "Reasoning is mandatory for this endpoint and cannot be disabled.", "minimal"),
            ("none", "Unable to submit request because Thinking can't be disabled for this model.", "minimal"),
            ("none", "Thinking budget 0 is invalid. This model only works in thinking mode.", "minimal"),
            ("minimal", 'invalid reasoning value: "minimal" (must be "high", "medium", "low", or "none")', "none"),
            ("high", "reasoning_effort must be one of `on`, `off`", None),
        ],
    )
    def test_one_that_is_refused_yields_to_the_nearest_that_is_named(
        self, endpoint: Endpoint, asked: ReasoningEffort, told: str, sent: str | None
    ) -> None:
        endpoint.answers = [refusal(400, "unsupported_value", told)]
        model = endpoint.model(reasoning_effort=asked)
        reply = model.complete(REQUEST, IMAGES)
        model.complete(REQUEST, IMAGES)
        assert self.efforts(endpoint) == [asked, sent, sent]
        assert reply.lacks == (("reasoning_effort",) if sent is None else (f"reasoning_effort {asked}",))

    def test_refusals_without_end_are_not_followed_without_end(self, endpoint: Endpoint) -> None:
        told = refusal(400, message="reasoning_effort: take 'none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'")
        endpoint.answers = [told] * 8
        with pytest.raises(TaskError):
            endpoint.model(reasoning_effort="none").complete(REQUEST, IMAGES)
        assert len({*self.efforts(endpoint)}) == len(endpoint.bodies) == 8

    def test_then_a_model_that_thinks_takes_no_temperature(self, endpoint: Endpoint) -> None:
        endpoint.answers = [
            refusal(400, message=f"{UNSUPPORTED} Supported values are: 'low', and 'high'.", param="reasoning_effort"),
            refusal(400, message="Unsupported parameter: 'temperature' is not supported with this model."),
        ]
        reply = endpoint.model(reasoning_effort="none").complete(REQUEST, IMAGES)
        assert reply.lacks == ("reasoning_effort none", "temperature")
        assert ("temperature" in endpoint.bodies[2], endpoint.bodies[2]["reasoning_effort"]) == (False, "low")

    @pytest.mark.parametrize("effort", ["default", *EFFORTS])
    def test_there_is_room_for_thoughts_beside_the_reply_and_the_cap_knows_of_it(
        self, endpoint: Endpoint, effort: ReasoningEffort
    ) -> None:
        model = endpoint.model(OPENAI, "gpt-6-luna", reasoning_effort=effort)
        model.complete(REQUEST, IMAGES)
        ceiling = endpoint.bodies[0]["max_completion_tokens"]
        reply = REQUEST.max_output_tokens
        assert (ceiling == reply) is (effort in ("default", "none"))
        assert ceiling >= reply + 2 * expected_thoughts(effort)
        assert model.highest_cost(REQUEST) == highest_cost(input_tokens(REQUEST), ceiling, OPENAI, "gpt-6-luna")

    def test_one_that_is_learnt_has_its_room_from_the_next_call_on(self, endpoint: Endpoint) -> None:
        """The call that learns it has no more set aside."""
        endpoint.answers = [refusal(400, message=f"{UNSUPPORTED} Supported values are: 'medium'.")]
        model = endpoint.model(OPENAI, "gpt-6-luna", reasoning_effort="none")
        model.complete(REQUEST, IMAGES)
        model.complete(REQUEST, IMAGES)
        assert [body["max_completion_tokens"] for body in endpoint.bodies] == [8192, 8192, 16384]
        assert model.highest_cost(REQUEST) == highest_cost(input_tokens(REQUEST), 16384, OPENAI, "gpt-6-luna")

    @pytest.mark.parametrize(
        "body",
        [
            [{"error": {"code": 400, "message": TOLD, "status": "INVALID_ARGUMENT"}}],
            {"object": "error", "message": {"detail": [{"loc": ["body", "x"], "msg": TOLD}]}},
            {"detail": [{"loc": ["body", "x"], "msg": TOLD, "input": MARKER}]},
            {"success": False, "errors": [{"code": 5006, "message": TOLD}]},
            {"error": {"message": "Provider returned error", "metadata": {"raw": f'{{"message": "{TOLD}"}}'}}},
            {"error": TOLD},
        ],
    )
    @pytest.mark.parametrize("status", [400, 200])
    def test_what_the_provider_said_is_kept_wherever_it_stands(
        self, endpoint: Endpoint, body: Any, status: int
    ) -> None:
        error = endpoint.fails(httpx2.Response(status, json=body))
        assert isinstance(error, CallError)
        assert TOLD in error.said
        assert MARKER not in error.said

    def test_what_the_provider_said_is_kept_apart_and_told_on_purpose_alone(self, endpoint: Endpoint) -> None:
        error = endpoint.fails(refusal(400, message=f"{TOLD} " * 500))
        assert isinstance(error, TaskError)
        assert error.said.startswith(TOLD)
        assert len(error.said) == 1000
        error.tell_all()
        assert TOLD in str(error)


class TestFallback:
    @pytest.mark.parametrize("status", [400, 422])
    def test_once_to_json_mode(self, endpoint: Endpoint, status: int) -> None:
        endpoint.answers = [refusal(status, param="response_format")]
        model = endpoint.model()
        assert model.complete(REQUEST, IMAGES).text == "{}"
        model.complete(REQUEST, IMAGES)
        assert formats(endpoint) == ["json_schema", "json_object", "json_object"]

    def test_then_to_plain_text(self, endpoint: Endpoint) -> None:
        endpoint.answers = [
            refusal(400, message="'json_schema' is not supported"),
            refusal(400, message="response_format is not supported"),
        ]
        model = endpoint.model()
        model.complete(REQUEST, IMAGES)
        model.complete(REQUEST, IMAGES)
        assert formats(endpoint) == ["json_schema", "json_object", "text", "text"]
        assert "response_format" not in endpoint.bodies[-1]

    def test_it_ends(self, endpoint: Endpoint) -> None:
        error = endpoint.fails(*[refusal(400, param="response_format") for _ in range(3)])
        assert (type(error), len(endpoint.bodies)) == (TaskError, 3)
        assert str(error) == "the provider answered 400 and refuses the request, parameter response_format"

    @pytest.mark.parametrize("status", [401, 404, 429, 500])
    def test_another_failure_teaches_nothing(self, endpoint: Endpoint, status: int) -> None:
        endpoint.fails(refusal(status, param="response_format", message="response_format temperature"))
        assert len(endpoint.bodies) == 1

    def test_a_model_without_temperature(self, endpoint: Endpoint) -> None:
        endpoint.answers = [refusal(400, "unsupported_value", param="temperature")]
        model = endpoint.model()
        model.complete(REQUEST, IMAGES)
        model.complete(REQUEST, IMAGES)
        assert ["temperature" in body for body in endpoint.bodies] == [True, False, False]
        assert formats(endpoint) == ["json_schema"] * 3

    def test_graders_are_no_copies_of_each_other_without_temperature(self, endpoint: Endpoint) -> None:
        endpoint.answers = [refusal(400, "unsupported_value", param="temperature")]
        model = endpoint.model()
        for number in (1, 2, 3):
            model.complete(task(grader=number).request(), {})
        refused, *sent = endpoint.bodies
        assert ["temperature" in body for body in (refused, *sent)] == [True, False, False, False]
        assert len({json.dumps(body) for body in sent}) == 3
        assert len({json.dumps(body["messages"][:-1]) for body in sent}) == 1, "they share their prefix"

    def test_nor_with_it(self, endpoint: Endpoint) -> None:
        for number in (2, 3):
            endpoint.model().complete(task(grader=number).request(), {})
        one, other = endpoint.bodies
        assert one["temperature"] == other["temperature"]
        assert one != other

    def test_both_are_learnt(self, endpoint: Endpoint) -> None:
        endpoint.answers = [refusal(400, param="temperature"), refusal(400, param="response_format")]
        endpoint.model().complete(REQUEST, IMAGES)
        assert ("temperature" in endpoint.bodies[-1], formats(endpoint)[-1]) == (False, "json_object")

    def test_another_endpoint_is_learnt_anew(self, endpoint: Endpoint) -> None:
        endpoint.answers = [refusal(400, param="response_format")]
        endpoint.model().complete(REQUEST, IMAGES)
        endpoint.model("https://other.test/v1").complete(REQUEST, IMAGES)
        assert formats(endpoint) == ["json_schema", "json_object", "json_schema"]


def in_seconds(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


class TestFailures:
    @pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
    def test_not_now(self, endpoint: Endpoint, status: int) -> None:
        error = endpoint.fails(refusal(status))
        assert isinstance(error, ProviderBusy)
        assert (str(error), error.retry_after) == (f"the provider answered {status}", None)
        assert error.limited is (status == 429)
        assert (len(endpoint.bodies), endpoint.forgotten) == (1, 0)

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [("7", 7), ("0.5", 0.5), ("0", 0.001), ("-3", 0.001), ("7199", 3600), ("inf", 3600)],
    )
    def test_retry_after_in_seconds(self, endpoint: Endpoint, header: str, seconds: float) -> None:
        error = endpoint.fails(refusal(429, "rate_limit_exceeded", headers={"retry-after": header}))
        assert isinstance(error, ProviderBusy)
        assert error.retry_after == seconds
        assert str(error) == "the provider answered 429 (rate_limit_exceeded)"

    @pytest.mark.parametrize(("ahead", "low", "high"), [(30, 28, 30), (-30, 0.001, 0.001), (10**6, 3600, 3600)])
    def test_retry_after_as_a_date(self, endpoint: Endpoint, ahead: float, low: float, high: float) -> None:
        error = endpoint.fails(refusal(503, headers={"retry-after": in_seconds(ahead)}))
        assert isinstance(error, ProviderBusy)
        assert error.retry_after is not None
        assert low <= error.retry_after <= high

    @pytest.mark.parametrize("header", ["soon", "", "nan", "Mon, 02 Mar 2026 09:00:00 -0000", "1e5e5"])
    def test_retry_after_that_says_nothing(self, endpoint: Endpoint, header: str) -> None:
        error = endpoint.fails(refusal(429, headers={"retry-after": header}))
        assert isinstance(error, ProviderBusy)
        assert error.retry_after is None

    @pytest.mark.parametrize(
        ("status", "code", "told"),
        [
            (429, "insufficient_quota", "no quota is left"),
            (403, "billing_hard_limit_reached", "no quota is left"),
            (429, "billing_not_active", "no quota is left"),
            (401, "invalid_api_key", "the API key is wrong"),
            (403, None, "the API key is wrong"),
            (404, "model_not_found", "no such model or base URL"),
            (404, None, "no such model or base URL"),
        ],
    )
    def test_no_call_of_the_run_can_succeed(self, endpoint: Endpoint, status: int, code: Any, told: str) -> None:
        error = endpoint.fails(refusal(status, code))
        assert type(error) is RunStopped
        assert told in str(error)
        assert (endpoint.forgotten, len(endpoint.bodies)) == (1, 1)

    @pytest.mark.parametrize(
        ("status", "code", "kind"),
        [
            (400, "context_length_exceeded", TooLongError),
            (400, "content_filter", RefusalError),
            (400, "content_policy_violation", RefusalError),
            (400, "invalid_prompt", RefusalError),
            (400, "something_else", TaskError),
            (400, None, TaskError),
            (413, None, TaskError),
            (422, None, TaskError),
        ],
    )
    def test_this_call_can_not_succeed(self, endpoint: Endpoint, status: int, code: Any, kind: type) -> None:
        error = endpoint.fails(refusal(status, code))
        assert type(error) is kind
        assert str(error).startswith(f"the provider answered {status}")
        assert endpoint.forgotten == 0

    @pytest.mark.parametrize(
        ("answer", "told"),
        [
            (httpx2.ConnectError(TOLD), "can't be reached"),
            (httpx2.ReadError(TOLD), "can't be reached"),
            (httpx2.RemoteProtocolError(TOLD), "can't be reached"),
            (httpx2.ReadTimeout(TOLD), "did not answer in time"),
            (httpx2.ConnectTimeout(TOLD), "did not answer in time"),
        ],
    )
    def test_no_answer(self, endpoint: Endpoint, answer: Exception, told: str) -> None:
        error = endpoint.fails(answer)
        assert isinstance(error, ProviderBusy)
        assert told in str(error)
        assert error.retry_after is None
        assert len(endpoint.bodies) == 1
        assert error.may_be_paid is not isinstance(answer, httpx2.ConnectError | httpx2.ConnectTimeout)

    def test_nobody_listens(self) -> None:
        client = connect("http://127.0.0.1:1/v1", lambda: "k", 2)
        with pytest.raises(ProviderBusy, match="can't be reached"):
            ChatModel(client, "m", forget_key=lambda: None).complete(REQUEST, IMAGES)

    @pytest.mark.parametrize("code", [429, 400, 1.5, ["x"], {"a": TOLD}, True, f"no code: {TOLD}", "x" * 81])
    @pytest.mark.parametrize("status", [400, 401, 429])
    def test_whatever_stands_for_a_code(self, endpoint: Endpoint, status: int, code: Any) -> None:
        error = endpoint.fails(refusal(status, code, param=code))
        assert isinstance(error, {400: TaskError, 401: RunStopped, 429: ProviderBusy}[status])

    @pytest.mark.parametrize("body", [TOLD, [TOLD], {"error": TOLD}, {"error": None}, {"detail": TOLD}, None])
    def test_whatever_stands_for_an_error(self, endpoint: Endpoint, body: Any) -> None:
        assert isinstance(endpoint.fails(httpx2.Response(400, json=body)), TaskError)
        assert isinstance(endpoint.fails(httpx2.Response(500, content=b"<html>")), ProviderBusy)

    def test_nothing_of_the_prompt_or_the_provider_is_logged(
        self, endpoint: Endpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, logger="aita")
        endpoint.answers = [refusal(400, param="response_format"), refusal(400, param="temperature"), refusal(500)]
        with pytest.raises(ProviderBusy):
            endpoint.model().complete(REQUEST, IMAGES)
        assert caplog.messages
        assert MARKER not in caplog.text
        assert TOLD not in caplog.text


class TestPrices:
    def test_the_model_prices_its_own_replies(self, endpoint: Endpoint) -> None:
        model = endpoint.model("https://api.openai.com/v1")
        assert model.provider == "https://api.openai.com/v1"
        assert model.price(model.complete(REQUEST, IMAGES)).cost_usd == Decimal("0.0001325")
