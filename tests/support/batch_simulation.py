"""A batch in process against a provider, in simulated time: queue, patience and pace without thread and sleep."""

import heapq
import itertools
import random
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from aita import SimpleLLMTask
from aita.errors import ProviderBusy, RunStopped, UnansweredError
from aita.executor.batch_calls import BatchPace, WorkPacer
from aita.executor.work_queue import Work, WorkQueue
from aita.memory.rate_limiter import MemoryRateLimiter
from aita.models.effort import DEFAULT_EFFORT
from aita.models.rate_limits import Rates
from aita.ports import Reply
from aita.services.calls.call_ports import Admitted
from aita.services.calls.pacing import Pacing
from aita.services.calls.shown_rate import ShownRate
from aita.services.calls.token_expectations import TokenExpectations
from aita.tasks.request import LLMRequest, Message, Parameters
from tests.support.fake_llm import FakeLLM

STARTED = 1000.0

STEP = 0.002
"""Time between two calls of a batch at least, in seconds: its threads share a processor."""
REQUEST = LLMRequest((Message("user", "Why?"),), "chat", None, Parameters())

Provide = Callable[[float, int], tuple[float, ProviderBusy | None]]
"""Returns how long a call takes, and how it fails: by the seconds since the start, and the task's number."""


@dataclass
class Ran:
    """How each task ended, by its number and in seconds since the start, and how many calls were made for it."""

    answered: dict[int, float] = field(default_factory=dict)
    failed: dict[int, float] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    calls: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    stopped: str = ""

    @property
    def last_answer(self) -> float:
        return max(self.answered.values(), default=0.0)

    @property
    def last_failure(self) -> float:
        return max(self.failed.values(), default=0.0)


def simulate(provide: Provide, *, tasks: int, workers: int, told: Rates = Rates(), until: float = 10_000.0) -> Ran:  # noqa: B008
    """Run a batch until all tasks have ended, or for so many seconds; its waits are the same each time."""
    state = random.getstate()
    random.seed(0)
    try:
        return _Batch(provide, tasks, workers, told).run(until)
    finally:
        random.setstate(state)


class _Batch:
    def __init__(self, provide: Provide, tasks: int, workers: int, told: Rates) -> None:
        self.now = STARTED
        self.ran = Ran()
        self._provide = provide
        self._told = told
        self._works = [Work([(number, SimpleLLMTask(prompt=str(number)))]) for number in range(tasks)]
        self.queue = WorkQueue(self._works, workers, lambda: self.now)
        pacing = Pacing(
            MemoryRateLimiter(lambda: self.now), TokenExpectations(DEFAULT_EFFORT), ShownRate(lambda: self.now)
        )
        self.pace = BatchPace(FakeLLM(), pacing, None, told, self.queue, threading.Event())
        self._idle = self.queue.workers
        self._turn: deque[Work] = deque()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._looking = False

    def run(self, until: float) -> Ran:
        self._hand_out()
        while self._events and self._events[0][0] - STARTED <= until and not self.ran.stopped:
            self.now, _, happen = heapq.heappop(self._events)
            happen()
        return self.ran

    def _at(self, time: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._numbers), happen))

    def _hand_out(self) -> None:
        """Give work to the idle workers, as far as there is some."""
        while self._idle:
            work, wait = self.queue.poll()
            if work is None:
                if wait is not None and wait < threading.TIMEOUT_MAX:
                    self._at(self.now + max(wait, 1e-6), self._hand_out)
                break
            self._idle -= 1
            self._turn.append(work)
        self._look()

    def _look(self, reservation: float | None = None, *, again: bool = False) -> None:
        """Let works through the turnstile, until one must wait for its slot."""
        if self._looking and not again:
            return
        self._looking = False
        while self._turn:
            slot = self.pace.pacing.limiter.reserve(self._told, 1, reservation)
            if slot.wait > 0:
                self._looking = True
                self._at(self.now + min(slot.wait, 0.5), partial(self._look, slot.available_at, again=True))
                return
            reservation = None
            self._call(self._turn.popleft())
            if self._turn:  # the threads of a batch start one after the other
                self._looking = True
                self._at(self.now + STEP, partial(self._look, None, again=True))
                return

    def _call(self, work: Work) -> None:
        ((number, _),) = work.members
        self.ran.calls[number] += 1
        seconds, busy = self._provide(self.now - STARTED, number)
        self._at(self.now + seconds, lambda: self._end(work, seconds, busy))

    def _end(self, work: Work, seconds: float, busy: ProviderBusy | None) -> None:
        ((number, _),) = work.members
        pacer, admitted = WorkPacer(self.pace, work), Admitted(REQUEST, None, 1)
        if busy is None:
            pacer.record_answer(admitted, Reply("so", "stop", False, "m", None, round(seconds * 1_000)))
            self.ran.answered[number] = self.now - STARTED
        else:
            self.ran.refused += busy.limited
            pacer.record_failure(admitted, busy)
            try:
                self.queue.put_back(work, busy)
            except UnansweredError as error:
                self._fail(work, error)
                for left, its_own in self.queue.take_unanswered():
                    self._fail(left, its_own)
            except RunStopped as stopped:
                self.ran.stopped = str(stopped)
        self.queue.finish(work)
        self._idle += 1
        self._hand_out()

    def _fail(self, work: Work, error: UnansweredError) -> None:
        ((number, _),) = work.members
        self.ran.failed[number] = self.now - STARTED
        self.ran.errors[number] = str(error)
