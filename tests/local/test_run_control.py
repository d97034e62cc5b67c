"""Runs that do not go straight through: throttled, cancelled, stopped, killed."""

import time

from tests.local.stack import HELD, MAX_WORKERS, PAGES, Json, LocalStack, true_texts, wait_until

CALLS = PAGES

COPY_SECONDS = 5.0
"""How old a function's copy of the run's status may be: after it, no call starts."""


def start(stack: LocalStack, assignment: str, **environ: str) -> str:
    run_id: str = stack.run("transcribe", "--assignment", assignment, "--detach", **environ)["run_id"]
    return run_id


def watch(stack: LocalStack, run_id: str) -> Json:
    return stack.aita("--json", "watch", run_id).json


def test_a_model_that_throttles_is_waited_for(stack: LocalStack, uploaded: str) -> None:
    stack.forget_replies()
    stack.model.control(rps=0.5)
    run_id = start(stack, uploaded, AITA_RATE_LIMIT_RPS="50")
    wait_until(lambda: stack.model.stats()["rate_limited"] > 0, "the model had refused a call")
    stack.model.control(rps=0)
    run = watch(stack, run_id)
    assert (run["status"], run["usage"]["calls"]) == ("SUCCEEDED", CALLS)
    assert run["waits"] > 0
    assert run["wait_reason"]
    stats = stack.model.stats()
    assert stats["replies"] == CALLS
    assert stats["requests"] == CALLS + stats["rate_limited"]
    assert stack.texts(uploaded) == true_texts()


def test_a_cancelled_run_makes_no_more_calls_and_resumes_where_it_was(stack: LocalStack, uploaded: str) -> None:
    """The model answers nothing until every copy of the status is older: a run that goes on asks at once then."""
    stack.forget_replies()
    stack.model.control(latency=HELD)
    run_id = start(stack, uploaded)
    wait_until(lambda: stack.model.requests == MAX_WORKERS, "the first calls had started")
    stack.api.request("POST", "runs", run_id, "cancel")
    flagged = time.time()

    wait_until(lambda: time.time() > flagged + COPY_SECONDS, "no copy of the status was of before")
    stack.model.control(latency=0.05)
    released = time.time()
    while time.time() < released + 2:
        assert stack.model.requests == MAX_WORKERS
        time.sleep(0.2)
    ended = stack.aita("--json", "watch", run_id)
    assert (ended.status, ended.json["status"]) == (1, "CANCELLED")

    resumed = stack.run("resume", run_id)
    assert (resumed["status"], resumed["attempt"], resumed["usage"]["calls"]) == ("SUCCEEDED", 2, CALLS)
    assert stack.model.requests == CALLS, "what was paid before is not asked again"
    assert stack.texts(uploaded) == true_texts()


def test_a_killed_emulator_loses_nothing_that_was_paid(stack: LocalStack, uploaded: str) -> None:
    """Its tables come back as they were at the last clean stop; the cached replies come back all."""
    stack.forget_replies()
    stack.model.control(latency=1)
    run_id = start(stack, uploaded)
    wait_until(lambda: stack.model.replies >= 1, "the first page was transcribed")
    stack.api.request("POST", "runs", run_id, "cancel")
    wait_until(lambda: stack.model.stats()["in_flight"] == 0, "the last calls had ended")
    stack.down()
    stack.up()  # the simulated model starts anew as well: its counts are of what comes now
    paid = len(stack.keys("cache/"))
    assert 1 <= paid < PAGES
    stack.model.control(latency=1)
    assert stack.run("resume", run_id, "--detach")["attempt"] == 2
    wait_until(lambda: len(stack.keys("cache/")) > paid, "another page was transcribed")

    stack.kill_emulator()
    stack.up()
    wait_until(lambda: stack.model.stats()["in_flight"] == 0, "functions that outlived the emulator had their replies")
    cached = len(stack.keys("cache/"))
    assert paid < cached < PAGES
    stack.model.control(latency=0.05, reset_stats=True)
    resumed = stack.run("resume", run_id)
    assert (resumed["status"], resumed["usage"]["calls"]) == ("SUCCEEDED", CALLS)
    # At most, as a function that outlived the emulator may still have brought a reply home meanwhile.
    assert stack.model.requests <= CALLS - cached
    assert stack.texts(uploaded) == true_texts()
