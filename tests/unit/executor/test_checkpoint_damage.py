"""Damage to a checkpoint's file: it costs the tasks whose lines it touches, never a wrong result and never the file."""

import json
import logging
import string
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aita import CheckpointError, SimpleLLMTask, create_executor
from aita.executor.checkpoint import Checkpoint, Record, latest_checkpoint, read_checkpoint
from aita.models.run import Usage
from tests.support.fake_llm import FakeLLM
from tests.unit.executor.conftest import Make
from tests.unit.executor.test_batches import tasks

NAMES = ("a", 'ü"}{', "\n,", "d")
HEADER_OF_1 = b'{"aita_checkpoint": 1, "name": "x", "created_at": "2026-11-23T10:00:00+00:00"}\n'

any_text = st.text(st.characters(exclude_categories=[]))
values = st.none() | st.integers() | any_text | st.lists(any_text)
nested = st.dictionaries(st.sampled_from(["id", "crc32", "aita_checkpoint"]) | any_text, values, max_size=3)
records = st.builds(
    Record,
    task_id=any_text,
    digest=st.text(string.hexdigits, min_size=64, max_size=64),
    reply=any_text,
    error=st.none() | any_text,
    usage=st.builds(
        Usage, calls=st.integers(0, 9), unpriced_calls=st.integers(0, 9), cost_usd=st.decimals(0, 100, places=6)
    ),
    calls=st.integers(0, 1000),
    seconds=st.integers(0, 10**6).map(lambda number: number / 16),
    data=st.dictionaries(any_text, values | nested, max_size=3),
    salvaged=st.booleans(),
)


def record(task_id: str) -> Record:
    return Record(task_id, "d" * 64, task_id.upper(), None, Usage(calls=1), calls=1, seconds=0.5, data={"of": task_id})


RECORDS = {name: record(name) for name in NAMES}


def batch() -> list[SimpleLLMTask]:
    return tasks(*NAMES, parse_fn=lambda text: {"said": text})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A checkpoint's file with a record of each name."""
    checkpoint = Checkpoint.open(tmp_path_factory.mktemp("whole"), "x", interval=99)
    for each in RECORDS.values():
        checkpoint.add(each)
    checkpoint.close()
    return checkpoint.path.read_bytes()


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that a batch left."""
    folder = tmp_path_factory.mktemp("executed")
    executor(FakeLLM(), folder).execute_batch(batch(), "x")
    return _newest(folder)


def task_at(whole: bytes, place: int) -> set[str]:
    """Return the task of the line that has this byte, its end included; no task for the header's."""
    number = whole.count(b"\n", 0, place)
    return {NAMES[number - 1]} if 0 < number <= len(NAMES) else set()


def check(path: Path, damaged: bytes, touched: set[str]) -> None:
    """Check that a damaged file has all records but those that were touched, and each one as it was."""
    path.write_bytes(damaged)
    found = {each.task_id: each for each in read_checkpoint(path)}
    assert found == {name: RECORDS[name] for name in found}
    assert found.keys() >= set(NAMES) - touched
    assert path.read_bytes() == damaged


