"""Batches at the provider in process: equal results, and a process that was killed goes on with the same batch."""

import os
import stat
import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aita import (
    BatchExecutionResult,
    CheckpointError,
    SettingsError,
    SimpleLLMTask,
    cleanup_checkpoints,
    create_executor,
)
from aita.errors import BatchGoneError, TaskError
from aita.executor.batch_folder import BatchFolder
from aita.executor.in_process import InProcessExecutor
from aita.models.run import Usage
from aita.ports import ProviderBatch, Reply
from aita.services.calls import batch_queue
from aita.services.calls.reply_cache import CachedReply
from aita.tasks.request import LLMRequest
from tests.support.fake_batches import FakeBatches
from tests.support.fake_llm import COST, FakeLLM, answer, asked
from tests.support.fakes import NONSENSE

WORDS = ("one", "two", "three", "four")


WORDED = [SimpleLLMTask(task_id=word, prompt=word) for word in WORDS]


class Killed(BaseException):
    """The process dies here."""


class Answers:
    """The model behind the batches."""

    def __init__(self, llm: FakeLLM) -> None:
        self._llm = llm

    def answer(self, request: LLMRequest) -> Reply:
        return answer(self._llm.say(request))

    def price(self, reply: Reply) -> Usage:
        return self._llm.price(reply)


class BatchedLLM(FakeLLM):
    """A client of the caller's with batches."""

    def __init__(self, say: Callable[[LLMRequest], str] | None = None) -> None:
        super().__init__(say)
        self.batches = FakeBatches(Answers(self))

    def highest_cost(self, request: LLMRequest) -> Decimal:
        return COST


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_queue, "ROUND", batch_queue.ROUND * 0)


def make_executor(llm: FakeLLM, folder: Path, **settings: Any) -> InProcessExecutor:
    values: dict[str, Any] = {"provider_batch": "first", "batch_size": 1} | settings
    batch_size = values.pop("batch_size")
    executor = create_executor(llm, rate_limit=0, show_progress=False, checkpoint_dir=folder, **values)
    assert isinstance(executor, InProcessExecutor)
    executor.config = executor.config.model_copy(update={"batch_size": batch_size})
    return executor


def execute(
    llm: FakeLLM, folder: Path, *, wait: Callable[[float], object] | None = None, tasks: Any = None, **settings: Any
) -> BatchExecutionResult:
    executor = make_executor(llm, folder, **settings)
    executor.wait = wait or (lambda seconds: None)
    return executor.execute_batch(tasks or WORDED, "words")


def all_done(batch: BatchExecutionResult) -> bool:
    return not batch.failed_results


def left(folder: Path) -> list[Path]:
    return list(folder.glob("*.batches"))


def test_results_are_those_of_calls_at_half_the_price(tmp_path: Path) -> None:
    llm = BatchedLLM()
    batch = execute(llm, tmp_path)
    assert [result.result for result in batch.task_results] == [word.upper() for word in WORDS]
    assert llm.calls.total() == 1
    assert sum(result.usage.batch_calls for result in batch.task_results) == 3
    assert sum((result.usage.cost_usd for result in batch.task_results), Decimal(0)) == COST * (1 + Decimal("0.5") * 3)
    assert left(tmp_path) == [], "all is in the checkpoint"
    again = execute(BatchedLLM(), tmp_path)
    assert all(result.resumed for result in again.task_results)


def test_what_no_batch_answers_is_called_and_only_then(tmp_path: Path) -> None:
    llm = BatchedLLM()
    llm.batches.unanswered = lambda request: asked(request) == "three"
    batch = execute(llm, tmp_path)
    assert all_done(batch)
    assert llm.calls == {"one": 1, "three": 1}


def test_with_batches_only_it_fails_until_the_batch_is_executed_again(tmp_path: Path) -> None:
    llm = BatchedLLM()
    llm.batches.unanswered = lambda request: asked(request) == "three"
    batch = execute(llm, tmp_path, provider_batch="only")
    (failed,) = batch.failed_results
    assert (failed.task_id, (failed.error or "").partition(":")[0]) == ("three", "UnansweredError")
    llm.batches.unanswered = lambda request: False
    assert all_done(execute(llm, tmp_path, provider_batch="only"))
    assert llm.calls.total() <= 2
    assert len({asked(request) for request in llm.batches.answered}) == len(llm.batches.answered)


