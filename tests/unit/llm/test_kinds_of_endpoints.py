# ruff: noqa: E501, ISC004, RUF001 - bodies as they were sent
"""Kinds of endpoints as they answer, each by the bodies that are known of it: what aita learns, and what it says.

The bodies are those of providers' documentation and of public threads, which each row names. No provider was called.
"""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from aita.errors import (
    CallError,
    ProviderBusy,
    ProviderSetting,
    RefusalError,
    RunStopped,
    TaskError,
    TooLongError,
)
from aita.llm.chat import ChatModel, connect
from aita.ports import TokenUsage
from aita.services.calls.forbidden_calls import Refusals
from aita.tasks.json_schema import strict_schema
from aita.tasks.request import Image, LLMRequest, Message, Parameters
from tests.support.scripted_endpoint import PATIENCE, Answer, Rule, ScriptedEndpoint, completion, scripted_endpoint

pytestmark = pytest.mark.slow  # talks to a server

PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
IMAGES = {"a" * 64: PNG}
STUDENT = "Zebulon Quartermaine"
"""A name in the prompt, which no message may repeat."""


class Inner(BaseModel):
    """A part of a reply."""

    word: str


class Nested(BaseModel):
    """A reply whose schema has a reference and a nullable field."""

    inner: Inner
    note: str | None


class Flat(BaseModel):
    """A reply whose schema has neither."""

    ok: bool


def request(model: type[BaseModel] | None = Flat, *, image: bool = True, **parameters: Any) -> LLMRequest:
    images = (Image("k", "a" * 64),) if image else ()
    messages = (Message("system", "Transcribe as JSON."), Message("user", f"The page of {STUDENT}", images))
    schema, name = (strict_schema(model), model.__name__) if model else (None, "")
    return LLMRequest(messages, name, schema, Parameters(**parameters))


def of(endpoint: ScriptedEndpoint, **more: Any) -> ChatModel:
    client = connect(endpoint.url, lambda: "sk-secret-key", PATIENCE)
    return ChatModel(client, "m", forget_key=lambda: None, **more)


def error(status: int, message: Any = "", **more: Any) -> Answer:
    return Answer(status, {"error": {"message": message} | more})


def said(message: str) -> dict[str, Any]:
    return {"error": {"message": message}}


def names(body: dict[str, Any], name: str) -> bool:
    """Return whether a field of this name stands anywhere in a request."""
    return f'"{name}"' in json.dumps(body)


def names_text(body: dict[str, Any], text: str) -> bool:
    """Return whether a text stands in a request's messages."""
    return text in json.dumps(body["messages"])


def sent_limit(body: dict[str, Any]) -> int:
    return int(body.get("max_completion_tokens") or body.get("max_tokens") or 0)


def refuses(sent: Callable[[dict[str, Any]], Any], answer: Answer) -> Rule:
    return lambda body: answer if sent(body) else None


def field_refused(name: str) -> Callable[[Answer], Rule]:
    return lambda answer: refuses(lambda body: names(body, name), answer)


def extra(*loc: Any) -> dict[str, Any]:
    """Return FastAPI's body for a field that a server forbids."""
    return {"detail": [{"type": "extra_forbidden", "loc": ["body", *loc], "msg": "Extra inputs are not permitted"}]}


# ---------------------------------------------------------------- what it is asked without, and how often it is called


@dataclass(frozen=True)
class Learnt:
    """Endpoint that refuses a part of the request: ``calls`` until the first reply, and a check of what it was sent."""

    source: str
    rules: tuple[Rule, ...]
    check: Callable[[dict[str, Any]], object]
    calls: int = 2


def with_max_tokens(body: dict[str, Any]) -> bool:
    return body["max_tokens"] == 8192 and "max_completion_tokens" not in body


def without_limit(body: dict[str, Any]) -> bool:
    return not names(body, "max_tokens") and not names(body, "max_completion_tokens")


def without_system(body: dict[str, Any]) -> bool:
    roles = [message["role"] for message in body["messages"]]
    (text,) = [part["text"] for part in body["messages"][0]["content"] if part["type"] == "text"]
    return roles == ["user"] and text.startswith("Transcribe as JSON.") and STUDENT in text


def without_strict(body: dict[str, Any]) -> bool:
    return of_format("json_schema")(body) and not names(body, "strict")


def without_detail(body: dict[str, Any]) -> bool:
    return names(body, "image_url") and not names(body, "detail")


