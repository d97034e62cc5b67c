"""Task: run one item of a stage that asks the model."""

import gc

gc.disable()  # hardly anything that the start makes is garbage, and looking for it takes a seventh of the start's time

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from aita.bootstrap import make_executor
from aita.models.run import ItemEvent
from aita.observability import configure_logging, count_item, logger, metrics, sanitize_errors

configure_logging()
executor = make_executor()
gc.freeze()
gc.enable()


@sanitize_errors
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run one item and answer its outcome."""
    item = ItemEvent.model_validate(event)
    logger.append_keys(run_id=item.run_id, task_id=item.item.task_id, attempt=item.attempt)
    executed = executor.execute(item, remaining=lambda: context.get_remaining_time_in_millis() / 1000)
    count_item(item, executed)
    return executed.answer.model_dump(mode="json")