def test_with_batches_only_the_request_after_an_invalid_reply_is_in_the_next_batch(tmp_path: Path) -> None:
    def say(request: LLMRequest) -> str:
        again = any(message.role == "assistant" for message in request.messages)
        return NONSENSE if asked(request) in ("two", "three") and not again else "fine"

    def parse(text: str) -> str:
        if text == NONSENSE:
            raise ValueError(text)
        return text

    llm = BatchedLLM(say)
    tasks = [SimpleLLMTask(task_id=word, prompt=word, parse_fn=parse) for word in WORDS]
    first = execute(llm, tmp_path, tasks=tasks, provider_batch="only")
    assert [each.task_id for each in first.failed_results] == ["two", "three"]
    last = execute(llm, tmp_path, tasks=tasks, provider_batch="only")
    assert all_done(last)
    assert (llm.calls, len(llm.batches.submitted)) == ({"one": 1, "two": 1}, 4)
    paid = [result.paid.cost_usd for batch in (first, last) for result in batch.task_results if not result.resumed]
    assert sum(paid) == COST * (2 + Decimal("0.5") * 4)
    assert left(tmp_path) == []


def test_an_invalid_reply_is_asked_again_by_a_call(tmp_path: Path) -> None:
    def say(request: LLMRequest) -> str:
        again = any(message.role == "assistant" for message in request.messages)
        return NONSENSE if asked(request) == "two" and not again else "fine"

    def parse(text: str) -> str:
        if text == NONSENSE:
            raise ValueError(text)
        return text

    llm = BatchedLLM(say)
    tasks = [SimpleLLMTask(task_id=word, prompt=word, parse_fn=parse) for word in WORDS]
    batch = execute(llm, tmp_path, tasks=tasks)
    assert [result.result for result in batch.task_results] == ["fine"] * 4
    assert llm.calls == {"one": 1, "two": 1}


def test_a_lost_batch_halts_one_execution_and_the_next_one_asks_again(tmp_path: Path) -> None:
    def die(seconds: float) -> None:
        raise Killed

    def unknown(batch_id: str) -> ProviderBatch:
        if batch_id == "batch-0":
            raise BatchGoneError("the provider knows it no longer")
        return get(batch_id)

    llm = BatchedLLM()
    get, llm.batches.get = llm.batches.get, unknown  # type: ignore[method-assign]
    llm.batches.find = lambda file_id, token: []  # type: ignore[method-assign]
    with pytest.raises(Killed):
        execute(llm, tmp_path, wait=die)
    halted = execute(llm, tmp_path)
    assert len(halted.failed_results) == 3
    assert len(llm.batches.submitted) == 3, "nothing is asked again unasked"
    assert all_done(execute(llm, tmp_path))


@pytest.mark.parametrize("line", [b"5", b"[1, 2, 3]", b"\xff", b'[{"a": 1}, {}]', b"{}"])
def test_a_damaged_line_of_replies_is_passed_over(tmp_path: Path, line: bytes) -> None:
    folder = BatchFolder.of(tmp_path, "words")
    folder.path.mkdir()
    (folder.path / "replies.jsonl").write_bytes(line + b"\n")
    assert BatchFolder.of(tmp_path, "words").replies == {}


def test_a_killed_process_goes_on_with_the_same_batch(tmp_path: Path) -> None:
    llm = BatchedLLM()
    llm.batches.looks = 3

    def die(seconds: float) -> None:
        raise Killed

    for _ in range(3):
        with pytest.raises(Killed):
            execute(llm, tmp_path, wait=die)
    assert len(llm.batches.batches) == 1
    assert all_done(execute(llm, tmp_path))
    assert len(llm.batches.batches) == 1
    assert len(set(llm.batches.submitted)) == len(llm.batches.submitted) == 3
    assert llm.calls.total() == 1, "the reply that was asked at once is kept"
    assert left(tmp_path) == []


