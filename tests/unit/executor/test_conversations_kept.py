"""What is kept of a task that asks again: which replies a resume reads once more, and what they cost."""

from aita.tasks.request import LLMRequest
from tests.support.fake_llm import FakeLLM
from tests.unit.executor.conftest import Make
from tests.unit.executor.test_batches import tasks


def round_of(request: LLMRequest) -> int:
    """Return the number of a request in its conversation, from 1."""
    return sum(message.role == "assistant" for message in request.messages) + 1


class TestIdentity:
    def test_another_temperature_of_the_executors_begins_another_conversation(self, make: Make) -> None:
        llm = FakeLLM(lambda request: "42" if request.temperature and round_of(request) == 1 else "sorry")
        make(llm).execute_batch(tasks("a", parse_fn=int), "x")
        before = llm.calls.total()
        (result,) = make(llm, temperature=0.8).execute_batch(tasks("a", parse_fn=int), "x").task_results
        assert (result.result, llm.calls.total() - before) == (42, 1)

    def test_nor_are_replies_to_another_limit_of_tokens_read_again(self, make: Make) -> None:
        sent: list[int] = []

        def say(request: LLMRequest) -> str:
            sent.append(request.max_output_tokens)
            return str(round_of(request)) if round_of(request) == 3 else "sorry"

        for limit in (100, 200):
            (result,) = make(FakeLLM(say), max_tokens=limit).execute_batch(tasks("a", parse_fn=int), "x").task_results
            assert result.result == 3
        assert sent == [100] * 3 + [200] * 3
