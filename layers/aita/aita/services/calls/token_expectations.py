"""Expected tokens of a request, corrected by what earlier calls of its kind used."""

from dataclasses import dataclass, field

from aita.models.effort import ReasoningEffort
from aita.tasks.request import LLMRequest
from aita.tasks.tokens import expected_tokens

_MEMORY = 0.95
"""Weight of the earlier calls when another is recorded, so that about the last 20 count."""


@dataclass(slots=True)
class TokenExpectations:
    """Ratio of actual to estimated tokens for each schema name, in the memory of one process.

    Threads may use it at once: a ratio's two sums are replaced together, and a lost one of them matters little.
    """

    effort: ReasoningEffort
    _sums: dict[str, tuple[float, float]] = field(default_factory=dict)

    def expect(self, request: LLMRequest) -> int:
        """Return the expected tokens of a call, input and output together."""
        actual, estimated = self._sums.get(request.schema_name, (1.0, 1.0))
        return max(1, round(expected_tokens(request, self.effort) * actual / estimated))

    def record(self, request: LLMRequest, actual_tokens: int) -> None:
        """Record the tokens of a call that was answered."""
        actual, estimated = self._sums.get(request.schema_name, (0.0, 0.0))
        self._sums[request.schema_name] = (
            actual * _MEMORY + actual_tokens,
            estimated * _MEMORY + expected_tokens(request, self.effort),
        )