@pytest.mark.parametrize("after", [False, True])
def test_no_kill_submits_twice(tmp_path: Path, after: bool) -> None:
    """The process dies before or after each request to the provider and each write of the batches' files."""
    kills = place = 0
    while True:
        llm, folder, effects = BatchedLLM(), tmp_path / str(place), iter(range(1000))

        def dying(do: Callable[..., Any], effects: Any = effects, place: int = place) -> Callable[..., Any]:
            def act(*args: Any, **named: Any) -> Any:
                is_here = next(effects) == place
                if is_here and not after:
                    raise Killed
                done = do(*args, **named)
                if is_here:
                    raise Killed
                return done

            return act

        with pytest.MonkeyPatch.context() as patched:
            for name in ("upload", "create", "find", "get", "delete"):
                patched.setattr(llm.batches, name, dying(getattr(llm.batches, name)))
            patched.setattr(os, "replace", dying(os.replace))
            patched.setattr(Path, "replace", dying(Path.replace))
            try:
                execute(llm, folder)
            except Killed:
                kills += 1
            else:
                break
        batch = execute(llm, folder)
        assert [result.result for result in batch.task_results] == [word.upper() for word in WORDS], place
        assert len(set(llm.batches.submitted)) == len(llm.batches.submitted), place
        assert left(folder) == []
        place += 1
    assert kills >= 10


def test_a_reply_that_was_cut_off_does_not_take_the_next_one_with_it(tmp_path: Path) -> None:
    folder = BatchFolder.of(tmp_path, "words")
    folder.path.mkdir()
    kept = [CachedReply.of(answer(word), Usage(), paid_by="task 0") for word in WORDS]
    folder.keep("a", kept[0])
    with (folder.path / "replies.jsonl").open("ab") as file:
        file.write(b'["b", {"te')
    again = BatchFolder.of(tmp_path, "words")
    again.keep("c", kept[1])
    assert BatchFolder.of(tmp_path, "words").replies == {"a": kept[0], "c": kept[1]}


def test_tasks_that_share_a_call_share_a_request_of_a_batch(tmp_path: Path) -> None:
    llm = BatchedLLM()
    assert all_done(execute(llm, tmp_path, batch_size=5))


def test_asked_afresh_an_open_batch_is_not_paid_beside_and_old_replies_are_not_taken(tmp_path: Path) -> None:
    llm = BatchedLLM()
    executor = killed_beside_an_open_batch(llm, tmp_path)
    with pytest.raises(CheckpointError, match="a batch of 3 requests of this checkpoint_name is open"):
        executor.execute_batch(WORDED, "words", resume_from_checkpoint=False)
    assert len(llm.batches.submitted) == 3
    assert executor.execute_batch(WORDED, "words").success_rate == 1
    assert executor.execute_batch(WORDED, "words", resume_from_checkpoint=False).success_rate == 1
    assert len(llm.batches.submitted) == 6


@pytest.mark.parametrize("damage", [b"", b"{", b'{"attempt": 1, "batches": 3}'])
def test_a_damaged_book_is_told_and_nothing_is_paid_again(tmp_path: Path, damage: bytes) -> None:
    llm = BatchedLLM()
    executor = killed_beside_an_open_batch(llm, tmp_path)
    (book,) = tmp_path.glob("*/batches.json")
    whole = book.read_bytes()
    book.write_bytes(damage)
    with pytest.raises(CheckpointError, match="is damaged or lost, and tells which batches at the provider are paid"):
        executor.execute_batch(WORDED, "words")
    assert len(llm.batches.submitted) == 3
    book.write_bytes(whole)
    assert executor.execute_batch(WORDED, "words").success_rate == 1
    assert len(llm.batches.submitted) == 3


def killed_beside_an_open_batch(llm: BatchedLLM, folder: Path) -> InProcessExecutor:
    """Return the executor of a process that died when it first looked at its batch."""
    get, looks = llm.batches.get, 0

    def look(batch_id: str) -> ProviderBatch:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise Killed
        return get(batch_id)

    llm.batches.looks = 10
    llm.batches.get = look  # type: ignore[method-assign] # the fake has no fault of this kind
    executor = make_executor(llm, folder)
    executor.wait = lambda seconds: None
    with pytest.raises(Killed):
        executor.execute_batch(WORDED, "words")
    return executor


