"""Refusals of one input, or of all calls: by whether other calls are answered."""

from dataclasses import dataclass

from aita.errors import CallError, RefusalError, RunStopped

MOST = 3
"""How many inputs in a row are taken to be refused without a reason, with no call answered in between."""

MOST_UNANSWERED = 10
"""How many are taken to be refused by a filter before any call was answered: then it is the account, or the prompt."""


@dataclass(slots=True)
class Refusals:
    """What becomes of such refusals. One is kept for a process's lifetime; threads may share it.

    ``answered`` says whether any call was answered yet.
    """

    answered: bool = False
    _in_a_row: int = 0
    _unanswered: int = 0

    def saw_answer(self) -> None:
        """Take note that a call was answered: the key is right, and nothing keeps all calls from the provider."""
        self.answered, self._in_a_row = True, 0

    def judged(self, error: CallError, *, others_answered: bool = False) -> CallError:
        """Return what a failed call comes to, if it is a refusal: that of its input alone, or a stop of all calls.

        Parameters
        ----------
        others_answered
            Whether calls of the same run were answered elsewhere, or before.
        """
        answered = self.answered or others_answered
        if isinstance(error, RefusalError) and not answered:
            self._unanswered += 1
            if self._unanswered > MOST_UNANSWERED:
                return RunStopped(
                    f"the provider refused {MOST_UNANSWERED} inputs and answered none: see what it says of the "
                    "account, and of what all prompts have in common, then resume"
                )
        if not isinstance(error, RunStopped) or error.of_one_input is None or not answered or self._in_a_row >= MOST:
            return error
        self._in_a_row += 1
        return error.of_one_input
