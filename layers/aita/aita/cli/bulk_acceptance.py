"""Acceptance of the proposals of many answers, as they were previewed."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext

import typer

from aita.cli import exit_codes
from aita.cli.deciding import already_recorded, decision_options
from aita.cli.files.assignment_download import fetch_class_list
from aita.cli.session import Session
from aita.cli.views import acceptance_view, formatting
from aita.cli.views.acceptance_view import Left
from aita.errors import AitaError, ConflictError, RequestError
from aita.models.decision import DecisionAction
from aita.models.review import CellFilter, DecisionRequest, ReviewLine
from aita.models.review_flags import FlagKind


def accept_all(session: Session, assignment: str, only: CellFilter, by: str, *, confirm: bool) -> int:
    """Preview the open answers of a filter, ask, accept each proposal as it was previewed; return the exit status.

    Raises
    ------
    RequestError
        If nobody can be asked, or the answer is no.
    AitaError
        If the stack fails; the message says how many were accepted.
    """
    command = session.command_on(assignment)
    cells = session.api.reviews(assignment, None, only=only).cells
    offered = [cell for cell in cells if cell.points is not None]
    # The next grading opens an answer that has changed since its proposal: only --flag changed accepts such proposals.
    current = [cell for cell in offered if not cell.outdated or only.flag is FlagKind.CHANGED]
    # An answer that somebody left to the instructor is not decided among many others, unread.
    proposed = [cell for cell in current if not _is_asked(cell) or only.flag is FlagKind.ASKED]
    left = Left(
        without_proposal=len(cells) - len(offered),
        outdated=len(offered) - len(current),
        asked=len(current) - len(proposed),
    )
    names = fetch_class_list(session.api, session.transfer, assignment).students.names()
    session.output.show(acceptance_view.preview(proposed, left, names, command))
    if proposed and confirm:
        _confirm(session, len(proposed))
    changed = _accept(session, assignment, proposed, by)
    done = len(proposed) - len(changed)
    with already_recorded(formatting.count(done, "answer")) if done else nullcontext():
        open_cells = session.api.reviews(assignment, 1).open_cells
    document = {
        "accepted": [cell.cell_id for cell in proposed if cell.cell_id not in changed],
        "changed": changed,
        **left._asdict(),
        "open_cells": open_cells,
    }
    view = acceptance_view.accepted(done, changed, left, open_cells, command)
    session.output.result(document, view)
    return exit_codes.PARTIAL if changed else exit_codes.DONE


def _is_asked(cell: ReviewLine) -> bool:
    return any(flag.kind is FlagKind.ASKED for flag in cell.flags)


def _accept(session: Session, assignment: str, cells: Sequence[ReviewLine], by: str) -> dict[str, str]:
    """Accept each answer's proposal; return the reasons of those that have changed since the preview, by their ids."""
    changed: dict[str, str] = {}
    for count, cell in enumerate(cells):
        with decision_options():
            request = DecisionRequest(action=DecisionAction.ACCEPT, by=by, basis=cell.basis)
        try:
            session.api.decide(assignment, cell.cell_id, request)
        except ConflictError as error:
            changed[cell.cell_id] = str(error)
        except AitaError as error:
            done = f"{count - len(changed)} of {len(cells)} answers were accepted, and then"
            raise type(error)(f"{done}: {error}. Give the command again for the rest") from None
    return changed


def _confirm(session: Session, count: int) -> None:
    if session.output.as_json or not sys.stdin.isatty():
        raise RequestError("nothing was decided: add --yes, as nobody can be asked here")
    if not typer.confirm(f"Accept {formatting.count(count, 'proposal')}?", err=True):
        raise RequestError("nothing was decided")
