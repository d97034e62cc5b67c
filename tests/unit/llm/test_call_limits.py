"""Time-outs and limits of replies by the kind of task: what is sent, how long a call may take, and what stays equal."""

from dataclasses import replace
from decimal import Decimal

import pytest

from aita.errors import ProviderBusy
from aita.llm.chat import ChatModel, connect
from aita.llm.pricing import highest_cost
from aita.models.call_limits import CallLimits, written
from aita.tasks.request import LLMRequest, Message, Parameters
from aita.tasks.tokens import input_tokens
from tests.support.raw_endpoint import listening, request_of
from tests.support.scripted_endpoint import PATIENCE, scripted_endpoint
from tests.unit.tasks.test_grading import task

REQUEST = LLMRequest((Message("user", "hello"),), "", None, Parameters(), kind="grading")
LIMITS = CallLimits({"": PATIENCE, "grading": 0.3}, {"": 4000, "grading": 500})


def of(url: str, limits: CallLimits = LIMITS) -> ChatModel:
    return ChatModel(connect(url, lambda: "k", PATIENCE), "gpt-6-luna", forget_key=lambda: None, call_limits=limits)


@pytest.mark.parametrize(
    ("kind", "wanted", "sent"),
    [("grading", 8192, 500), ("grading", 100, 100), ("rubric", 8192, 4000), ("", 8192, 4000)],
)
def test_a_reply_has_the_limit_of_its_kind_where_the_tasks_own_is_larger(kind: str, wanted: int, sent: int) -> None:
    request = replace(REQUEST, kind=kind, parameters=Parameters(max_output_tokens=wanted))
    with scripted_endpoint() as endpoint:
        of(endpoint.url, CallLimits(tokens=LIMITS.tokens)).complete(request, {})
    assert endpoint.bodies[0]["max_completion_tokens"] == sent


def test_what_is_set_aside_for_a_call_is_what_it_may_cost() -> None:
    model = of("https://api.openai.com/v1")
    expected = highest_cost(input_tokens(REQUEST), 500, "https://api.openai.com/v1", "gpt-6-luna")
    assert model.highest_cost(REQUEST) == expected != Decimal(0)


def test_without_limits_each_task_has_its_own() -> None:
    with scripted_endpoint() as endpoint:
        of(endpoint.url, CallLimits()).complete(REQUEST, {})
    assert endpoint.bodies[0]["max_completion_tokens"] == 8192


def test_a_kinds_time_out_is_its_calls() -> None:
    with listening(lambda connection: (request_of(connection), connection.recv(1))) as url:
        with pytest.raises(ProviderBusy) as caught:
            of(url).complete(REQUEST, {})
        assert caught.value.timed_out
        assert caught.value.may_be_paid


def test_replies_are_known_by_neither_the_kind_nor_its_limits() -> None:
    assert REQUEST.digest() == replace(REQUEST, kind="").digest()


def test_tasks_of_a_kind_say_so() -> None:
    assert task().request().kind == "grading"
    assert task(grader=2).request().kind == "grading"


def test_limits_are_written_as_they_are_read() -> None:
    assert (written({"": 120.0, "transcription": 300.0}), written({})) == ("120,transcription=300", "")
