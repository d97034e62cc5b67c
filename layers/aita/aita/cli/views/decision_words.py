"""Words that views of people's decisions share, whatever was decided on."""

from rich.text import Text

from aita.cli.pasteable import Command
from aita.models.decision import Decision
from aita.models.match import MatchDecision
from aita.models.part_decision import PartDecision

AnyDecision = Decision | PartDecision | MatchDecision


def decided_at(decision: AnyDecision) -> str:
    """Return the time of a decision, in this computer's time zone."""
    return decision.at.astimezone().strftime("%Y-%m-%d %H:%M")


def outdated_reports(command: Command) -> Text:
    """Return the line about reports that were made before a decision."""
    return Text(f"Reports that were made before are out of date. Make them anew: {command('report')}", "dim")
