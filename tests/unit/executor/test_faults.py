"""What the fault of a task's own code, of a client or of the disk may cost: its own task, never the others."""

import errno
import os
import threading
import time
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import pytest

from aita import CheckpointError, LLMTask, ProviderBusy, RunStopped, SimpleLLMTask, VisionLLMTask
from aita.memory.prompt_cache import MemoryPromptCaches
from aita.models.result import TaskResult
from aita.services.calls import patience
from aita.services.calls.prompt_cache_gate import LONGEST_FILL_WAIT, SHORTEST_PREFIX, PrefixState
from aita.tasks.request import LLMRequest
from tests.support.fake_llm import COST, FakeLLM, asked
from tests.unit.executor.conftest import Make
from tests.unit.executor.test_batches import SharedLevelTask, levels, tasks

PATIENCE = 60.0


class WatchedPrefixes(MemoryPromptCaches):
    """Prefixes that tell when all the others wait for who goes first."""

    def __init__(self, others: int) -> None:
        super().__init__(time.monotonic)
        self.all_follow = threading.Event()
        self._others = others
        self._waiting: set[int] = set()

    def enter(self, prefix: str) -> PrefixState:
        place = super().enter(prefix)
        if place is PrefixState.FOLLOWS:
            self._waiting.add(threading.get_ident())
            if len(self._waiting) == self._others:
                self.all_follow.set()
        return place


def errors(results: Sequence[TaskResult]) -> list[str]:
    """Return what each result failed of, without the message."""
    return [(result.error or "").partition(":")[0] for result in results]


class TestTasksOwnCode:
    def test_one_that_can_not_tell_with_whom_it_shares_is_asked_alone(self, make: Make) -> None:
        class Unsure(SharedLevelTask):
            def can_batch_with(self, other: Self) -> bool:
                raise KeyError(other.text)

        llm = FakeLLM(levels())
        batch = make(llm).execute_batch([Unsure(text="a"), Unsure(text="bb"), *tasks("c")])
        assert (batch.success_rate, llm.calls.total()) == (1.0, 3)

    def test_one_that_can_not_parse_its_part_fails_alone(self, make: Make) -> None:
        class Broken(SharedLevelTask):
            def parse(self, reply: str) -> Any:
                if self.text == "a":
                    raise KeyError(reply)
                return super().parse(reply)

        batch = make(FakeLLM(levels())).execute_batch([Broken(text="a"), Broken(text="bb"), *tasks("c")])
        assert errors(batch.task_results) == ["TaskCodeError", "", ""]

    @pytest.mark.parametrize("parts", [[], [None], ["{}", 5], RuntimeError])
    def test_one_that_can_not_split_a_reply_has_each_asked_alone(self, make: Make, parts: Any) -> None:
        class Wrong(SharedLevelTask):
            def split_batch_result(self, result: Any, tasks: Sequence[Self]) -> Any:
                if parts is RuntimeError:
                    raise parts
                return parts

        llm = FakeLLM(levels())
        batch = make(llm).execute_batch([Wrong(text="a"), Wrong(text="bb")])
        assert [result.result.level for result in batch.successful_results] == [1, 2]
        assert batch.metrics.cost == COST * llm.calls.total() == COST * 3

    def test_one_that_breaks_over_a_kept_reply_is_new_work(self, make: Make) -> None:
        class Moody(SimpleLLMTask):
            broken: bool = False

            def parse(self, reply: str) -> str:
                if self.broken:
                    raise KeyError(reply)
                return reply

        make(FakeLLM()).execute_batch([Moody(task_id="a", prompt="a")], "x")
        llm = FakeLLM()
        again = make(llm).execute_batch([Moody(task_id="a", prompt="a", broken=True), *tasks("b")], "x", True)
        assert (errors(again.task_results), dict(llm.calls)) == (["TaskCodeError", ""], {"a": 1, "b": 1})

    def test_what_is_no_task_fails_alone(self, make: Make) -> None:
        odd: Any = (each for each in ["no task", *tasks("a")])
        batch = make(FakeLLM()).execute_batch(odd)
        assert errors(batch.task_results) == ["RequestError", ""]

    def test_half_a_character_anywhere_is_one_tasks_problem(self, make: Make) -> None:
        odd = [
            SimpleLLMTask(task_id="prompt", prompt="\ud800"),
            SimpleLLMTask(task_id="prefix", prompt="p", system="\ud800" * 5 * SHORTEST_PREFIX),
            SimpleLLMTask(task_id="id\ud800\0", prompt="p", metadata={"half": "\ud800"}),
        ]
        first = make(FakeLLM()).execute_batch([*odd, *tasks("a")], "half \udc00")
        assert errors(first.task_results) == ["TaskError", "TaskError", "", ""]
        llm = FakeLLM()
        again = make(llm).execute_batch([*odd, *tasks("a")], "half \udc00", resume_from_checkpoint=True)
        assert [result.resumed for result in again.task_results] == [False, False, True, True]
        assert again.task_results[2].metadata == {"half": "\ud800"}