class TestOneByte:
    def test_a_bit_of_each_that_is_flipped(self, whole: bytes, tmp_path: Path) -> None:
        for place in range(len(whole)):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << place % 8
            check(tmp_path / "x", bytes(damaged), task_at(whole, place))

    @given(data=st.data())
    def test_one_replaced_inserted_or_deleted(
        self, whole: bytes, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        place = data.draw(st.integers(0, len(whole) - 1))
        byte = bytes([data.draw(st.sampled_from(b'\n\r{}",:') | st.integers(0, 255))])
        taken = data.draw(st.sampled_from([0, 1]))
        put = data.draw(st.sampled_from([b"", byte]))
        damaged = whole[:place] + put + whole[place + taken :]
        check(tmp_path_factory.getbasetemp() / "one", damaged, task_at(whole, place))

    def test_one_of_a_file_without_records(self, whole: bytes, tmp_path: Path) -> None:
        header = whole[: whole.index(b"\n") + 1]
        for place in range(len(header)):
            for bit in range(8):
                damaged = bytearray(header)
                damaged[place] ^= 1 << bit
                check(tmp_path / "x", bytes(damaged), set(NAMES))

    def test_each_line_s_end(self, whole: bytes, tmp_path: Path) -> None:
        for place in (place for place, byte in enumerate(whole) if byte == ord("\n")):
            for end in [b"", *(bytes([byte]) for byte in range(256))]:
                check(tmp_path / "x", whole[:place] + end + whole[place + 1 :], set())


class TestLines:
    @given(kept=st.lists(records, max_size=4, unique_by=lambda each: (each.task_id, each.digest)), data=st.data())
    def test_come_back_as_they_were_wherever_the_file_ends(
        self, kept: list[Record], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        header = b'{"aita_checkpoint":2,"name":"x"'
        lines = [b'%b,"crc32":"%08x"}\n' % (header, zlib.crc32(header)), *(each.line() for each in kept)]
        assert all(line.count(b"\n") == 1 for line in lines)
        whole = b"".join(lines)
        end = data.draw(st.integers(0, len(whole)))
        path = tmp_path_factory.getbasetemp() / "ends"
        path.write_bytes(whole[:end])
        found = read_checkpoint(path)
        assert found == kept[: len(found)]
        assert len(found) == len(kept) or end < len(whole)

    @given(order=st.permutations(range(5)), data=st.data())
    def test_in_another_order_repeated_and_glued(
        self, whole: bytes, order: list[int], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        lines = whole.splitlines(keepends=True)
        ends = data.draw(st.lists(st.sampled_from([b"", b"\n", b"\r\n", b"\n\n", b"}"]), min_size=6, max_size=6))
        again = [*order, data.draw(st.integers(0, 4))]
        damaged = b"".join(lines[at].rstrip(b"\n") + end for at, end in zip(again, ends, strict=True))
        check(tmp_path_factory.getbasetemp() / "order", damaged, set())

    def test_the_last_one_of_a_task_counts(self, tmp_path: Path) -> None:
        checkpoint = Checkpoint.open(tmp_path, "x", interval=1)
        first = Record("a", "d" * 64, "no", "TaskError: x", Usage(), calls=1, seconds=0, data={})
        for each in (first, record("a"), record("a")._replace(digest="e" * 64)):
            checkpoint.add(each)
        checkpoint.close()
        path = checkpoint.path
        assert [(each.digest[0], each.success) for each in read_checkpoint(path)] == [("d", True), ("e", True)]
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([lines[0], lines[1], lines[2].replace(b"A", b"B"), lines[3]]))
        assert [(each.digest[0], each.success) for each in read_checkpoint(path)] == [("d", False), ("e", True)]

    @pytest.mark.parametrize(
        "change",
        [
            {"reply": 5},
            {"reply": 0},
            {"reply": None},
            {"error": ["x"]},
            {"error": 0},
            {"id": None},
            {"digest": 1},
            {"usage": {"calls": "many"}},
            {"seconds": "long"},
            {"data": 3},
        ],
    )
    def test_of_version_1_one_with_a_value_of_the_wrong_kind_is_damaged(
        self, tmp_path: Path, change: dict[str, Any]
    ) -> None:
        lines = [_line_of_1(record("a"), change), _line_of_1(record("b"))]
        (tmp_path / "x").write_bytes(HEADER_OF_1 + b"".join(lines))
        assert read_checkpoint(tmp_path / "x") == [record("b")]


class TestBatches:
    @settings(max_examples=60, deadline=None)
    @given(data=st.data())
    def test_have_the_right_results_and_pay_what_was_touched(
        self, executed: Path, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        whole = executed.read_bytes()
        start = data.draw(st.integers(0, len(whole)))
        end = data.draw(st.integers(start, min(len(whole), start + 40)))
        damaged = whole[:start] + data.draw(st.binary(max_size=4) | st.just(whole[start:end][::-1])) + whole[end:]
        folder = tmp_path_factory.mktemp("damaged")
        (folder / executed.name).write_bytes(damaged)
        touched = 1 + whole.count(b"\n", start, end)
        for paid in (touched, 0):
            llm = FakeLLM()
            again = executor(llm, folder).execute_batch(batch(), "x")
            assert [each.result for each in again.task_results] == [{"said": name.upper()} for name in NAMES]
            assert llm.calls.total() <= paid

    def test_are_told_once_of_the_lines_of_a_file(
        self, make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        make(FakeLLM(), max_workers=1).execute_batch(tasks("a", "b", "c"), "x")
        path = _newest(tmp_path / "checkpoints")
        header, *lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(header + lines[0].replace(b'"A"', b'"X"') + lines[1] + lines[2].replace(b'"C"', b'"X"'))
        llm = FakeLLM()
        with caplog.at_level(logging.INFO):
            again = make(llm).execute_batch(tasks("a", "b", "c"), "x")
        assert [each.result for each in again.task_results] == ["A", "B", "C"]
        assert llm.calls.total() == 2
        assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == [
            f"{path}: 2 lines are damaged; the tasks of damaged lines run again"
        ]

    def test_one_that_was_killed_is_told_of_nothing(
        self, make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        make(FakeLLM()).execute_batch(tasks("a", "b"), "x")
        path = _newest(tmp_path / "checkpoints")
        path.write_bytes(path.read_bytes()[:-20])
        assert make(FakeLLM()).execute_batch(tasks("a", "b"), "x").metrics.resumed == 1
        assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


class TestFilesOfOthers:
    """Whatever has a checkpoint's name and is none stays as it is, and no call is made."""

    @pytest.mark.parametrize(
        "content",
        [
            b"hello\n",
            b"hello",
            b"{}\n",
            b"[" * 100_000,
            b"\xff\n\xfe\n",
            b'{"prompt": "mine"}\n{"prompt": "too"}\n{"prompt": "incomplete',
            b'{"id": "a", "digest": "d", "reply": "mine"}\n',
        ],
    )
    def test_is_refused(self, make: Make, tmp_path: Path, content: bytes) -> None:
        make(FakeLLM()).execute_batch(tasks("a"), "x")
        path = _newest(tmp_path / "checkpoints")
        path.write_bytes(content)
        llm = FakeLLM()
        with pytest.raises(CheckpointError, match="is no checkpoint") as caught:
            make(llm).execute_batch(tasks("a"), "x")
        assert str(path) in str(caught.value)
        assert (llm.calls.total(), list(path.parent.glob("x*")), path.read_bytes()) == (0, [path], content)
        make(llm).execute_batch(tasks("a"), "x", resume_from_checkpoint=False)
        assert (llm.calls.total(), path.read_bytes()) == (1, content)

    @pytest.mark.parametrize(
        "header",
        [
            b'{"aita_checkpoint": 9, "name": "x"}\n',
            b'{"aita_checkpoint":3,"name":"x","crc32":"%08x"}\n' % zlib.crc32(b'{"aita_checkpoint":3,"name":"x"'),
        ],
    )
    def test_one_of_a_later_version_is_refused(self, make: Make, tmp_path: Path, header: bytes) -> None:
        make(FakeLLM()).execute_batch(tasks("a"), "x")
        path = _newest(tmp_path / "checkpoints")
        records = b"" if b" " in header else path.read_bytes().splitlines(keepends=True)[1]
        path.write_bytes(header + records)
        llm = FakeLLM()
        with pytest.raises(CheckpointError, match=r"of version [39] and this aita reads up to version 2"):
            make(llm).execute_batch(tasks("a"), "x")
        assert (llm.calls.total(), path.read_bytes()) == (0, header + records)

    def test_a_line_of_another_batch_changes_nothing(self, make: Make, tmp_path: Path) -> None:
        for name, prompt in (("x", "a"), ("y", "b")):
            make(FakeLLM()).execute_batch([SimpleLLMTask(task_id="one", prompt=prompt)], name)
        path, other = _newest(tmp_path / "checkpoints"), _newest(tmp_path / "checkpoints", "y")
        path.write_bytes(path.read_bytes() + other.read_bytes().splitlines(keepends=True)[1])
        (again,) = make(FakeLLM()).execute_batch([SimpleLLMTask(task_id="one", prompt="a")], "x").task_results
        assert (again.result, again.resumed) == ("A", True)


class TestVersion1:
    def test_is_taken_over_and_left_as_it_is(self, make: Make, tmp_path: Path) -> None:
        path, content = self.file(make, tmp_path)
        llm = FakeLLM()
        again = make(llm).execute_batch(tasks("a", "b", "c"), "x")
        assert ([each.result for each in again.task_results], dict(llm.calls)) == (["A", "B", "C"], {"c": 1})
        assert path.read_bytes() == content
        assert make(FakeLLM()).execute_batch(tasks("a", "b", "c"), "x").metrics.resumed == 3

    def test_a_bad_line_costs_its_own_task(self, make: Make, tmp_path: Path) -> None:
        path, content = self.file(make, tmp_path)
        header, first, second = content.splitlines(keepends=True)
        for damaged in (header + first[:-9] + b"\n" + second, header + b"[]\n" + second, second + header):
            path.write_bytes(damaged)
            for newer in _others(path):
                newer.unlink()
            llm = FakeLLM()
            make(llm).execute_batch(tasks("a", "b"), "x")
            assert llm.calls.total() == (2 if damaged.endswith(header) else 1)

    @staticmethod
    def file(make: Make, tmp_path: Path) -> tuple[Path, bytes]:
        """Return the file of a batch as version 1 wrote it, and its content."""
        make(FakeLLM(), max_workers=1).execute_batch(tasks("a", "b"), "x")
        path = _newest(tmp_path / "checkpoints")
        path.write_bytes(HEADER_OF_1 + b"".join(map(_line_of_1, read_checkpoint(path))))
        return path, path.read_bytes()


def executor(llm: FakeLLM, folder: Path) -> Any:
    return create_executor(llm, rate_limit=0, show_progress=False, checkpoint_dir=folder)


def _newest(folder: Path, name: str = "x") -> Path:
    path = latest_checkpoint(name, folder)
    assert path is not None
    return path


def _others(path: Path) -> Iterator[Path]:
    return (each for each in path.parent.iterdir() if each != path)


def _line_of_1(of: Record, change: dict[str, Any] | None = None) -> bytes:
    """Return a record's line as version 1 wrote it: with each field of the usage, and without a checksum."""
    values = json.loads(of.line())
    del values["crc32"]
    values["usage"] = of.usage.model_dump(mode="json")
    return json.dumps(values | (change or {}), separators=(",", ":")).encode() + b"\n"
