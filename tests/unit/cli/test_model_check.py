"""What the doctor says of a model, by what an endpoint answers to the functions of a whole stack in memory."""

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from aita.cli.model_check import ModelCheck
from aita.cli.model_retirement import RETIREMENTS, retirement
from aita.cli.word_picture import WORD, draw
from aita.errors import StackError
from aita.llm.price_table import Price
from aita.models.effort import ReasoningEffort
from aita.models.names import DOCTOR
from tests.support.fakes import MODEL, Harness
from tests.support.harness_stack import HarnessStack
from tests.unit.llm.test_chat import Endpoint, completion, ok, refusal

Answer = httpx2.Response | None
Rule = Callable[[dict[str, Any]], Answer]

TOO_LARGE = "max_tokens is too large: 8192. This model supports at most 4096 completion tokens."
PRICE = Price(Decimal(1), Decimal(1), Decimal(1), Decimal(1))


def picture_of(body: dict[str, Any]) -> bytes | None:
    """Return the picture that a request shows."""
    content = body["messages"][-1]["content"]
    parts = [part for part in content if part["type"] == "image_url"] if isinstance(content, list) else []
    return base64.b64decode(parts[0]["image_url"]["url"].partition(",")[2]) if parts else None


def able(body: dict[str, Any]) -> httpx2.Response:
    """Answer as a model does that can do it all."""
    usage = {"prompt_tokens": len(json.dumps(body["messages"])) // 4, "completion_tokens": 2}
    if "response_format" in body:
        (name,) = body["response_format"]["json_schema"]["schema"]["properties"]
        return ok(completion(json.dumps({name: "blue"}), usage=usage))
    return ok(completion("yes" if picture_of(body) is None else f"The word is {WORD.lower()}.", usage=usage))


@dataclass
class Server(Endpoint):
    """An endpoint whose rules answer first, each to the requests that it is about."""

    rules: tuple[Rule, ...] = ()

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.bodies.append(body)
        return next((answer for rule in self.rules if (answer := rule(body)) is not None), None) or able(body)


@dataclass
class Doctor:
    """A check of a stack whose model is behind these rules."""

    rules: tuple[Rule, ...] = ()
    effort: ReasoningEffort = "none"
    price: Price | None = PRICE
    harness: Harness = field(default_factory=Harness)

    def __post_init__(self) -> None:
        self.server = Server(rules=self.rules)
        self.harness.model = self.server.model(name=MODEL, reasoning_effort=self.effort, given_price=self.price)  # type: ignore[assignment]
        self.harness.submissions = replace(
            self.harness.submissions,
            defaults=self.harness.submissions.defaults.model_copy(update={"reasoning_effort": self.effort}),
        )
        self.harness.cold()
        self.check = ModelCheck(HarnessStack(self.harness).connect(DOCTOR))

    def says(self) -> str:
        self.check.examine()
        return self.check.summary()

    def fails(self) -> str:
        with pytest.raises(StackError) as caught:
            self.check.examine()
        return str(caught.value)


def where(names: Callable[[dict[str, Any]], bool], *answers: httpx2.Response) -> Rule:
    return lambda body: answers[0] if names(body) else None


def with_schema(kind: str) -> Callable[[dict[str, Any]], bool]:
    return lambda body: body.get("response_format", {}).get("type") == kind


def test_one_that_can_do_it_all() -> None:
    doctor = Doctor()
    assert doctor.says() == "fake-model answers with up to 8,192 tokens; sees pictures"
    assert doctor.check.problems == doctor.check.notes == []


def test_it_is_asked_as_real_calls_are() -> None:
    doctor = Doctor()
    doctor.says()
    assert len(doctor.server.bodies) == 4
    assert {body["max_completion_tokens"] for body in doctor.server.bodies} == {8192}
    (schema,) = (body["response_format"]["json_schema"] for body in doctor.server.bodies if "response_format" in body)
    assert schema["strict"] is True
    assert schema["schema"]["additionalProperties"] is False
    (picture,) = filter(None, map(picture_of, doctor.server.bodies))
    assert picture == draw()


def test_the_picture_is_one_that_can_be_read() -> None:
    with Image.open(io.BytesIO(draw())) as opened:
        opened.load()
        assert (opened.format, opened.mode, opened.size) == ("PNG", "L", (396, 132))
        assert opened.getextrema() == (0, 255)


def test_a_model_that_thinks_before_it_answers() -> None:
    def thinks(body: dict[str, Any]) -> Answer:
        if "temperature" in body:
            return refusal(400, "unsupported_value", "'temperature' does not support 0 with this model.")
        if body["max_completion_tokens"] < 300:
            message = {"role": "assistant", "content": ""}
            return ok(completion(choices=[{"index": 0, "finish_reason": "length", "message": message}]))
        return None

    doctor = Doctor((thinks,), "medium")
    assert doctor.says().endswith("sees pictures; refuses temperature: asked without")
    assert doctor.check.problems == []
    assert {body["max_completion_tokens"] for body in doctor.server.bodies} == {16_384}


def test_an_effort_that_the_model_does_not_take() -> None:
    told = "'reasoning_effort' does not support 'none' with this model. Supported values are: 'low', 'high'."
    doctor = Doctor((where(lambda body: body.get("reasoning_effort") == "none", refusal(400, message=told)),))
    assert (
        "refuses reasoning_effort none: asked with another; deploy with a ReasoningEffort that it takes"
        in doctor.says()
    )
    assert doctor.check.problems == []


def test_an_endpoint_that_knows_no_effort() -> None:
    unknown = refusal(400, message="Unrecognized request argument supplied: reasoning_effort")
    doctor = Doctor((where(lambda body: "reasoning_effort" in body, unknown),))
    assert doctor.says().endswith("; refuses reasoning_effort: asked without")


@pytest.mark.parametrize(
    "answer",
    [
        refusal(400, message="image input is not supported by this model"),
        ok(completion("I can't see any picture.")),
        ok(completion("HELLO")),
    ],
)
def test_a_model_without_eyes(answer: httpx2.Response) -> None:
    doctor = Doctor((where(lambda body: picture_of(body) is not None, answer),))
    assert "does not see pictures" in doctor.says()
    assert len(doctor.check.problems) == 1
    if answer.status_code == 400:
        assert "the provider says: image input is not supported by this model" in doctor.check.problems[0]


def test_json_mode_instead_of_a_schema() -> None:
    no_schema = where(with_schema("json_schema"), refusal(400, param="response_format"))
    json_mode = where(with_schema("json_object"), ok(completion('{"colour": "blue"}')))
    doctor = Doctor((no_schema, json_mode))
    assert doctor.says().endswith("sees pictures; takes no schema: JSON mode is used")
    assert doctor.check.problems == []


def test_neither_a_schema_nor_json_mode() -> None:
    doctor = Doctor((where(lambda body: "response_format" in body, refusal(400, param="response_format")),))
    assert doctor.says().endswith("takes neither a schema nor JSON mode: JSON is asked for in words")


def test_a_schema_that_is_taken_and_not_kept_to() -> None:
    doctor = Doctor((where(with_schema("json_schema"), ok(completion('{"colour": "blue"}'))),))
    assert doctor.says().endswith("takes a schema and does not keep to it: what is wrong is asked for again")
    assert doctor.check.problems == []


def test_a_schema_that_nothing_helps_with() -> None:
    doctor = Doctor((where(with_schema("json_schema"), refusal(400, message="failed to compile: unrecognized type")),))
    doctor.says()
    (problem,) = doctor.check.problems
    assert problem.startswith("does not answer where a schema is asked for (")
    assert "failed to compile: unrecognized type" in problem


def test_a_reply_that_may_not_be_as_long_as_real_ones() -> None:
    long = where(lambda body: body["max_completion_tokens"] > 4096, refusal(400, message="the request is too heavy"))
    told = Doctor((long,)).fails()
    assert told.startswith("fake-model answers, but does not take 8,192 tokens of reply, which its work needs (")
    assert "the request is too heavy" in told
    assert "aita key set" not in told


def test_a_limit_of_replies_that_the_endpoint_names() -> None:
    doctor = Doctor((where(lambda body: body["max_completion_tokens"] > 4096, refusal(400, message=TOO_LARGE)),))
    assert doctor.says().endswith("; refuses replies of more than 4096 tokens: longer ones fail")
    assert doctor.check.problems == []


def is_long(body: dict[str, Any]) -> bool:
    return len(json.dumps(body["messages"])) > 20_000


def test_one_that_leaves_out_the_begin_of_long_prompts_and_does_not_say_so() -> None:
    read = ok(completion("yes", usage={"prompt_tokens": 4096, "completion_tokens": 2}))
    doctor = Doctor((where(is_long, read),))
    assert "read 4,096 tokens of a prompt of 6,000 words, by its own count" in doctor.says()
    assert len(doctor.check.problems) == 1


def test_one_that_refuses_long_prompts() -> None:
    doctor = Doctor((where(is_long, refusal(400, message="the prompt is too long: 6006 tokens > 4096 maximum")),))
    assert "does not take a prompt of 6,000 words (" in doctor.says()
    assert len(doctor.check.problems) == 1


def test_one_that_tells_no_tokens_is_not_suspected() -> None:
    doctor = Doctor((lambda body: ok(json.loads(able(body).content) | {"usage": None}),), price=None)
    assert doctor.says().endswith("sees pictures; tells no tokens: costs are not known")
    assert doctor.check.problems == []


def test_one_without_a_price() -> None:
    doctor = Doctor(price=None)
    assert doctor.says().endswith("; its price is not known: nor are costs, and no cap on them can be kept")
    assert doctor.check.problems == []


@pytest.mark.parametrize(
    ("model", "day"),
    [("gpt-4.1-mini", "14 January 2027"), ("openai/gpt-5-2025-08-07", "11 December 2026"), ("gpt-6-luna", None)],
)
def test_one_that_is_switched_off_soon(model: str, day: str | None) -> None:
    found = retirement(model)
    assert (found and f"{found:%d %B %Y}") == day


def test_the_doctor_warns_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RETIREMENTS, MODEL, date(2026, 12, 11))
    assert "; its provider switches it off on 11 December 2026: deploy with another ModelName" in Doctor().says()


