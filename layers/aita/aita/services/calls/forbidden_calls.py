"""Refusals by the provider: of one input, or of all calls, judged by whether other calls succeed."""

from dataclasses import dataclass

from aita.errors import CallError, RefusalError, RunStopped

MOST = 3
"""Unexplained refusals in a row, without a successful call between them, that count as refusals of single inputs."""

MOST_UNANSWERED = 10
"""Filter refusals before any successful call that count as refusals of single inputs; more of them point to the account
or to the prompt."""

MOST_UNEXPLAINED = 10
"""Unexplained refusals, before any successful call or in a row and alike after one, at which the endpoint is taken to
refuse all calls, for a reason that is worded in its own way."""


@dataclass(slots=True)
class Refusals:
    """Classifies refusals. One object lives as long as its process; threads may share it.

    ``answered`` is true once any call has succeeded.
    """

    answered: bool = False
    _in_a_row: int = 0
    _unanswered: int = 0
    _unexplained: int = 0
    _last: str = ""

    def record_answer(self) -> None:
        """Record a successful call, which proves that the key is valid and that calls reach the provider."""
        self.answered, self._in_a_row, self._unexplained = True, 0, 0

    def classify(self, error: CallError, *, others_answered: bool = False, others_refused: int = 0) -> CallError:
        """Return a failed call's error; a refusal becomes that of a single input or a stop of all calls.

        Parameters
        ----------
        others_answered
            Whether other calls of the same run have succeeded, in this process or another.
        others_refused
            Number of failed tasks of the same stage, in this process or another, if none of it has succeeded.
        """
        answered = self.answered or others_answered
        if error.unexplained:
            is_like_the_last, self._last = str(error) == self._last, str(error)
            self._unexplained = self._unexplained + 1 if is_like_the_last or not answered else 1
            refused = max(self._unexplained, others_refused)
            if refused >= MOST_UNEXPLAINED:
                others = "answered none between them" if answered else "answered none of their kind"
                return RunStopped(f"the provider refused {refused} calls and {others}; the last: {error}")
        if isinstance(error, RefusalError) and not answered:
            self._unanswered += 1
            if self._unanswered > MOST_UNANSWERED:
                return RunStopped(
                    f"the provider refused {MOST_UNANSWERED} inputs and answered none: check the account at the "
                    "provider, and the text that all prompts share, then resume"
                )
        if not isinstance(error, RunStopped) or error.of_one_input is None or not answered or self._in_a_row >= MOST:
            return error
        self._in_a_row += 1
        return error.of_one_input
