"""Decisions on a cell in words: those that were made, the one that counts, and the commands that make another."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from aita.cli.pasteable import Command
from aita.cli.views.decision_words import STATES, decided_at
from aita.cli.views.indented_text import indented
from aita.models.decision import Decision, DecisionAction
from aita.models.review import ReviewView, basis_after, fingerprint
from aita.services.grading.standing_decisions import standing


def decided_before(review: ReviewView) -> str:
    """Return the decision that counts in words, with who and when; empty if none does."""
    return _told(review, _counting(review))


def corrected_before(review: ReviewView) -> str:
    """Return the correction that an answer's text is from in words, with who and when; empty if it was read so."""
    made = [each for each in standing(review.decisions) if each.action is DecisionAction.CORRECT]
    return _told(review, made[-1] if made and review.read_by_person else None)


def others_decision(review: ReviewView, by: str) -> str:
    """Return the last decision that stands in words, if it is another person's; empty if it is not."""
    last = next(iter(reversed(standing(review.decisions))), None)
    return _told(review, last if last is not None and last.by != by else None)


def decisions_made(decisions: Sequence[Decision]) -> Iterator[RenderableType]:
    """Yield each decision with its time, person and reason."""
    taken_back = {decision.undoes for decision in decisions}
    for decision in decisions:
        why = f": {decision.why}" if decision.why else ""
        gone = " [taken back]" if decision.decision_id in taken_back else ""
        yield indented(f"{decided_at(decision)}  {_did(decision)} (before: {before(decision)}){why}{gone}")
        if decision.feedback:
            yield indented(f"feedback: {decision.feedback}", "dim", 4)
        if decision.transcription:
            yield indented(decision.transcription, "dim", 4)


def before(decision: Decision) -> str:
    """Return the state and points before a decision."""
    if decision.old_points is None:
        return STATES[decision.old_state]
    return f"{STATES[decision.old_state]}, {decision.old_points:g}"


def deciding_commands(review: ReviewView, command: Command) -> Iterator[RenderableType]:
    """Yield the commands that decide on a cell as it is shown. Whoever pastes one knows of the decision before."""
    for part_id in review.parts:
        yield indented(command("review", "part", part_id))
    seen = ["--seen", fingerprint(review.basis)]
    again = ["--again"] if decided_before(review) else []
    setting = [*seen, "--why", "TEXT", *again]
    yield indented(f"{' '.join(seen)} refuses a decision if anything has changed since", "dim")
    if review.proposal.points is not None:
        yield indented(command("review", "accept", review.cell_id, *seen, *again))
    yield indented(command("review", "set", review.cell_id, "--points", "P", *setting))
    if numbers := _criteria_to_set(review):
        criteria = [word for number in numbers for word in ("--criterion", f"{number}=P")]
        yield indented(command("review", "set", review.cell_id, *criteria, *setting))
    over = ["--again"] if again or corrected_before(review) else []
    yield indented(command("review", "correct", review.cell_id, "--transcription", "FILE", *seen, *over))
    if standing(review.decisions):
        yield indented(command("review", "undo", review.cell_id, *seen, "--again"))


def _criteria_to_set(review: ReviewView) -> Sequence[int]:
    """Return the numbers of the criteria that a decision by criterion must give; one of many if others can be kept."""
    rubric, proposal = review.rubric, review.proposal
    if rubric is None or len(rubric.criteria) == 1 or rubric.problem(review.max_points):
        return ()
    keeps = proposal.points is not None and len(proposal.criteria) == len(rubric.criteria)
    return (1,) if keeps else range(1, len(rubric.criteria) + 1)


def _counting(review: ReviewView) -> Decision | None:
    """Return the decision that a closed cell's points are from; ``None`` without one.

    A stack before version 0.3 does not tell it: it is the last one about the cell's basis that stands.
    """
    if review.state.is_open:
        return None
    if review.counts:
        return next((each for each in review.decisions if each.decision_id == review.counts), None)
    about = [
        each
        for each in standing(review.decisions)
        if each.points is not None and basis_after(review.basis, "") == basis_after(each.basis, "")
    ]
    return about[-1] if about else None


def _told(review: ReviewView, decision: Decision | None) -> str:
    return f"{review.cell_id}: {_did(decision)}, {decided_at(decision)}" if decision is not None else ""


def _did(decision: Decision) -> str:
    match decision.action:
        case DecisionAction.ACCEPT:
            did = f"accepted {decision.points:g}"
        case DecisionAction.SET:
            parts = ", ".join(f"{number}: {points:g}" for number, points in enumerate(decision.criteria, 1))
            did = f"set {decision.points:g}" + (f" ({parts})" if parts else "")
        case DecisionAction.CORRECT:
            did = "corrected the text"
        case DecisionAction.NOTE:
            did = "left it to the instructor"
        case DecisionAction.UNDO:
            did = "took the last decision back"
    return f"{decision.by} {did}"
