"""A model for executors: many threads may call it at once, and it counts."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal

from aita.models.run import Usage
from aita.ports import Reply, TokenUsage
from aita.tasks.request import LLMRequest

COST = Decimal("0.01")


def asked(request: LLMRequest) -> str:
    """Return the prompt that a request begins with."""
    return next(message.text for message in request.messages if message.role == "user")


def answer(text: str) -> Reply:
    return Reply(text, "stop", refusal=False, model="fake", usage=TokenUsage(10, 0, 5), latency_ms=1)


class FakeLLM:
    """Says what ``say`` returns or raises; without it, the prompt in capitals."""

    provider = "https://model.test/v1"
    model = "fake"

    def __init__(self, say: Callable[[LLMRequest], str] | None = None) -> None:
        self.say = say or (lambda request: asked(request).upper())
        self.calls: Counter[str] = Counter()
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        with self._lock:
            self.calls[asked(request)] += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return answer(self.say(request))
        finally:
            with self._lock:
                self._at_once -= 1

    def price(self, reply: Reply) -> Usage:
        return Usage(calls=1, input_tokens=10, output_tokens=5, cost_usd=COST)
