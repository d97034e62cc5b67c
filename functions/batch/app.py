"""Batch: one step of a stage's batches at the provider."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from aita.bootstrap import make_stage_batches
from aita.models.run import StageEvent
from aita.observability import configure_logging, logger, sanitize_errors

configure_logging()
batches = make_stage_batches()


@sanitize_errors
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Do one step and answer what follows."""
    stage = StageEvent.model_validate(event)
    logger.append_keys(run_id=stage.run_id, stage=stage.stage, attempt=stage.attempt)
    answer = batches.step(stage, remaining=lambda: context.get_remaining_time_in_millis() / 1000)
    return answer.model_dump(mode="json")
