"""Logger, metrics and tracer of the functions, and the boundary that keeps students' texts out of errors and logs."""

import logging
import os
import warnings
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
"""Name of the stack. It keeps two stacks in one account from setting off each other's alarms."""

logger = Logger(service=SERVICE)
metrics = Metrics(namespace="aita", service=SERVICE)

Handler = Callable[[dict[str, Any], Any], Any]


def configure_logging() -> None:
    """Log this package at the functions' level, and libraries from WARNING up.

    Each function calls it before it makes anything. Libraries would leak students' work at DEBUG, which Lambda's
    settings may give to the root logger: botocore and openai log whole requests, with prompts, page images and keys of
    scans, and Pillow logs a file's tags.
    """
    # Powertools warns of an invocation that raised before it counted anything: a line without its request id.
    warnings.filterwarnings("ignore", "No application metrics to publish", UserWarning)
    os.environ.pop("OPENAI_LOG", None)  # openai would set its own logger's level by it
    logging.getLogger().setLevel(logging.WARNING)
    if SERVICE != _PACKAGE:  # otherwise the package's logger is the functions' logger
        package = logging.getLogger(_PACKAGE)
        package.setLevel(logger.log_level)
        package.handlers = logger.handlers
        package.propagate = False  # Lambda's own handler would write each record a second time


_PACKAGE = __name__.partition(".")[0]


class UnexpectedError(Exception):
    """Replacement for an unexpected error, with its type and code but without its message."""


def sanitize_errors(handler: Handler) -> Handler:
    """Decorate a handler so that no exception leaves it with a message that may hold a student's text.

    The message of an AitaError is aita's own and is logged. Of any other error, only the type, an AWS error code and
    the place in the code are logged. Each line of the log has the invocation's request id, and nothing that an earlier
    invocation appended. No event is logged, whatever Powertools' settings are: one of the API may hold names.
    """

    @wraps(handler)
    def guard(event: dict[str, Any], context: Any) -> Any:
        try:
            return handler(event, context)
        except Exception as error:  # noqa: BLE001 - the boundary: any error is reduced to type and place
            description = log_unexpected(error)
        raise UnexpectedError(description)

    logged: Handler = logger.inject_lambda_context(guard, log_event=False, clear_state=True)
    return traced(logged)


def log_unexpected(error: Exception) -> str:
    """Log an unexpected error by its type and place; return a description without its message, unless it is aita's."""
    message = str(error) if isinstance(error, AitaError) else failed_request(error)
    description = f"{type(error).__name__}: {message}" if message else type(error).__name__
    logger.error("unexpected error", error=description, place=_places(error))
    return description


def traced(handler: Handler) -> Handler:
    """Decorate a handler with tracing, if it is switched on. Importing the tracer takes half a second."""
    if os.environ.get("POWERTOOLS_TRACE_DISABLED") != "false":
        return handler
    from aws_lambda_powertools import Tracer  # noqa: PLC0415 - see above

    # Patched clients would put keys of scans, which hold names, into the trace.
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
    """Add an item's outcome and usage to the metrics of the stack; the line that holds them names the stage."""
    _name_stage(event.stage)
    for outcome, count in (executed.ends or {executed.answer.outcome: 1}).items():
        metrics.add_metric(name=_OUTCOMES[outcome], unit=MetricUnit.Count, value=count)
    usage = executed.spent.usage
    if usage.calls:
        metrics.add_metric(name="InputTokens", unit=MetricUnit.Count, value=usage.input_tokens)
        metrics.add_metric(name="OutputTokens", unit=MetricUnit.Count, value=usage.output_tokens)
        if usage.unpriced_calls:
            metrics.add_metric(name="UnpricedCalls", unit=MetricUnit.Count, value=usage.unpriced_calls)
        if usage.calls > usage.unpriced_calls:  # an unknown cost is not zero
            metrics.add_metric(name="CostUSD", unit=MetricUnit.Count, value=float(usage.cost_usd))
        metrics.add_metric(name="Latency", unit=MetricUnit.Milliseconds, value=executed.spent.latency_ms)


def count_planned(answer: PlanResponse) -> None:
    """Add the number of a stage's planned items to the metrics."""
    if answer.count:
        _name_stage(answer.stage)
        metrics.add_metric(name="ItemsPlanned", unit=MetricUnit.Count, value=answer.count)
        metrics.flush_metrics()


_ENDS = {RunStatus.HALTED: "RunsHalted", RunStatus.PARTIAL: "RunsPartial"}
"""Ends that AWS's own metrics, which are free, don't tell from other failures."""


def count_end(answer: CollectResponse) -> None:
    """Add the end of a run to the metrics if it was halted or is partial."""
    if name := _ENDS.get(answer.status):
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
        metrics.flush_metrics()


def _name_stage(stage: str) -> None:
    """Name the stage in the line of the log, and not as a dimension: each stage's metrics would be paid for."""
    metrics.add_metadata(key="stage", value=stage)


def _places(error: Exception) -> list[str]:
    """Return file, line and function of the innermost frames of an error's traceback."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-8:]
