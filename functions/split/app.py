"""Split: make the page images of a scanned file or of a pile, or cut the strips of a student's answers."""

from typing import Any

from aita.bootstrap import make_splitter
from aita.models.run import ItemEvent
from aita.observability import configure_logging, count_item, logger, metrics, sanitize_errors
from aita.services.execution.pile_separator import COUNT_PAGES, SEPARATE
from aita.services.stages.strip_cuts import CUT

configure_logging()
splitter, cutter, separator = make_splitter()
executors = {CUT: cutter.cut, COUNT_PAGES: separator.execute, SEPARATE: separator.execute}


@sanitize_errors
@metrics.log_metrics
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Do one item of a stage, and answer the outcome."""
    item = ItemEvent.model_validate(event)
    logger.append_keys(run_id=item.run_id, task_id=item.item.task_id, attempt=item.attempt)
    executed = executors.get(item.stage, splitter.split)(item)
    count_item(item, executed)
    return executed.answer.model_dump(mode="json")
