"""Commands that start, resume, cancel and watch runs."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from aita.cli import exit_codes
from aita.cli.batch_options import Batch, BatchOnly, batch_options
from aita.cli.run_report import RunReport, report_of
from aita.cli.session import Session
from aita.cli.views.estimate_view import estimate_line, estimate_table
from aita.cli.views.progress import make_progress
from aita.cli.views.run_view import summary
from aita.client.polling import AWS, LOCAL, follow
from aita.errors import RequestError, StackError
from aita.models.api import RunOptions, RunView, StartRunRequest
from aita.models.names import check_assignment
from aita.models.run import RunCells, RunStatus
from aita.models.second_look import See
from aita.services.runs.pipelines import PIPELINES

Assignment = Annotated[str, typer.Option("--assignment", "-a", metavar="NAME", help="The assignment's name.")]
Detach = Annotated[bool, typer.Option("--detach", help="Return as soon as the run has started.")]
MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost", metavar="USD", min=0, max=1_000_000, help="What the run may cost.", show_default="no cap"
    ),
]
Graders = Annotated[
    int | None,
    typer.Option(
        "--graders", metavar="K", min=1, max=9, help="Independent graders of each answer.", show_default="as before; 1"
    ),
]
Disagreement = Annotated[
    float | None,
    typer.Option(
        "--disagreement",
        metavar="SHARE",
        min=0,
        max=1,
        help="How far two graders may differ, as a share of the question's points, before a person decides.",
        show_default="as before; 0.2",
    ),
]
SeeOption = Annotated[
    See | None,
    typer.Option(
        "--see",
        help="Answers that graders see on the page, too: all, those of a doubtful transcription and drawings, or none.",
        show_default="as before; doubtful",
    ),
]
Readings = Annotated[
    int | None,
    typer.Option(
        "--readings",
        metavar="N",
        min=1,
        max=2,
        help="With 2, answers are read once more on the page; where that differs, a person decides.",
        show_default="as before; 1",
    ),
]
ReadNames = Annotated[
    bool,
    typer.Option(
        "--read-names",
        help="Show a model the unmasked heads of pages, where folders tell no student, to read name and number.",
    ),
]
RegradeOlder = Annotated[
    bool,
    typer.Option(
        "--regrade-older",
        help="Grade answers again that an older aita or another model graded, or that were seen or read otherwise.",
    ),
]
_KEPT = "Answers that were graded before keep their grading, however they were seen or read: see --regrade-older"
_STARTED = {"generate-rubric" if name == "rubric" else name: name for name in PIPELINES}
"""Pipelines by the commands that start them."""

RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]


def extract_questions(
    context: typer.Context,
    assignment: Assignment,
    *,
    batch: Batch = False,
    batch_only: BatchOnly = False,
    max_cost: MaxCost = None,
    detach: Detach = False,
) -> None:
    """Read the questions from the blank exam, or without one from a student's.

    Fetch exam_spec.json with 'aita results', check it, and upload it: it is then the exam's questions.
    """
    session = Session.of(context)

    def show_next_steps(view: RunView) -> None:
        if view.status is RunStatus.SUCCEEDED:
            fetch = session.command("results", view.run_id, "--out", "DIR")
            upload = session.command("upload", "DIR/exam_spec.json", "--assignment", assignment)
            session.output.note(f"Check exam_spec.json ('{fetch}'), and upload it if you change it ('{upload}')")

    options = batch_options(batch, batch_only)
    start_run(
        session,
        assignment,
        "extract-questions",
        detach=detach,
        max_cost=max_cost,
        options=options,
        ended=show_next_steps,
    )


def generate_rubric(
    context: typer.Context,
    assignment: Assignment,
    *,
    batch: Batch = False,
    batch_only: BatchOnly = False,
    max_cost: MaxCost = None,
    detach: Detach = False,
) -> None:
    """Write an answer key and a rubric for each question."""
    session = Session.of(context)

    def show_next_step(view: RunView) -> None:
        if view.status is RunStatus.SUCCEEDED:
            check = [session.command(each, "show", "--assignment", assignment) for each in ("keys", "rubric")]
            transcribe, grade = (session.command(each, "--assignment", assignment) for each in ("transcribe", "grade"))
            session.output.note(f"Check them: {' and '.join(check)}")
            session.output.note(f"Next, once the scans are transcribed ({transcribe}): {grade}")

    options = batch_options(batch, batch_only)
    start_run(session, assignment, "rubric", detach=detach, max_cost=max_cost, options=options, ended=show_next_step)


def transcribe(
    context: typer.Context,
    assignment: Assignment,
    *,
    read_names: ReadNames = False,
    batch: Batch = False,
    batch_only: BatchOnly = False,
    max_cost: MaxCost = None,
    detach: Detach = False,
) -> None:
    """Transcribe the scanned pages."""
    options = batch_options(batch, batch_only) | {"read_names": read_names or None}
    start_run(Session.of(context), assignment, "transcribe", detach=detach, max_cost=max_cost, options=options)


def grade(
    context: typer.Context,
    assignment: Assignment,
    *,
    graders: Graders = None,
    disagreement: Disagreement = None,
    see: SeeOption = None,
    readings: Readings = None,
    regrade_older: RegradeOlder = False,
    answers: Annotated[
        list[str] | None,
        typer.Option("--answer", metavar="ID", help="Grade this answer (c-...) and no other; may be repeated."),
    ] = None,
    batch: Batch = False,
    batch_only: BatchOnly = False,
    max_cost: MaxCost = None,
    detach: Detach = False,
) -> None:
    """Grade each student's answer to each question, and write the reports.

    What was graded before on the same question, rubric and answer is not graded again.
    """
    options = batch_options(batch, batch_only) | {
        "graders": graders,
        "disagreement": disagreement,
        "see": see,
        "readings": readings,
        "regrade_older": regrade_older or None,
        "cells": _cells(answers or []) or None,
    }
    if (see or readings) and not regrade_older:
        Session.of(context).output.note(_KEPT)
    start_run(Session.of(context), assignment, "grade", detach=detach, max_cost=max_cost, options=options)


def exam(
    context: typer.Context,
    assignment: Assignment,
    review: Annotated[
        bool, typer.Option("--review", help="Wait once the rubrics are written, until the run is resumed.")
    ] = False,
    *,
    read_names: ReadNames = False,
    graders: Graders = None,
    disagreement: Disagreement = None,
    see: SeeOption = None,
    readings: Readings = None,
    batch: Batch = False,
    batch_only: BatchOnly = False,
    max_cost: MaxCost = None,
    detach: Detach = False,
) -> None:
    """Do everything, from the scans to the reports: questions, rubrics, transcriptions, grades."""
    options = batch_options(batch, batch_only) | {
        "review": review or None,
        "read_names": read_names or None,
        "graders": graders,
        "disagreement": disagreement,
        "see": see,
        "readings": readings,
    }
    start_run(Session.of(context), assignment, "exam", detach=detach, max_cost=max_cost, options=options)


def estimate(
    context: typer.Context,
    pipeline: Annotated[
        str,
        typer.Argument(metavar="COMMAND", help=f"The command that starts it: {', '.join(_STARTED)}; or kind.<name>."),
    ],
    assignment: Assignment,
    read_names: ReadNames = False,
    see: SeeOption = None,
    readings: Readings = None,
    regrade_older: RegradeOlder = False,
) -> None:
    """Tell the calls, tokens and cost that a run takes if none of its calls was answered before."""
    session = Session.of(context)
    options = {
        "read_names": read_names or None,
        "see": see,
        "readings": readings,
        "regrade_older": regrade_older or None,
    }
    found = session.api.estimate(_request(session, assignment, _STARTED.get(pipeline, pipeline), options))
    session.output.result(found, estimate_table(found))


def resume(context: typer.Context, run: RunId, max_cost: MaxCost = None, detach: Detach = False) -> None:
    """Run what failed in a run and what is missing, and only that."""
    session = Session.of(context)
    view = session.api.resume(run, _usd(max_cost))
    session.output.say(f"Run {view.run_id} goes on: attempt {view.attempt} of {view.pipeline} of {view.assignment}")
    _warn(session, view)
    _watch_unless_detached(session, view, detach=detach)


def watch(context: typer.Context, run: RunId) -> None:
    """Show a run's progress until it ends."""
    session = Session.of(context)
    _watch(session, session.api.run(run))


