"""Estimates of runs, for people."""

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.views import formatting
from aita.cli.views.fitting_table import FittingTable
from aita.cli.views.indented_text import indented
from aita.cli.views.terminal_escape import printable
from aita.models.api import Estimate, StageEstimate

_CACHE = (
    "counted as if nothing had been asked before: replies that are kept in the cache cost nothing, and a run over again"
    " takes few calls or none"
)

_AWS = (
    "an estimate at list prices of us-east-1, free tiers left out, for calls of 10 s each; it is less with --batch, and"
    " nothing on a laptop"
)


def estimate_line(estimate: Estimate) -> str:
    """Return the estimate in a line."""
    return f"Estimated: {calls_line(estimate)}"


def calls_line(of: Estimate | StageEstimate) -> str:
    """Return calls, tokens and cost in a line."""
    tokens = f"{of.input_tokens:,} tokens in and {of.output_tokens:,} out"
    batch = f", or {formatting.money(of.batch_cost_usd)} with --batch" if of.batch_cost_usd else ""
    return f"{formatting.count(of.calls, 'call')}, {tokens}, {_cost(of)}{batch}"


def estimate_table(estimate: Estimate) -> RenderableType:
    """Return the estimate by stage, with notes on its assumptions."""
    models = {stage.model for stage in estimate.stages if stage.model}
    columns = ("stage", "model") if len(models) > 1 else ("stage",)
    figures = ("calls", "tokens in", "tokens out", "cost", "with --batch")
    table = FittingTable((*columns, *figures), frozenset(figures))
    for stage in estimate.stages:
        table.add_row(*(stage.stage, printable(stage.model))[: len(columns)], *_figures(stage))
    table.add_row(*(Text("together", "bold"), "")[: len(columns)], *_figures(estimate))
    more = []
    if estimate.aws_cost_usd is not None:
        more.append(indented(f"AWS comes on top: {formatting.money(estimate.aws_cost_usd)}, {_AWS}"))
    if estimate.duration is not None:
        more.append(indented(f"It takes {estimate.duration.text}"))
        more += [indented(each, "dim", 4) for each in estimate.duration.basis]
    return Group(table, *more, *(indented(note, "dim") for note in (_CACHE, *estimate.notes)))


def _figures(of: Estimate | StageEstimate) -> tuple[str, ...]:
    return f"{of.calls:,}", f"{of.input_tokens:,}", f"{of.output_tokens:,}", _cost(of), _batch_cost(of)


def _batch_cost(of: Estimate | StageEstimate) -> str:
    return "" if of.batch_cost_usd is None else formatting.money(of.batch_cost_usd)


def _cost(of: Estimate | StageEstimate) -> str:
    return "price not known" if of.cost_usd is None else formatting.money(of.cost_usd)
