"""Commands that start, resume, cancel and watch runs."""

from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from aita.cli import exit_codes
from aita.cli.batch_options import Batch, BatchOnly, batch_options
from aita.cli.run_options import (
    Assignment,
    Detach,
    Disagreement,
    Graders,
    MaxCost,
    Readings,
    ReadNames,
    RegradeOlder,
    RunId,
    SeeOption,
)
from aita.cli.run_report import RunReport, report_of
from aita.cli.running import request_of, resume_run, show_report, start_run, watch_run
from aita.cli.session import Session
from aita.cli.views.estimate_view import estimate_table
from aita.errors import RequestError
from aita.models.api import RunView
from aita.models.run import RunCells, RunStatus
from aita.services.runs.pipelines import PIPELINES

_KEPT = "Answers that were graded before keep their grading, however they were seen or read: see --regrade-older"
_STARTED = {"generate-rubric" if name == "rubric" else name: name for name in PIPELINES}
"""Pipelines by the commands that start them."""


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
    found = session.api.estimate(request_of(session, assignment, _STARTED.get(pipeline, pipeline), options))
    session.output.result(found, estimate_table(found))


def resume(context: typer.Context, run: RunId, max_cost: MaxCost = None, detach: Detach = False) -> None:
    """Run what failed in a run and what is missing, and only that."""
    resume_run(Session.of(context), run, detach=detach, max_cost=max_cost)


def watch(context: typer.Context, run: RunId) -> None:
    """Show a run's progress until it ends."""
    session = Session.of(context)
    watch_run(session, session.api.run(run))


def status(context: typer.Context, run: RunId) -> None:
    """Tell how a run stands. The exit status is that of a watched run, and 0 while it goes on."""
    session = Session.of(context)
    view = session.api.run(run)
    show_report(session, report_of(view, session.api, session.transfer))
    raise typer.Exit(exit_codes.DONE if view.status is RunStatus.RUNNING else exit_codes.of_run(view.status))


def cancel(context: typer.Context, run: RunId) -> None:
    """End a run; what it has done is kept, and it can be resumed."""
    session = Session.of(context)
    show_report(session, RunReport(**session.api.cancel(run).model_dump()))


def _cells(answers: Sequence[str]) -> RunCells:
    try:
        return TypeAdapter(RunCells).validate_python(tuple(answers))
    except ValidationError:
        raise RequestError(
            "--answer takes up to 100 ids of answers, as the list of reviews shows them: c-0123456789ab"
        ) from None
