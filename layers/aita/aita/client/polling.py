"""Following a run: ask, wait a little, ask again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aita.errors import StackError
from aita.models.api import RunView
from aita.models.run import RunStatus

MISSES = 5
"""How many polls in a row may fail before the watch ends; each was tried several times itself."""

_SLOWER = 1.25


@dataclass(frozen=True, slots=True)
class PollInterval:
    """How often to ask, in seconds: the shortest while things move, up to the longest while they don't."""

    shortest: float
    longest: float

    def after(self, delay: float, *, moved: bool) -> float:
        """Return the delay after the one that just was."""
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
    """Yield a run as it goes on, until it has ended; the last one tells how.

    Parameters
    ----------
    poll
        Returns the run as it is now.
    first
        The run as it was last seen; yielded first.
    pace
        How often to ask.
    pause
        Waits some seconds.
    missed
        Is told of each poll that failed.

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
