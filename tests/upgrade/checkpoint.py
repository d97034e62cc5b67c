"""The batch whose checkpoint is kept: its tasks, and a model that counts. No name in it is a default's."""

from collections.abc import Mapping
from decimal import Decimal

from aita import ParallelExecutionConfig, SimpleLLMTask
from aita.errors import RunStopped
from aita.models.run import Usage
from aita.tasks.request import LLMRequest

try:
    from aita.errors import RefusalError
    from aita.ports import Reply, TokenUsage
except ImportError:  # in version 0.1.0, where make_0_1_0 runs
    from aita.errors import Refused as RefusalError  # type: ignore[attr-defined, no-redef]
    from aita.services.protocols import Reply, TokenUsage  # type: ignore[no-redef]

NAME = "glossary"
WORDS = ("entropy", "osmosis", "nothing", "inertia", "torque", "momentum")
DONE, FAILED, LEFT = ("entropy", "osmosis"), ("nothing",), ("inertia", "torque", "momentum")
CONFIG = ParallelExecutionConfig(
    max_workers=1,
    rate_limit_rps=0,
    rate_limit_tpm=0,
    enable_checkpointing=True,
    checkpoint_interval=1,
    retry_failed_tasks=True,
    batch_size=1,
    prefix_scheduling=False,
    show_progress=False,
)


def tasks() -> list[SimpleLLMTask]:
    return [
        SimpleLLMTask(task_id=word, system="You explain.", prompt=f"Explain {word}.", metadata={"word": word})
        for word in WORDS
    ]


class Model:
    """Says the prompt in capitals; ``stops`` has it refuse one prompt, and the key from ``inertia`` on."""

    provider = "http://localhost:4010/v1"
    model = "simulated"

    def __init__(self, *, stops: bool) -> None:
        self.stops = stops
        self.asked: list[str] = []

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        prompt = request.messages[-1].text
        self.asked.append(prompt)
        if self.stops and "nothing" in prompt:
            raise RefusalError("the provider refuses this prompt")
        if self.stops and "inertia" in prompt:
            raise RunStopped("the provider refuses the key")
        usage = TokenUsage(input_tokens=10, cached_input_tokens=0, output_tokens=5)
        return Reply(prompt.upper(), "stop", refusal=False, model=self.model, usage=usage, latency_ms=1)

    def price(self, reply: Reply) -> Usage:
        return Usage(calls=1, input_tokens=10, output_tokens=5, cost_usd=Decimal("0.01"))