def status(context: typer.Context, run: RunId) -> None:
    """Tell how a run stands. The exit status is that of a watched run, and 0 while it goes on."""
    session = Session.of(context)
    view = session.api.run(run)
    _show(session, report_of(view, session.api, session.transfer))
    raise typer.Exit(exit_codes.DONE if view.status is RunStatus.RUNNING else exit_codes.of_run(view.status))


def cancel(context: typer.Context, run: RunId) -> None:
    """End a run; what it has done is kept, and it can be resumed."""
    session = Session.of(context)
    _show(session, RunReport(**session.api.cancel(run).model_dump()))


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


def _start(session: Session, assignment: str, pipeline: str, options: Mapping[str, Any]) -> RunView:
    request = _request(session, assignment, pipeline, options)
    if request.options.max_cost_usd is not None:
        session.output.note(estimate_line(session.api.estimate(request)))
    view = session.api.start(request, key=str(uuid.uuid4()))
    session.output.say(f"Run {view.run_id} has started: {view.pipeline} of {view.assignment}")
    _warn(session, view)
    return view


def _warn(session: Session, view: RunView) -> None:
    """Show what the API warns of when a run begins."""
    if view.warning:
        session.output.warn(view.warning)


def _request(session: Session, assignment: str, pipeline: str, options: Mapping[str, Any]) -> StartRunRequest:
    given = session.settings.model_dump(include=set(RunOptions.model_fields), exclude_none=True)
    given |= {name: value for name, value in options.items() if value is not None}
    return StartRunRequest(assignment=check_assignment(assignment), pipeline=pipeline, options=RunOptions(**given))


