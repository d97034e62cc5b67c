"""Split: make the page images of one scanned file, or cut the strips of one student's answers."""

from typing import Any

from aita.bootstrap import make_splitter
from aita.models.run import ItemEvent
from aita.observability import configure_logging, count_item, logger, metrics, sanitize_errors
from aita.services.stages.strip_cuts import CUT

configure_logging()
splitter, cutter = make_splitter()


@sanitize_errors
@metrics.log_metrics
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Split one file, or cut one student's strips, and answer the outcome."""
    item = ItemEvent.model_validate(event)
    logger.append_keys(run_id=item.run_id, task_id=item.item.task_id, attempt=item.attempt)
    executed = cutter.cut(item) if item.stage == CUT else splitter.split(item)
    count_item(item, executed)
    return executed.answer.model_dump(mode="json")
