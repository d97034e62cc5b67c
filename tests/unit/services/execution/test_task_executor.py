"""One item, from its refs to its recorded end: replies judged, asked again, cached, counted once."""

import json
from typing import Any

import pytest

from aita.errors import (
    AitaError,
    MissingInputError,
    ProviderBusy,
    ProviderSetting,
    RefusalError,
    RunStopped,
    StorageError,
    TaskError,
    TooLongError,
)
from aita.models.rate_limits import Rates
from aita.models.run import (
    Item,
    ItemEvent,
    ItemResponse,
    Outcome,
    RetryState,
    Run,
    RunStatus,
    TaskRow,
    TaskStatus,
    Usage,
)
from aita.services.calls.patience import PATIENCE
from aita.tasks.answer_key import AnswerKeyGenerationTask
from aita.tasks.request import LLMRequest
from aita.tasks.tokens import expected_tokens
from tests.support.fakes import (
    COST_OF_A_CALL,
    EXAM,
    NONSENSE,
    QUESTIONS,
    Crash,
    Harness,
    busy,
    failing,
    question_of,
    reply,
    right,
    rubric,
    text_of,
)

KEY = json.dumps({"question_id": "1a", "correct_answer": "four"})


def refusing(_: LLMRequest) -> str:
    raise busy()


def one_question(harness: Harness, **options: Any) -> tuple[Run, ItemEvent]:
    """Start a run over one question and plan it; the model says only what is queued."""
    harness.exam(QUESTIONS[0])
    harness.model.otherwise = None
    run = harness.begin("rubric", **options)
    (event,) = harness.events(run)
    return run, event


def one_page(harness: Harness) -> tuple[Run, ItemEvent]:
    """Start a transcription of one page, split it, and plan its transcription."""
    harness.put("scans/Ann Lee/1.jpg", b"PAGE")
    harness.model.otherwise = None
    run = harness.begin("transcribe")
    (split,) = harness.events(run, "split")
    harness.invoke(split, "arn:split")
    harness.collect(run, "split")
    (event,) = harness.events(run, "transcribe")
    return run, event


def rubric_event(harness: Harness) -> tuple[Run, ItemEvent]:
    """Plan the rubric of one question whose answer key is there."""
    run, event = one_question(harness)
    harness.model.say(KEY)
    harness.invoke(event)
    harness.collect(run, "answer_key")
    (event,) = harness.events(run, "rubric")
    harness.model.requests.clear()
    return run, event


