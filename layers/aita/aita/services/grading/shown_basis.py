"""Bases of cells as people see them, and codes of theirs that are no codes of a cell."""

from aita.errors import RequestError
from aita.models.grade import Cell
from aita.models.review import basis_after, fingerprint, is_fingerprint, last_seen
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.material_versions import digest

_PROPOSING = ", proposing "
_SHOWN = 40
"""Characters of a wrong code that its error repeats."""


def shown_basis(grades: Gradebook, cell: Cell) -> str:
    """Return the basis that a person sees: the cell's, the proposal and the last decision.

    The same inputs may be graded again, as by a later version, and a failed cell may be graded: nobody decides on what
    was not shown, and no decision is overwritten unseen.
    """
    graded, decisions = grades.graded(cell.cell_id), grades.decisions(cell.cell_id)
    shown = [graded.state, graded.proposal, *(each.model_dump(mode="json") for each in graded.flags)]
    basis = f"{cell.basis}{_PROPOSING}{digest(shown)}"
    return basis_after(basis, decisions[-1].decision_id) if decisions else basis


def check_is_of_cell(grades: Gradebook, cell_id: str, seen: str, assignment: str) -> None:
    """Check that a basis, or its code, may have been a cell's, as nothing has changed where it never was.

    A mistyped code that has the form of one can't be told from one of before a change.

    Raises
    ------
    RequestError
        If it has no such form, is another cell's, or is of a decision that was not made on this cell.
    """
    if _PROPOSING in seen:
        return
    other = next((cell.cell_id for cell in grades.cells() if fingerprint(shown_basis(grades, cell)) == seen), "")
    made = {"", *(last_seen(basis_after("", each.decision_id)) for each in grades.decisions(cell_id))}
    if is_fingerprint(seen) and not other and last_seen(seen) in made:
        return
    whose = f"it is that of {other}" if other else f"'aita review show {cell_id} --assignment {assignment}' prints it"
    raise RequestError(f"{seen[:_SHOWN]!r} is not the code of {cell_id}: {whose}")
