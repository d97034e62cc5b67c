"""Collect: count a stage, gather its results, determine the next stage."""

from typing import Any

from aita.bootstrap import make_collector
from aita.models.run import StageEvent
from aita.observability import configure_logging, count_end, logger, sanitize_errors

configure_logging()
collector = make_collector()


@sanitize_errors
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Collect one stage of a run."""
    stage = StageEvent.model_validate(event)
    logger.append_keys(run_id=stage.run_id, stage=stage.stage, attempt=stage.attempt)
    answer = collector.collect(stage)
    count_end(answer)
    return answer.model_dump(mode="json")
