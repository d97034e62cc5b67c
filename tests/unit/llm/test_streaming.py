"""Replies that are read as they come, and cut when they run away."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from aita.errors import CallError, ProviderBusy, RefusalError, RunStopped, TaskError, TooLongError
from aita.llm.completion import Completion, bounded, read_stream
from aita.models.run import Usage
from aita.ports import TokenUsage
from aita.services.calls.conversation import require_complete
from tests.support.raw_endpoint import PATIENCE, REPLY, STREAMED, listening, model, request_of, respond

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def event(**changes: Any) -> str:
    return "data: " + json.dumps({"object": "chat.completion.chunk", "model": "m", "choices": []} | changes)


def piece(text: Any, finish: str | None = None, **delta: Any) -> str:
    return event(choices=[{"index": 0, "delta": {"content": text} | delta, "finish_reason": finish}])


USAGE = event(usage={"prompt_tokens": 3, "completion_tokens": 2})
DONE = "data: [DONE]"


def read(*lines: str, longest: int = 100, end: str = "\n\n") -> Completion:
    return read_stream(["".join(line + end for line in lines).encode()], longest)


class TestReadStream:
    def test_pieces_make_the_reply(self) -> None:
        came = read(": a comment", piece("Hel"), piece("lo", "stop"), USAGE, DONE)
        assert (came.text, came.finish_reason, came.model) == ("Hello", "stop", "m")
        assert came.usage is not None
        assert (came.usage.input_tokens, came.usage.output_tokens) == (3, 2)

    @pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\n", "\r\n"])
    def test_however_lines_end(self, end: str) -> None:
        lines = [
            piece("Hel"),
            "event: x",
            "id: 7",
            "retry: 1",
            "nothing",
            piece("lo", "stop").replace("data: ", "data:"),
        ]
        assert read(*lines, DONE, end=end).text == "Hello"

    def test_wherever_it_is_cut_into_pieces(self) -> None:
        body = f"{piece('Zürich')}\n\n{piece(' 😀', 'stop')}\n\n{DONE}\n\n".encode()
        assert read_stream([body[i : i + 1] for i in range(len(body))], 100).text == "Zürich 😀"

    def test_a_last_line_needs_no_end(self) -> None:
        assert read_stream([piece("x", "stop").encode()], 100).text == "x"

    @pytest.mark.parametrize("reason", ["error", "network_error", "abort"])
    def test_one_that_is_broken_off_is_none(self, reason: str) -> None:
        with pytest.raises(ProviderBusy, match="broke the reply off"):
            read(piece("The force is"), piece("", reason), DONE)

    def test_an_error_in_its_choice_is_what_it_tells(self) -> None:
        choice = {
            "index": 0,
            "delta": {"content": ""},
            "finish_reason": "error",
            "error": {"code": 502, "message": "x"},
        }
        with pytest.raises(ProviderBusy, match="502"):
            read(piece("The force is"), event(choices=[choice]), DONE)

    @pytest.mark.parametrize(("reason", "kind"), [("length", TooLongError), ("content_filter", RefusalError)])
    def test_what_comes_after_its_end_takes_nothing_back(self, reason: str, kind: type[CallError]) -> None:
        for later in ("stop", None):
            came = read(piece("The fo", reason), piece("", later), DONE)
            with pytest.raises(kind):
                require_complete(came.text, came.finish_reason, refusal=came.refusal)
        cut = read(piece("The fo", "stop"), piece("", reason), DONE)
        with pytest.raises(kind):
            require_complete(cut.text, cut.finish_reason, refusal=cut.refusal)

    def test_another_choice_is_no_part_of_it(self) -> None:
        other = event(choices=[{"index": 1, "delta": {"content": "B"}, "finish_reason": "length"}])
        assert read(piece("A"), other, piece("", "stop"), DONE).text == "A"

    def test_a_byte_order_mark_before_it(self) -> None:
        body = f"\ufeff{piece('A')}\n\n{piece('', 'stop')}\n\n".encode()
        assert read_stream([body], 100).text == "A"
        assert read_stream([body[i : i + 1] for i in range(len(body))], 100).text == "A"

    def test_usage_in_a_choice(self) -> None:
        last = {"index": 0, "delta": {}, "finish_reason": "stop", "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
        assert read(piece("Hel"), event(choices=[last]), DONE).usage == TokenUsage(3, 0, 2)

    @pytest.mark.parametrize(
        "lines",
        [
            [piece("Hel")],
            [piece("Hel"), piece("", "error")],
            [piece("Hel"), event(error={"code": 502, "message": "x"})],
            [piece("Hel"), event(error="upstream died")],
            [piece("Hel"), piece("", "engine_error")],
        ],
    )
    def test_one_whose_end_is_lost_may_be_paid(self, lines: list[str]) -> None:
        with pytest.raises(ProviderBusy) as caught:
            read(*lines)
        assert caught.value.may_be_paid

    def test_null_as_a_word_ends_nothing(self) -> None:
        assert read(piece("Hel", "null"), piece("lo", "stop"), DONE).text == "Hello"
        with pytest.raises(ProviderBusy):
            read(piece("Hel", "null"))

    def test_a_character_may_come_in_two_halves(self) -> None:
        halves = '{"choices": [{"delta": {"content": "\\ud83d"}}]}', '{"choices": [{"delta": {"content": "\\ude00"}}]}'
        assert read(*(f"data: {half}" for half in halves), piece("!\ud83d", "stop")).text == "😀!\ufffd"

    def test_one_that_runs_away_is_left_at_its_limit_and_its_cost_is_unknown(self) -> None:
        taken: list[str] = []

        def endless() -> Iterator[bytes]:
            while True:
                taken.append("x")
                yield piece("x" * 10).encode() + b"\n\n"

        came = read_stream(endless(), 100)
        assert (len(came.text), came.finish_reason, came.usage) == (110, "length", None)
        assert len(taken) == 11
        with pytest.raises(TooLongError):
            require_complete(came.text, came.finish_reason, refusal=came.refusal)

    def test_one_that_is_as_long_as_it_may_be_is_whole(self) -> None:
        assert read(piece("x" * 100, "stop"), DONE).finish_reason == "stop"
        assert read(piece("x" * 101, "stop"), DONE).finish_reason == "length"

    def test_a_refusal(self) -> None:
        came = read(piece(None, refusal="I can't"), piece(None, "stop", refusal=None), DONE)
        assert (came.text, came.refusal) == ("", True)

    @pytest.mark.parametrize(
        "lines",
        [
            [""],
            [piece("Hel")],
            [piece("Hel"), DONE],
            [piece("Hel"), 'data: {"choi'],
            ["data: " + "[" * 100_000],
            ["data: \xff"],
            ["data"],
        ],
    )
    def test_one_that_ends_before_its_end_is_asked_again(self, lines: list[str]) -> None:
        with pytest.raises(ProviderBusy, match="cut off"):
            read_stream(["\n".join(lines).encode("latin-1")], 100)

    @pytest.mark.parametrize("line", ["data: []", "data: 7", "data: null", 'data: "x"'])
    def test_what_is_no_completion(self, line: str) -> None:
        with pytest.raises(TaskError, match="no chat completion"):
            read(line)

    @pytest.mark.parametrize("choices", [None, 7, [], [None], [{}], [{"delta": None}], [{"delta": {"content": 7}}]])
    def test_an_event_that_tells_nothing_is_passed_over(self, choices: Any) -> None:
        assert read(event(choices=choices, usage=[7]), piece("x", "stop")).text == "x"

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            ({"message": "x"}, ProviderBusy),
            ({"code": 502}, ProviderBusy),
            ({"code": 402}, RunStopped),
            ({"code": "insufficient_quota"}, RunStopped),
            ({"code": "context_length_exceeded"}, TooLongError),
            ({"code": 400}, TaskError),
            ({"code": "content_filter"}, RefusalError),
            ({"code": True}, ProviderBusy),
            ("x", ProviderBusy),
        ],
    )
    def test_an_error_among_the_events(self, error: Any, kind: type[CallError]) -> None:
        with pytest.raises(CallError) as caught:
            read(piece("Hel"), event(error=error))
        assert type(caught.value) is kind

    def test_what_fails_after_the_end_takes_nothing_from_the_reply(self) -> None:
        def fails() -> Iterator[bytes]:
            yield f"{piece('x', 'stop')}\n\n{DONE}\n\n".encode()
            raise ProviderBusy("late")

        assert read_stream(fails(), 100).text == "x"


class TestBounded:
    def test_what_is_late_is_left(self) -> None:
        with pytest.raises(ProviderBusy, match="in time"):
            list(bounded([b"x"], lambda: True))

    def test_what_is_too_large_is_left_before_more_of_it_is_taken(self) -> None:
        taken = []

        def endless() -> Iterator[bytes]:
            while True:
                taken.append(1)
                yield b"x" * 1_000_000

        with pytest.raises(TooLongError, match="20 MB"):
            list(bounded(endless(), lambda: False))
        assert len(taken) == 21


def never_ends(connection: socket.socket, part: bytes) -> None:
    """Send the same for ever, until the other side has gone."""
    while True:
        connection.sendall(part)
        time.sleep(0.02)


@pytest.mark.slow
class TestEndpoints:
    def test_a_stream_is_asked_for_and_left_when_it_runs_away(self) -> None:
        closed = threading.Event()
        asked: list[dict[str, Any]] = []

        def run_away(connection: socket.socket) -> None:
            asked.append(json.loads(request_of(connection)))
            connection.sendall(HEAD + b"\r\n")
            try:
                never_ends(connection, piece("x" * 20).encode() + b"\n\n")
            except OSError:
                closed.set()

        with listening(run_away) as url:
            llm = model(url)
            reply = llm.complete(STREAMED, {})
            assert closed.wait(PATIENCE), "the connection is closed as soon as the limit is passed"
        assert (reply.finish_reason, reply.usage) == ("length", None)
        assert llm.price(reply) == Usage(calls=1, unpriced_calls=1)
        assert (asked[0]["stream"], asked[0]["stream_options"]) == (True, {"include_usage": True})

    def test_one_that_does_not_stream_is_asked_without_from_then_on(self) -> None:
        asked: list[dict[str, Any]] = []

        def answer(connection: socket.socket) -> None:
            asked.append(json.loads(request_of(connection)))
            refused = next((name for name in ("stream_options", "stream") if name in asked[-1]), None)
            if refused:
                respond(connection, {"error": {"message": f"{refused} is unknown"}}, "400 Bad Request")
            else:
                respond(connection, REPLY)

        with listening(answer) as url:
            llm = model(url)
            assert [llm.complete(STREAMED, {}).text for _ in range(2)] == ["hi", "hi"]
        assert [sorted({"stream", "stream_options"} & set(body)) for body in asked] == [
            ["stream", "stream_options"], ["stream"], [], [],
        ]  # fmt: skip

    def test_one_that_answers_whole_though_a_stream_was_asked_for(self) -> None:
        usage = {"prompt_tokens": 3, "completion_tokens": 2}
        long = {"choices": [{"message": {"content": "x" * 101}, "finish_reason": "stop"}], "usage": usage}
        bodies = iter([REPLY, long])

        def answer(connection: socket.socket) -> None:
            request_of(connection)
            respond(connection, next(bodies), headers="Content-Type: application/json\r\n")

        with listening(answer) as url:
            llm = model(url)
            assert llm.complete(STREAMED, {}).text == "hi"
            reply = llm.complete(STREAMED, {})
        assert reply.finish_reason == "length"
        assert reply.usage is not None, "it is paid for, and what it cost is known"

    def test_a_page_for_people_is_no_stream(self) -> None:
        def answer(connection: socket.socket) -> None:
            request_of(connection)
            respond(connection, "<html>sign in</html>", headers="Content-Type: text/html\r\n")

        with listening(answer) as url, pytest.raises(TaskError, match="no chat completion"):
            model(url).complete(STREAMED, {})

    @pytest.mark.parametrize("trickle", [b": still here\n\n", b"x", piece("").encode() + b"\n\n"])
    def test_a_stream_that_trickles_for_ever_is_left(self, trickle: bytes) -> None:
        closed = threading.Event()

        def answer(connection: socket.socket) -> None:
            request_of(connection)
            connection.sendall(HEAD + b"\r\n")
            try:
                never_ends(connection, trickle)
            except OSError:
                closed.set()

        with listening(answer) as url:
            before = time.monotonic()
            with pytest.raises(ProviderBusy, match="in time"):
                model(url, timeout=0.5).complete(STREAMED, {})
            assert time.monotonic() - before < PATIENCE
            assert closed.wait(PATIENCE)

    def test_a_stream_that_stops_coming_is_left(self) -> None:
        def answer(connection: socket.socket) -> None:
            request_of(connection)
            connection.sendall(HEAD + b"\r\n" + piece("x").encode() + b"\n\n")
            connection.recv(1)  # until the other side has gone

        with listening(answer) as url, pytest.raises(ProviderBusy, match="in time"):
            model(url, timeout=0.3).complete(STREAMED, {})

    @pytest.mark.parametrize("sent", [b"5\r\ndata:", b"", b"zz\r\n"])
    def test_one_that_is_cut_in_the_middle_is_asked_again(self, sent: bytes) -> None:
        def cut(connection: socket.socket) -> None:
            request_of(connection)
            connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + sent)

        with listening(cut) as url, pytest.raises(ProviderBusy, match="cut off"):
            model(url).complete(STREAMED, {})

    def test_a_connection_is_used_again_after_a_stream(self) -> None:
        connections: list[int] = []
        body = f"{piece('x', 'stop')}\n\n{DONE}\n\n".encode()

        def answer(connection: socket.socket) -> None:
            connections.append(0)
            while True:
                request_of(connection)
                connections[-1] += 1
                connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(body), body))
                time.sleep(0.05)
                connection.sendall(b"0\r\n\r\n")

        with listening(answer) as url:
            llm = model(url)
            for _ in range(3):
                llm.complete(STREAMED, {})
            llm.client.close()
        assert connections == [3]
