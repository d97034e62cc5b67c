"""What a 403 means: it is answered for one input as well as for a spent limit, a region, a key, or by a firewall."""

from typing import Any

import httpx2
import pytest

from aita.errors import CallError, ProviderBusy, RefusalError, RunStopped
from aita.llm.provider_errors import embedded_error
from aita.services.calls.forbidden_calls import MOST, MOST_UNANSWERED, Refusals
from tests.unit.llm.test_chat import TOLD, Endpoint, completion, ok

CLOUDFLARE = (
    "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>"
    "<body>Sorry, you have been blocked. Your API key, account, policy</body></html>"
)


def error(message: str = TOLD, **more: Any) -> dict[str, Any]:
    return {"error": {"code": 403, "message": message} | more}


INPUT = [
    error(
        'openai/gpt-4 requires moderation. Your input was flagged for "violence". No credits were charged.',
        metadata={"reasons": ["violence"], "flagged_input": "no quota, wrong API key", "provider_name": "OpenAI"},
    ),
    error("Provider returned error", metadata={"reasons": ["self-harm"]}),
    error("Provider returned error", metadata={"raw": '{"error": {"message": "Input flagged by moderation"}}'}),
    error("Request blocked: prompt injection patterns detected", code="permission_denied"),
    error("The request was blocked by a guardrail", type="guardrail_violation"),
    {
        "code": "The caller does not have permission",
        "error": "Content violates usage guidelines. Team: t, API key ID: k",
    },
    error("Your request was rejected as a result of our safety system. Repeated violations may close your account."),
    error("Input text data may contain inappropriate content", code="DataInspectionFailed"),
    error(TOLD, code="content_policy_violation"),
    [error("The prompt was blocked", status="PERMISSION_DENIED")],
]
QUOTA = [
    error("Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys"),
    error("Budget limit exceeded", metadata={"limit_source": "openrouter_guardrail_budget", "limit_usd": 5}),
    error("Your team has used all available credits or reached its monthly spending limit"),
    error("Your account balance is overdue: insufficient balance"),
    error("The free tier of the model has been exhausted", code="AllocationQuota.FreeTierOnly"),
    error("You have exceeded your monthly included credits"),
    {"code": 30001, "message": "Sorry, your account balance is insufficient", "data": None},
    error("该令牌额度已用尽"),
    error("余额不足或无可用资源包,请充值。", code="1113"),
]
REGION = [
    error("Country, region, or territory not supported", code="unsupported_country_region_territory"),
    error("User location is not supported for the API use."),
]
KEY = [
    error("Project `p` does not have access to model `m`", code="model_not_found"),
    error("Your API key was reported as leaked."),
    error("Your organization must be verified to use this model"),
    error("Your account has been flagged for abuse and suspended"),
    error("Your access has been restricted due to repeated policy violations.", code="user_blocked"),
    error("Your access was terminated due to violation of our policies", code="access_terminated"),
    error("This user has been banned for violating the Terms of Service"),
    error("User is not authorized to perform bedrock:InvokeModel: no identity-based policy allows it"),
    [
        error(
            "Generative Language API has not been used in project 7 before or it is disabled",
            status="PERMISSION_DENIED",
        )
    ],
]
TERMS = error("The request is prohibited due to a violation of provider Terms Of Service.")
UNSAID = [
    TERMS,
    error(),
    error("Forbidden"),
    error("Request not allowed"),
    {"message": "Forbidden"},
    {},
    None,
    "no",
    ["x"],
]
FIREWALL = [CLOUDFLARE, "\r\n<html><head><title>403 Forbidden</title></head></html>", "error code: 1020"]


def answered(body: Any) -> CallError:
    """Return what a call ends in that is answered 403 with a body, and check that it tells nothing of it."""
    content = {"content": body.encode()} if isinstance(body, str) else {"json": body}
    found = Endpoint().fails(httpx2.Response(403, **content))
    assert isinstance(found, CallError)
    assert str(found).startswith("the provider answered 403")
    for secret in ("violence", "flagged_input", "self-harm", "Manage it", "Cloudflare", "Team"):
        assert secret not in str(found)
    return found


