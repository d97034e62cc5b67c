"""Batches behind openai's client, against the simulated model's routes and against answers of other endpoints."""

import io
import json
from collections.abc import Callable, Iterator

import httpx2
import openai
import pytest

from aita.errors import BatchGoneError, ProviderBusy, RunStopped, TaskError
from aita.llm.batch_endpoint import BatchEndpoint
from aita.llm.chat import ChatModel
from aita.llm.completion import LARGEST
from aita.ports import ProviderBatch
from aita.tasks.request import LLMRequest, Message, Parameters
from tests.support.simulated import simulated_model

PLAIN = LLMRequest((Message("user", "Say something."),), "", None, Parameters())


@pytest.fixture
def chat() -> Iterator[ChatModel]:
    with simulated_model(anything=True) as model:
        yield model


@pytest.fixture
def batches(chat: ChatModel) -> BatchEndpoint:
    return BatchEndpoint.of(chat)


def submit(batches: BatchEndpoint, *digests: str, token: str = "t1") -> ProviderBatch:
    file = io.BytesIO(b"".join(batches.line(digest, PLAIN, {}) for digest in digests))
    return batches.create(batches.upload(file, "requests.jsonl"), token)


def ended(batches: BatchEndpoint, batch: ProviderBatch) -> ProviderBatch:
    batch = batches.get(batch.batch_id)
    assert batch.ended
    return batch


