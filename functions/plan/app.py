"""Plan: list the items of a stage."""

from typing import Any

from aita.bootstrap import make_planner
from aita.models.run import StageEvent
from aita.observability import configure_logging, count_planned, logger, sanitize_errors

configure_logging()
planner = make_planner()


@sanitize_errors
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Plan one stage of a run."""
    stage = StageEvent.model_validate(event)
    logger.append_keys(run_id=stage.run_id, stage=stage.stage, attempt=stage.attempt)
    answer = planner.plan(stage)
    count_planned(answer)
    return answer.model_dump(mode="json")