class TestBodies:
    @pytest.mark.parametrize("body", INPUT)
    def test_a_flagged_input_is_its_tasks_refusal(self, body: Any) -> None:
        found = answered(body)
        assert type(found) is RefusalError
        assert "a person must look at it" in str(found)

    @pytest.mark.parametrize(
        ("bodies", "told"),
        [
            (QUOTA, "no quota is left"),
            (REGION, "does not serve this region"),
            (KEY, "the API key is wrong or may not use"),
        ],
    )
    def test_what_stops_every_call_is_named(self, bodies: list[Any], told: str) -> None:
        for body in bodies:
            found = answered(body)
            assert isinstance(found, RunStopped), body
            assert (told in str(found), found.of_one_input) == (True, None), body

    @pytest.mark.parametrize(
        ("bodies", "told"),
        [(UNSAID, "the API key is wrong or may not use this model"), (FIREWALL, "a firewall or a web page")],
    )
    def test_what_says_no_reason_may_be_about_the_input(self, bodies: list[Any], told: str) -> None:
        for body in bodies:
            found = answered(body)
            assert isinstance(found, RunStopped), body
            assert told in str(found), body
            assert isinstance(found.of_one_input, RefusalError), body
            assert "API key" not in str(found.of_one_input)

    def test_a_rate_limit_is_waited_for(self) -> None:
        assert type(answered(error("Rate limit exceeded", status="userRateLimitExceeded"))) is ProviderBusy

    @pytest.mark.parametrize("body", INPUT[:5])
    def test_so_it_is_in_an_answer_that_says_200(self, body: Any) -> None:
        inner = body["error"]
        within = [body, completion(choices=[{"error": inner, "finish_reason": "error", "message": {"content": "The"}}])]
        for each in within:
            assert type(Endpoint().fails(ok(each))) is RefusalError

    @pytest.mark.parametrize("code", ["403", 403])
    def test_a_quotas_403_in_200_is_a_quotas(self, code: Any) -> None:
        assert "no quota is left" in str(embedded_error({"code": code, "message": "Key limit exceeded"}))

    @pytest.mark.parametrize(
        "code", ["sensitive_words_detected", "DataInspectionFailed", "moderation_blocked", "refusal"]
    )
    @pytest.mark.parametrize("status", [400, 500])
    def test_a_filters_code_counts_whatever_the_status(self, status: int, code: str) -> None:
        assert (
            type(Endpoint().fails(httpx2.Response(status, json={"error": {"code": code, "message": TOLD}})))
            is RefusalError
        )


class TestRefusals:
    def stopped(self) -> RunStopped:
        return RunStopped("the key is wrong", of_one_input=RefusalError("it is refused"))

    def test_before_any_answer_it_is_the_key(self) -> None:
        assert type(Refusals().classify(self.stopped())) is RunStopped

    def test_where_others_are_answered_it_is_the_input(self) -> None:
        refusals = Refusals()
        refusals.record_answer()
        assert type(refusals.classify(self.stopped())) is RefusalError
        assert type(Refusals().classify(self.stopped(), others_answered=True)) is RefusalError

    def test_after_some_in_a_row_it_is_not_the_input(self) -> None:
        refusals = Refusals(answered=True)
        for _ in range(2):
            assert [type(refusals.classify(self.stopped())) for _ in range(MOST + 1)] == [RefusalError] * MOST + [
                RunStopped
            ]
            refusals.record_answer()

    def test_inputs_that_are_refused_before_any_answer_are_refused_for_another_reason(self) -> None:
        refusals = Refusals()
        found = [refusals.classify(RefusalError("its filter refuses this input")) for _ in range(MOST_UNANSWERED + 1)]
        assert [type(each) for each in found] == [RefusalError] * MOST_UNANSWERED + [RunStopped]
        assert "answered none" in str(found[-1])

    def test_where_others_are_answered_each_is_its_inputs_own(self) -> None:
        refusals = Refusals()
        for _ in range(MOST_UNANSWERED):
            refusals.classify(RefusalError("no"))
        assert type(refusals.classify(RefusalError("no"), others_answered=True)) is RefusalError
        refusals.record_answer()
        assert {type(refusals.classify(RefusalError("no"))) for _ in range(3 * MOST_UNANSWERED)} == {RefusalError}

    def test_what_says_its_reason_stops_all(self) -> None:
        assert type(Refusals(answered=True).classify(RunStopped("no quota"))) is RunStopped
