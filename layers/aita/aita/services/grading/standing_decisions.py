"""People's decisions that stand, as nobody took them back."""

from collections.abc import Iterable

from aita.models.decision import Decision, DecisionAction


def in_order(decisions: Iterable[Decision]) -> list[Decision]:
    """Return decisions from the oldest to the newest."""
    return sorted(decisions, key=lambda each: (each.at, each.decision_id))


def standing(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Return the decisions that were not taken back, in their order.

    What takes a decision back is none of them, and can't be taken back itself: whoever wants the decision again decides
    anew.
    """
    made = tuple(decisions)
    taken_back = {decision.undoes for decision in made}
    return tuple(each for each in made if each.action is not DecisionAction.UNDO and each.decision_id not in taken_back)
