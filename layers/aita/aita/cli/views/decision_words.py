"""Words that views of people's decisions share, whatever was decided on."""

from rich.text import Text

from aita.cli.pasteable import Command
from aita.cli.views import formatting
from aita.models.decision import Decision
from aita.models.grade import CellState
from aita.models.match import MatchDecision
from aita.models.part_decision import PartDecision
from aita.models.review import FlagView

AnyDecision = Decision | PartDecision | MatchDecision

STATES = {
    CellState.GRADED: "graded",
    CellState.BLANK: "blank",
    CellState.OVERRIDDEN: "set by a person",
    CellState.NEEDS_REVIEW: "waits for a decision",
    CellState.FAILED: "failed",
}
"""States of cells in words, as the console has them."""


def decided_at(decision: AnyDecision) -> str:
    """Return the time of a decision, in this computer's time zone."""
    return formatting.local_time(decision.at)


def flag_line(flag: FlagView) -> str:
    """Return a doubt in words, with the code by which --flag chooses it."""
    return f"{flag.text} [{flag.kind}]"


def still_to_review(open_cells: int) -> Text:
    """Return the line about the answers that are still open."""
    return Text(f"{formatting.count(open_cells, 'answer')} still to review", "dim")


def outdated_reports(command: Command) -> Text:
    """Return the line about reports that were made before a decision."""
    return Text(f"Reports that were made before are out of date. Make them anew: {command('report')}", "dim")
