"""The call loop dies at any point, on the stack and in process: only a reply in flight is lost and paid twice.

Each driver does the same work: tasks whose first replies are invalid, one that the provider can't answer at first, and
plain ones. It dies before or after each effect, is begun again in a new process, and must come to the same end.
"""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from aita import ProviderBusy, SimpleLLMTask, create_executor
from aita.models.run import RunStatus
from aita.services.calls import patience
from aita.tasks.request import LLMRequest
from tests.support.fake_llm import FakeLLM, asked
from tests.support.fakes import NONSENSE, QUESTIONS, Crash, Harness, question_of, right

IDS = tuple(question["question_id"] for question in QUESTIONS)
INVALID = {IDS[0]: 2, IDS[1]: 1}
"""Number of invalid replies to a question, before a valid one."""

BUSY = IDS[2]
"""Question that the provider can't answer at first."""


class Effects:
    """Counts effects, and dies before or after one of them: of a call, the provider has answered only after it."""

    def __init__(self, place: int | None, *, after: bool) -> None:
        self.count = 0
        self.died = False
        self._place, self._after = place, after

    def around(self, do: Callable[..., Any], error: type[BaseException]) -> Callable[..., Any]:
        def act(*args: Any, **named: Any) -> Any:
            place, self.count = self.count, self.count + 1
            is_here = place == self._place and not self.died
            if is_here and not self._after:
                self.died = True
                raise error("before")
            try:
                return do(*args, **named)
            finally:
                if is_here and not self.died:
                    self.died = True
                    raise error("after")

        return act


class Paid:
    """The provider: which requests it has answered, and how."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self._busy = [ProviderBusy("the provider answered 503", retry_after=0.01)]

    def answer(self, request: LLMRequest, question: str, valid: str) -> str:
        if question == BUSY and self._busy:
            raise self._busy.pop()
        self.answered[request.digest()] += 1
        invalid = sum(message.role == "assistant" for message in request.messages) < INVALID.get(question, 0)
        return NONSENSE if invalid else valid

    @property
    def repeated(self) -> int:
        """Number of answers beyond one for each request."""
        return self.answered.total() - len(self.answered)


class Driver(Protocol):
    """Drives the loop for the same questions; ``begin`` dies, and ``finish`` begins again until all have ended."""

    paid: Paid

    def begin(self, effects: Effects) -> None: ...

    def finish(self) -> None: ...

    def check(self) -> None:
        """Check that all results are right, and that the usage is what was paid, but for replies in flight."""


class OnTheStack:
    """The task function, begun again by a resume."""

    def __init__(self, folder: Path) -> None:
        self.paid = Paid()
        self.harness = Harness()
        self.harness.exam()
        self.harness.model.otherwise = self._answer
        self.run = self.harness.begin()

    def _answer(self, request: LLMRequest) -> str:
        valid = right(request)
        if request.schema_name != "AnswerKey":
            return valid
        return self.paid.answer(request, question_of(request), valid)

    def begin(self, effects: Effects) -> None:
        harness = self.harness
        put, record, complete = harness.objects.put, harness.tasks.record, harness.model.complete
        dying_put = effects.around(put, Crash)

        def act(key: str, *args: Any) -> Any:
            is_own = "cache/" in key or "/results/" in key
            return (dying_put if is_own else put)(key, *args)

        harness.objects.put = act  # type: ignore[method-assign,assignment]
        harness.tasks.record = effects.around(record, Crash)  # type: ignore[method-assign]
        harness.model.complete = effects.around(complete, Crash)  # type: ignore[method-assign]
        self.run = harness.drive(self.run, retries=0)

    def finish(self) -> None:
        if self.run.status is not RunStatus.SUCCEEDED:
            self.run = self.harness.resume(self.run)

    def check(self) -> None:
        assert self.run.status is RunStatus.SUCCEEDED
        assert set(self.harness.artifact("answer_keys.json")) == set(IDS)
        rows = self.harness.rows(self.run, "answer_key")
        assert sum(row.usage.calls for row in rows) == self.paid.answered.total() - self.paid.repeated


class InProcess:
    """The executor with its checkpoint, begun again by the same batch in a new executor."""

    def __init__(self, folder: Path) -> None:
        self.paid = Paid()
        self.folder = folder
        self.batch: Any = None

    def _execute(self, llm: FakeLLM) -> None:
        executor = create_executor(
            llm, max_workers=1, rate_limit=0, show_progress=False, checkpoint_dir=self.folder, enable_checkpointing=True
        )
        tasks = [SimpleLLMTask(task_id=each, prompt=each, parse_fn=self._parse) for each in IDS]
        self.batch = executor.execute_batch(tasks, "x")

    @staticmethod
    def _parse(text: str) -> str:
        if text == NONSENSE:
            raise ValueError(text)
        return text

    def _llm(self) -> FakeLLM:
        return FakeLLM(lambda request: self.paid.answer(request, asked(request), f"right {asked(request)}"))

    def begin(self, effects: Effects) -> None:
        llm = self._llm()
        llm.complete = effects.around(llm.complete, Killed)  # type: ignore[method-assign]
        write, dying_write = os.write, effects.around(os.write, Killed)

        def act(file: int, data: bytes) -> Any:
            return (dying_write if data.startswith(b'{"id"') else write)(file, data)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(os, "write", act)
            try:
                self._execute(llm)
            except Killed:
                self.batch = None

    def finish(self) -> None:
        if self.batch is None:
            self._execute(self._llm())

    def check(self) -> None:
        assert [result.result for result in self.batch.task_results] == [f"right {each}" for each in IDS]
        assert (
            sum(result.usage.calls for result in self.batch.task_results)
            == self.paid.answered.total() - self.paid.repeated
        )


class Killed(BaseException):
    """The process dies here."""


DRIVERS: list[type[OnTheStack] | type[InProcess]] = [OnTheStack, InProcess]


def effects_of(driver: type[OnTheStack] | type[InProcess], folder: Path) -> int:
    """Return the number of effects of a whole execution."""
    effects, whole = Effects(None, after=False), driver(folder)
    whole.begin(effects)
    whole.check()
    assert whole.paid.repeated == 0
    return effects.count


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_crash_at_any_point_loses_nothing_and_pays_again_only_what_was_in_flight(
    driver: type[OnTheStack] | type[InProcess], after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "backoff", lambda *_: 0.001)
    count = effects_of(driver, tmp_path / "whole")
    assert count >= 2 * sum(INVALID.values()) + 2 * len(IDS)
    for place in range(count):
        dying, effects = driver(tmp_path / str(place)), Effects(place, after=after)
        dying.begin(effects)
        assert effects.died
        dying.finish()
        dying.check()
        assert dying.paid.repeated <= 1, "the reply in flight"


def test_crashes_one_after_the_other(tmp_path: Path) -> None:
    """Each execution gets one effect further: a reply that was recorded is never asked for again."""
    driver = InProcess(tmp_path)
    for _ in range(50):
        driver.begin(Effects(1, after=True))
        if driver.batch is not None:
            break
    driver.check()
