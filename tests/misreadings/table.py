"""Table of what became of misread answers, by the kind of error and the mode, with the bounds that must hold."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.misreadings.errors import Error
from tests.misreadings.measurement import Outcome

LEAST_CAUGHT = {"doubtful": 0.75, "always": 0.87}
"""Least share of the errors that count which end right or open, by the mode."""

MOST_OPEN = 0.05
"""Most share of the rightly read answers that are open."""


@dataclass(frozen=True, slots=True)
class Table:
    """Outcomes of answers in each mode.

    An error counts if it changes the points, and if a look at the page can show it: the others are counted apart.
    """

    outcomes: Sequence[Outcome]

    @property
    def modes(self) -> list[str]:
        """The modes, in the order in which they were measured."""
        return [*dict.fromkeys(each.mode for each in self.outcomes)]

    def counted(self, mode: str) -> list[Outcome]:
        """Return the outcomes of the errors that count."""
        return [each for each in self._of(mode) if each.answer.error and each.answer.counts and not each.unseen]

    def caught(self, mode: str) -> float:
        """Return the share of the errors that count which end with the right points, or open."""
        return 1 - _share(self.counted(mode), lambda each: each.is_wrong)

    def falsely_open(self, mode: str) -> float:
        """Return the share of the rightly read answers that are open."""
        return _share([each for each in self._of(mode) if not each.answer.error], lambda each: each.is_open)

    def seen(self, mode: str) -> float:
        """Return the share of the answers that graders saw on the page."""
        return _share(self._of(mode), lambda each: each.is_seen)

    def broken(self) -> list[str]:
        """Return the bounds that do not hold, in words."""
        found = []
        for mode in self.modes:
            if self.caught(mode) < LEAST_CAUGHT.get(mode, 0.0):
                found.append(f"{mode}: {self.caught(mode):.1%} of the errors are caught, not {LEAST_CAUGHT[mode]:.0%}")
            if self.falsely_open(mode) > MOST_OPEN:
                found.append(f"{mode}: {self.falsely_open(mode):.1%} of the rightly read are open, not {MOST_OPEN:.0%}")
        return found

    def lines(self) -> Iterator[str]:
        """Yield the lines of the table, in Markdown."""
        yield from _rows("errors that change points", "errors", *(f"{mode}: right + open" for mode in self.modes))
        for error in Error:
            yield self._line(str(error), lambda each, error=error: each.answer.error is error)  # type: ignore[misc]
        for subject in dict.fromkeys(each.answer.question.subject for each in self.outcomes):
            yield self._line(f"in {subject}", lambda each, of=subject: each.answer.question.subject == of)  # type: ignore[misc]
        yield self._line("all", lambda _: True)
        yield ""
        yield from _rows("beside them", "answers", *self.modes)
        yield self._open("read rightly: open", lambda each: not each.answer.error)
        yield self._open("errors that change no points: open", _is_idle)
        yield self._open("errors that no look can show: open", _is_hidden)
        yield _row("all: seen on the page", len(self._of(self.modes[0])), *(f"{self.seen(m):.1%}" for m in self.modes))
        reasons = Counter(each.unseen for each in self._of(self.modes[0]) if _is_hidden(each))
        for reason, count in reasons.most_common():
            yield ""
            yield f"No look can show {count}: {reason}."

    def _of(self, mode: str) -> list[Outcome]:
        return [each for each in self.outcomes if each.mode == mode]

    def _line(self, name: str, fits: Callable[[Outcome], bool]) -> str:
        cells, count = [], 0
        for mode in self.modes:
            of_mode = [each for each in self.counted(mode) if fits(each)]
            count = len(of_mode)
            right, is_open = sum(each.is_right for each in of_mode), sum(each.is_open for each in of_mode)
            cells.append(f"{right} + {is_open} = {(right + is_open) / count:.0%}" if count else "")
        return _row(name, count, *cells)

    def _open(self, name: str, fits: Callable[[Outcome], bool]) -> str:
        found = [[each for each in self._of(mode) if fits(each)] for mode in self.modes]
        shares = (f"{sum(each.is_open for each in of_mode)} ({_share(of_mode, _is_open):.1%})" for of_mode in found)
        return _row(name, len(found[0]), *shares)


def _is_idle(outcome: Outcome) -> bool:
    return bool(outcome.answer.error) and not outcome.answer.counts


def _is_hidden(outcome: Outcome) -> bool:
    return bool(outcome.answer.error) and outcome.answer.counts and bool(outcome.unseen)


def _is_open(outcome: Outcome) -> bool:
    return outcome.is_open


def _share(outcomes: Sequence[Outcome], fits: Callable[[Outcome], bool]) -> float:
    return sum(map(fits, outcomes)) / len(outcomes) if outcomes else 0.0


def _rows(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
