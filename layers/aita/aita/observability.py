"""The functions' logger, metrics and tracer, made once, and the boundary that no student's text may cross."""

import logging
import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aita.aws.client_errors import failed_request
from aita.errors import AitaError
from aita.models.run import CollectResponse, ItemEvent, Outcome, PlanResponse, RunStatus
from aita.services.runs.task_recorder import Executed

SERVICE = os.environ.get("POWERTOOLS_SERVICE_NAME", "aita")
"""The stack's name: two stacks in one account must not set off each other's alarms."""

logger = Logger(service=SERVICE)
metrics = Metrics(namespace="aita", service=SERVICE)

Handler = Callable[[dict[str, Any], Any], Any]


def configure_logging() -> None:
    """Log what this package says, at the functions' level, and of libraries nothing below a warning.

    At DEBUG they log what passes through them, whatever level Lambda's own settings give to the root logger: botocore
    and openai whole requests, with prompts, page images and keys of scans, Pillow a file's tags.
    """
    os.environ.pop("OPENAI_LOG", None)  # by it openai gives its logger a level of its own, below the root's
    logging.getLogger().setLevel(logging.WARNING)
    if SERVICE != _PACKAGE:  # else the functions' logger is the package's
        package = logging.getLogger(_PACKAGE)
        package.setLevel(logger.log_level)
        package.handlers = logger.handlers
        package.propagate = False  # Lambda's own handler would write each record again


_PACKAGE = __name__.partition(".")[0]

configure_logging()


class UnexpectedError(Exception):
    """What a function raises instead of an error that nobody expected: its type and code, and nothing it said."""


def sanitize_errors(handler: Handler) -> Handler:
    """Let no exception leave a function with its message, which may hold a student's text.

    An AitaError's message is aita's own and is logged; of any other error only the type, an AWS
    error code and the place in the code are.
    """

    @wraps(handler)
    def guard(event: dict[str, Any], context: Any) -> Any:
        try:
            return handler(event, context)
        except Exception as error:  # noqa: BLE001 - the boundary: everything is told by type and place
            told = log_unexpected(error)
        raise UnexpectedError(told)

    return traced(guard)


def log_unexpected(error: Exception) -> str:
    """Log an error that nobody expected by its type and place, and return what may be told of it."""
    said = str(error) if isinstance(error, AitaError) else failed_request(error)
    told = f"{type(error).__name__}: {said}" if said else type(error).__name__
    logger.error("unexpected error", error=told, place=_place(error))
    return told


def traced(handler: Handler) -> Handler:
    """Trace a function where tracing is switched on; importing the tracer costs half a second, so only there."""
    if os.environ.get("POWERTOOLS_TRACE_DISABLED") != "false":
        return handler
    from aws_lambda_powertools import Tracer  # noqa: PLC0415 - see above

    # Patched clients would put the keys of scans into the trace, which hold names.
    tracer = Tracer(service=SERVICE, auto_patch=False)
    traced_handler: Handler = tracer.capture_lambda_handler(capture_response=False, capture_error=False)(handler)
    return traced_handler


_OUTCOMES = {
    Outcome.SUCCEEDED: "TasksSucceeded",
    Outcome.FAILED: "TasksFailed",
    Outcome.SKIPPED: "TasksSkipped",
    Outcome.WAIT: "Throttles",
}


def count_item(event: ItemEvent, executed: Executed) -> None:
    """Add what became of an item, and what it took, to the metrics of its stage and of the whole stack."""
    _by_stage(event.stage)
    for outcome, count in (executed.ends or {executed.answer.outcome: 1}).items():
        metrics.add_metric(name=_OUTCOMES[outcome], unit=MetricUnit.Count, value=count)
    usage = executed.spent.usage
    if usage.calls:
        metrics.add_metric(name="InputTokens", unit=MetricUnit.Count, value=usage.input_tokens)
        metrics.add_metric(name="OutputTokens", unit=MetricUnit.Count, value=usage.output_tokens)
        metrics.add_metric(name="UnpricedCalls", unit=MetricUnit.Count, value=usage.unpriced_calls)
        if usage.calls > usage.unpriced_calls:  # an unknown cost is no zero
            metrics.add_metric(name="CostUSD", unit=MetricUnit.Count, value=float(usage.cost_usd))
        metrics.add_metric(name="Latency", unit=MetricUnit.Milliseconds, value=executed.spent.latency_ms)


def count_planned(answer: PlanResponse) -> None:
    """Add the items that a stage hands to the Map to the metrics."""
    if answer.count:
        _by_stage(answer.stage)
        metrics.add_metric(name="ItemsPlanned", unit=MetricUnit.Count, value=answer.count)
        metrics.flush_metrics()


def count_end(answer: CollectResponse) -> None:
    """Add how a run ended to the metrics, such as RunsHalted; a run that goes on adds nothing."""
    if answer.status is not RunStatus.RUNNING:
        name = "Runs" + answer.status.title().replace("_", "")
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
        metrics.flush_metrics()


def _by_stage(stage: str) -> None:
    """Have the metrics counted for a stage, and again for the stack: an alarm can't add dimensions up."""
    metrics.add_dimension(name="stage", value=stage)
    metrics.add_dimensions(service=SERVICE)


def _place(error: Exception) -> list[str]:
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-8:]
