"""Split: make the page images of one scanned file."""

from typing import Any

from aita.bootstrap import make_splitter
from aita.models.run import ItemEvent
from aita.observability import configure_logging, count_item, logger, metrics, sanitize_errors

configure_logging()
splitter = make_splitter()


@sanitize_errors
@metrics.log_metrics
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Split one file and answer its outcome."""
    item = ItemEvent.model_validate(event)
    logger.append_keys(run_id=item.run_id, task_id=item.item.task_id, attempt=item.attempt)
    executed = splitter.split(item)
    count_item(item, executed)
    return executed.answer.model_dump(mode="json")