class TestAgainstTheSimulatedModel:
    def test_a_batch_answers_its_requests(self, batches: BatchEndpoint, chat: ChatModel) -> None:
        batch = submit(batches, "a", "b")
        assert (batch.ended, batch.total) == (False, 2)
        replies = dict(batches.replies(ended(batches, batch)))
        alone = chat.complete(PLAIN, {})
        assert sorted(replies) == ["a", "b"]
        assert {(each.text, each.finish_reason, each.usage) for each in replies.values()} == {
            (alone.text, alone.finish_reason, alone.usage)
        }

    def test_a_line_is_the_body_of_a_call_that_is_not_streamed(self, batches: BatchEndpoint) -> None:
        request = LLMRequest(PLAIN.messages, "", None, Parameters(max_reply_characters=10))
        line = json.loads(batches.line("d", request, {}))
        assert (line["custom_id"], line["method"], line["url"]) == ("d", "POST", "/v1/chat/completions")
        assert not {"stream", "stream_options"} & line["body"].keys()

    def test_one_is_found_by_its_token_or_its_file(self, batches: BatchEndpoint) -> None:
        first, second = (submit(batches, "a", token=each) for each in ("t1", "t2"))
        submit(batches, "a", token="t3")
        assert [each.batch_id for each in batches.find("no file", "t1")] == [first.batch_id]
        assert [each.batch_id for each in batches.find("no file", "t2")] == [second.batch_id]
        assert batches.find("no file", "t4") == []

    def test_one_is_found_behind_many_others(self, batches: BatchEndpoint) -> None:
        first = submit(batches, "a", token="t1")
        file_id = batches.upload(io.BytesIO(batches.line("a", PLAIN, {})), "x.jsonl")
        for number in range(150):
            batches.create(file_id, f"other {number}")
        assert [each.batch_id for each in batches.find("no file", "t1")] == [first.batch_id]

    def test_a_cancelled_one_ends(self, batches: BatchEndpoint) -> None:
        batch = submit(batches, "a", "b")
        batches.cancel(batch.batch_id)
        assert list(batches.replies(ended(batches, batch))) == []
        batches.cancel(batch.batch_id)  # it has ended

    def test_a_file_is_deleted_and_may_be_gone(self, batches: BatchEndpoint) -> None:
        file_id = batches.upload(io.BytesIO(batches.line("a", PLAIN, {})), "x.jsonl")
        batches.delete(file_id)
        batches.delete(file_id)
        with pytest.raises(TaskError):
            batches.create(file_id, "t")

    @pytest.mark.parametrize(
        ("fault", "answered"),
        [("expired", 2), ("cancelled", 2), ("partial", 2), ("invalid", 0), ("", 4)],
    )
    def test_what_has_no_reply_is_left_out(self, fault: str, answered: int) -> None:
        with simulated_model(anything=True, batch_fault=fault) as chat:
            batches = BatchEndpoint.of(chat)
            batch = ended(batches, submit(batches, "a", "b", "c", "d"))
            assert len(list(batches.replies(batch))) == answered
            assert not batch.queue_full

    def test_a_file_whose_requests_are_all_answered_gives_no_warning(
        self, batches: BatchEndpoint, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert len(list(batches.replies(ended(batches, submit(batches, "a", "b"))))) == 2
        assert "no reply" not in caplog.text

    def test_one_that_fails_as_a_whole_says_why_in_plain_words(self) -> None:
        answer = {
            "id": "batch_1",
            "status": "failed",
            "errors": {"data": [{"code": "invalid", "message": "The model sk-Secret1 is not supported"}]},
        }
        batch = answering(lambda request: httpx2.Response(200, json=answer)).get("batch_1")
        assert "not supported" in batch.failure
        assert "Secret" not in batch.failure

    def test_a_full_queue_is_told_from_other_failures(self) -> None:
        with simulated_model(anything=True, batch_fault="queue_full") as chat:
            batches = BatchEndpoint.of(chat)
            assert ended(batches, submit(batches, "a", "b", "c")).queue_full
            assert not ended(batches, submit(batches, "a", "b")).queue_full

    def test_a_creation_that_fails_after_it_was_done_is_not_repeated(self) -> None:
        with simulated_model(anything=True, batch_fault="error_after_creation") as chat:
            batches = BatchEndpoint.of(chat)
            file_id = batches.upload(io.BytesIO(batches.line("a", PLAIN, {})), "x.jsonl")
            with pytest.raises(ProviderBusy):
                batches.create(file_id, "t")
            assert len(batches.find(file_id, "t")) == 1

    def test_a_reply_costs_half(self, batches: BatchEndpoint, chat: ChatModel) -> None:
        priced = ChatModel(chat.client, "gpt-6-luna", chat.forget_key)
        priced._endpoint.base_url = "https://api.openai.com/v1"
        reply = chat.complete(PLAIN, {})
        usage, ordinary = BatchEndpoint.of(priced).price(reply), priced.price(reply)
        assert ordinary.cost_usd > 0
        assert usage.cost_usd * 2 == ordinary.cost_usd
        assert (usage.calls, usage.batch_calls, ordinary.batch_calls) == (1, 1, 0)


def answering(handle: Callable[[httpx2.Request], httpx2.Response]) -> BatchEndpoint:
    """Return the batches of an endpoint that answers like this."""
    http = httpx2.Client(transport=httpx2.MockTransport(handle))
    client = openai.OpenAI(base_url="http://model.test/v1", api_key="none", max_retries=2, http_client=http)
    return BatchEndpoint.of(ChatModel(client, "m", forget_key=lambda: None))


class TestOtherEndpoints:
    @pytest.mark.parametrize("status", [404, 405])
    def test_one_without_batches_is_named(self, status: int) -> None:
        batches = answering(lambda request: httpx2.Response(status, json={"detail": "Not Found"}))
        with pytest.raises(RunStopped, match="has no batches"):
            batches.upload(io.BytesIO(b"{}\n"), "x.jsonl")

    def test_a_batch_or_file_that_is_not_known_is_gone(self) -> None:
        batches = answering(lambda request: httpx2.Response(404, json={"error": {"message": "no such batch"}}))
        with pytest.raises(BatchGoneError, match="no longer"):
            batches.get("batch_1")
        with pytest.raises(BatchGoneError, match="replies no longer"):
            list(batches.replies(ProviderBatch(batch_id="b", ended=True, total=1, answer_files=("f",))))
        with pytest.raises(BatchGoneError, match="to be cancelled"):
            batches.cancel("batch_1")

    def test_no_request_is_repeated(self) -> None:
        requests: list[httpx2.Request] = []

        def fail(request: httpx2.Request) -> httpx2.Response:
            requests.append(request)
            return httpx2.Response(500, json={})

        batches = answering(fail)
        for act in (
            lambda: batches.create("f", "t"),
            lambda: batches.find("f", "t"),
            lambda: batches.get("b"),
            lambda: batches.cancel("b"),
            lambda: batches.upload(io.BytesIO(b"{}\n"), "x"),
        ):
            with pytest.raises(ProviderBusy):
                act()
        assert len(requests) == 5

    def test_a_file_expires_where_the_endpoint_knows_it(self) -> None:
        bodies: list[bytes] = []

        def refuse(request: httpx2.Request) -> httpx2.Response:
            bodies.append(request.read())
            if b"expires_after" in bodies[-1]:
                return httpx2.Response(400, json={"error": {"message": "Unknown parameter: 'expires_after'."}})
            return httpx2.Response(200, json={"id": "file-1"})

        batches = answering(refuse)
        assert [batches.upload(io.BytesIO(b"{}\n"), "x") for _ in range(2)] == ["file-1"] * 2
        assert [b"expires_after" in body for body in bodies] == [True, False, False]
        assert all(b"{}\n" in body for body in bodies)

    def test_an_answer_without_an_id_is_no_answer(self) -> None:
        batches = answering(lambda request: httpx2.Response(200, json={}))
        with pytest.raises(ProviderBusy):
            batches.create("f", "t")

    @pytest.mark.parametrize("status", ["validating", "in_progress", "finalizing", "cancelling", "a new one"])
    def test_an_unknown_status_is_waited_for(self, status: str) -> None:
        batches = answering(lambda request: httpx2.Response(200, json={"id": "b", "status": status}))
        assert batches.get("b") == ProviderBatch(batch_id="b", ended=False)

    @pytest.mark.parametrize("status", ["completed", "COMPLETED", "Expired"])
    def test_an_end_may_be_written_in_capitals(self, status: str) -> None:
        batches = answering(lambda request: httpx2.Response(200, json={"id": "b", "status": status}))
        assert batches.get("b").ended

    def test_a_line_that_is_longer_than_any_reply_hides_no_other(self) -> None:
        body = {"choices": [{"message": {"content": "four"}, "finish_reason": "stop"}]}
        right = json.dumps({"custom_id": "d", "response": {"status_code": 200, "body": body}}).encode()
        parts = [b"x" * (LARGEST + 1), b"y" * 10, b"z\n" + right]
        batches = answering(lambda request: httpx2.Response(200, content=iter(parts)))
        found = batches.replies(ProviderBatch("b", ended=True, answer_files=("f",)))
        assert [(digest, reply.text) for digest, reply in found] == [("d", "four")]

    def test_lines_are_told_by_their_ends_alone_and_damaged_ones_are_left_out(self) -> None:
        def line(digest: str, text: str, status: int = 200) -> str:
            body = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
            answer = {"custom_id": digest, "response": {"status_code": status, "body": body}}
            return json.dumps(answer, ensure_ascii=False)

        lines = [
            line("a", "one\u2028two\x85three"),
            '{"custom_id": "b',
            line("c", "x", 429),
            "[" * 100_000,
            "[]",
            "",
            line("d", "four"),
        ]
        batches = answering(lambda request: httpx2.Response(200, content="\n".join(lines).encode()))
        found = batches.replies(ProviderBatch("b", ended=True, answer_files=("f",)))
        assert [(digest, reply.text) for digest, reply in found] == [("a", "one\u2028two\x85three"), ("d", "four")]

    def test_a_file_is_streamed(self) -> None:
        """The request's body is read in pieces of the file, of which none is held."""
        read: list[int] = []

        class Counted(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                data = super().read(size)
                read.append(len(data))
                return data

        def take(request: httpx2.Request) -> httpx2.Response:
            assert isinstance(request.stream, httpx2.SyncByteStream)
            sizes: list[int] = [len(part) for part in request.stream]
            assert max(sizes) < 1_000_000
            return httpx2.Response(200, json={"id": "file-1"})

        http = httpx2.Client(transport=_Streaming(take))
        client = openai.OpenAI(base_url="http://model.test/v1", api_key="none", http_client=http)
        batches = BatchEndpoint.of(ChatModel(client, "m", forget_key=lambda: None))
        batches.upload(Counted(b"x" * 5_000_000), "x.jsonl")
        assert max(read) < 1_000_000


class _Streaming(httpx2.BaseTransport):
    def __init__(self, handle: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self._handle = handle

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._handle(request)