class TestAskedAgain:
    def test_a_right_reply_needs_one_call(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.model.say(KEY)
        executed = harness.invoke(event)
        assert executed.answer == ItemResponse(outcome=Outcome.SUCCEEDED, wait=0)
        row = harness.row(run, "answer_key")
        assert (row.status, row.asks, row.usage.calls, row.latency_ms) == (TaskStatus.SUCCEEDED, 1, 1, 1000)
        assert harness.result(row)["result"]["correct_answer"] == "four"

    @pytest.mark.parametrize("bad", [1, 2, 3])
    def test_an_invalid_reply_is_asked_again_up_to_3_times(self, harness: Harness, bad: int) -> None:
        run, event = one_question(harness)
        harness.model.say(*[NONSENSE] * bad, KEY)
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        assert harness.row(run, "answer_key").asks == bad + 1
        last = harness.model.requests[-1].messages
        assert [message.role for message in last] == ["system", "user"] + ["assistant", "user"] * bad
        assert all(m.text == NONSENSE for m in last if m.role == "assistant")
        assert last[-1].text.startswith("That reply can't be used: it holds no complete JSON object")

    def test_then_it_fails_with_its_last_reply_kept(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.model.say(*[f"{NONSENSE} {number}" for number in range(4)])
        assert harness.invoke(event).answer.outcome is Outcome.FAILED
        assert harness.model.calls == 4
        row = harness.row(run, "answer_key")
        assert (row.status, row.error_type, row.asks) == (TaskStatus.FAILED, "UnparsableReplyError", 4)
        assert row.error_message == "asked 4 times; of the last reply: it holds no complete JSON object"
        assert row.usage == Usage(calls=4, input_tokens=400, output_tokens=40, cost_usd=4 * COST_OF_A_CALL)
        kept = harness.result(row)
        assert (kept["last_reply"], kept["result"]) == (f"{NONSENSE} 3", None)

    @pytest.mark.parametrize("bad", [1, 5])
    def test_wrong_points_are_asked_again_up_to_5_times(self, harness: Harness, bad: int) -> None:
        run, event = rubric_event(harness)
        harness.model.say(*[rubric("1a", 5, 2, 2)] * bad, rubric("1a", 5))
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        assert harness.row(run, "rubric").asks == bad + 1
        assert "the criteria sum to 4 points and total_points is 5" in harness.model.requests[-1].messages[-1].text

    def test_then_wrong_points_fail(self, harness: Harness) -> None:
        run, event = rubric_event(harness)
        wrong = rubric("1a", 4, 2, 2)
        harness.model.say(*[wrong] * 6)
        assert harness.invoke(event).answer.outcome is Outcome.FAILED
        assert harness.model.calls == 6
        row = harness.row(run, "rubric")
        assert (row.error_type, row.asks) == ("BrokenRuleError", 6)
        assert row.error_message.startswith("asked 6 times; of the last reply: total_points is 4 and the question")
        assert harness.result(row)["last_reply"] == wrong

    def test_each_kind_of_fault_has_its_own_count(self, harness: Harness) -> None:
        _, event = rubric_event(harness)
        harness.model.say(*[rubric("1a", 5, 2, 2)] * 5, *[NONSENSE] * 3, rubric("1a", 5))
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED

    def test_each_question_asked_again_is_told_its_own_fault(self, harness: Harness) -> None:
        _, event = rubric_event(harness)
        harness.model.say(NONSENSE, rubric("1a", 5, 2, 2), rubric("1a", 5))
        harness.invoke(event)
        told = [message.text for message in harness.model.requests[-1].messages if message.role == "user"][1:]
        assert "no complete JSON object" in told[0]
        assert "sum to 4 points" in told[1]

    def test_an_own_rubric_costs_no_call(self, harness: Harness) -> None:
        harness.put("user_rubrics.json", {"1a": {"total_points": 5, "criteria": [{"points": 5, "description": "own"}]}})
        run, event = rubric_event(harness)
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        row = harness.row(run, "rubric")
        assert (harness.model.calls, row.asks, row.usage) == (0, 0, Usage())
        assert harness.result(row)["result"]["criteria"][0]["description"] == "own"

    def test_a_wrong_own_rubric_fails_without_a_call(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.model.say(KEY)
        harness.invoke(event)
        harness.collect(run, "answer_key")
        harness.put("user_rubrics.json", {"1a": {"total_points": 4, "criteria": [{"points": 4, "description": "own"}]}})
        (event,) = harness.events(run, "rubric")
        assert harness.invoke(event).answer.outcome is Outcome.FAILED
        assert harness.model.calls == 1
        assert "user_rubrics.json, question 1a" in harness.row(run, "rubric").error_message


class TestTranscription:
    def test_the_page_goes_with_the_request(self, harness: Harness) -> None:
        run, event = one_page(harness)
        harness.model.say(json.dumps({"lines": [{"text": "x", "kind": "answer", "top": 0.2}], "confidence": 0.8}))
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        assert list(harness.model.images[0].values()) == [b"PAGE"]
        result = harness.result(harness.row(run, "transcribe"))["result"]
        assert result == {
            "lines": [{"text": "x", "kind": "answer", "top": 0.2}],
            "starts": None, "confidence": 0.8, "warnings": [], "page": 1, "flagged": False,
        }  # fmt: skip

    def test_an_unparsable_one_keeps_its_raw_text_flagged(self, harness: Harness) -> None:
        run, event = one_page(harness)
        harness.model.say("one", "two", "three", "the student wrote 4")
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        row = harness.row(run, "transcribe")
        assert (row.asks, row.usage.calls) == (4, 4)
        result = harness.result(row)["result"]
        assert [line["text"] for line in result["lines"]] == ["the student wrote 4"]
        assert (result["confidence"], result["flagged"]) == (0.3, True)

    def test_an_empty_reply_is_worth_nothing(self, harness: Harness) -> None:
        run, event = one_page(harness)
        harness.model.say("", "", "", " ")
        assert harness.invoke(event).answer.outcome is Outcome.FAILED
        assert harness.row(run, "transcribe").error_type == "UnparsableReplyError"

    def test_an_image_that_is_gone_fails_the_page(self, harness: Harness) -> None:
        run, event = one_page(harness)
        del harness.objects.data[str(event.item.refs["image"])]
        assert harness.invoke(event).answer.outcome is Outcome.FAILED
        assert harness.row(run, "transcribe").error_type == MissingInputError.__name__
        assert harness.model.calls == 0

    def test_no_key_or_rubric_reaches_the_transcriber(self, harness: Harness) -> None:
        for name in ("answer_keys.json", "rubrics.json", "user_rubrics.json"):
            harness.put(name, {"1a": "KEY-MARKER"})
        harness.put("rubric_instructions.txt", "INSTRUCTION-MARKER")
        _, event = one_page(harness)
        harness.model.say(right)
        harness.invoke(event)
        assert "MARKER" not in text_of(harness.model.requests[0].messages)


class TestFailsForGood:
    @pytest.mark.parametrize(
        ("said", "error"),
        [
            (reply("", refusal=True), RefusalError),
            (reply(KEY, refusal=True), RefusalError),
            (reply("", finish_reason="content_filter"), RefusalError),
            (reply(KEY[:-3], finish_reason="length"), TooLongError),
            (reply(KEY, finish_reason="length"), TooLongError),
            (reply(KEY, finish_reason="MAX_TOKENS"), TooLongError),
            (reply(KEY, finish_reason="model_context_window_exceeded"), TooLongError),
            (reply(KEY, finish_reason="sensitive"), RefusalError),
            (reply(KEY, finish_reason="SAFETY"), RefusalError),
        ],
    )
    def test_a_refusal_or_a_cut_reply_is_not_asked_again(self, harness: Harness, said: Any, error: Any) -> None:
        run, event = one_question(harness)
        harness.model.say(said)
        assert harness.invoke(event).answer.outcome is Outcome.FAILED
        row = harness.row(run, "answer_key")
        assert (row.error_type, row.asks, row.usage.calls) == (error.__name__, 1, 1)
        assert "a person must look at it" in row.error_message
        assert harness.result(row)["last_reply"] == said.text

    @pytest.mark.parametrize("reason", ["error", "network_error", "somehow", "x" * 99, "tool_calls"])
    def test_a_reply_that_is_not_known_to_be_whole_is_none(self, harness: Harness, reason: str) -> None:
        run, event = one_page(harness)
        harness.model.say(reply("The force is" if reason != "tool_calls" else "", finish_reason=reason))
        assert harness.invoke(event).answer.outcome is Outcome.FAILED
        row = harness.row(run, "transcribe")
        assert (row.error_type, row.asks) == ("TaskError", 1)
        assert ("a tool" if reason == "tool_calls" else "not known to be whole") in row.error_message
        assert "x" * 99 not in row.error_message

    def test_a_refused_transcription_is_not_salvaged(self, harness: Harness) -> None:
        run, event = one_page(harness)
        harness.model.say(reply("I will not read this", refusal=True))
        assert harness.invoke(event).answer.outcome is Outcome.FAILED
        assert harness.row(run, "transcribe").error_type == "RefusalError"

    @pytest.mark.parametrize("error", [RefusalError("no"), TooLongError("long"), TaskError("no such parameter")])
    def test_a_call_that_can_not_be_answered(self, harness: Harness, error: TaskError) -> None:
        run, event = one_question(harness)
        harness.model.say(error)
        assert harness.invoke(event).answer.outcome is Outcome.FAILED
        row = harness.row(run, "answer_key")
        assert (row.error_type, row.error_message, row.asks) == (type(error).__name__, str(error), 0)
        assert row.usage == Usage()

    def test_what_was_spent_before_the_failure_counts(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.model.say(NONSENSE, TaskError("no"))
        harness.invoke(event)
        row = harness.row(run, "answer_key")
        assert (row.asks, row.usage.calls, harness.result(row)["last_reply"]) == (1, 1, NONSENSE)

    def test_the_others_go_on(self, harness: Harness) -> None:
        harness.exam()
        harness.model.otherwise = lambda request: (
            reply("", refusal=True) if question_of(request) == "1b" else right(request)
        )
        run = harness.run()
        assert run.status is RunStatus.PARTIAL
        assert set(harness.artifact("rubrics.json")) == {"1a", "2"}

    def test_an_item_of_another_function_is_a_fault(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"PAGE")
        run = harness.begin("transcribe")
        (event,) = harness.events(run)
        with pytest.raises(StorageError):
            harness.invoke(event)


class TestWaits:
    @pytest.mark.parametrize(
        ("retry_after", "wait"), [(0.2, 1), (1, 1), (7, 7), (7.1, 7), (60, 60), (61, 60), (3600, 60)]
    )
    def test_as_long_as_the_provider_says_from_1_to_60(self, harness: Harness, retry_after: float, wait: int) -> None:
        run, event = one_question(harness)
        harness.model.say(busy(retry_after))
        before = harness.tasks.data.copy()
        answer = harness.invoke(event).answer
        assert (answer.outcome, answer.wait) == (Outcome.WAIT, wait)
        assert harness.tasks.data == before
        kept = harness.runs.get(run.run_id)
        assert (kept.waits, kept.wait_reason) == (1, "the provider answered 429")

    def test_an_untold_wait_grows_is_capped_and_half_of_it_is_at_random(self, harness: Harness) -> None:
        _, event = one_question(harness)
        drawn: list[tuple[float, float]] = []

        def jitter(low: float, high: float) -> float:
            drawn.append((low, high))
            return high

        harness.executor.jitter = jitter
        waits = []
        for _ in range(9):
            harness.model.say(busy())
            answer = harness.invoke(event).answer
            waits.append(answer.wait)
            event = event.model_copy(update={"waited": answer.waited})
        assert waits == [2, 4, 8, 16, 32, 60, 60, 60, 60]
        assert all(low == high / 2 for low, high in drawn)

    def test_the_others_are_held_back_as_long_as_the_provider_says(self, harness: Harness) -> None:
        _, event = one_question(harness, rate_limit_rps=4)
        taught = ProviderBusy("429", retry_after=7.2, requests_per_second=3.0, tokens_per_minute=900.0, limited=True)
        harness.model.say(taught, busy())
        for _ in range(2):
            harness.clock.advance(10)
            harness.invoke(event)
        assert harness.limiter.closed == [(7.2, Rates(3.0, 900.0))]

    def test_who_was_refused_gets_its_slot_after_the_closure_and_waits_once(self, harness: Harness) -> None:
        _, event = one_question(harness, rate_limit_rps=4)
        harness.model.say(busy(7.5), KEY)
        answer = harness.invoke(event).answer
        assert answer.wait == 7, "the fraction is slept"
        harness.clock.advance(answer.wait)
        event = event.model_copy(update={"waited": answer.waited})
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        assert harness.limiter.reservations == [None, None, answer.waited.slot_due and answer.waited.slot_due / 1000]

    def test_who_comes_for_its_slot_asks_the_limiter_whatever_this_function_knows_of_the_run(
        self, harness: Harness
    ) -> None:
        _, event = one_question(harness, rate_limit_rps=0)
        due = round(harness.clock.monotonic() * 1_000) + 500
        harness.model.say(KEY)
        event = event.model_copy(update={"waited": RetryState(slot_due=due)})
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        assert harness.limiter.reservations == [due / 1_000]

    def test_a_call_s_tokens_are_settled(self, harness: Harness) -> None:
        _, event = one_question(harness, rate_limit_rps=4)
        harness.model.say(busy(7), KEY)
        answer = harness.invoke(event).answer
        assert harness.limiter.settled == [0], "a refusal uses none"
        harness.clock.advance(answer.wait)
        harness.invoke(event.model_copy(update={"waited": answer.waited}))
        assert harness.limiter.settled[1] > 0

    def test_a_run_told_no_limit_asks_the_limiter_from_its_first_wait_on(self, harness: Harness) -> None:
        _, event = one_question(harness, rate_limit_rps=0)
        harness.model.say(busy(7), KEY)
        harness.invoke(event)
        assert harness.limiter.configured == [Rates()], "the slot after the closure; none before the call"
        harness.clock.advance(7)
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        assert harness.limiter.configured == [Rates(), Rates()]

    def test_without_a_limit_and_without_a_wait_the_limiter_is_left_alone(self, harness: Harness) -> None:
        harness.exam()
        harness.run(rate_limit_rps=0)
        assert (harness.limiter.configured, harness.limiter.closed, harness.limiter.observed) == ([], [], [])

    def test_tokens_are_reserved_as_they_are_expected(self, harness: Harness) -> None:
        _, event = one_question(harness, rate_limit_rps=0, rate_limit_tpm=30_000)
        harness.model.say(KEY)
        harness.invoke(event)
        (request,) = harness.model.requests
        assert harness.limiter.configured == [Rates(None, 30_000)]
        assert harness.limiter.tokens == [expected_tokens(request)]
        assert harness.limiter.tokens[0] > request.parameters.expected_output_tokens

    def test_what_an_answers_headers_tell_is_learnt(self, harness: Harness) -> None:
        _, event = one_question(harness)
        harness.model.say(reply(KEY, limits=Rates(8.0, None)))
        harness.invoke(event)
        assert harness.limiter.observed == [Rates(8.0, None)]

    def test_a_short_wait_for_the_limiter_is_slept(self, harness: Harness) -> None:
        _, event = one_question(harness, rate_limit_rps=1)
        harness.limiter.queue.append(1.5)
        harness.model.say(KEY)
        before = harness.clock.now
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        assert (harness.clock.now - before).total_seconds() == 1.5

    def test_a_long_wait_for_the_limiter_is_the_state_machines_and_its_slot_is_kept(self, harness: Harness) -> None:
        run, event = one_question(harness, rate_limit_rps=1)
        harness.limiter.queue.append(12.7)
        harness.model.say(KEY)
        answer = harness.invoke(event).answer
        due = round(harness.clock.monotonic() * 1000) + 12_700
        assert (answer.outcome, answer.wait, answer.waited.slot_due) == (Outcome.WAIT, 12, due)
        assert harness.model.calls == 0
        assert harness.runs.get(run.run_id).waits == 0, "the provider is not to blame"
        harness.clock.advance(answer.wait)
        before = harness.clock.now
        again = event.model_copy(update={"waited": answer.waited})
        assert harness.invoke(again).answer.outcome is Outcome.SUCCEEDED
        assert (harness.clock.now - before).total_seconds() == pytest.approx(0.7)

    def test_a_cancel_during_the_limiters_wait_stops_the_call(self, harness: Harness) -> None:
        run, event = one_question(harness, rate_limit_rps=1)
        harness.limiter.queue.append(1.9)
        harness.executor.watch.get(run.run_id)
        harness.submissions.cancel(run.run_id)
        harness.clock.advance(4)
        assert harness.invoke(event).answer.outcome is Outcome.SKIPPED
        assert harness.model.calls == 0

    def test_a_provider_that_is_down_for_15_minutes_costs_15_minutes(self, harness: Harness) -> None:
        harness.exam(QUESTIONS[0])
        harness.executor.jitter = lambda low, high: high
        up_again = harness.clock.monotonic() + 15 * 60

        def down(request: LLMRequest) -> str:
            if harness.clock.monotonic() < up_again:
                raise busy()
            return right(request)

        harness.model.otherwise = down
        run = harness.run()
        assert run.status is RunStatus.SUCCEEDED
        assert harness.clock.monotonic() - up_again <= 61
        assert run.usage.calls == 2
        assert harness.model.calls - run.usage.calls <= 5 + 15, "five short waits, then one in a minute"

    def test_one_that_does_not_come_back_halts_the_run_to_be_resumed(self, harness: Harness) -> None:
        harness.exam(QUESTIONS[0])
        harness.model.otherwise = refusing
        before = harness.clock.monotonic()
        run = harness.run()
        assert (run.status, run.reason) == (
            RunStatus.HALTED,
            "the provider has not answered for 2 hours: resume when it does (the provider answered 429)",
        )  # fmt: skip
        assert 0 <= harness.clock.monotonic() - before - PATIENCE <= 70
        assert harness.rows(run) == []
        harness.model.otherwise = right
        assert harness.resume(run).status is RunStatus.SUCCEEDED

    def test_one_is_not_blamed_for_the_hours_in_which_lambda_was_throttled(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.model.otherwise = refusing
        first = harness.invoke(event).answer
        assert (first.outcome, first.waited.failures) == (Outcome.WAIT, 1)
        harness.clock.advance(first.wait + 2 * PATIENCE)
        second = harness.invoke(event.model_copy(update={"waited": first.waited})).answer
        assert (second.outcome, second.waited.failures) == (Outcome.WAIT, 2)
        assert harness.runs.get(run.run_id).status is RunStatus.RUNNING

    def test_an_answer_ends_the_count_of_failures(self, harness: Harness) -> None:
        _, event = one_question(harness)
        event = event.model_copy(update={"waited": RetryState(failures=7, lone=7, lone_since=1)})
        harness.model.say(NONSENSE, busy())
        waited = harness.invoke(event).answer.waited
        assert (waited.failures, waited.lone_since) == (1, int(harness.clock.monotonic()))

    def test_no_call_begins_that_the_invocation_could_not_end(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.remaining = harness.longest_call - 1
        answer = harness.invoke(event).answer
        assert (answer.outcome, answer.wait) == (Outcome.WAIT, 1)
        assert harness.model.calls == 0
        assert harness.runs.get(run.run_id).waits == 0, "the provider is not to blame"

    def test_the_next_invocation_goes_on_where_this_one_had_no_time(self, harness: Harness) -> None:
        run, event = one_question(harness)

        def slow(_: object) -> str:
            harness.remaining = 60
            return NONSENSE

        harness.model.say(slow)
        assert harness.invoke(event).answer.outcome is Outcome.WAIT
        harness.cold()
        harness.remaining = 900
        harness.model.say(KEY)
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        row = harness.row(run, "answer_key")
        assert (harness.model.calls, row.asks, row.usage.calls) == (2, 2, 2)

    def test_a_cached_reply_needs_no_time(self, harness: Harness) -> None:
        _, event = one_question(harness)
        harness.model.say(KEY)
        harness.objects.crashes.append("/results/")
        with pytest.raises(Crash):
            harness.invoke(event)
        harness.remaining = 1
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED

    def test_a_run_waits_and_then_succeeds(self, harness: Harness) -> None:
        harness.exam(QUESTIONS[0])
        harness.model.say(busy(3), busy(), busy(90))
        run = harness.run()
        assert run.status is RunStatus.SUCCEEDED
        assert (harness.waits, run.waits) == ([3, 2, 60, 30], 3)


class TestStopped:
    def test_a_wrong_key_halts_the_run_and_skips_the_others(self, harness: Harness) -> None:
        harness.exam()
        harness.model.say(RunStopped("the provider answered 401: the API key is wrong"))
        run = harness.run()
        assert (run.status, run.reason) == (RunStatus.HALTED, "the provider answered 401: the API key is wrong")
        assert harness.model.calls == 1
        assert harness.rows(run) == []

    @pytest.mark.parametrize(
        ("setting", "remedy"),
        [
            (ProviderSetting.KEY, "set it with 'aita key set'"),
            (ProviderSetting.MODEL, "deploy the stack with the right ModelName and ModelBaseUrl"),
            (ProviderSetting.BASE_URL, "deploy the stack with a ModelBaseUrl that is that of the provider's API"),
        ],
    )
    def test_the_reason_says_how_a_setting_is_corrected(
        self, harness: Harness, setting: ProviderSetting, remedy: str
    ) -> None:
        harness.exam()
        harness.model.say(RunStopped("refused", setting=setting))
        assert harness.run().reason == f"refused: {remedy}"

    def test_every_item_of_a_halted_run_is_skipped(self, harness: Harness) -> None:
        harness.exam()
        events = harness.events(harness.begin())
        harness.model.say(RunStopped("no quota"))
        assert [harness.invoke(event).answer.outcome for event in events] == [Outcome.SKIPPED] * 3
        assert harness.model.calls == 1

    @pytest.mark.parametrize("is_cold", [False, True])
    def test_one_input_that_is_refused_without_a_reason_halts_no_run_in_which_others_are_answered(
        self, harness: Harness, *, is_cold: bool
    ) -> None:
        harness.exam()
        run = harness.begin(batch_size=1)
        events = harness.events(run)
        harness.model.say(right, RunStopped("a 403", of_one_input=RefusalError("this input")))
        assert harness.invoke(events[0]).answer.outcome is Outcome.SUCCEEDED
        if is_cold:
            harness.cold()
        outcomes = [harness.invoke(event).answer.outcome for event in events[1:]]
        assert outcomes == [Outcome.FAILED, Outcome.SUCCEEDED]
        assert [row.error_message for row in harness.rows(run) if row.error_type] == ["this input"]

    def test_before_any_answer_it_halts_the_run(self, harness: Harness) -> None:
        harness.exam()
        harness.model.say(RunStopped("a 403", of_one_input=RefusalError("this input")))
        run = harness.run(batch_size=1)
        assert (run.status, run.reason) == (RunStatus.HALTED, "a 403")

    def test_it_resumes_when_the_key_is_right(self, harness: Harness) -> None:
        harness.exam()
        harness.model.say(right, RunStopped("no quota"))
        run = harness.run()
        assert run.status is RunStatus.HALTED
        run = harness.resume(run)
        assert (run.status, run.reason, run.attempt) == (RunStatus.SUCCEEDED, "", 2)
        assert harness.model.calls == 7, "six tasks, and the call that was refused"
        assert run.usage.calls == 6

    def test_a_cancelled_runs_items_make_no_call(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        events = harness.events(run)
        harness.submissions.cancel(run.run_id)
        assert [harness.invoke(event).answer.outcome for event in events] == [Outcome.SKIPPED] * 3
        assert (harness.model.calls, harness.rows(run)) == (0, [])

    def test_nor_does_what_needs_no_call_go_on(self, harness: Harness) -> None:
        harness.exam()
        harness.run()
        run = harness.begin()
        events = harness.events(run)
        harness.submissions.cancel(run.run_id)
        assert [harness.invoke(event).answer.outcome for event in events] == [Outcome.SKIPPED] * 3
        assert harness.rows(run) == []

    @pytest.mark.parametrize(("after", "outcome"), [(4.9, Outcome.SUCCEEDED), (5.0, Outcome.SKIPPED)])
    def test_a_warm_function_sees_a_cancel_within_5_s(self, harness: Harness, after: float, outcome: Outcome) -> None:
        harness.exam()
        run = harness.begin()
        first, second, _ = harness.events(run)
        harness.invoke(first)
        harness.submissions.cancel(run.run_id)
        harness.clock.advance(after)
        assert harness.invoke(second).answer.outcome is outcome
        assert harness.model.calls == (2 if outcome is Outcome.SUCCEEDED else 1)

    def test_a_cancel_stops_the_asking_again(self, harness: Harness) -> None:
        run, event = one_question(harness)

        def cancelled(_: object) -> str:
            harness.submissions.cancel(run.run_id)
            harness.clock.advance(6)
            return NONSENSE

        harness.model.say(cancelled)
        assert harness.invoke(event).answer.outcome is Outcome.SKIPPED
        assert harness.model.calls == 1

    def test_what_a_cancelled_task_paid_is_used_and_counted_on_resume(self, harness: Harness) -> None:
        run, event = one_question(harness)

        def cancelled(_: object) -> str:
            harness.submissions.cancel(run.run_id)
            harness.clock.advance(6)
            return NONSENSE

        harness.model.say(cancelled)
        harness.invoke(event)
        harness.model.say(KEY, rubric("1a", 5))
        run = harness.resume(run)
        assert run.status is RunStatus.SUCCEEDED
        assert (harness.model.calls, run.usage.calls) == (3, 3)

    def test_a_child_of_an_earlier_attempt_is_skipped(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.submissions.cancel(run.run_id)
        harness.submissions.resume(run.run_id)
        assert harness.invoke(event).answer.outcome is Outcome.SKIPPED
        assert harness.model.calls == 0

    def test_a_warm_function_sees_the_attempt_that_it_was_called_for(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.executor.watch.get(run.run_id)
        harness.submissions.cancel(run.run_id)
        resumed = harness.submissions.resume(run.run_id)
        harness.plan(resumed)
        harness.model.say(KEY)
        later = event.model_copy(update={"attempt": 2})
        assert harness.invoke(later).answer.outcome is Outcome.SUCCEEDED

    def test_a_call_in_flight_when_its_attempt_ended_does_no_harm(self, harness: Harness) -> None:
        run, event = one_question(harness)

        def superseded(_: object) -> str:
            harness.submissions.cancel(run.run_id)
            harness.submissions.resume(run.run_id)
            return KEY

        harness.model.say(superseded)
        harness.invoke(event)
        resumed = harness.runs.get(run.run_id)
        assert (resumed.status, resumed.attempt, resumed.stages) == (RunStatus.RUNNING, 2, {})
        harness.model.say(rubric("1a", 5))
        run = harness.drive(resumed)
        assert (run.status, harness.model.calls, run.usage.calls) == (RunStatus.SUCCEEDED, 2, 2)

    def test_a_halt_by_an_earlier_attempt_does_not_end_the_next(self, harness: Harness) -> None:
        run, event = one_question(harness)

        def superseded(_: object) -> str:
            harness.submissions.cancel(run.run_id)
            harness.submissions.resume(run.run_id)
            raise RunStopped("no quota")

        harness.model.say(superseded)
        harness.invoke(event)
        assert harness.runs.get(run.run_id).status is RunStatus.RUNNING


class TestTwice:
    def test_a_task_run_twice_changes_nothing(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        events = harness.events(run)
        for event in events:
            harness.invoke(event)
        before, calls = harness.snapshot(run), harness.model.calls
        harness.cold()
        harness.clock.advance(60)
        assert [harness.invoke(event).answer.outcome for event in events] == [Outcome.SUCCEEDED] * 3
        assert harness.model.calls == calls
        assert harness.snapshot(run) == before

    def test_a_task_that_failed_over_its_replies_run_twice_changes_nothing(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.model.say(*[NONSENSE] * 4)
        harness.invoke(event)
        before = harness.snapshot(run)
        harness.cold()
        harness.clock.advance(60)
        assert harness.invoke(event).answer.outcome is Outcome.FAILED
        assert harness.model.calls == 4
        assert harness.snapshot(run) == before

    def test_a_late_failure_never_replaces_a_success(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.model.say(KEY)
        harness.invoke(event)
        before = harness.snapshot(run)
        recorder = harness.executor.recorder
        for attempt in (1, 2, 9):
            late = event.model_copy(update={"attempt": attempt})
            recorder.failed(late, TaskError("late"), harness.invoke(event).spent, "late reply")
        assert harness.snapshot(run) == before

    @pytest.mark.parametrize("attempt", [1, 2, 9])
    def test_the_state_machines_own_record_never_replaces_a_success(self, harness: Harness, attempt: int) -> None:
        run, event = one_question(harness)
        harness.model.say(KEY)
        harness.invoke(event)
        before = harness.rows(run)
        harness.record_failure(event.model_copy(update={"attempt": attempt}), "Lambda.Unknown")
        assert harness.rows(run) == before

    def test_an_identical_rerun_makes_no_call(self, harness: Harness) -> None:
        harness.exam()
        harness.model.say(NONSENSE)
        first = harness.run()
        calls = harness.model.calls
        artifacts = {n: harness.artifact(n) for n in ("answer_keys.json", "rubrics.json")}
        harness.cold()
        second = harness.run()
        assert (second.status, harness.model.calls) == (RunStatus.SUCCEEDED, calls)
        assert {n: harness.artifact(n) for n in artifacts} == artifacts
        assert first.usage.calls == 7
        assert second.usage == Usage(cached_calls=7)
        assert all(row.latency_ms == 0 for row in harness.rows(second))

    def test_an_identical_transcription_makes_no_call_though_ids_are_lost(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"a|b")
        harness.run("transcribe")
        harness.tasks.data.clear()
        del harness.objects.data["midterm/students.json"]
        second = harness.run("transcribe")
        assert (second.status, harness.model.calls) == (RunStatus.SUCCEEDED, 2)
        assert second.usage == Usage(cached_calls=2)

    def test_two_blank_pages_cost_one_call(self, harness: Harness) -> None:
        harness.put("scans/Ann/1.jpg", b"blank")
        harness.put("scans/Bo/1.jpg", b"blank")
        run = harness.run("transcribe")
        assert (harness.model.calls, run.usage.calls, run.usage.cached_calls) == (1, 1, 1)

    def test_a_run_that_failed_does_not_spoil_the_next(self, harness: Harness) -> None:
        harness.exam(QUESTIONS[0])
        harness.model.say(*[NONSENSE] * 4)
        assert harness.run().status is RunStatus.FAILED
        assert harness.run().status is RunStatus.SUCCEEDED

    def test_without_checkpointing_the_cache_is_not_read(self, harness: Harness) -> None:
        harness.exam()
        harness.run()
        run = harness.run(enable_checkpointing=False)
        assert (harness.model.calls, run.usage.calls, run.usage.cached_calls) == (12, 6, 0)


class TestPaidOnce:
    def test_a_crash_after_the_call_costs_no_second_call(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.model.say(KEY)
        harness.objects.crashes.append("/results/")
        with pytest.raises(Crash):
            harness.invoke(event)
        assert harness.rows(run) == []
        harness.cold()
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        assert harness.model.calls == 1
        assert harness.runs.get(run.run_id).usage == Usage(
            calls=1, input_tokens=100, output_tokens=10, cost_usd=COST_OF_A_CALL
        )
        assert harness.row(run, "answer_key").latency_ms == 1000

    @pytest.mark.parametrize("said", [NONSENSE, reply("", refusal=True), reply("{", finish_reason="length")])
    def test_every_paid_reply_is_cached_before_it_is_judged(self, harness: Harness, said: Any) -> None:
        _, event = one_question(harness)
        harness.model.say(said)
        if said == NONSENSE:
            harness.model.say(Crash("here"))
            with pytest.raises(Crash):
                harness.invoke(event)
        else:
            harness.invoke(event)
        (cached,) = (data for key, data in harness.objects.data.items() if key.startswith("cache/"))
        assert json.loads(cached)["paid_by"] == f"{event.run_id}/{event.item.task_id}"

    def test_a_crash_in_the_middle_of_asking_again_goes_on_there(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.model.say(NONSENSE, Crash("time-out"))
        with pytest.raises(Crash):
            harness.invoke(event)
        harness.cold()
        harness.model.say(KEY)
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        row = harness.row(run, "answer_key")
        assert (harness.model.calls, row.asks, row.usage.calls) == (3, 2, 2)

    def test_a_crash_before_the_reply_is_cached_is_paid_again(self, harness: Harness) -> None:
        """The one place where a call is lost: between the provider's answer and the cache."""
        _, event = one_question(harness)
        harness.objects.crashes.append("cache/")
        harness.model.say(KEY, KEY)
        with pytest.raises(Crash):
            harness.invoke(event)
        assert harness.invoke(event).answer.outcome is Outcome.SUCCEEDED
        assert harness.model.calls == 2

    def test_a_crash_after_the_row_of_a_failure_keeps_its_end(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.model.say(*[NONSENSE] * 4)
        harness.objects.crashes.append("/results/")
        with pytest.raises(Crash):
            harness.invoke(event)
        assert harness.invoke(event).answer.outcome is Outcome.FAILED
        assert harness.model.calls == 4
        run = harness.drive(run)
        assert (run.status, run.usage.calls) == (RunStatus.FAILED, 4)

    def test_a_crash_for_good_is_recorded_and_resumed(self, harness: Harness) -> None:
        harness.exam()
        harness.model.say(right, Crash("1"), Crash("2"), Crash("3"))
        run = harness.run()
        assert run.status is RunStatus.PARTIAL
        failed = [row for row in harness.rows(run, "answer_key") if row.status is TaskStatus.FAILED]
        assert [row.error_type for row in failed] == ["Crash"]
        calls = harness.model.calls
        run = harness.resume(run)
        assert run.status is RunStatus.SUCCEEDED
        assert harness.model.calls == calls + 2, "the answer key that crashed and its rubric"
        assert run.usage.calls == 6

    def test_what_a_crashed_task_paid_counts_on_resume(self, harness: Harness) -> None:
        harness.exam(QUESTIONS[0])
        harness.model.say(NONSENSE, Crash("1"), Crash("2"), Crash("3"))
        run = harness.run()
        assert (run.status, run.usage.calls) == (RunStatus.FAILED, 0)
        run = harness.resume(run)
        assert (run.status, run.usage.calls) == (RunStatus.SUCCEEDED, 3)


class TestResume:
    def test_a_failed_task_asks_afresh(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.model.say(*[NONSENSE] * 4)
        run = harness.drive(run)
        assert run.status is RunStatus.FAILED
        harness.model.say(KEY, rubric("1a", 5))
        run = harness.resume(run)
        assert run.status is RunStatus.SUCCEEDED
        assert len(harness.model.requests[4].messages) == 2, "from the start, not from the replies that failed"
        row = harness.row(run, "answer_key")
        assert row.task_id == event.item.task_id
        assert (row.attempt, row.asks, row.error_type, row.error_message) == (2, 1, "", "")
        assert harness.result(row)["last_reply"] is None

    def test_replies_that_failed_are_read_once_more_by_a_corrected_task_and_not_paid_again(
        self, harness: Harness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        harness.exam(QUESTIONS[0])
        harness.model.say(NONSENSE)
        with monkeypatch.context() as broken:
            broken.setattr(AnswerKeyGenerationTask, "validate_reply", lambda self, reply: {}[reply])  # a bug: KeyError
            run = harness.run()
        row = harness.row(run, "answer_key")
        assert (run.status, row.error_type, harness.model.calls) == (RunStatus.FAILED, "TaskCodeError", 2)
        run = harness.resume(run)
        assert (run.status, harness.model.calls) == (RunStatus.SUCCEEDED, 3), "the rubric alone"
        row = harness.row(run, "answer_key")
        assert (row.usage.calls, row.usage.cached_calls, row.error_type) == (2, 2, "")
        assert run.usage.calls == 3

    @pytest.mark.parametrize("end", [{"refusal": True}, {"finish_reason": "length"}, {"finish_reason": "error"}])
    def test_one_that_did_not_come_whole_is_never_read_as_if_it_had(
        self, harness: Harness, end: dict[str, Any]
    ) -> None:
        run, _ = one_question(harness)
        harness.model.say(reply(KEY, **end))
        run = harness.drive(run)
        assert run.status is RunStatus.FAILED
        harness.model.say(KEY, rubric("1a", 5))
        assert harness.resume(run).status is RunStatus.SUCCEEDED
        assert harness.model.calls == 3

    @pytest.mark.parametrize("said", [reply("", refusal=True), reply("{", finish_reason="length")])
    def test_a_refused_task_asks_afresh_too(self, harness: Harness, said: Any) -> None:
        run, _ = one_question(harness)
        harness.model.say(said)
        run = harness.drive(run)
        harness.model.say(KEY, rubric("1a", 5))
        assert harness.resume(run).status is RunStatus.SUCCEEDED

    def test_a_reply_that_answers_a_later_attempt_well_is_kept(self, harness: Harness) -> None:
        run, _ = one_question(harness)
        harness.model.say(*[NONSENSE] * 4)
        run = harness.drive(run)
        harness.model.say(KEY, rubric("1a", 5))
        harness.resume(run)
        calls = harness.model.calls
        assert harness.run().status is RunStatus.SUCCEEDED
        assert harness.model.calls == calls

    def test_totals_are_exact_across_failure_and_resume(self, harness: Harness) -> None:
        harness.exam()
        bad = failing(harness, "1b")
        run = harness.run()
        assert run.status is RunStatus.PARTIAL
        # 1a and 2: a key and a rubric each; 1b: four bad replies for the key, no call for the rubric
        assert (harness.model.calls, run.usage.calls) == (8, 8)
        bad.clear()
        run = harness.resume(run)
        assert run.status is RunStatus.SUCCEEDED
        assert harness.model.calls == 10
        assert run.usage == Usage(calls=10, input_tokens=1000, output_tokens=100, cost_usd=10 * COST_OF_A_CALL)
        assert harness.row(run, "answer_key", question_id="1b").usage.calls == 5

    def test_totals_are_exact_when_a_task_fails_twice(self, harness: Harness) -> None:
        run, _ = one_question(harness)
        harness.model.say(*[NONSENSE] * 8)
        run = harness.resume(harness.drive(run))
        assert (run.status, run.attempt, run.usage.calls) == (RunStatus.FAILED, 2, 8)
        assert harness.row(run, "answer_key").attempt == 2

    def test_the_counters_agree_with_the_recount(self, harness: Harness) -> None:
        harness.exam()
        run = harness.begin()
        for event in harness.events(run):
            harness.invoke(event)
        counted = harness.runs.get(run.run_id)
        harness.collect(run)
        recounted = harness.runs.get(run.run_id)
        assert counted.usage == recounted.usage
        assert counted.stages["answer_key"].succeeded == recounted.stages["answer_key"].succeeded == 3

    def test_a_call_without_usage_is_counted_as_unpriced(self, harness: Harness) -> None:
        run, event = one_question(harness)
        harness.model.say(reply(KEY, usage=None))
        harness.invoke(event)
        assert harness.row(run, "answer_key").usage == Usage(calls=1, unpriced_calls=1)


class TestSummaries:
    @pytest.mark.parametrize(("interval", "shown"), [(1, 3), (2, 2), (10, 0)])
    def test_the_runs_line_is_refreshed_every_so_many_tasks(self, harness: Harness, interval: int, shown: int) -> None:
        harness.exam()
        run = harness.begin(checkpoint_interval=interval)
        for event in harness.events(run):
            harness.invoke(event)
        assert harness.runs.summaries[run.run_id].succeeded == shown


class TestInputs:
    def test_an_exam_that_changes_during_the_run_does_not_change_its_tasks(self, harness: Harness) -> None:
        harness.exam(QUESTIONS[0])
        (event,) = harness.events(harness.begin())
        harness.put("questions.json", EXAM | {"questions": [QUESTIONS[0] | {"question_text": "CHANGED"}]})
        harness.invoke(event)
        assert "CHANGED" not in text_of(harness.model.requests[0].messages)

    def test_a_warm_function_reads_the_inputs_of_the_next_attempt_and_stage(self, harness: Harness) -> None:
        harness.exam(QUESTIONS[0])
        harness.model.say(*[NONSENSE] * 4)
        run = harness.run()
        harness.exam(QUESTIONS[0] | {"question_text": "CHANGED"})
        assert harness.resume(run).status is RunStatus.SUCCEEDED
        assert "CHANGED" in text_of(harness.model.requests[4].messages)

    def test_inputs_that_are_not_there_are_a_fault_and_no_end(self, harness: Harness) -> None:
        run, event = one_question(harness)
        del harness.objects.data[f"runs/{run.run_id}/answer_key/inputs.json"]
        with pytest.raises(AitaError):
            harness.invoke(event)
        assert harness.rows(run) == []

    def test_an_item_carries_no_name(self, harness: Harness) -> None:
        harness.put("scans/Ann Lee/essay.jpg", b"PAGE")
        run = harness.begin("transcribe")
        items = [Item.model_validate(item) for item in harness.items(harness.drive(run), "split")]
        assert all("Ann" not in item.model_dump_json() and "essay" not in item.model_dump_json() for item in items)


def test_a_row_keeps_what_the_state_machine_recorded(harness: Harness) -> None:
    run, event = one_question(harness)
    harness.record_failure(event, "States.Timeout")
    row: TaskRow = harness.rows(run)[0]
    assert (row.status, row.error_type) == (TaskStatus.FAILED, "States.Timeout")
    harness.model.say(KEY)
    harness.invoke(event)
    assert harness.rows(run)[0].status is TaskStatus.FAILED, "only a later attempt replaces it"
