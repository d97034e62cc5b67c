"""Refusals without a reason: of one input, where other calls are answered, and of all calls otherwise."""

from dataclasses import dataclass

from aita.errors import CallError, RunStopped

MOST = 3
"""How many inputs in a row are taken to be refused, with no call answered in between: then it is not the input."""


@dataclass(slots=True)
class Refusals:
    """What becomes of such refusals. One is kept for a process's lifetime; threads may share it.

    ``answered`` says whether any call was answered yet.
    """

    answered: bool = False
    _in_a_row: int = 0

    def saw_answer(self) -> None:
        """Take note that a call was answered: the key is right, and nothing keeps all calls from the provider."""
        self.answered, self._in_a_row = True, 0

    def judged(self, stopped: RunStopped, *, others_answered: bool = False) -> CallError:
        """Return what a stop comes to: the refusal of its input alone, if it may be that and others are answered.

        Parameters
        ----------
        others_answered
            Whether calls of the same run were answered elsewhere, or before.
        """
        if stopped.of_one_input is None or not (self.answered or others_answered) or self._in_a_row >= MOST:
            return stopped
        self._in_a_row += 1
        return stopped.of_one_input