def of_format(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: body.get("response_format", {}).get("type", "text") == name


_mct = field_refused("max_completion_tokens")
_detail = field_refused("detail")
_strict = field_refused("strict")


def _system_refused(answer: Answer) -> Rule:
    return refuses(lambda body: body["messages"][0]["role"] == "system", answer)


def _schema_refused(answer: Answer) -> Rule:
    return refuses(of_format("json_schema"), answer)


def _object_refused(answer: Answer) -> Rule:
    return refuses(of_format("json_object"), answer)


LEARNT: dict[str, Learnt] = {
    # the reply's limit, by its name
    "Mistral": Learnt("eca#231", (_mct(Answer(422, extra("max_completion_tokens"))),), with_max_tokens),
    "a title in error": Learnt(
        "the error attributes of Spring Boot's reference",
        (
            _mct(
                Answer(
                    400,
                    {"status": 400, "error": "Bad Request", "message": 'Unrecognized field "max_completion_tokens"'},
                )
            ),
        ),
        with_max_tokens,
    ),
    "a title beside a list": Learnt(
        "the exception filters of NestJS's documentation",
        (
            _mct(
                Answer(
                    422,
                    {
                        "statusCode": 422,
                        "error": "Unprocessable Entity",
                        "message": ["property max_completion_tokens should not exist"],
                    },
                )
            ),
        ),
        with_max_tokens,
    ),
    "error that is true": Learnt(
        "of that kind",
        (_mct(Answer(400, {"error": True, "message": "max_completion_tokens is not supported"})),),
        with_max_tokens,
    ),
    "Mistral, wrapped": Learnt(
        "hindsight#852",
        (_mct(Answer(422, {"object": "error", "message": extra("max_completion_tokens")})),),
        with_max_tokens,
    ),
    "old vLLM": Learnt(
        "MaxKB#2912",
        (
            _mct(
                Answer(
                    400,
                    {
                        "object": "error",
                        "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens')}]",
                        "type": "BadRequestError",
                        "code": 400,
                    },
                )
            ),
        ),
        with_max_tokens,
    ),
    "old Azure": Learnt(
        "litellm#6242",
        (_mct(error(400, "Unrecognized request argument supplied: max_completion_tokens")),),
        with_max_tokens,
    ),
    "a gateway that knows neither": Learnt(
        "void#128",
        (
            _mct(error(400, "unknown field `max_completion_tokens`")),
            field_refused("max_tokens")(error(400, "unknown field `max_tokens`")),
        ),
        without_limit,
        calls=3,
    ),
    "in 200": Learnt(
        "gateways", (_mct(error(200, "Unsupported parameter: 'max_completion_tokens'", code=400)),), with_max_tokens
    ),
    # the sampling
    "o-series": Learnt(
        "openai",
        (
            field_refused("temperature")(
                error(
                    400,
                    "Unsupported value: 'temperature' does not support 0 with this model.",
                    param="temperature",
                    code="unsupported_value",
                )
            ),
        ),
        lambda body: not names(body, "temperature"),
    ),
    "Anthropic's, deprecated": Learnt(
        "anthropic",
        (field_refused("temperature")(error(400, "`temperature` is deprecated for this model.")),),
        lambda body: not names(body, "temperature"),
    ),
    "a gateway that quotes its upstream's body": Learnt(
        "llm_wiki#670",
        (
            field_refused("temperature")(
                error(
                    400,
                    "模型服务调用失败",
                    code=400,
                    cause=json.dumps(said("Unsupported value: 'temperature' does not support 0.1 with this model.")),
                )
            ),
        ),
        lambda body: not names(body, "temperature"),
    ),
    # the schema's strict
    "Cohere": Learnt(
        "cohere",
        (_strict(Answer(422, {"id": "a", "message": "unknown field: parameter 'strict' is not a valid field."})),),
        without_strict,
    ),
    "by its path": Learnt(
        "gateways", (_strict(error(400, "Unknown parameter: 'response_format.json_schema.strict'.")),), without_strict
    ),
    "FastAPI's strict": Learnt(
        "gateways", (_strict(Answer(422, extra("response_format", "json_schema", "strict"))),), without_strict
    ),
    "not supported": Learnt("gateways", (_strict(error(400, "`strict` is not supported")),), without_strict),
    # the roles
    "Gemma": Learnt("vllm", (_system_refused(error(400, "System role not supported")),), without_system),
    "Gemma at llama.cpp": Learnt(
        "llama.cpp",
        (
            _system_refused(
                error(500, "Value is not callable: System role not supported at row 1", code=500, type="server_error")
            ),
        ),
        without_system,
    ),
    "Gemma at Google": Learnt(
        "gemini",
        (
            _system_refused(
                Answer(
                    400,
                    [{"error": {"code": 400, "message": "Developer instruction is not enabled for models/gemma-3"}}],
                )
            ),
        ),
        without_system,
    ),
    "o1-mini": Learnt(
        "forgecode#1177",
        (
            _system_refused(
                error(
                    400,
                    "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
                    param="messages[0].role",
                )
            ),
        ),
        without_system,
    ),
    "roles that alternate": Learnt(
        "opensecret#120",
        (_system_refused(error(400, "Conversation roles must alternate user/assistant/user/assistant/...")),),
        without_system,
    ),
    # an image's detail
    "forbidden detail": Learnt(
        "mistral",
        (_detail(Answer(422, extra("messages", 1, "user", "content", 0, "image_url", "detail"))),),
        without_detail,
    ),
    "unknown detail": Learnt(
        "serde", (_detail(error(400, "messages[1]: unknown field `detail`, expected `url`")),), without_detail
    ),
    # the form of the reply: the type is refused
    "DeepSeek": Learnt(
        "caura#1475",
        (_schema_refused(error(400, "This response_format type is unavailable now", type="invalid_request_error")),),
        of_format("json_object"),
    ),
    "Groq": Learnt(
        "groq",
        (
            _schema_refused(
                error(400, "This model does not support response format `json_schema`.", param="response_format")
            ),
        ),
        of_format("json_object"),
    ),
    "json_schema at a 500": Learnt(
        "gateways",
        (_schema_refused(error(500, "response_format json_schema is not supported by this backend")),),
        of_format("json_object"),
    ),
    "json_schema at a 501": Learnt(
        "gateways", (_schema_refused(error(501, "structured outputs are not implemented")),), of_format("json_object")
    ),
    "neither, as LM Studio has no JSON mode": Learnt(
        "ComfyUI-Lora-Manager#1033",
        (
            _schema_refused(error(400, "structured output is not supported for this model")),
            _object_refused(Answer(400, {"error": "'response_format.type' must be 'json_schema' or 'text'"})),
        ),
        of_format("text"),
        calls=3,
    ),
    "in 200, json_schema": Learnt(
        "gateways", (_schema_refused(error(200, "response_format is not supported")),), of_format("json_object")
    ),
    "OpenRouter": Learnt(
        "openrouter",
        (_schema_refused(error(404, "No endpoints found that support the requested parameters: response_format")),),
        of_format("json_object"),
    ),
}
"""Endpoints that refuse what aita can do without."""


@pytest.mark.parametrize("name", LEARNT)
def test_it_is_asked_without_what_it_refuses_from_then_on(name: str) -> None:
    row = LEARNT[name]
    with scripted_endpoint(*row.rules) as endpoint:
        model = of(endpoint)
        reply = model.complete(request(), IMAGES)
        assert json.loads(reply.text) == {"ok": True}
        assert len(endpoint.bodies) == row.calls
        model.complete(request(), IMAGES)
        assert len(endpoint.bodies) == row.calls + 1, "it is remembered"
        assert row.check(endpoint.bodies[-1])
        assert reply.lacks


class TestAskingAgain:
    """A request that asks again has turns of both sides."""

    @pytest.mark.parametrize("name", ["Gemma", "roles that alternate"])
    def test_turns_alternate(self, name: str) -> None:
        def strict(body: dict[str, Any]) -> Answer | None:
            roles = [message["role"] for message in body["messages"]]
            wanted = [("user", "assistant")[number % 2] for number in range(len(roles))]
            return None if roles == wanted else error(400, "Conversation roles must alternate user/assistant/...")

        with scripted_endpoint(*LEARNT[name].rules, strict) as endpoint:
            asked = request(image=False)
            of(endpoint).complete(asked.answered("wrong", "it is wrong"), {})
            assert [each["role"] for each in endpoint.bodies[-1]["messages"]] == ["user", "assistant", "user"]


# ---------------------------------------------------------------------------------------------- the limit of the reply


def above(most: int, message: str, status: int = 400, **more: Any) -> Rule:
    return refuses(lambda body: sent_limit(body) > most, error(status, message, **more))


CEILINGS: dict[str, tuple[Rule, int, int]] = {
    "OpenAI": (
        above(
            4096,
            "max_tokens is too large: 8192. This model supports at most 4096 completion tokens, whereas you provided "
            "8192.",
            param="max_tokens",
        ),
        4096,
        2,
    ),
    "Groq": (
        above(
            4000,
            "`max_completion_tokens` must be less than or equal to `4000`, the maximum value for "
            "`max_completion_tokens` is less than the `context_window` for this model",
        ),
        4000,
        2,
    ),
    "DeepSeek": (above(4096, "Invalid max_tokens value, the valid range of max_tokens is [1, 4096]"), 4096, 2),
    "Qwen": (
        above(2000, "<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 2000]"),
        2000,
        2,
    ),
    "Anthropic": (
        above(4096, "max_tokens: 8192 > 4096, which is the maximum allowed number of output tokens for claude-3"),
        4096,
        2,
    ),
    "Bedrock": (
        above(
            4096,
            "The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value "
            "that is lower than 4096.",
        ),
        4096,
        2,
    ),
    "Fireworks": (above(4096, "Requests with max_tokens > 4096 must have stream=true"), 4096, 2),
    "without a number": (above(4096, "max_tokens exceeds the limit of this model"), 4096, 2),
    "in a list": (
        lambda body: (
            Answer(400, [{"error": {"code": 400, "message": "max_output_tokens must be at most 4,096"}}])
            if sent_limit(body) > 4096
            else None
        ),
        4096,
        2,
    ),
}
"""Rules, the limit that is sent in the end, and the calls until then. The first limit is 8192."""


@pytest.mark.parametrize("name", CEILINGS)
def test_a_limit_that_is_too_large_is_lowered_to_the_one_that_is_named(name: str) -> None:
    rule, limit, calls = CEILINGS[name]
    with scripted_endpoint(rule) as endpoint:
        model = of(endpoint)
        model.complete(request(), IMAGES)
        assert (sent_limit(endpoint.bodies[-1]), len(endpoint.bodies)) == (limit, calls)
        model.complete(request(), IMAGES)
        assert (sent_limit(endpoint.bodies[-1]), len(endpoint.bodies)) == (limit, calls + 1), "it is remembered"
        model.complete(request(max_output_tokens=100), IMAGES)
        assert sent_limit(endpoint.bodies[-1]) == 100


def _context(length: int, prompt: int, message: str) -> Rule:
    def refuse(body: dict[str, Any]) -> Answer | None:
        sent = sent_limit(body)
        if prompt + sent <= length:
            return None
        told = message.format(length=length, prompt=prompt, sent=sent, total=prompt + sent)
        return Answer(400, {"object": "error", "message": told, "type": "BadRequestError", "code": 400})

    return refuse


CONTEXTS: dict[str, str] = {
    "vLLM": "This model's maximum context length is {length} tokens. However, you requested {total} tokens ({prompt} in "
    "the messages, {sent} in the completion). Please reduce the length of the messages or completion.",
    "vLLM, newer": "'max_tokens' or 'max_completion_tokens' is too large: {sent}. This model's maximum context length is "
    "{length} tokens and your request has {prompt} input tokens ({sent} > {length} - {prompt}).",
    "vLLM, total": "This model's maximum context length is {length} tokens. However, you requested {sent} output tokens "
    "and your prompt contains at least {prompt} input tokens, for a total of at least {total} tokens.",
    "SGLang": "Requested token count exceeds the model's maximum context length of {length} tokens. You requested a total "
    "of {total} tokens: {prompt} tokens from the input messages and {sent} tokens for the completion.",
    "TGI": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= {length}. Given: {prompt} `inputs` "
    "tokens and {sent} `max_new_tokens`",
    "OpenRouter": "This endpoint's maximum context length is {length} tokens. However, you requested about {total} tokens "
    "({prompt} of text input, {sent} in the output). Please reduce the length of either one.",
    "Anthropic": "input length and `max_tokens` exceed context limit: {prompt} + {sent} > {length}, decrease input length "
    "or `max_tokens` and try again",
    "Together": "This model's maximum context length is {length} tokens. However, you requested {total} tokens.",
}


@pytest.mark.parametrize("name", CONTEXTS)
def test_a_reply_gets_what_the_context_leaves_of_it(name: str) -> None:
    with scripted_endpoint(_context(8192, 1500, CONTEXTS[name])) as endpoint:
        model = of(endpoint)
        model.complete(request(), IMAGES)
        assert (sent_limit(endpoint.bodies[-1]), len(endpoint.bodies)) == (6692, 2)
        model.complete(request(), IMAGES)
        assert [*map(sent_limit, endpoint.bodies)] == [8192, 6692] * 2, "it is this prompt's alone"


@pytest.mark.parametrize("name", CONTEXTS)
def test_a_prompt_that_alone_is_too_long_fails_its_task(name: str) -> None:
    with scripted_endpoint(_context(8192, 9000, CONTEXTS[name])) as endpoint:
        model = of(endpoint)
        with pytest.raises(TooLongError, match="longer than the model takes"):
            model.complete(request(), IMAGES)
        assert len(endpoint.bodies) == 1


def test_a_long_prompt_leaves_the_others_room() -> None:
    prompts = {"long": 8000, "short": 100}

    def rule(body: dict[str, Any]) -> Answer | None:
        prompt = prompts["long" if "LONG" in json.dumps(body["messages"]) else "short"]
        return _context(8192, prompt, CONTEXTS["vLLM"])(body)

    with scripted_endpoint(rule) as endpoint:
        model = of(endpoint)
        model.complete(LLMRequest((Message("user", "LONG"),), "", None, Parameters()), {})
        assert sent_limit(endpoint.bodies[-1]) == 192
        model.complete(LLMRequest((Message("user", "short"),), "", None, Parameters()), {})
        assert [*map(sent_limit, endpoint.bodies[2:])] == [8192, 8092]


@pytest.mark.parametrize(
    "answer",
    [
        error(400, "Prompt exceeds max length", code="1261"),  # z.ai
        error(400, "The sum of prompt tokens and max_tokens exceeds the model's limit"),
        error(400, "the maximum input length is 2048"),
    ],
    ids=["a code that is a number", "no number", "the input's length"],
)
def test_a_refusal_of_one_prompt_lowers_no_other_reply(answer: Answer) -> None:
    def rule(body: dict[str, Any]) -> Answer | None:
        return answer if names_text(body, "LONG") and sent_limit(body) > 1000 else None

    with scripted_endpoint(rule) as endpoint:
        model = of(endpoint)
        with suppress(TaskError):
            model.complete(LLMRequest((Message("user", "LONG"),), "", None, Parameters()), {})
        model.complete(request(), IMAGES)
        assert sent_limit(endpoint.bodies[-1]) == 8192


UNLEARNT = (
    "the parameter temperature is not supported, response_format json_schema is not supported, system role not "
    "supported, max_completion_tokens unsupported, and the prompt is too long: the invalid API key was revoked"
)
"""What a student may write."""


@pytest.mark.parametrize(
    "answer",
    [
        error(400, f"Prompt rejected: {UNLEARNT}", type="invalid_request_error"),
        error(400, f"litellm.BadRequestError: Received messages=[{{'role':'user','content':{UNLEARNT!r}}}]"),
        error(500, f"Internal error while processing: {UNLEARNT}"),
        error(200, f"Prompt rejected: {UNLEARNT}", type="invalid_request_error"),
        error(400, "The system message was not sent, as temperature is high.", code="content_filter"),
    ],
    ids=["a quote", "a quote of the messages", "a quote in a failure", "a quote with status 200", "a filter"],
)
@pytest.mark.parametrize("times", [1, 100])
def test_a_refusal_of_one_input_teaches_nothing(answer: Answer, times: int) -> None:
    left = [times]

    def rule(body: dict[str, Any]) -> Answer | None:
        if not names_text(body, "revoked"):
            return None
        left[0] -= 1
        return answer if left[0] >= 0 else None

    asked = LLMRequest((Message("system", "Transcribe."), Message("user", UNLEARNT)), "", None, Parameters())
    with scripted_endpoint(rule) as endpoint:
        model = of(endpoint)
        with pytest.raises((TaskError, ProviderBusy)):
            model.complete(asked, {})
        assert len(endpoint.bodies) == 1
        model.complete(request(), IMAGES)
        assert endpoint.bodies[-1].keys() == endpoint.bodies[0].keys() | {"response_format"}
        assert [message["role"] for message in endpoint.bodies[-1]["messages"]] == ["system", "user"]


def test_nor_does_one_that_is_refused_in_every_form() -> None:
    with scripted_endpoint(lambda body: error(400, UNLEARNT) if names_text(body, "odd") else None) as endpoint:
        model = of(endpoint)
        with pytest.raises((TaskError, RunStopped)):
            model.complete(
                LLMRequest((Message("system", "Transcribe."), Message("user", "odd")), "", None, Parameters()), {}
            )
        assert len(endpoint.bodies) > 1
        model.complete(request(), IMAGES)
        assert names(endpoint.bodies[-1], "temperature")
        assert sent_limit(endpoint.bodies[-1]) == 8192


TOO_LONG: dict[str, tuple[int, Any]] = {
    "Moonshot": (400, "Invalid request: Your request exceeded model token limit: 8192"),
    "Qwen": (400, "Range of input length should be [1, 30720]"),
    "z.ai": (400, "Prompt exceeds max length"),
    "OpenAI": (
        400,
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. Please "
        "reduce the length of the messages.",
    ),
    "llama.cpp": (
        400,
        {
            "code": 400,
            "message": "the request exceeds the available context size, try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 9000,
            "n_ctx": 4096,
        },
    ),
    "llama.cpp, by numbers": (
        400,
        {
            "message": "request (9000 tokens) exceeds the available context size (4096 tokens)",
            "type": "exceed_context_size_error",
        },
    ),
    "Gemini": (400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."),
    "Anthropic": (400, "prompt is too long: 208000 tokens > 200000 maximum"),
    "vLLM's decoder": (400, "The decoder prompt (length 9000) is longer than the maximum model length of 8192."),
    "Mistral": (
        400,
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    ),
    "Bedrock": (400, "Input is too long for requested model."),
    "TGI": (422, "Input validation error: `inputs` must have less than 4095 tokens. Given: 5000"),
    "Nova": (400, "Input Tokens Exceeded: Number of input tokens exceeds maximum length."),
    "Zhipu": (400, {"message": "Prompt exceeds max length", "code": "1261"}),
    "a code": (400, {"message": "no", "code": "context_length_exceeded"}),
    "llama.cpp's 500": (500, "the request exceeds the available context size. try increasing the context size"),
    "tokens a minute": (
        429,
        "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Requested 41264.",
    ),
    "Groq's tokens a minute": (
        413,
        {
            "message": "Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 8513, please "
            "reduce your message size and try again.",
            "type": "tokens",
            "code": "rate_limit_exceeded",
        },
    ),
}


@pytest.mark.parametrize("name", TOO_LONG)
def test_a_prompt_that_is_too_long_is_told_as_such(name: str) -> None:
    status, told = TOO_LONG[name]
    body = {"error": told if isinstance(told, dict) else {"message": told}}
    failure = fails(Answer(status, body))
    assert type(failure) is TooLongError
    assert "longer than the model takes" in str(failure) or "tokens a minute" in str(failure)


# ----------------------------------------------------------------------------------------------------------- by schema


GRAMMARS: dict[str, Answer] = {
    "llama.cpp": error(400, "JSON schema error at #: unrecognized type foo"),
    "llama.cpp, reference": error(400, "cannot resolve $ref"),
    "llama.cpp, grammar": error(500, "failed to parse grammar", type="server_error"),
    "llama.cpp, conversion": error(400, "JSON schema conversion failed: unsupported"),
    "vLLM": error(400, 'Grammar error: Unimplemented keys: ["x"]'),
    "xgrammar": Answer(
        400, {"object": "error", "message": "The provided JSON schema contains features not supported by xgrammar."}
    ),
    "Gemini": Answer(
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": 'Invalid JSON payload received. Unknown name "additionalProperties" at '
                    "'generation_config.response_schema': Cannot find field.",
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
    ),
    "OpenAI": error(
        400,
        "Invalid schema for response_format 'Nested': In context=(), '$ref' is not permitted.",
        param="response_format",
        type="invalid_request_error",
    ),
    "Cohere": error(422, "invalid 'json_schema' provided: unsupported keyword anyOf"),
    "SGLang": error(400, "Failed to compile json schema: $defs"),
    "by a keyword alone": error(400, "anyOf is not supported"),
    "by another": error(400, "prefixItems is not supported"),
}


@pytest.mark.parametrize("name", GRAMMARS)
def test_a_schema_that_is_refused_takes_nothing_from_the_others(name: str) -> None:
    rule = refuses(
        lambda body: of_format("json_schema")(body) and body["response_format"]["json_schema"]["name"] == "Nested",
        GRAMMARS[name],
    )
    with scripted_endpoint(rule) as endpoint:
        model = of(endpoint)
        model.complete(request(Nested), IMAGES)
        first = len(endpoint.bodies)
        assert of_format("json_object")(endpoint.bodies[-1])
        model.complete(request(Nested), IMAGES)
        assert len(endpoint.bodies) == first + 1, "it is remembered"
        model.complete(request(Flat), IMAGES)
        assert len(endpoint.bodies) == first + 2
        assert of_format("json_schema")(endpoint.bodies[-1])


@pytest.mark.parametrize("name", GRAMMARS)
def test_it_is_sent_without_references_first(name: str) -> None:
    rule = refuses(lambda body: "$ref" in json.dumps(body) or names(body, "additionalProperties"), GRAMMARS[name])
    with scripted_endpoint(rule) as endpoint:
        model = of(endpoint)
        model.complete(request(Nested), IMAGES)
        assert len(endpoint.bodies) == 2
        schema = endpoint.bodies[-1]["response_format"]["json_schema"]["schema"]
        assert schema["properties"]["inner"]["properties"] == {"word": {"type": "string"}}
        assert "$defs" not in schema


@pytest.mark.parametrize("name", GRAMMARS)
def test_two_schemas_that_are_refused_are_the_endpoints_fault(name: str) -> None:
    with scripted_endpoint(_schema_refused(GRAMMARS[name])) as endpoint:
        model = of(endpoint)
        model.complete(request(Nested), IMAGES)
        model.complete(request(Flat), IMAGES)
        before = len(endpoint.bodies)
        model.complete(request(Inner), IMAGES)
        assert len(endpoint.bodies) == before + 1


@pytest.mark.parametrize("name", GRAMMARS)
def test_but_not_where_another_was_taken(name: str) -> None:
    rule = refuses(
        lambda body: of_format("json_schema")(body) and body["response_format"]["json_schema"]["name"] != "Flat",
        GRAMMARS[name],
    )
    with scripted_endpoint(rule) as endpoint:
        model = of(endpoint)
        for reply in (Flat, Nested, Inner, Flat):
            model.complete(request(reply), IMAGES)
        assert of_format("json_schema")(endpoint.bodies[-1])


def test_where_no_schema_is_taken_it_is_told_in_words() -> None:
    with scripted_endpoint(*LEARNT["DeepSeek"].rules) as endpoint:
        of(endpoint).complete(request(Nested), IMAGES)
        *_, sent = endpoint.bodies
        assert '"word"' in sent["messages"][-1]["content"][-1]["text"]
        assert sent["messages"][0]["content"] == "Transcribe as JSON."


def test_a_reply_that_the_grammar_failed_is_asked_for_without_it_once() -> None:
    told = error(400, "Failed to generate JSON. See 'failed_generation' for more details.", code="json_validate_failed")
    answers = [told]
    with scripted_endpoint(
        lambda body: answers.pop() if answers and names(body, "response_format") else None
    ) as endpoint:
        model = of(endpoint)
        model.complete(request(), IMAGES)
        model.complete(request(), IMAGES)
        assert [of_format("json_schema")(body) for body in endpoint.bodies] == [True, False, True]


# --------------------------------------------------------------------------- what only a person can mend: it halts a run


def fails(answer: Answer, asked: LLMRequest | None = None) -> CallError:
    """Return the error of a call that is answered so, which repeats neither the prompt nor the key."""
    with scripted_endpoint(lambda _: answer) as endpoint:
        with pytest.raises(CallError) as caught:
            of(endpoint).complete(asked or request(), IMAGES)
        failure = caught.value
    for secret in (*STUDENT.split(), "sk-secret-key", "secret"):
        assert secret not in f"{failure} {failure!r}"
    return failure


EYELESS: dict[str, Answer] = {
    "llama.cpp": error(
        500,
        "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
        code=500,
        type="server_error",
    ),
    "OpenRouter": error(404, "No endpoints found that support image input", code=404),
    "OpenAI": error(
        400,
        "Invalid content type. image_url is only supported by certain models.",
        param="messages.[1].content.[0].type",
    ),
    "OpenRouter's upstream": error(
        400,
        "Provider returned error",
        metadata={
            "raw": '{"error": {"message": "Invalid content type. image_url is only supported by certain models."}}'
        },
    ),
    "DeepSeek": error(
        400,
        "Failed to deserialize the JSON body into the target type: messages[1]: unknown variant `image_url`, expected `text` at line 1 column 100",
    ),
    "vLLM": Answer(
        400, {"object": "error", "message": "m is not a multimodal model", "type": "BadRequestError", "code": 400}
    ),
    "vLLM, none allowed": error(400, "At most 0 image(s) may be provided in one prompt."),
    "Ollama": Answer(400, {"error": {"message": "this model does not support image input (ref: b8bd630e)"}}),
    "Ollama's 500": error(500, "this model is missing data required for image input"),
    "a 500 in other words": error(500, "Value error, the model has no vision encoder"),
    "LM Studio": Answer(400, {"error": "Model does not support images. Please use a model that does."}),
    "Bedrock": error(400, "This model doesn't support the image content block that you provided."),
    "Gemini": Answer(
        400, [{"error": {"code": 400, "message": "Image input modality is not enabled for models/gemma-3-1b-it"}}]
    ),
    "xAI": Answer(
        400, {"code": "Client specified an invalid argument", "error": "Image inputs are not supported by this model."}
    ),
    "Groq": error(
        400,
        "'messages.1' : for 'role:user' the following must be satisfied[('messages.1.content' : value must be a string)]",
    ),
    "TGI": Answer(422, {"error": "invalid type: sequence, expected a string"}),
    "FastAPI": Answer(
        422,
        {
            "detail": [
                {
                    "type": "string_type",
                    "loc": ["body", "messages", 1, "content"],
                    "msg": "Input should be a valid string",
                }
            ]
        },
    ),
    "FreeToken": Answer(
        400,
        {"message": "Unsupported content part type for text-only server: image_url", "type": "invalid_request_error"},
    ),
    "Zhipu": error(400, "messages.content.type 参数非法，取值范围 ['text']，不支持图片", code="1210"),
    "in 200": error(200, "This model does not support vision", code=400),
    "in 200 without a code": error(200, "model has no image support: images are not supported"),
}


@pytest.mark.parametrize("name", EYELESS)
def test_a_model_without_eyes_stops_the_run(name: str) -> None:
    failure = fails(EYELESS[name])
    assert isinstance(failure, RunStopped)
    assert "takes no pictures" in str(failure)
    assert failure.setting is ProviderSetting.MODEL


@pytest.mark.parametrize("name", ["llama.cpp", "vLLM", "Ollama"])
def test_a_call_without_pictures_does_not(name: str) -> None:
    assert "takes no pictures" not in str(fails(EYELESS[name], request(image=False)))


@pytest.mark.parametrize(
    "message",
    [
        "Invalid image: could not decode the image",
        "You uploaded an unsupported image. Please make sure your image has of one the following formats",
        "image exceeds 5 MB maximum: 5316852 bytes > 5242880 bytes",
        "Could not process image",
        "The image you provided is not supported (must be png, jpeg, gif or webp)",
        "At most 1 image(s) may be provided in one prompt.",
        "The image dimensions exceed the maximum allowed size: 8000 pixels",
        "Your input image may contain content that is not allowed by our safety system.",
        "Sorry, images of real people are not supported. Please upload another image",
        "Image content must be a URL or base64 encoded image; this image is not supported",
        "Request contains an image that is not allowed",
        "The image violates policy and is not supported",
        "Images with text are not allowed",
        "This model does not support images of this size.",
        "unsupported content: image is blank",
        "image input is not supported for this file",
        "Image is not supported",
    ],
)
def test_nor_does_one_bad_picture(message: str) -> None:
    assert isinstance(fails(error(400, message)), TaskError)


@pytest.mark.parametrize("code", ["content_policy_violation", "moderation_blocked"])
def test_nor_does_a_filter_whatever_it_says(code: str) -> None:
    assert isinstance(fails(error(400, "image input is not supported", code=code)), RefusalError)


def test_nor_does_a_model_that_answers_others() -> None:
    refusals = Refusals()
    refusal = fails(EYELESS["OpenRouter"])
    assert isinstance(refusals.classify(refusal, others_answered=True), TaskError)
    assert refusals.classify(refusal) is refusal


@pytest.mark.parametrize(
    "answer",
    [
        error(400, "Your input image may contain content that is not allowed by our safety system."),
        error(400, "Sorry, images of real people are not supported. Please upload another image"),
        error(400, "Content Exists Risk", type="invalid_request_error"),
        Answer(
            446, {"error": {"message": "The guardrail checks defined in the config failed.", "type": "hooks_failed"}}
        ),
    ],
)
def test_nor_does_a_filter_that_refuses_one(answer: Answer) -> None:
    assert isinstance(fails(answer), RefusalError)


def test_nor_does_a_model_that_has_seen_one() -> None:
    answers = [Answer(200, completion()), EYELESS["OpenRouter"]]
    with scripted_endpoint(lambda _: answers.pop(0)) as endpoint:
        model = of(endpoint)
        model.complete(request(), IMAGES)
        with pytest.raises(TaskError):
            model.complete(request(), IMAGES)


HALTING: dict[str, tuple[Answer, ProviderSetting | None, str]] = {
    "Gemini's key": (
        Answer(
            400,
            [
                {
                    "error": {
                        "code": 400,
                        "message": "API key not valid. Please pass a valid API key.",
                        "status": "INVALID_ARGUMENT",
                        "details": [{"reason": "API_KEY_INVALID"}],
                    }
                }
            ],
        ),
        ProviderSetting.KEY,
        "API key is wrong",
    ),
    "Gemini's key, expired": (
        Answer(400, [{"error": {"code": 400, "message": "API key expired. Please renew the API key."}}]),
        ProviderSetting.KEY,
        "API key is wrong",
    ),
    "xAI's key": (
        Answer(
            400,
            {
                "code": "x",
                "error": "Incorrect API key provided: na***ys. You can obtain an API key from https://console.x.ai.",
            },
        ),
        ProviderSetting.KEY,
        "API key is wrong",
    ),
    "a proxy's key": (
        Answer(500, said("Authentication Error, Invalid proxy server token passed: invalid api key")),
        ProviderSetting.KEY,
        "API key is wrong",
    ),
    "no key": (error(400, "Missing bearer token in Authorization header"), ProviderSetting.KEY, "API key is wrong"),
    "in 200": (error(200, "Invalid API key", code="invalid_api_key"), ProviderSetting.KEY, "API key is wrong"),
    "new-api": (error(401, "无效的令牌", type="new_api_error"), ProviderSetting.KEY, "API key is wrong"),
    "OpenRouter's model": (error(400, "x/y is not a valid model ID", code=400), ProviderSetting.MODEL, "no such model"),
    "DeepSeek's model": (
        error(400, "Model Not Exist", type="invalid_request_error"),
        ProviderSetting.MODEL,
        "no such model",
    ),
    "Mistral's model": (
        Answer(400, {"object": "error", "message": "Invalid model: x", "type": "invalid_model", "code": "1500"}),
        ProviderSetting.MODEL,
        "no such model",
    ),
    "LiteLLM's model": (
        error(400, "Invalid model name passed in model=m. Call `/v1/models` to view available models"),
        ProviderSetting.MODEL,
        "no such model",
    ),
    "Groq's old model": (
        error(400, "The model `m` has been decommissioned and is no longer supported.", code="model_decommissioned"),
        ProviderSetting.MODEL,
        "no such model",
    ),
    "LM Studio without one": (
        error(400, "No models loaded. Please load a model."),
        ProviderSetting.MODEL,
        "no such model",
    ),
    "a region": (
        Answer(
            400,
            [
                {
                    "error": {
                        "code": 400,
                        "message": "User location is not supported for the API use.",
                        "status": "FAILED_PRECONDITION",
                    }
                }
            ],
        ),
        ProviderSetting.BASE_URL,
        "region",
    ),
    "OpenRouter's data policy": (
        error(
            404, "No endpoints found matching your data policy (Free model publication). Configure: https://x", code=404
        ),
        None,
        "data policy",
    ),
    "OpenRouter's parameters": (
        error(404, "No endpoints found that can handle the requested parameters.", code=404),
        ProviderSetting.MODEL,
        "no endpoint of this model takes",
    ),
    "a wrong path": (Answer(405, {"detail": "Method Not Allowed"}), ProviderSetting.BASE_URL, "base URL"),
    "a wrong path's page": (Answer(404, "<html>not found</html>"), ProviderSetting.MODEL, "no such model or base URL"),
    "Anthropic's credit": (
        error(400, "Your credit balance is too low to access the Anthropic API."),
        None,
        "no quota is left",
    ),
    "DashScope's arrears": (
        error(400, "Access denied, please make sure your account is in good standing.", code="Arrearage"),
        None,
        "no quota is left",
    ),
    "Zhipu's balance": (error(429, "余额不足或无可用资源包,请充值。", code="1113"), None, "no quota is left"),
    "OpenRouter's credit": (
        error(
            402,
            "This request requires more credits, or fewer max_tokens. You requested up to 8192 tokens, but can only afford 3027",
        ),
        None,
        "no quota is left",
    ),
    "xAI, spent": (
        error(429, "Your team has either used all available credits or reached its monthly spending limit."),
        None,
        "a day or more",
    ),
    "Anthropic, the account's own limit": (
        error(
            400, "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."
        ),
        None,
        "no quota",
    ),
    "LiteLLM, budget": (
        error(400, "Budget has been exceeded! Current cost: 5.01, Max budget: 5.0", type="budget_exceeded"),
        None,
        "no quota",
    ),
    "Groq, restricted": (
        error(400, "Organization has been restricted. Please reach out to support.", code="organization_restricted"),
        None,
        "suspended or restricted",
    ),
    "Fireworks, suspended": (
        error(412, "Account university-abc is suspended, possibly due to reaching the monthly spending limit"),
        None,
        "suspended or restricted",
    ),
    "Moonshot, suspended": (
        error(429, "Your account org-abc<ak-xyz> is suspended, please check your plan and billing details"),
        None,
        "suspended or restricted",
    ),
    "LM Studio, no such route": (
        Answer(200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}),
        ProviderSetting.BASE_URL,
        "no such address",
    ),
    "Ollama, memory": (
        error(500, "model requires more system memory (9.1 GiB) than is available (6.2 GiB)"),
        ProviderSetting.MODEL,
        "too little memory",
    ),
    "a redirect to a login": (
        Answer(302, "", {"location": "https://127.0.0.1:1/login"}),
        ProviderSetting.BASE_URL,
        "redirects",
    ),
    "a redirect to another server": (
        Answer(307, "", {"location": "http://localhost:1/v1/chat/completions"}),
        ProviderSetting.BASE_URL,
        "another host",
    ),
    "Gemini, not in the plan": (
        error(429, "Quota exceeded for metric: free_tier_requests, limit: 0. Please retry in 41s."),
        None,
        "zero",
    ),
    "Gemini, the day's": (
        Answer(
            429,
            [
                {
                    "error": {
                        "code": 429,
                        "message": "You exceeded your current quota. Please retry in 41s.",
                        "details": [{"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}],
                    }
                }
            ],
        ),
        None,
        "a day or more",
    ),
    "Azure, a wait of a day": (
        Answer(429, {"error": {"code": "429", "message": "Please retry later"}}, {"retry-after": "86400"}),
        None,
        "wait for 24 hours",
    ),
    "OpenRouter's free models": (
        error(
            429,
            "Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day",
            code=429,
            metadata={"headers": {"X-RateLimit-Reset": "1744070400000"}},
        ),
        None,
        "a day",
    ),
}


@pytest.mark.parametrize("name", HALTING)
def test_what_no_call_gets_past_stops_the_run_at_once(name: str) -> None:
    answer, setting, told = HALTING[name]
    failure = fails(answer)
    assert isinstance(failure, RunStopped), failure
    assert failure.setting is setting
    assert told in str(failure)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(429, [{"error": {"code": 429, "message": "You exceeded your current quota", "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "41s"}]}}]), 41),
        (error(429, "Rate limit reached on tokens per day (TPD): Limit 100000, Used 99999, Requested 1234. Please try again in 7m12s."), 432),
        (error(413, "Request too large on tokens per minute (TPM): Limit 6000, Used 5000, Requested 2000", code="rate_limit_exceeded"), None),
        (error(429, "slow down"), None),
    ],
)  # fmt: skip
def test_what_passes_is_waited_for(answer: Answer, seconds: float | None) -> None:
    failure = fails(answer)
    assert isinstance(failure, ProviderBusy)
    assert failure.limited
    assert failure.retry_after == seconds


@pytest.mark.parametrize(
    "answer",
    [
        Answer(502, "<html><h1>Bad Gateway</h1></html>"),
        Answer(503, {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}),
        Answer(524, "<html>cloudflare</html>"),
        Answer(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
        error(500, "stream disconnected before completion"),
        error(500, "The server had an error while processing your request: temperature of the cluster"),
        error(200, "Upstream error", code=502),
    ],
)
def test_a_busy_endpoint_teaches_nothing(answer: Answer) -> None:
    with scripted_endpoint(lambda _: answer) as endpoint:
        with pytest.raises(ProviderBusy):
            of(endpoint).complete(request(max_reply_characters=100), IMAGES)
        assert len(endpoint.bodies) == 1


@pytest.mark.parametrize("status", [408, 504, 524])
def test_a_gateway_that_waited_too_long_may_have_been_answered(status: int) -> None:
    failure = fails(Answer(status, "<html><h1>Time-out</h1></html>"))
    assert isinstance(failure, ProviderBusy)
    assert failure.timed_out
    assert failure.may_be_paid
    refused = fails(Answer(502, "<html><h1>Bad Gateway</h1></html>"))
    assert not refused.may_be_paid


# -------------------------------------------------------------------------------------------------- the provider's words


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (
            error(400, "Unsupported parameter: 'top_k' is not supported with this model."),
            "not supported with this model",
        ),
        (Answer(422, extra("messages", 0, "name")), "not permitted"),
        (Answer(400, [{"error": {"message": "The request is not valid for this account"}}]), "request is not valid"),
        (error(400, f"Invalid content: {STUDENT} is not allowed"), "Invalid content: … is not allowed"),
    ],
)
def test_the_reason_of_a_refusal_is_shown(answer: Answer, shown: str) -> None:
    assert shown in str(fails(answer))


@pytest.mark.parametrize(
    "quoted",
    [STUDENT, STUDENT.upper(), "Zebul", "Zébulon", "12345678", "sk-secret-key", "na***ys", "a reply about Grandmother"],
)
@pytest.mark.parametrize("form", ["Invalid value: '{}' is not supported", "{}", 'in {}: {{"a": "{}"}}'])
def test_nothing_else_is(quoted: str, form: str) -> None:
    shown = str(fails(error(400, form.format(quoted, quoted))))
    for word in re.findall(r"[^\W_]{4,}", quoted):
        if word not in {"reply", "about"}:
            assert word.casefold() not in shown.casefold()


@pytest.mark.parametrize(
    "quoted",
    [
        "number 1234567",
        "student number is 4711",
        "id: 4711",
        "student number 4711",
        "id 4711001",
        "code 40213",
        "12345",
        "Will",
        "May",
        "Will. May",
        "Max. Page.",
    ],
)
@pytest.mark.parametrize("form", ["Prompt rejected: {} is not valid.", "The prompt is refused. {}. It is not valid."])
def test_nor_is_a_number_or_a_name_that_is_a_word(quoted: str, form: str) -> None:
    shown = str(fails(error(400, form.format(quoted))))
    assert "not valid" in shown
    for piece in re.findall(r"\d+|[A-Z]\w+", quoted):
        assert piece not in shown


@pytest.mark.parametrize("field", ["code", "param", "type"])
@pytest.mark.parametrize("status", [400, 429, 500, 200])
@pytest.mark.parametrize("name", ["Zebulon_Quartermaine.id_1234567", "ZebulonQuartermaine", "secret-key"])
def test_no_field_of_an_error_is_shown_as_it_is(field: str, status: int, name: str) -> None:
    told = {field: name} | ({} if field == "param" else {"param": "temperature"})
    shown = str(fails(error(status, "no", **told)))
    assert name not in shown
    assert "1234567" not in shown


@pytest.mark.parametrize(
    "name",
    ["content_filter", "DataInspection", "invalid_image_format", "messages.[1].content.[0].type", "tools[0].strict"],
)
def test_a_plain_code_is(name: str) -> None:
    assert name in str(fails(error(400, "no", code=name))) + str(fails(error(400, "no", param=name)))


# --------------------------------------------------------------------------------------------------------- no usage told


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, "<html><form>Sign in to the network</form></html>"),
        Answer(400, "<html>The plain HTTP request was sent to HTTPS port</html>"),
        Answer(413, "<html><title>413 Request Entity Too Large</title></html>"),
        Answer(418, {}),
        Answer(400, {"error": {"code": 5, "message": "no"}}),
        Answer(200, {"error": {"code": 400, "message": "no"}}),
    ],
)
def test_what_may_hold_for_all_calls_is_marked_as_such(answer: Answer) -> None:
    failure = fails(answer)
    assert isinstance(failure, TaskError)
    assert failure.unexplained


def test_a_name_in_the_place_of_a_code_or_parameter_is_not_shown() -> None:
    shown = str(fails(error(400, "no", code="Zebulon_Quartermaine", param="messages[1].Quartermaine")))
    assert "Zebulon" not in shown
    assert "Quartermaine" not in shown
    assert "(invalid_value)" in str(fails(error(400, "no", code="invalid_value")))


FILTERS: dict[str, Answer] = {
    "DeepSeek": error(400, "Content Exists Risk", type="invalid_request_error", code="invalid_request_error"),
    "Presidio": error(400, "Blocked entity detected: PERSON by Guardrail: presidio. This entity is not allowed."),
    "Portkey": Answer(
        446,
        {
            "error": {"message": "The guardrail checks defined in the config failed.", "type": "hooks_failed"},
            "hook_results": {"before_request_hooks": []},
        },
    ),
    "Cohere": Answer(498, {"message": "blocked output: the model's output was blocked"}),
    "Cohere's status": Answer(498, {"message": "no"}),
    "OpenAI's pictures": error(400, "Your input image may contain content that is not allowed by our safety system."),
    "OpenAI's people": error(400, "Sorry, images of real people are not supported.", code="sanitizer_server_error"),
    "LiteLLM": error(400, {"error": "Violated content safety policy"}, code="400"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_refuses_one_input(name: str) -> None:
    failure = fails(FILTERS[name])
    assert isinstance(failure, RefusalError)
    assert not failure.unexplained


@pytest.mark.parametrize(
    ("answer", "kind", "wait"),
    [
        (Answer(429, {"error": "Too Many Requests", "message": "Slow down", "retry_after": 12}), ProviderBusy, 12),
        (Answer(400, {"error": "Bad Request", "code": "context_length_exceeded"}), TooLongError, None),
        (Answer(400, {"error": "Bad Request", "message": "Your credit balance is too low"}), RunStopped, None),
        (Answer(400, {"error": None, "message": "The prompt is too long: 9000 tokens"}), TooLongError, None),
    ],
)
def test_what_stands_beside_the_title_of_an_error_counts(
    answer: Answer, kind: type[CallError], wait: float | None
) -> None:
    failure = fails(answer)
    assert type(failure) is kind
    assert getattr(failure, "retry_after", None) == wait


@pytest.mark.parametrize(
    "answer",
    [
        error(498, "Flex tier capacity exceeded", code="capacity_exceeded"),
        Answer(498, {"error": {"message": "Flex tier is at capacity"}}),
        Answer(424, {"error": "Request failed during generation: CUDA out of memory", "error_type": "generation"}),
    ],
)
def test_a_model_without_room_is_asked_again(answer: Answer) -> None:
    failure = fails(answer)
    assert isinstance(failure, ProviderBusy)
    assert failure.limited is (answer.status == 498)


def test_a_model_of_another_api_is_told_as_such() -> None:
    failure = fails(error(400, "This model is only supported in v1/responses and not in v1/chat/completions."))
    assert isinstance(failure, RunStopped)
    assert failure.setting is ProviderSetting.MODEL


def test_a_request_that_a_gateway_finds_too_large_is_told_as_such() -> None:
    assert "client_max_body_size" in str(fails(Answer(413, "<html><title>413 Request Entity Too Large</title></html>")))


@pytest.mark.parametrize("code", ["content_filter", "context_length_exceeded"])
def test_what_is_of_one_input_is_not(code: str) -> None:
    assert not fails(error(400, "no", code=code)).unexplained


ZEROS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


@pytest.mark.parametrize("usage", [None, {}, {"total_tokens": 5}, ZEROS, ZEROS | {"prompt_tokens": 50}])
def test_without_usage_the_cost_is_unknown(usage: Any) -> None:
    with scripted_endpoint(lambda _: Answer(200, completion(usage=usage))) as endpoint:
        model = of(endpoint)
        reply = model.complete(request(), IMAGES)
        assert (reply.usage, model.price(reply).unpriced_calls) == (None, 1)


@pytest.mark.parametrize("choices", [[], None, [{"index": 0, "finish_reason": "stop"}]])
def test_an_answer_without_a_reply_may_be_paid_if_it_names_tokens(choices: Any) -> None:
    whole = completion(choices=choices)
    assert fails(Answer(200, whole)).may_be_paid
    assert not fails(Answer(200, whole | {"usage": None})).may_be_paid


@pytest.mark.parametrize("streamed", [False, True])
def test_thoughts_that_are_counted_in_the_total_alone_are_output(streamed: bool) -> None:
    usage = {"prompt_tokens": 50, "completion_tokens": 7, "total_tokens": 8057}  # xAI's and Gemini's form
    whole = completion(usage=usage)
    (choice,) = whole["choices"]
    event = json.dumps(whole | {"choices": [choice | {"delta": choice["message"]}]})
    answer = (
        Answer(200, f"data: {event}\n\ndata: [DONE]\n\n", {"content-type": "text/event-stream"})
        if streamed
        else Answer(200, whole)
    )
    with scripted_endpoint(lambda _: answer) as endpoint:
        reply = of(endpoint).complete(request(max_reply_characters=100 if streamed else None), IMAGES)
    assert reply.usage == TokenUsage(50, 0, 8007)


class WithDictionary(BaseModel):
    """A reply that strict structured outputs have no form for."""

    words: dict[str, int]


@pytest.mark.parametrize(("reply", "strict"), [(Nested, True), (WithDictionary, False)])
def test_only_a_schema_that_keeps_to_the_rules_is_sent_as_strict(reply: type[BaseModel], strict: bool) -> None:
    with scripted_endpoint() as endpoint:
        of(endpoint).complete(request(reply), IMAGES)
    assert endpoint.bodies[0]["response_format"]["json_schema"]["strict"] is strict
