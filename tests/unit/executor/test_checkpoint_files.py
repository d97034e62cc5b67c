"""The checkpoint's files by themselves: who may write to them, what is flushed, and which are found and removed."""

import errno
import os
import threading
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aita import CheckpointError, cleanup_checkpoints, latest_checkpoint
from aita.executor.checkpoint import Checkpoint, read_checkpoint
from aita.executor.checkpoint_folder import NameLock, lock_path
from aita.executor.checkpoint_lines import Record
from aita.executor.file_lock import try_lock
from aita.models.run import Usage
from tests.support.fake_llm import COST, FakeLLM
from tests.unit.executor.conftest import Make
from tests.unit.executor.test_batches import tasks

any_text = st.text(st.characters(exclude_categories=[]))


def record(task_id: str, reply: str = "hi") -> Record:
    return Record(task_id, "d" * 64, reply, None, Usage(calls=1), calls=1, seconds=0.5, data={})


class TestThreads:
    def test_add_at_once_and_each_line_is_whole(self, tmp_path: Path) -> None:
        checkpoint = Checkpoint.open(tmp_path, "x", interval=3)
        together = threading.Barrier(8)

        def add(worker: int) -> None:
            together.wait()
            for number in range(25):
                checkpoint.add(record(f"{worker}-{number}", reply="é" * (worker * 1_000)))

        threads = [threading.Thread(target=add, args=(worker,)) for worker in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        checkpoint.close()
        assert len(read_checkpoint("x", tmp_path)) == 200

    def test_what_comes_after_the_end_goes_to_no_other_file(self, tmp_path: Path) -> None:
        checkpoint = Checkpoint.open(tmp_path, "x", interval=1)
        file = checkpoint.file
        checkpoint.close()
        with ExitStack() as opened:
            other = opened.enter_context((tmp_path / "other").open("wb"))
            while other.fileno() < file:
                other = opened.enter_context((tmp_path / "other").open("wb"))
            assert other.fileno() == file, "the number is free for another"
            checkpoint.add(record("late", reply="a student's work"))
        assert (tmp_path / "other").read_bytes() == b""

    def test_every_interval_is_flushed_to_the_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        checkpoint = Checkpoint.open(tmp_path, "x", interval=3)
        flushed: list[int] = []
        monkeypatch.setattr("os.fsync", lambda file: flushed.append(len(checkpoint.path.read_bytes().splitlines()) - 1))
        for number in range(7):
            checkpoint.add(record(str(number)))
        assert flushed == [3, 6]
        checkpoint.close()
        assert flushed == [3, 6, 7]

    def test_a_flush_holds_up_nobody_else(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        checkpoint = Checkpoint.open(tmp_path, "x", interval=2)
        begun, go_on = threading.Event(), threading.Event()

        def slow(file: int) -> None:
            begun.set()
            go_on.wait(60)

        monkeypatch.setattr("os.fsync", slow)
        checkpoint.add(record("a"))
        flusher = threading.Thread(target=checkpoint.add, args=(record("b"),))
        flusher.start()
        assert begun.wait(60)
        checkpoint.add(record("c"))
        assert flusher.is_alive(), "the flush still goes on"
        assert len(checkpoint.path.read_bytes().splitlines()) == 4
        go_on.set()
        flusher.join()
        checkpoint.close()


class TestFiles:
    @settings(max_examples=30, deadline=None)
    @given(names=st.lists(any_text, min_size=2, max_size=4, unique=True))
    def test_each_name_finds_its_own(self, names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
        folder = tmp_path_factory.mktemp("names")
        paths = {}
        for name in names:
            checkpoint = Checkpoint.open(folder, name, interval=10)
            checkpoint.close()
            paths[name] = checkpoint.path
        assert {name: latest_checkpoint(name, folder) for name in names} == paths
        assert all(len(path.name) < 100 for path in paths.values())

    def test_a_file_that_says_another_name_is_not_taken(self, make: Make, tmp_path: Path) -> None:
        folder = tmp_path / "checkpoints"
        for name in ("one", "two"):
            make(FakeLLM()).execute_batch(tasks("a"), name)
        one, two = latest_checkpoint("one", folder), latest_checkpoint("two", folder)
        assert one is not None
        assert two is not None
        two.write_bytes(one.read_bytes())
        assert latest_checkpoint("two", folder) is None
        two.write_bytes(b"no header\n")
        assert latest_checkpoint("two", folder) == two, "for the resume to refuse, and not to pass over"

    def test_one_that_can_not_be_begun_leaves_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("os.write", lambda file, line: 0)
        with pytest.raises(CheckpointError, match="No space left"):
            Checkpoint.open(tmp_path, "x", interval=1)
        assert list(tmp_path.iterdir()) == []

    def test_a_line_that_found_no_room_is_taken_back(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        checkpoint = Checkpoint.open(tmp_path, "x", interval=1)
        write = os.write
        with monkeypatch.context() as patched:
            patched.setattr("os.write", lambda file, line: write(file, line[:20]))
            with pytest.raises(CheckpointError, match="No space left"):
                checkpoint.add(record("a"))
        checkpoint.add(record("b"))
        checkpoint.close()
        assert [each.task_id for each in read_checkpoint(checkpoint.path)] == ["b"]

    def test_one_that_is_used_is_not_cleaned_up(self, tmp_path: Path) -> None:
        before = Checkpoint.open(tmp_path, "x", interval=1)
        before.close()
        checkpoint = Checkpoint.open(tmp_path, "x", interval=1, takes_over=False)
        assert cleanup_checkpoints(timedelta(seconds=-60), tmp_path) == []
        checkpoint.close()
        assert cleanup_checkpoints(timedelta(seconds=-60), tmp_path) == [before.path, checkpoint.path]
        assert cleanup_checkpoints(timedelta(0), tmp_path / "nowhere") == []

    def test_the_lock_of_a_killed_process_is_free_and_cleaned_up(self, tmp_path: Path) -> None:
        checkpoint = Checkpoint.open(tmp_path, "x", interval=1)
        (left,) = tmp_path.glob("*.lock")
        checkpoint.close()
        assert list(tmp_path.iterdir()) == [checkpoint.path]
        left.touch()
        Checkpoint.open(tmp_path, "x", interval=1).close()
        left.touch()
        cleanup_checkpoints(timedelta(seconds=-60), tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_of_two_that_begin_at_once_one_has_the_name(self, tmp_path: Path) -> None:
        first = NameLock.take(lock_path(tmp_path, "x"))  # and has no checkpoint yet
        for takes_over in (True, False):
            with pytest.raises(CheckpointError, match="in use"):
                Checkpoint.open(tmp_path, "x", interval=1, takes_over=takes_over)
        assert list(tmp_path.iterdir()) == [first.path]
        first.release()
        Checkpoint.open(tmp_path, "x", interval=1).close()

    def test_a_lock_that_was_removed_before_it_was_taken_is_none(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = lock_path(tmp_path, "x")
        removed: list[Path] = []

        def released_by_another(file: int) -> bool:
            if not removed:
                path.unlink()
                removed.append(path)
            return try_lock(file)

        monkeypatch.setattr("aita.executor.checkpoint_folder.try_lock", released_by_another)
        lock = NameLock.take(path)
        with pytest.raises(CheckpointError, match="in use"):
            NameLock.take(path)
        lock.release()
        assert removed

    def test_a_file_system_without_locks_is_told_of(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(file: int, operation: int) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr("fcntl.flock", refuse)
        with pytest.raises(CheckpointError, match=r"can't be locked: No locks available\. Take a checkpoint_dir"):
            Checkpoint.open(tmp_path, "x", interval=1)
        with pytest.raises(CheckpointError, match="can't be locked"):
            Checkpoint.open(tmp_path, "x", interval=1, takes_over=False, alone=False)

    def test_all_of_a_name_are_read_the_newest_first(self, tmp_path: Path) -> None:
        paths = []
        for replies in (("1", "1"), ("2",), ("3",)):
            checkpoint = Checkpoint.open(tmp_path, "x", interval=1, takes_over=False)
            for task_id, reply in zip("ab", replies, strict=False):
                checkpoint.add(record(task_id, reply))
            checkpoint.close()
            paths.append(checkpoint.path)
        again = Checkpoint.open(tmp_path, "x", interval=1)
        found = [again.record(task_id, "d" * 64) for task_id in "abc"]
        assert [each and each.reply for each in found] == ["3", "1", None]
        assert again.record("a", "e" * 64) is None
        again.add(record("a", "4"))
        again.close()
        assert again.path == paths[-1]
        assert [[each.reply for each in read_checkpoint(path)] for path in paths] == [["1", "1"], ["2"], ["4"]]
        assert [each.reply for each in read_checkpoint("x", tmp_path)] == ["4", "1"]

    def test_what_tasks_cost_before_counts_each_time(self, tmp_path: Path) -> None:
        for _ in range(2):
            checkpoint = Checkpoint.open(tmp_path, "x", interval=1)
            for task_id in "ab":
                checkpoint.add(record(task_id)._replace(usage=Usage(cost_usd=Decimal("0.01"))))
            checkpoint.close()
        again = Checkpoint.open(tmp_path, "x", interval=1)
        usages = [again.usage_before(*each) for each in (("a", "d" * 64), ("a", "e" * 64), ("c", "d" * 64))]
        assert [each.cost_usd for each in usages] == [Decimal("0.02"), 0, 0]
        again.close()

    def test_one_that_is_not_there_can_not_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError, match="no checkpoint of the name 'x'"):
            read_checkpoint("x", tmp_path)
        with pytest.raises(CheckpointError, match="can't be read: No such file"):
            read_checkpoint(tmp_path / "x")

    def test_a_person_reads_what_became_of_tasks(self, make: Make, tmp_path: Path) -> None:
        make(FakeLLM()).execute_batch([*tasks("a"), *tasks("b", parse_fn=lambda text: {}[text])], "week 3")
        found = {each.task_id: each for each in read_checkpoint("week 3", tmp_path / "checkpoints")}
        assert [(each.success, each.reply, each.cost) for each in map(found.__getitem__, "ab")] == [
            (True, "A", COST),
            (False, "B", COST),
        ]
        assert (found["a"].error, (found["b"].error or "").partition(":")[0]) == (None, "TaskCodeError")


class TestFolder:
    def test_git_sees_none_of_one_that_is_made(self, make: Make, tmp_path: Path) -> None:
        make(FakeLLM()).execute_batch(tasks("a"), "x")
        ignored = tmp_path / "checkpoints" / ".gitignore"
        assert ignored.read_text() == "*\n"
        os.utime(ignored, (0, 0))
        assert cleanup_checkpoints(timedelta(0), ignored.parent) != []
        assert list(ignored.parent.iterdir()) == [ignored]

    @pytest.mark.parametrize("before", [None, "*.txt\n"])
    def test_one_that_is_there_is_its_owners(self, make: Make, tmp_path: Path, before: str | None) -> None:
        ignored = tmp_path / "checkpoints" / ".gitignore"
        ignored.parent.mkdir()
        if before is not None:
            ignored.write_text(before)
        make(FakeLLM()).execute_batch(tasks("a"), "x")
        assert (ignored.read_text() if ignored.exists() else None) == before