def test_a_stopped_batch_leaves_the_providers_batch_for_the_next_time(tmp_path: Path) -> None:
    llm = BatchedLLM()
    llm.batches.looks = 1000
    executor = create_executor(llm, show_progress=False, checkpoint_dir=tmp_path, provider_batch="first")
    assert isinstance(executor, InProcessExecutor)
    executor.wait = lambda seconds: executor.stop()
    tasks = [SimpleLLMTask(task_id=word, prompt=word) for word in WORDS]
    batch = executor.execute_batch(tasks, "words")
    assert batch.stopped == "it was stopped"
    assert [each.cancelled for each in llm.batches.batches] == [False]
    llm.batches.looks = 0
    llm.batches.batches[0].left = 0
    assert all_done(execute(llm, tmp_path))
    assert len(llm.batches.batches) == 1


@pytest.mark.parametrize("cap", ["0.021", "0.03", "1"])
def test_a_cap_is_kept(tmp_path: Path, cap: str) -> None:
    llm = BatchedLLM()
    batch = execute(llm, tmp_path, max_cost_usd=Decimal(cap))
    spent = sum((result.usage.cost_usd for result in batch.task_results), Decimal(0))
    assert spent <= Decimal(cap)
    assert all_done(batch) is (Decimal(cap) >= COST * (1 + Decimal("0.5") * 3))


def test_what_has_no_name_or_no_batches_is_refused(tmp_path: Path) -> None:
    executor = create_executor(BatchedLLM(), checkpoint_dir=tmp_path, provider_batch="first", show_progress=False)
    with pytest.raises(SettingsError, match="checkpoint_name"):
        executor.execute_batch([SimpleLLMTask(prompt="a")])
    with pytest.raises(SettingsError, match="has no batches"):
        execute(FakeLLM(), tmp_path)
    with pytest.raises(SettingsError, match="provider_batch is wrong: it takes never"):
        create_executor(BatchedLLM(), provider_batch="always")  # type: ignore[arg-type]


@pytest.mark.parametrize("request_name", ["upload", "get", "replies"])
def test_a_refused_request_about_batches_stops_the_tasks_with_its_reason(tmp_path: Path, request_name: str) -> None:
    def refuse(*args: Any) -> Any:
        raise TaskError("the provider answered 400")

    llm = BatchedLLM()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(llm.batches, request_name, refuse)
        batch = execute(llm, tmp_path)
    assert "batches: the provider answered 400" in (batch.stopped or "")
    assert all_done(execute(llm, tmp_path))
    assert len(set(llm.batches.submitted)) == len(llm.batches.submitted)


def tasks_of(*words: str) -> list[SimpleLLMTask]:
    return [SimpleLLMTask(task_id=word, prompt=word) for word in words]


def killed_with_an_open_batch(llm: BatchedLLM, folder: Path) -> None:
    def die(seconds: float) -> None:
        raise Killed

    with pytest.raises(Killed):
        execute(llm, folder, wait=die)


def cost_of(*batches: BatchExecutionResult) -> Decimal:
    return sum((result.paid.cost_usd for batch in batches for result in batch.task_results), Decimal(0))


@pytest.mark.parametrize("between", [("four",), ("other",), ("two", "other"), ()])
def test_other_tasks_of_the_name_leave_the_replies_to_theirs(tmp_path: Path, between: tuple[str, ...]) -> None:
    llm = BatchedLLM()
    killed_with_an_open_batch(llm, tmp_path)
    some = [execute(llm, tmp_path, tasks=tasks_of(*between)) for _ in range(2)] if between else []
    if not between:
        assert not make_executor(llm, tmp_path).execute_batch([], "words").task_results
    last = execute(llm, tmp_path)
    assert all_done(last)
    assert sorted(asked(request) for request in llm.batches.answered if asked(request) in WORDS) == [
        "four",
        "three",
        "two",
    ]
    assert set(llm.calls) <= {"one", "other"}
    assert llm.calls["one"] == 1
    assert cost_of(*some, last) == COST * (llm.calls.total() + Decimal("0.5") * len(llm.batches.answered))
    assert left(tmp_path) == []


