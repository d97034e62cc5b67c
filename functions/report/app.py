"""Report: render one student's reports, or the class's."""

from typing import Any

from aita.bootstrap import make_reporter
from aita.models.run import ItemEvent
from aita.observability import configure_logging, count_item, logger, metrics, sanitize_errors

configure_logging()
reporter = make_reporter()


@sanitize_errors
@metrics.log_metrics
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Render one item's reports and answer its outcome."""
    item = ItemEvent.model_validate(event)
    logger.append_keys(run_id=item.run_id, task_id=item.item.task_id, attempt=item.attempt)
    executed = reporter.report(item)
    count_item(item, executed)
    return executed.answer.model_dump(mode="json")
