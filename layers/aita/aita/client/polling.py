"""Polling of a run until it ends."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aita.errors import StackError
from aita.models.api import RunView
from aita.models.run import RunStatus

MISSES = 5
"""Consecutive failed polls after which the watch goes on; one more ends it. Each poll tries several times itself."""

_SLOWER = 1.25


@dataclass(frozen=True, slots=True)
class PollInterval:
    """Seconds between polls: the shortest while the run progresses, growing to the longest while it does not."""

    shortest: float
    longest: float

    def after(self, delay: float, *, moved: bool) -> float:
        """Return the delay that follows ``delay``, in seconds; ``moved`` tells whether the run progressed."""
        return self.shortest if moved else min(delay * _SLOWER, self.longest)


AWS = PollInterval(1.0, 2.0)
LOCAL = PollInterval(0.5, 0.5)


def follow(
    poll: Callable[[], RunView],
    first: RunView,
    pace: PollInterval,
    pause: Callable[[float], None],
    missed: Callable[[StackError], None],
) -> Iterator[RunView]:
    """Yield a run's successive states until it has ended.

    Parameters
    ----------
    poll
        Function that returns the run's current state.
    first
        State that is already known; yielded first.
    pace
        Interval between polls.
    pause
        Function that waits some seconds.
    missed
        Function that takes the error of each failed poll.

    Raises
    ------
    StackError
        When more than MISSES polls in a row fail.
    """
    view = first
    delay = pace.shortest
    misses = 0
    yield view
    while view.status is RunStatus.RUNNING:
        pause(delay)
        try:
            latest = poll()
        except StackError as error:
            misses += 1
            if misses > MISSES:
                raise
            missed(error)
            delay = pace.after(delay, moved=False)
            continue
        misses = 0
        delay = pace.after(delay, moved=latest.stages != view.stages)
        view = latest
        yield view