class TestSalvage:
    class Useful(SimpleLLMTask):
        strict: bool = True

        def parse(self, reply: str) -> str:
            return super().parse(reply) if not self.strict else str(int(super().parse(reply)))

        def salvage(self, reply: str) -> str:
            return f"salvaged {reply}"

    def test_what_was_salvaged_comes_back_so(self, make: Make) -> None:
        task = self.Useful(task_id="a", prompt="a", parse_fn=int)
        assert make(FakeLLM()).execute_batch([task], "x").task_results[0].result == "salvaged A"
        llm = FakeLLM()
        (again,) = make(llm).execute_batch([task], "x", resume_from_checkpoint=True).task_results
        assert (again.result, llm.calls.total()) == ("salvaged A", 0)

    def test_what_was_parsed_is_new_work_once_it_no_longer_is(self, make: Make) -> None:
        make(FakeLLM()).execute_batch([self.Useful(task_id="a", prompt="a", strict=False)], "x")
        llm = FakeLLM(lambda _: "7")
        stricter = self.Useful(task_id="a", prompt="a", parse_fn=int)
        (again,) = make(llm).execute_batch([stricter], "x", resume_from_checkpoint=True).task_results
        assert (again.result, llm.calls.total()) == ("7", 1)

    def test_a_reply_with_a_backslash_in_doubt_is_taken_over_unpaid(self, make: Make) -> None:
        task = SharedLevelTask(text="a")
        llm = FakeLLM(lambda _: r'{"level": 7, "note": "x^2\nu + v"}')
        assert make(llm).execute_batch([task], "x").success_rate == 1.0
        (again,) = make(llm).execute_batch([task], "x", resume_from_checkpoint=True).task_results
        assert (again.resumed, llm.calls.total()) == (True, 2)