def test_the_days_are_those_of_the_documentation() -> None:
    costs = (Path(__file__).parents[3] / "docs" / "costs.md").read_text("utf-8")
    for model, day in RETIREMENTS.items():
        (line,) = [line for line in costs.splitlines() if f"`{model}`" in line and f"{day:%B %Y} |" in line]
        assert line.endswith(f"| {day.day} {day:%B %Y} |")


@pytest.mark.parametrize(
    ("status", "told"), [(401, "set it with 'aita key set'"), (404, "with the right ModelName and ModelBaseUrl")]
)
def test_a_stack_that_can_not_ask_at_all(status: int, told: str) -> None:
    said = Doctor((lambda body: refusal(status, message="Nope, no such thing"),)).fails()
    assert said.startswith("fake-model did not answer: ")
    assert told in said
    assert "the provider says: Nope, no such thing" in said


def test_what_the_provider_says_is_told_to_the_doctor_alone(harness: Harness) -> None:
    endpoint = Server(rules=(lambda body: refusal(400, message="you wrote: Maya's answer"),))
    harness.model = endpoint.model(name=MODEL)  # type: ignore[assignment]
    harness.cold()
    for assignment in ("midterm", DOCTOR):
        harness.exam(assignment=assignment)
        harness.run(assignment=assignment)
    harness.put("tasks/chat.jsonl", '{"prompt": "Maya"}')
    harness.run("kind.chat")
    kept = "".join(data.decode() for data in harness.objects.data.values())
    kept += "".join(repr(row) for run in harness.runs.rows.values() for row in [run, *harness.rows(run)])
    assert "refuses the request" in kept
    assert "you wrote" not in kept
