"""Results as they finish, awaited batches, and batches that are stopped or interrupted."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from aita import RunStopped, SimpleLLMTask
from aita.errors import RequestError
from aita.executor.batch_executor import BatchInterrupted
from aita.models.result import TaskResult
from aita.tasks.request import LLMRequest
from tests.support.fake_llm import FakeLLM, asked
from tests.unit.executor.conftest import Make
from tests.unit.executor.test_batches import tasks

DEADLINE = 60.0


class HeldLLM(FakeLLM):
    """Answers one prompt after the other, each once it is let go."""

    def __init__(self) -> None:
        super().__init__(self._held)
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Semaphore(0)

    def _held(self, request: LLMRequest) -> str:
        self.begun.release()
        assert self.let_go.acquire(timeout=DEADLINE)
        return asked(request).upper()


class TestStream:
    def test_yields_each_result_as_it_finishes(self, make: Make) -> None:
        llm = HeldLLM()
        results = make(llm, max_workers=1).stream(tasks("a", "b", "c"))
        seen = []
        for _ in range(3):
            llm.let_go.release()
            seen.append(next(results).result)
        assert (seen, list(results)) == (["A", "B", "C"], [])

    def test_has_results_of_the_checkpoint_first(self, make: Make) -> None:
        make(FakeLLM()).execute_batch(tasks("b"), "x")
        seen = [(r.task_id, r.resumed) for r in make(FakeLLM(), max_workers=1).stream(tasks("a", "b"), "x", True)]
        assert seen == [("b", True), ("a", False)]

    def test_a_break_stops_the_batch_and_keeps_what_is_in_flight(self, make: Make) -> None:
        llm = FakeLLM()
        for result in make(llm, max_workers=1).stream(tasks(*(f"t{n}" for n in range(200))), "x"):
            assert result.success
            break
        paid = llm.calls.total()
        assert paid < 200
        again = FakeLLM()
        make(again).execute_batch(tasks(*(f"t{n}" for n in range(200))), "x", True)
        assert paid + again.calls.total() == 200

    def test_what_was_not_run_comes_last(self, make: Make) -> None:
        def say(request: LLMRequest) -> str:
            if asked(request) == "c":
                raise RunStopped("401")
            return "fine"

        seen = list(make(FakeLLM(say), max_workers=1).stream(tasks(*"abcde")))
        assert [result.task_id for result in seen] == list("abcde")
        assert [result.success for result in seen] == [True, True, False, False, False]

    def test_one_that_is_read_to_its_end_was_not_stopped(self, make: Make, caplog: pytest.LogCaptureFixture) -> None:
        async def main() -> int:
            return len([result async for result in make(FakeLLM()).astream(tasks("a", "b"))])

        assert (len(list(make(FakeLLM()).stream(tasks("a", "b")))), asyncio.run(main())) == (2, 2)
        assert "stopped" not in caplog.text

    def test_an_error_of_the_batch_is_raised(self, make: Make) -> None:
        with pytest.raises(RequestError, match="put it into a list"):
            list(make(FakeLLM()).stream(SimpleLLMTask(prompt="a")))  # type: ignore[arg-type]


class TestOnResult:
    def test_gets_each_result_once(self, make: Make) -> None:
        seen: list[TaskResult] = []
        batch = make(FakeLLM()).execute_batch(tasks(*"abcdef"), on_result=seen.append)
        assert sorted(map(id, seen)) == sorted(map(id, batch.task_results))

    def test_what_it_raises_ends_the_batch_in_the_callers_thread(self, make: Make) -> None:
        def full(result: TaskResult) -> None:
            raise OSError(result.task_id)

        with pytest.raises(OSError, match="a"):
            make(FakeLLM(), max_workers=1).execute_batch(tasks("a", "b"), on_result=full)


class TestStop:
    def test_from_another_thread_returns_what_there_is(self, make: Make) -> None:
        llm = HeldLLM()
        executor = make(llm, max_workers=2)

        def stop() -> None:
            for _ in range(2):
                assert llm.begun.acquire(timeout=DEADLINE)
            executor.stop()
            llm.let_go.release(2)

        stopper = threading.Thread(target=stop)
        stopper.start()
        batch = executor.execute_batch(tasks(*"abcdef"))
        stopper.join(DEADLINE)
        assert (batch.stopped, len(batch.successful_results), llm.calls.total()) == ("it was stopped", 2, 2)
        assert all((result.error or "").startswith("NotRun: it was stopped") for result in batch.failed_results)

    def test_reaches_a_stream_that_is_not_read_yet(self, make: Make) -> None:
        llm = FakeLLM()
        executor = make(llm)
        results = executor.stream(tasks("a", "b"))
        executor.stop()
        assert [result.success for result in results] == [False, False]
        assert not llm.calls

    def test_reaches_an_awaited_one_too(self, make: Make) -> None:
        llm = FakeLLM()
        executor = make(llm)

        async def run() -> list[bool]:
            results = executor.astream(tasks("a", "b"))
            executor.stop()
            return [result.success async for result in results]

        assert asyncio.run(run()) == [False, False]
        assert not llm.calls

    def test_nothing_is_stopped_afterwards(self, make: Make) -> None:
        executor = make(FakeLLM())
        executor.stop()
        assert executor.execute_batch(tasks("a")).success_rate == 1.0


class TestInterrupt:
    @pytest.mark.parametrize(
        ("checkpointing", "hint"),
        [
            (True, "execute_batch(tasks, resume_from_checkpoint=True) goes on"),
            (False, "execute_batch(tasks) runs all of them anew"),
        ],
    )
    def test_carries_the_results_so_far(
        self,
        make: Make,
        checkpointing: bool,
        hint: str,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        ended: list[TaskResult] = []

        @contextmanager
        def interrupted_progress(*_: Any, **__: Any) -> Iterator[Callable[..., None]]:
            """Interrupt the main thread once, where Ctrl-C reaches it, after the first task has ended."""
            left = [KeyboardInterrupt()]

            def show(*_: Any) -> None:
                if ended and left:
                    raise left.pop()

            yield show

        def record(result: TaskResult) -> None:
            ended.append(result)
            llm.let_go.release()

        monkeypatch.setattr("aita.executor.in_process.progress", interrupted_progress)
        llm = HeldLLM()
        llm.let_go.release()
        executor = make(llm, max_workers=1, enable_checkpointing=checkpointing)
        with pytest.raises(KeyboardInterrupt) as caught:
            executor.execute_batch(tasks(*(f"t{number}" for number in range(5000))), on_result=record)
        assert isinstance(caught.value, BatchInterrupted)
        partial = caught.value.partial
        assert str(caught.value) == f"{len(ended)} of 5000 tasks have a result: {hint}"
        assert partial.stopped == "it was interrupted"
        assert {id(result) for result in partial.successful_results} == {id(result) for result in ended}
        assert len(partial.task_results) == 5000
        assert partial.failed_results[0].error == f"NotRun: it was interrupted: {hint}"
        assert f"of 5000 tasks are done; {hint}\n" in capsys.readouterr().err


class TestAwaited:
    def test_the_loop_is_free_meanwhile(self, make: Make) -> None:
        llm = HeldLLM()

        async def main() -> Any:
            batch = asyncio.ensure_future(make(llm).aexecute(tasks("a", "b")))
            await asyncio.to_thread(llm.begun.acquire, timeout=DEADLINE)
            llm.let_go.release(2)
            return await batch

        assert asyncio.run(main()).success_rate == 1.0

    def test_a_cancellation_stops_it_and_keeps_what_is_in_flight(self, make: Make) -> None:
        llm = HeldLLM()

        async def main() -> None:
            batch = asyncio.ensure_future(make(llm, max_workers=1).aexecute(tasks(*"abcd"), "x"))
            await asyncio.to_thread(llm.begun.acquire, timeout=DEADLINE)
            batch.cancel()
            asyncio.get_running_loop().call_later(0.01, llm.let_go.release)
            with pytest.raises(asyncio.CancelledError):
                await batch

        asyncio.run(main())
        again = FakeLLM()
        make(again).execute_batch(tasks(*"abcd"), "x", True)
        assert sorted(again.calls) == list("bcd")

    def test_any_number_run_at_once_and_leave_the_loops_threads_alone(self, make: Make) -> None:
        count = 40  # more than the threads of a loop
        all_run = threading.Barrier(count + 1)

        def meet(_: LLMRequest) -> str:
            all_run.wait(DEADLINE)
            return "fine"

        async def main() -> list[float]:
            executor = make(FakeLLM(meet), enable_checkpointing=False)
            batches = [executor.aexecute(tasks(f"t{number}")) for number in range(count)]
            meeting = asyncio.create_task(asyncio.to_thread(all_run.wait, DEADLINE))
            ended = await asyncio.gather(*batches)
            await meeting
            return [batch.success_rate for batch in ended]

        assert asyncio.run(main()) == [1.0] * count

    def test_one_that_has_just_begun_is_stopped(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        late = threading.Event()
        run = threading.Thread.run

        def run_late(thread: threading.Thread) -> None:
            assert late.wait(DEADLINE)
            run(thread)

        async def main() -> str | None:
            executor = make(llm)
            with monkeypatch.context() as patched:
                patched.setattr(threading.Thread, "run", run_late)
                batch = asyncio.ensure_future(executor.aexecute(tasks("a", "b")))
                await asyncio.sleep(0)
                executor.stop()
                late.set()
            return (await batch).stopped

        llm = FakeLLM()
        assert (asyncio.run(main()), llm.calls.total()) == ("it was stopped", 0)

    def test_a_stream(self, make: Make) -> None:
        async def main() -> list[str | None]:
            return [result.result async for result in make(FakeLLM(), max_workers=1).astream(tasks(*"abc"))]

        assert asyncio.run(main()) == list("ABC")

    def test_a_stream_that_is_left(self, make: Make) -> None:
        llm = FakeLLM()

        async def main() -> None:
            results = make(llm, max_workers=1).astream(tasks(*(f"t{n}" for n in range(500))))
            async for result in results:
                assert result.success
                break
            await results.aclose()

        asyncio.run(main())
        assert llm.calls.total() < 500