class TestClient:
    def test_one_that_breaks_is_named(self, make: Make) -> None:
        def say(request: LLMRequest) -> str:
            if asked(request) == "a":
                raise ZeroDivisionError("secret")
            return "fine"

        (result, other) = make(FakeLLM(say)).execute_batch(tasks("a", "b")).task_results
        assert (result.error or "").startswith("TaskError: the llm_client raised ZeroDivisionError")
        assert "secret" not in (result.error or "")
        assert other.success

    def test_what_was_paid_before_a_halt_is_counted_and_the_task_is_still_to_run(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def say(request: LLMRequest) -> str:
            if len(request.messages) > 1:
                raise RunStopped("401")
            return "four"

        halted = make(FakeLLM(say)).execute_batch(tasks("a", parse_fn=int), "x")
        assert errors(halted.task_results) == ["NotRun"]
        assert (halted.metrics.calls, halted.metrics.cost, halted.metrics.throughput) == (1, COST, 0.0)
        monkeypatch.setenv("AITA_RETRY_FAILED_TASKS", "false")
        again = make(FakeLLM(lambda _: "4")).execute_batch(tasks("a", parse_fn=int), "x", resume_from_checkpoint=True)
        assert again.task_results[0].result == 4, "it had no end, and so has not failed"

    def test_a_halt_keeps_nobody_waiting_for_a_prefix(self, make: Make) -> None:
        prefixes = WatchedPrefixes(others=19)

        def refuse(request: LLMRequest) -> str:
            assert prefixes.all_follow.wait(PATIENCE)
            raise RunStopped("401")

        many = tasks(*(f"t{n}" for n in range(20)), system="x" * 4 * SHORTEST_PREFIX)
        executor = make(FakeLLM(refuse), max_workers=20)
        executor.prefixes = prefixes
        begun, used = time.monotonic(), time.process_time()
        assert executor.execute_batch(many).stopped == "401"
        assert time.monotonic() - begun < LONGEST_FILL_WAIT * 0.9
        assert time.process_time() - used < LONGEST_FILL_WAIT / 4, "who waits does not spin"

    def test_the_time_in_calls_leaves_out_the_waits(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(patience, "backoff", lambda *_: 0.3)
        left = ["busy"]

        def say(request: LLMRequest) -> str:
            if left:
                raise ProviderBusy(left.pop())
            return "fine"

        batch = make(FakeLLM(say)).execute_batch(tasks("a"))
        assert batch.metrics.wall_time >= 0.3
        assert batch.task_results[0].execution_time < 0.3

    def test_who_leads_a_prefix_calls_again_as_soon_as_the_provider_lets_it(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(patience, "backoff", lambda *_: 0.01)
        left = ["busy"]

        def say(request: LLMRequest) -> str:
            if left:
                raise ProviderBusy(left.pop())
            return "fine"

        batch = make(FakeLLM(say)).execute_batch(tasks("a", system="x" * 4 * SHORTEST_PREFIX))
        assert batch.metrics.wall_time < LONGEST_FILL_WAIT / 2


class TestImages:
    @staticmethod
    def pages(folder: Path, *names: str, size: int = 10) -> list[LLMTask[Any]]:
        for name in names:
            (folder / name).write_bytes(name.encode() * size)
        return [VisionLLMTask(task_id=name, prompt=name, images=(folder / name,)) for name in names]

    def test_one_that_changes_before_its_call_fails_its_task(self, make: Make, tmp_path: Path) -> None:
        class Late(VisionLLMTask):
            def load_images(self) -> Any:
                images = super().load_images()
                self.images[0].write_bytes(b"another student's") if self.task_id == "b" else self.images[0].unlink()
                return images

        pages = self.pages(tmp_path, "a", "b", "c")
        late = [Late(**dict(page)) for page in pages[:2]]
        batch = make(FakeLLM(), enable_checkpointing=False).execute_batch([*late, pages[2]])
        assert errors(batch.task_results) == ["MissingInputError", "MissingInputError", ""]

    def test_none_is_in_memory_while_its_task_waits(
        self, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held: list[int] = []

        def backoff(*_: Any) -> float:
            held.append(tracemalloc.get_traced_memory()[0])
            return 0.0

        monkeypatch.setattr(patience, "backoff", backoff)
        left = ["busy"]

        def say(request: LLMRequest) -> str:
            body = b"x" * 8_000_000  # as a client makes one of the images
            if left:
                raise ProviderBusy(left.pop() + str(len(body)))
            return "fine"

        pages = self.pages(tmp_path, "a", size=8_000_000)
        executor = make(FakeLLM(say), max_workers=1)
        tracemalloc.start()
        try:
            assert executor.execute_batch(pages).success_rate == 1
        finally:
            tracemalloc.stop()
        assert max(held) < 4_000_000


class TestDisk:
    def test_one_that_is_full_ends_the_batch_and_keeps_what_was_done(
        self, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write, lines = os.write, []

        def full(file: int, data: bytes) -> int:
            if not data.startswith(b'{"id"'):
                return write(file, data)
            lines.append(data)
            if len(lines) == 3:
                return write(file, data[:20])
            if len(lines) > 3:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(file, data)

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", full)
            with pytest.raises(CheckpointError, match="No space left") as caught:
                make(FakeLLM(), max_workers=1).execute_batch(tasks(*"abcdef"), "x")
        assert str(tmp_path) in str(caught.value)
        llm = FakeLLM()
        again = make(llm).execute_batch(tasks(*"abcdef"), "x", resume_from_checkpoint=True)
        assert (again.success_rate, sorted(llm.calls)) == (1.0, list("cdef"))