def _cells(answers: Sequence[str]) -> RunCells:
    try:
        return TypeAdapter(RunCells).validate_python(tuple(answers))
    except ValidationError:
        raise RequestError(
            "--answer takes up to 100 ids of answers, as the list of reviews shows them: c-0123456789ab"
        ) from None


def _usd(max_cost: float | None) -> Decimal | None:
    if max_cost == 0:
        raise RequestError("--max-cost takes more than 0 USD: leave it out for a run without a cap")
    return None if max_cost is None else Decimal(str(max_cost))


def _watch_unless_detached(
    session: Session, view: RunView, *, detach: bool, ended: Callable[[RunView], int | None] | None = None
) -> None:
    if not detach:
        _watch(session, view, ended)
    if session.output.as_json:
        _show(session, RunReport(**view.model_dump()))
    else:
        session.output.say(_hint(session, view.run_id))


def _watch(session: Session, first: RunView, ended: Callable[[RunView], int | None] | None = None) -> None:
    last = _follow(session, first)
    report = report_of(last, session.api, session.transfer)
    status = None if ended is None else ended(last)
    _show(session, report)
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
            _show(session, RunReport(**last.model_dump()))
        raise typer.Exit(exit_codes.INTERRUPTED) from None
    except StackError as error:
        raise StackError(f"{error}. {_hint(session, first.run_id)}") from error
    return last


def _show(session: Session, report: RunReport) -> None:
    session.output.result(report, summary(report, session.output.pasteable))


def _hint(session: Session, run_id: str) -> str:
    watch_command, cancel_command = session.command("watch", run_id), session.command("cancel", run_id)
    return f"Run {run_id} goes on: '{watch_command}' watches it, '{cancel_command}' ends it"