def test_tasks_that_are_done_leave_an_open_batch_to_others(tmp_path: Path) -> None:
    llm = BatchedLLM()
    assert all_done(execute(llm, tmp_path, provider_batch="never", tasks=tasks_of("zero")))
    killed_with_an_open_batch(llm, tmp_path)
    assert all_done(execute(llm, tmp_path, tasks=tasks_of("zero")))
    assert all_done(execute(llm, tmp_path))
    assert len(llm.batches.batches) == 1
    assert left(tmp_path) == []


def test_replies_are_read_by_their_owner_only(tmp_path: Path) -> None:
    llm = BatchedLLM()
    killed_with_an_open_batch(llm, tmp_path)
    (folder,) = left(tmp_path)
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_without_batches_the_replies_that_are_there_are_taken(tmp_path: Path) -> None:
    llm = BatchedLLM()
    killed_with_an_open_batch(llm, tmp_path)
    executor = make_executor(llm, tmp_path, provider_batch="first")
    executor.wait = lambda seconds: None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(llm.batches, "delete", lambda file_id: executor.stop())
        assert executor.execute_batch(tasks_of(*WORDS), "words").stopped
    batch = execute(llm, tmp_path, provider_batch="never", max_cost_usd=COST * Decimal("2.5"))
    assert all_done(batch)
    assert (llm.calls, cost_of(batch)) == ({"one": 1}, COST * Decimal("2.5"))
    assert left(tmp_path) == []


def test_without_batches_those_that_are_there_count_under_the_cap(tmp_path: Path) -> None:
    llm = BatchedLLM()
    killed_with_an_open_batch(llm, tmp_path)
    batch = execute(llm, tmp_path, provider_batch="never", max_cost_usd=COST * 3)
    assert [result.success for result in batch.task_results].count(True) == 3
    assert llm.calls.total() == 3


def test_without_batches_an_open_one_is_told_of_and_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    llm = BatchedLLM()
    killed_with_an_open_batch(llm, tmp_path)
    assert all_done(execute(llm, tmp_path, provider_batch="never", tasks=tasks_of("one", "two")))
    assert "open at the provider, of 3 requests" in caplog.text
    assert llm.calls == {"one": 1, "two": 1}
    assert all_done(execute(llm, tmp_path))
    assert llm.calls == {"one": 1, "two": 1}
    assert len(llm.batches.batches) == 1


def test_a_cleanup_removes_the_replies_unless_a_batch_is_open(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    llm = BatchedLLM()
    killed_with_an_open_batch(llm, tmp_path)
    (folder,) = left(tmp_path)
    assert cleanup_checkpoints(timedelta(days=1), tmp_path) == []
    assert folder not in cleanup_checkpoints(timedelta(seconds=-60), tmp_path)
    assert "a batch of 3 requests is open" in caplog.text
    assert all_done(execute(llm, tmp_path, tasks=tasks_of("other")))
    assert folder.exists()
    assert folder in cleanup_checkpoints(timedelta(seconds=-60), tmp_path)
    assert left(tmp_path) == []


def test_a_cap_that_ends_the_batches_leaves_the_results_of_what_is_paid(tmp_path: Path) -> None:
    llm = BatchedLLM()
    batch = execute(llm, tmp_path, max_cost_usd=COST * 2, tasks=tasks_of(*WORDS, "five"))
    done = [result for result in batch.task_results if result.success]
    assert len(done) == llm.calls.total() + len(llm.batches.answered) == 3
    assert cost_of(batch) == COST * 2
    assert "cap" in (batch.stopped or "")
    assert all_done(execute(llm, tmp_path, tasks=tasks_of(*WORDS, "five")))
    assert len(set(llm.batches.submitted)) == len(llm.batches.submitted) == 3
    assert llm.calls.total() == 2, "each execution asks one at once"
    assert left(tmp_path) == []


def test_threads_keep_replies_one_at_a_time(tmp_path: Path) -> None:
    llm, threads = BatchedLLM(), threading.active_count()
    tasks = [SimpleLLMTask(task_id=str(number), prompt=str(number)) for number in range(200)]
    batch = execute(llm, tmp_path, tasks=tasks)
    assert all_done(batch)
    assert llm.calls.total() == 1
    assert threading.active_count() <= threads
