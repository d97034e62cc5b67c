"""Starting runs, and following them to their end."""

import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import typer

from aita.cli import exit_codes
from aita.cli.run_report import RunReport, report_of
from aita.cli.session import Session
from aita.cli.views.estimate_view import estimate_line
from aita.cli.views.progress import make_progress
from aita.cli.views.run_view import summary
from aita.client.polling import AWS, LOCAL, follow
from aita.errors import RequestError, StackError
from aita.models.api import RunOptions, RunView, StartRunRequest
from aita.models.names import check_assignment


def start_run(
    session: Session,
    assignment: str,
    pipeline: str,
    *,
    detach: bool,
    max_cost: float | None = None,
    options: Mapping[str, Any] | None = None,
    ended: Callable[[RunView], int | None] | None = None,
) -> None:
    """Start a run, and watch it unless detached.

    Parameters
    ----------
    options
        Options of the run from the command line; ``None`` leaves one to the settings.
    ended
        Function that is called with the run when it has ended; it may return an exit status for a run that succeeded.
    """
    view = _start(session, assignment, pipeline, {"max_cost_usd": _usd(max_cost)} | dict(options or {}))
    _watch_unless_detached(session, view, detach=detach, ended=ended)


def run_to_end(session: Session, assignment: str, pipeline: str, options: Mapping[str, Any]) -> RunView:
    """Start a run, watch it, and return its final state; ``options`` as for ``start_run``."""
    return _follow(session, _start(session, assignment, pipeline, options))


def resume_run(session: Session, run: str, *, detach: bool, max_cost: float | None = None) -> None:
    """Resume a run, and watch it unless detached."""
    view = session.api.resume(run, _usd(max_cost))
    session.output.say(f"Run {view.run_id} goes on: attempt {view.attempt} of {view.pipeline} of {view.assignment}")
    _warn(session, view)
    _watch_unless_detached(session, view, detach=detach)


def _start(session: Session, assignment: str, pipeline: str, options: Mapping[str, Any]) -> RunView:
    request = request_of(session, assignment, pipeline, options)
    if request.options.max_cost_usd is not None:
        session.output.note(estimate_line(session.api.estimate(request)))
    view = session.api.start(request, key=str(uuid.uuid4()))
    session.output.say(f"Run {view.run_id} has started: {view.pipeline} of {view.assignment}")
    _warn(session, view)
    return view


def _warn(session: Session, view: RunView) -> None:
    """Show the API's warning about a run that begins."""
    if view.warning:
        session.output.warn(view.warning)


def request_of(session: Session, assignment: str, pipeline: str, options: Mapping[str, Any]) -> StartRunRequest:
    """Return the request for a run with the settings' options, or the given ones in their place."""
    given = session.settings.model_dump(include=set(RunOptions.model_fields), exclude_none=True)
    given |= {name: value for name, value in options.items() if value is not None}
    return StartRunRequest(assignment=check_assignment(assignment), pipeline=pipeline, options=RunOptions(**given))


def _usd(max_cost: float | None) -> Decimal | None:
    if max_cost == 0:
        raise RequestError("--max-cost takes more than 0 USD: leave it out for a run without a cap")
    return None if max_cost is None else Decimal(str(max_cost))


def _watch_unless_detached(
    session: Session, view: RunView, *, detach: bool, ended: Callable[[RunView], int | None] | None = None
) -> None:
    if not detach:
        watch_run(session, view, ended)
    if session.output.as_json:
        show_report(session, RunReport(**view.model_dump()))
    else:
        session.output.say(_hint(session, view.run_id))


def watch_run(session: Session, first: RunView, ended: Callable[[RunView], int | None] | None = None) -> None:
    """Watch a run until it has ended, show its report, and exit with its status; ``ended`` as for ``start_run``."""
    last = _follow(session, first)
    report = report_of(last, session.api, session.transfer)
    status = None if ended is None else ended(last)
    show_report(session, report)
    raise typer.Exit(exit_codes.of_run(last.status) or status or exit_codes.DONE)


def _follow(session: Session, first: RunView) -> RunView:
    last = first
    progress = make_progress(session.output.err, shown=session.bar)
    pace = LOCAL if session.local else AWS
    try:
        with progress:
            for last in follow(lambda: session.api.run(first.run_id), first, pace, session.pause, progress.missed):
                progress.show(last)
    except KeyboardInterrupt:
        session.output.note(_hint(session, first.run_id))
        if session.output.as_json:
            show_report(session, RunReport(**last.model_dump()))
        raise typer.Exit(exit_codes.INTERRUPTED) from None
    except StackError as error:
        raise StackError(f"{error}. {_hint(session, first.run_id)}") from error
    return last


def show_report(session: Session, report: RunReport) -> None:
    """Show how a run stands."""
    session.output.result(report, summary(report, session.output.pasteable))


def _hint(session: Session, run_id: str) -> str:
    watch_command, cancel_command = session.command("watch", run_id), session.command("cancel", run_id)
    return f"Run {run_id} goes on: '{watch_command}' watches it, '{cancel_command}' ends it"
