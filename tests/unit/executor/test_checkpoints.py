"""What is kept of a batch: nothing lost, nothing paid twice, whatever byte the file ends at."""

import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from aita import CheckpointError, SettingsError, SimpleLLMTask, cleanup_checkpoints, latest_checkpoint
from aita.ports import Reply
from aita.tasks.request import LLMRequest
from tests.support.fake_llm import COST, FakeLLM, asked
from tests.unit.executor.conftest import Make
from tests.unit.executor.test_batches import tasks

PATIENCE = 60.0


class Word(BaseModel):
    word: str


def words(*names: str) -> list[SimpleLLMTask]:
    return tasks(*names, parse_fn=lambda text: Word(word=text))


def newest(tmp_path: Path, name: str) -> Path:
    path = latest_checkpoint(name, tmp_path / "checkpoints")
    assert path is not None
    return path


class TestResume:
    def test_results_are_the_objects_that_they_were(self, make: Make) -> None:
        first = make(FakeLLM()).execute_batch(words("a", "b"), "x")
        llm = FakeLLM()
        again = make(llm).execute_batch(words("a", "b", "c"), "x", resume_from_checkpoint=True)
        assert [result.result for result in again.task_results] == [Word(word="A"), Word(word="B"), Word(word="C")]
        assert dict(llm.calls) == {"c": 1}
        assert (again.metrics.resumed, again.metrics.calls) == (2, 1)
        assert again.task_results[0].usage == first.task_results[0].usage

    @pytest.mark.parametrize(
        ("name", "resume", "calls"),
        [("x", None, 0), ("x", True, 0), ("x", False, 1), (None, None, 1), (None, True, 0), (None, False, 1)],
    )
    def test_is_what_a_name_means_unless_it_is_refused(
        self, make: Make, name: str | None, resume: bool | None, calls: int
    ) -> None:
        make(FakeLLM()).execute_batch(tasks("a"), name)
        llm = FakeLLM()
        assert make(llm).execute_batch(tasks("a"), name, resume).task_results[0].result == "A"
        assert llm.calls.total() == calls

    def test_of_a_name_without_a_checkpoint_begins_one(self, make: Make) -> None:
        assert make(FakeLLM()).execute_batch(tasks("a"), "x", True).success_rate == 1
        assert make(FakeLLM()).execute_batch(tasks("a"), "x", True).metrics.resumed == 1

    def test_a_prompt_changed_and_changed_back_is_paid_once(self, make: Make) -> None:
        llm = FakeLLM()
        for prompt in ("a", "b", "a", "b"):
            make(llm).execute_batch([SimpleLLMTask(task_id="one", prompt=prompt)], "x")
        assert dict(llm.calls) == {"a": 1, "b": 1}

    def test_a_batch_begun_afresh_hides_none_before(self, make: Make) -> None:
        make(FakeLLM()).execute_batch(tasks("a", "b"), "x")
        afresh = FakeLLM(lambda _: "new")
        make(afresh).execute_batch(tasks("a"), "x", resume_from_checkpoint=False)
        llm = FakeLLM()
        again = make(llm).execute_batch(tasks("a", "b"), "x")
        assert ([each.result for each in again.task_results], llm.calls.total()) == (["new", "B"], 0)

    def test_a_changed_prompt_or_model_is_new_work(self, make: Make) -> None:
        make(FakeLLM()).execute_batch(tasks("a"), "x")
        llm = FakeLLM()
        changed = [SimpleLLMTask(task_id="a", prompt="b")]
        assert make(llm).execute_batch(changed, "x", resume_from_checkpoint=True).task_results[0].result == "B"
        other = FakeLLM()
        other.model = "other"
        make(other).execute_batch(changed, "x", resume_from_checkpoint=True)
        assert (llm.calls.total(), other.calls.total()) == (1, 1)

    def test_metadata_are_those_of_the_task_as_it_is_now(self, make: Make) -> None:
        make(FakeLLM()).execute_batch(tasks("a", metadata={"line": 1}), "x")
        (result,) = make(FakeLLM()).execute_batch(tasks("a", metadata={"line": 7}), "x").task_results
        assert (result.resumed, result.metadata) == (True, {"line": 7})

    @pytest.mark.parametrize("retry", [True, False])
    def test_a_reply_that_failed_is_read_once_more_and_not_paid_again(
        self, make: Make, retry: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AITA_RETRY_FAILED_TASKS", str(retry))
        make(FakeLLM()).execute_batch(tasks("a", parse_fn=lambda text: {}[text]), "x")
        llm = FakeLLM()
        (result,) = make(llm).execute_batch(tasks("a"), "x", resume_from_checkpoint=True).task_results
        assert (result.result, result.resumed, result.cost, llm.calls.total()) == ("A", True, COST, 0)

    @pytest.mark.parametrize("retry", [True, False])
    def test_a_task_that_still_fails_is_run_again_if_wanted(
        self, make: Make, retry: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AITA_RETRY_FAILED_TASKS", str(retry))
        make(FakeLLM()).execute_batch(tasks("a", parse_fn=lambda text: {}[text]), "x")
        llm = FakeLLM(lambda _: "b")
        again = tasks("a", parse_fn=lambda text: {"b": 7}[text])
        (result,) = make(llm).execute_batch(again, "x", resume_from_checkpoint=True).task_results
        assert (result.result, llm.calls.total()) == ((7, 1) if retry else (None, 0))

    @pytest.mark.parametrize("end", [{"refusal": True}, {"finish_reason": "length"}, {"finish_reason": "error"}])
    def test_a_refused_or_truncated_reply_is_never_read_as_a_whole_one(self, make: Make, end: dict[str, Any]) -> None:
        class Ending(FakeLLM):
            def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
                return replace(super().complete(request, images), **end)

        make(Ending()).execute_batch(tasks("a"), "x")
        llm = FakeLLM(lambda _: "whole")
        (result,) = make(llm).execute_batch(tasks("a"), "x", resume_from_checkpoint=True).task_results
        assert (result.result, llm.calls.total()) == ("whole", 1)

    def test_a_reply_that_no_longer_parses_is_new_work(self, make: Make) -> None:
        make(FakeLLM()).execute_batch(tasks("a"), "x")
        llm = FakeLLM(lambda _: "7")
        (result,) = make(llm).execute_batch(tasks("a", parse_fn=int), "x", resume_from_checkpoint=True).task_results
        assert (result.result, llm.calls.total()) == (7, 1)

    @pytest.mark.slow
    def test_a_file_that_ends_at_any_byte(self, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(os, "fsync", lambda file: None)  # hundreds of times the disk's own pace
        make(FakeLLM()).execute_batch(words("ä", "b"), "x")
        path = newest(tmp_path, "x")
        whole = path.read_bytes()
        complete = [at for at, byte in enumerate(whole) if byte == ord("\n")]
        for end in range(len(whole) + 1):
            path.write_bytes(whole[:end])
            llm = FakeLLM()
            again = make(llm).execute_batch(words("ä", "b"), "x", resume_from_checkpoint=True)
            assert [result.result for result in again.task_results] == [Word(word="Ä"), Word(word="B")]
            assert llm.calls.total() == 2 - max(0, sum(at <= end for at in complete) - 1)
            for line in path.read_text("ascii").splitlines():
                json.loads(line)
            last = FakeLLM()
            make(last).execute_batch(words("ä", "b"), "x", resume_from_checkpoint=True)
            assert last.calls.total() == 0, "what was cut off is not left in the middle"


class TestRefusals:
    @pytest.mark.parametrize("resume", [None, True, False])
    def test_a_file_that_another_version_of_aita_has(self, make: Make, tmp_path: Path, resume: bool | None) -> None:
        make(FakeLLM()).execute_batch(tasks("a"), "x")
        with newest(tmp_path, "x").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            with pytest.raises(CheckpointError, match="in use"):
                make(FakeLLM()).execute_batch(tasks("b"), "x", resume)

    @pytest.mark.parametrize("resume", [None, True, False])
    def test_two_threads_of_one_name(self, make: Make, resume: bool | None) -> None:
        begun, go_on = threading.Event(), threading.Event()

        def say(request: LLMRequest) -> str:
            begun.set()
            assert go_on.wait(PATIENCE)
            return asked(request).upper()

        llm = FakeLLM()
        with ThreadPoolExecutor(1) as thread:
            running = thread.submit(make(FakeLLM(say)).execute_batch, tasks("a"), "x")
            try:
                assert begun.wait(PATIENCE)
                with pytest.raises(CheckpointError, match=r"in use by another batch of this name.*checkpoint_name"):
                    make(llm).execute_batch(tasks("a", "b"), "x", resume)
                assert make(llm).execute_batch(tasks("c"), "y", resume).success_rate == 1
            finally:
                go_on.set()
            assert running.result(PATIENCE).success_rate == 1
        assert dict(llm.calls) == {"c": 1}
        assert make(llm).execute_batch(tasks("a"), "x").metrics.resumed == 1, "the name is free again"

    def test_threads_without_a_name_disturb_nobody(self, make: Make) -> None:
        together = threading.Barrier(3, timeout=PATIENCE)

        def say(request: LLMRequest) -> str:
            together.wait()
            return asked(request)

        executor = make(FakeLLM(say))
        with ThreadPoolExecutor(3) as threads:
            batches = list(threads.map(executor.execute_batch, [tasks(name) for name in "abc"]))
        assert [each.task_results[0].result for each in batches] == list("abc")
        assert make(FakeLLM()).execute_batch(tasks(*"abc"), None, True).metrics.resumed == 3

    def test_a_folder_that_can_not_be_made(self, make: Make, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        llm = FakeLLM()
        with pytest.raises(CheckpointError, match="can't be written"):
            make(llm, checkpoint_dir=tmp_path / "file" / "x").execute_batch(tasks("a"))
        assert llm.calls.total() == 0

    def test_a_resume_without_checkpointing(self, make: Make) -> None:
        with pytest.raises(SettingsError, match="enable_checkpointing"):
            make(FakeLLM(), enable_checkpointing=False).execute_batch(tasks("a"), "x", resume_from_checkpoint=True)


class TestFiles:
    def test_names_are_exact(self, make: Make, tmp_path: Path) -> None:
        names = ["mid", "midterm", "mid/term", "..", "Übung № 3", "x" * 300, "mid term", "", "*"]
        for name in names:
            make(FakeLLM()).execute_batch(tasks("a"), name or None)
        found = [latest_checkpoint(name or "batch", tmp_path / "checkpoints") for name in names]
        assert None not in found
        assert len(set(found)) == len(names)
        assert latest_checkpoint("midt", tmp_path / "checkpoints") is None
        assert latest_checkpoint("x", tmp_path / "nowhere") is None

    def test_the_newest_counts(self, make: Make, tmp_path: Path) -> None:
        make(FakeLLM()).execute_batch(tasks("a"), "x")
        before = newest(tmp_path, "x")
        make(FakeLLM()).execute_batch(tasks("a", "b"), "x")
        assert newest(tmp_path, "x") == before
        make(FakeLLM()).execute_batch(tasks("a"), "x", resume_from_checkpoint=False)
        assert newest(tmp_path, "x") > before

    def test_only_their_owner_reads_them(self, make: Make, tmp_path: Path) -> None:
        make(FakeLLM()).execute_batch(tasks("a"), "x")
        path = newest(tmp_path, "x")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_old_ones_are_removed_and_nothing_else(self, make: Make, tmp_path: Path) -> None:
        for name in ("old", "new"):
            make(FakeLLM()).execute_batch(tasks("a"), name)
        old, other = newest(tmp_path, "old"), tmp_path / "checkpoints" / "mine.jsonl"
        other.write_text("")
        for path in (old, other):
            os.utime(path, (1, 1))
        assert cleanup_checkpoints(timedelta(days=1), tmp_path / "checkpoints") == [old]
        assert other.exists()
        assert latest_checkpoint("new", tmp_path / "checkpoints") is not None

    def test_without_checkpointing_nothing_is_written(self, make: Make, tmp_path: Path) -> None:
        make(FakeLLM(), enable_checkpointing=False).execute_batch(tasks("a"))
        assert not (tmp_path / "checkpoints").exists()


SCRIPT = """
import os, sys, time
sys.path.insert(0, {root!r})
from aita import SimpleLLMTask, create_executor
from tests.support.fake_llm import FakeLLM, asked

calls = os.open({calls!r}, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

def say(request):
    os.write(calls, asked(request).encode() + b"\\n")
    time.sleep({latency})
    return asked(request).upper()

options = dict(max_workers={workers}, rate_limit=0, checkpoint_dir={folder!r}, show_progress=False)
executor = create_executor(FakeLLM(say), **options)
tasks = [SimpleLLMTask(task_id=f"t{{n}}", prompt=f"t{{n}}") for n in range({count})]
executor.execute_batch(tasks, "killed")
"""
COUNT, WORKERS = 40, 4


@pytest.mark.slow
class TestKilled:
    @pytest.fixture
    def child(self, tmp_path: Path) -> Any:
        calls = tmp_path / "calls"

        def start(after: int, latency: float = 0.03) -> subprocess.Popen[str]:
            """Start the batch and return when it has made so many calls."""
            script = SCRIPT.format(
                root=str(Path(__file__).parents[3]),
                calls=str(calls),
                folder=str(tmp_path / "checkpoints"),
                latency=latency,
                workers=WORKERS,
                count=COUNT,
            )
            process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
            deadline = time.monotonic() + PATIENCE
            while not calls.exists() or len(calls.read_bytes().splitlines()) < after:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.002)
            return process

        return start

    @pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
    def test_by_force_at_most_the_calls_in_flight_are_made_again(
        self, make: Make, tmp_path: Path, child: Any, share: float
    ) -> None:
        process = child(round(share * COUNT))
        process.kill()
        process.communicate()
        before = (tmp_path / "calls").read_text().split()
        llm = FakeLLM()
        names = [f"t{n}" for n in range(COUNT)]
        batch = make(llm).execute_batch(tasks(*names), "killed", resume_from_checkpoint=True)
        assert [result.result for result in batch.task_results] == [name.upper() for name in names]
        assert len(set(before) & set(llm.calls)) <= WORKERS
        assert llm.calls.total() >= COUNT - len(before)

    def test_by_force_twice_hides_nothing_that_was_done(self, make: Make, tmp_path: Path, child: Any) -> None:
        for share in (0.5, 0.75):
            process = child(round(share * COUNT))
            process.kill()
            process.communicate()
        before = (tmp_path / "calls").read_text().split()
        llm = FakeLLM()
        assert make(llm).execute_batch(tasks(*(f"t{n}" for n in range(COUNT))), "killed").success_rate == 1
        assert len(before) + llm.calls.total() <= COUNT + 2 * WORKERS

    @pytest.mark.parametrize("resume", [None, False])
    def test_another_process_is_told_that_the_name_is_in_use(
        self, make: Make, child: Any, tmp_path: Path, resume: bool | None
    ) -> None:
        process = child(WORKERS, latency=10 * PATIENCE)
        llm = FakeLLM()
        with pytest.raises(CheckpointError, match="in use") as caught:
            make(llm).execute_batch(tasks("a"), "killed", resume)
        assert str(tmp_path) in str(caught.value)
        process.kill()
        process.communicate()
        assert make(llm).execute_batch(tasks("a"), "killed", resume).success_rate == 1
        assert dict(llm.calls) == {"a": 1}

    def test_by_an_interrupt_none_is(self, make: Make, tmp_path: Path, child: Any) -> None:
        process = child(COUNT // 2)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE)
        assert process.returncode != 0
        assert "; execute_batch(tasks, 'killed') goes on\n" in told
        before = (tmp_path / "calls").read_text().split()
        assert len(before) < COUNT
        llm = FakeLLM()
        names = [f"t{n}" for n in range(COUNT)]
        assert make(llm).execute_batch(tasks(*names), "killed", resume_from_checkpoint=True).success_rate == 1
        assert not set(before) & set(llm.calls)

    def test_a_second_interrupt_waits_for_no_call(self, tmp_path: Path, child: Any) -> None:
        process = child(WORKERS, latency=10 * PATIENCE)
        process.send_signal(signal.SIGINT)
        assert "interrupted" in process.stderr.readline(), "the first is taken"
        assert process.poll() is None, "and waits for the calls in flight"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        assert process.returncode != 0
        assert len((tmp_path / "calls").read_text().split()) == WORKERS

    def test_the_file_is_plain_json_lines(self, make: Make, tmp_path: Path) -> None:
        make(FakeLLM()).execute_batch(tasks("a"), "x")
        header, record = [json.loads(line) for line in newest(tmp_path, "x").read_text().splitlines()]
        assert (header["aita_checkpoint"], header["name"]) == (2, "x")
        assert (record["id"], record["reply"]) == ("a", "A")
