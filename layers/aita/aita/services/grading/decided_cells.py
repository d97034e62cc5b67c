"""Cells as they count: a graded cell, people's decisions about it, and the undecided parts of pages beside it."""

from collections.abc import Iterable, Sequence
from typing import Any

from aita.models.decision import Decision, DecisionAction
from aita.models.grade import Cell, CellState, CriterionGrade
from aita.models.ledger import Part
from aita.models.points import exact
from aita.models.review_flags import Flag, FlagKind
from aita.services.grading.material_versions import NOTES, digest

_INPUTS = {
    "points": "the question's points",
    "question": "the question's wording",
    **NOTES,
    "graders": "the number of graders or the bound of their disagreement",
}
"""Material of a grade, in words, by its name in decisions."""


def decided(cell: Cell, decisions: Iterable[Decision]) -> tuple[Cell, Decision | None]:
    """Return a cell with the last decision about its present grade, and that decision; ``None`` without any.

    The cell is open if all decisions are about earlier grades, or if the last one about its inputs accepted another
    proposal: the decisions that this one replaced do not count again. Where it is of 0.1.0 they do, as they did there.
    Corrected transcriptions are passed over: they count as the answer's text (``corrected_answers``). A cell that was
    left to the instructor is open until somebody decides on its points.

    Parameters
    ----------
    decisions
        Decisions about the cell that stand, from the oldest to the newest.
    """
    latest: Decision | None = None
    outdated: Decision | None = None
    asked: Decision | None = None
    for decision in decisions:
        if decision.action is DecisionAction.CORRECT:
            continue
        if decision.action is DecisionAction.NOTE:
            asked = decision
            continue
        asked = None
        if not _is_of_inputs(decision, cell):
            outdated = decision
        elif decision.action is DecisionAction.SET or _accepts(decision, cell):
            latest = decision
        else:
            outdated = decision
            if decision.proposal:  # which was accepted in place of whatever was decided before; 0.1.0 does not name it
                latest = None
    if asked is not None:
        note = f"{asked.by} left a note on {asked.at:%Y-%m-%d}"
        return reopened(cell, Flag(kind=FlagKind.ASKED, note=note)), None
    if latest is not None:
        return _closed(cell, latest), latest
    return (cell if outdated is None else reopened(cell, _since(outdated, cell))), None


def inputs_of(cell: Cell) -> dict[str, str]:
    """Return the versions of the material that a cell's grade was made of, by name; unknown ones are left out."""
    graders = digest([cell.graders_asked, cell.disagreement]) if cell.graders_asked else ""
    versions = {name: getattr(cell, name) for name in ("question", *NOTES)}
    known = {"points": f"{cell.max_points:g}", "graders": graders, **versions}
    return {name: version for name, version in known.items() if version}


def parts_that_open(decision: Decision | None, parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the undecided parts beside a cell that open it.

    A person who set points, or who accepted the proposal with a part in view, has decided in spite of it.

    Parameters
    ----------
    decision
        Decision that determines the cell's points; ``None`` without one.
    parts
        Undecided parts that may belong to the answer.
    """
    if decision is None:
        return tuple(parts)
    if decision.action is DecisionAction.SET:
        return ()
    return tuple(part for part in parts if part.part_id not in decision.parts)


def opened(cell: Cell, parts: Sequence[Part]) -> Cell:
    """Return a cell that these parts open, with a flag for them; unchanged without parts.

    The basis is another one with each set of parts, so that nobody decides with other parts in view than there are.
    """
    if not parts:
        return cell
    seen = digest([part.part_id for part in parts])
    flag = Flag(kind=FlagKind.UNPLACED, note="; ".join(part.place.where for part in parts))
    return reopened(cell, flag, basis=f"{cell.basis}, beside {seen}")


def reopened(cell: Cell, flag: Flag, **changes: Any) -> Cell:
    """Return a cell as open, with another flag and changed fields. A failed cell stays failed.

    Raises
    ------
    ValueError
        If the fields contradict each other.
    """
    state = CellState.FAILED if cell.state is CellState.FAILED else CellState.NEEDS_REVIEW
    return _changed(cell, state=state, flags=(*cell.flags, flag), **changes)


def read_otherwise(cell: Cell, correction: Decision) -> Cell:
    """Return a cell as open, as its page was read otherwise after a person had corrected the transcription."""
    note = (
        f"{correction.by} corrected its transcription on {correction.at:%Y-%m-%d}, and the page was read otherwise "
        "since: that text counts no longer"
    )
    return reopened(cell, Flag(kind=FlagKind.CHANGED, note=note))


def _is_of_inputs(decision: Decision, cell: Cell) -> bool:
    return decision.basis in (cell.basis, cell.older_basis)


def _accepts(decision: Decision, cell: Cell) -> bool:
    """Return whether a decision accepted the cell's present proposal."""
    if cell.points is None or decision.points is None:
        return False
    return exact(cell.points) == exact(decision.points) and decision.proposal in ("", cell.proposal)


def _closed(cell: Cell, decision: Decision) -> Cell:
    changes: dict[str, Any] = {"points": decision.points, "flags": (), "reason": decision.why}
    if decision.action is not DecisionAction.SET:
        return _changed(cell, state=CellState.GRADED if cell.criteria else CellState.BLANK, **changes)
    if decision.criteria:
        criteria = tuple(CriterionGrade(points=points) for points in decision.criteria)
        changes |= {"criteria": criteria, "rubric": decision.rubric}
    if decision.criteria or decision.feedback:
        changes["feedback"] = decision.feedback
    return _changed(cell, state=CellState.OVERRIDDEN, **changes)


def _changed(cell: Cell, **changes: Any) -> Cell:
    return Cell.model_validate(dict(cell) | changes)


def _since(decision: Decision, cell: Cell) -> Flag:
    """Return the flag of a decision that counts no longer, with the material that has changed since."""
    points = f"{decision.points:g} {'point' if decision.points == 1 else 'points'}"
    decided = f"{decision.by} decided on {points} on {decision.at:%Y-%m-%d}"
    now = inputs_of(cell)
    names = [name for name in _INPUTS if name in now and decision.inputs.get(name, now[name]) != now[name]]
    if not decision.inputs:
        since = "; the question, the answer key, the rubric, the instructions, the answer or the grading changed since"
    elif names:
        since = f"; what its grade is made of has changed since: {', '.join(_INPUTS[name] for name in names)}"
    elif any(flag.kind is FlagKind.CHANGED for flag in cell.flags):
        since = ", before this change"
    else:
        since = "; it was graded again since"
    return Flag(kind=FlagKind.CHANGED, note=f"{decided}{since}")
