"""Changes of questions, answer keys and rubrics in the console by two people at once: none is lost in silence."""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from types import SimpleNamespace
from typing import Any, BinaryIO, cast

import pytest

from aita.cli.console_work.written import ChangeRequest, WrittenKind, WrittenRequest, change, written
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import ConflictError
from tests.support.fakes import EXAM, QUESTIONS


class Stack:
    """Stack of one assignment's files; ``on_fetch`` is called before they are listed."""

    def __init__(self) -> None:
        exam = EXAM | {"questions": copy.deepcopy(QUESTIONS)}
        self.stored = {"questions.json": json.dumps(exam).encode()}
        self.on_fetch: Callable[[], None] = lambda: None

    def files(self, _: str) -> list[SimpleNamespace]:
        self.on_fetch()
        return [SimpleNamespace(name=name, url=name) for name in self.stored]

    def fetch(self, url: str, file: BinaryIO) -> None:
        file.write(self.stored[url])

    def uploads(self, _: str, files: Sequence[Any]) -> Iterator[tuple[SimpleNamespace, ...]]:
        yield tuple(SimpleNamespace(name=file.name) for file in files)

    def send(self, post: SimpleNamespace, path: Path, *_: object) -> None:
        self.stored[post.name] = path.read_bytes()

    def version(self) -> str:
        asked = WrittenRequest(assignment="midterm")
        versions = written(cast("ApiClient", self), cast("FileTransfer", self), asked)["versions"]
        return cast("str", versions[WrittenKind.RUBRIC])

    def change(self, question_id: str, seen: str) -> dict[str, Any]:
        points = next(each["points"] for each in QUESTIONS if each["question_id"] == question_id)
        criteria = [{"points": points, "description": "right"}]
        content = {"question_id": question_id, "total_points": points, "criteria": criteria}
        asked = ChangeRequest(
            assignment="midterm", kind=WrittenKind.RUBRIC, question_id=question_id, content=content, seen=seen
        )
        return change(cast("ApiClient", self), cast("FileTransfer", self), asked)

    def own(self) -> list[str]:
        return [*json.loads(self.stored["user_rubrics.json"])]


def test_a_change_says_the_version_that_it_left() -> None:
    stack = Stack()
    assert stack.change("1a", stack.version())["version"] == stack.version()
    stack.change("1b", stack.version())
    assert stack.own() == ["1a", "1b"]


def test_of_two_changes_from_one_page_the_second_is_refused() -> None:
    stack = Stack()
    seen = stack.version()
    together = Barrier(2)

    def wait() -> None:
        try:
            together.wait(timeout=0.3)
        except BrokenBarrierError:  # the other one has to wait for this one
            return

    stack.on_fetch = wait

    def outcome(question_id: str) -> str:
        try:
            stack.change(question_id, seen)
        except ConflictError:
            return "refused"
        return question_id

    with ThreadPoolExecutor(2) as people:
        outcomes = list(people.map(outcome, ("1a", "1b")))
    assert outcomes.count("refused") == 1
    assert [each for each in outcomes if each != "refused"] == stack.own()


def test_a_change_that_comes_during_the_check_is_not_overwritten() -> None:
    stack = Stack()
    seen = stack.version()
    theirs = json.dumps({"1b": {"total_points": 3.5, "criteria": [{"points": 3.5, "description": "theirs"}]}}).encode()
    fetched = iter((None, theirs))

    def change_on_second() -> None:
        if (data := next(fetched, None)) is not None:
            stack.stored["user_rubrics.json"] = data

    stack.on_fetch = change_on_second
    with pytest.raises(ConflictError, match=r"user_rubrics.json was changed since it was fetched"):
        stack.change("1a", seen)
    assert stack.stored["user_rubrics.json"] == theirs
