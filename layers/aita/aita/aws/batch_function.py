"""Function that looks after the provider's batches, invoked asynchronously."""

import json
from dataclasses import dataclass
from typing import Any

from aita.models.run import Run, StageEvent


@dataclass(frozen=True, slots=True)
class BatchFunction:
    """The function by its ARN. Lambda keeps an event until the function has taken it, and tries it three times."""

    client: Any
    arn: str

    def invoke(self, run: Run) -> None:
        """Have the run's batches looked at soon, without waiting for it."""
        event = StageEvent(run_id=run.run_id, attempt=run.attempt, stage=run.stage)
        payload = json.dumps(event.model_dump()).encode()
        self.client.invoke(FunctionName=self.arn, InvocationType="Event", Payload=payload)
