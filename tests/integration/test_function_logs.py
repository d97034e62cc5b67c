"""What the functions' logs say of each invocation, and what of libraries gets into them."""

import io
import json
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from aita.observability import UnexpectedError, logger
from tests.integration.stack import FUNCTIONS, Context, Stack, load

STAGE = {"run_id": "no-such-run", "attempt": 7, "stage": "transcribe"}
ITEM = STAGE | {"item": {"task_id": "transcribe-1", "refs": {}}}
EVENTS = {"plan": STAGE, "collect": STAGE, "split": ITEM, "task": ITEM, "names": ITEM, "report": ITEM}
APPENDED = {"run_id", "task_id", "stage", "attempt"}

Line = dict[str, Any]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the functions write to their logs."""
    stream, handler = io.StringIO(), logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)


def lines_of(stack: Stack, written: io.StringIO, function: str, event: dict[str, Any], request_id: str) -> list[Line]:
    """Return the log of an invocation that fails."""
    written.seek(0)
    written.truncate()
    with pytest.raises(UnexpectedError):
        stack.handlers[function](event, Context(aws_request_id=request_id))
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.mark.parametrize("function", EVENTS)
def test_an_event_of_another_shape_is_not_logged_with_the_run_before_it(
    stack: Stack, written: io.StringIO, function: str
) -> None:
    (first,) = lines_of(stack, written, function, EVENTS[function], "request-1")
    assert (first["run_id"], first["attempt"], first["function_request_id"]) == ("no-such-run", 7, "request-1")
    (second,) = lines_of(stack, written, function, {"run_id": 5}, "request-2")
    assert second["error"] == "ValidationError"
    assert second["function_request_id"] == "request-2"
    assert second.keys() & APPENDED == set()


@pytest.mark.parametrize("function", EVENTS)
def test_a_line_says_whether_its_environment_was_new(stack: Stack, written: io.StringIO, function: str) -> None:
    lines_of(stack, written, function, EVENTS[function], "request-1")
    (second,) = lines_of(stack, written, function, EVENTS[function], "request-2")
    assert (second["cold_start"], second["service"]) == (False, "aita")


def test_what_modules_log_has_the_request_id_too(stack: Stack, written: io.StringIO) -> None:
    lines_of(stack, written, "task", ITEM, "request-1")
    logging.getLogger("aita.services.runs.planner").warning("planned")
    *_, line = map(json.loads, written.getvalue().splitlines())
    assert (line["message"], line["run_id"], line["function_request_id"]) == ("planned", "no-such-run", "request-1")


def test_a_request_to_the_api_has_its_id_and_that_of_the_gateway(stack: Stack, written: io.StringIO) -> None:
    assert stack.call("GET", "/runs/no-such-run")[0] == 404
    (line,) = map(json.loads, written.getvalue().splitlines())
    assert (line["error"], line["function_request_id"], line["correlation_id"]) == ("NotFoundError", "request", "1")


def test_no_event_is_logged_whatever_powertools_is_set_to(
    stack: Stack, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", "true")
    stack.call("GET", "/runs/no-such-run")
    assert len(written.getvalue().splitlines()) == 1


@pytest.mark.parametrize("function", FUNCTIONS)
def test_libraries_are_silent_before_a_function_makes_anything(
    stack: Stack, function: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a Lambda whose settings give DEBUG to the root logger."""
    with caplog.at_level(logging.DEBUG):
        load(function, Counter(), set())
        assert logging.getLogger().level == logging.WARNING
    assert "botocore.endpoint" not in {record.name for record in caplog.records}, "it logs of each client that is made"
