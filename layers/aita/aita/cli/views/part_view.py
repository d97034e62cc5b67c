"""Parts of pages that belong to no answer, and everything that a decision about one needs, for people."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.pasteable import Command
from aita.cli.views import formatting
from aita.cli.views.decision_words import decided_at, outdated_reports
from aita.cli.views.indented_text import indented
from aita.cli.views.masked_places import Scans, masked_note
from aita.cli.views.terminal_escape import printable
from aita.models.part_decision import PartAction, PartDecision
from aita.models.part_review import PartDecisions, PartPage, PartView
from aita.models.transcription import Line, LineKind

_PLAIN = (LineKind.ANSWER, LineKind.UNKNOWN)
"""Kinds of lines that need no mention."""


def part_list_view(page: PartPage, names: Mapping[str, str], command: Command) -> RenderableType:
    """Return the parts, each with its student, its place, its state and the first line that was read in it."""
    parts: list[RenderableType] = [Text(f"{formatting.count(page.open_parts, 'part')} of pages to decide on", "bold")]
    for is_open, group in groupby(page.parts, lambda part: bool(part.opens)):
        if not is_open:
            parts += [Text(""), Text("Parts that no answer waits for", "bold")]
        parts += [line for part in group for line in _item(part, names, command)]
    return Group(*parts)


def part_view(part: PartView, name: str, scans: Scans, command: Command) -> RenderableType:
    """Return a part with its place, its lines and its decisions; ``command`` makes its command lines."""
    read = [indented(_line(line)) for line in part.lines] or [indented("nothing was read", "dim")]
    heading = Text.assemble((f"Part {part.part_id}", "bold"), f"\n{printable(name)}, {part.where}")
    parts: list[RenderableType] = [heading]
    for title, block in (
        ("State", [indented(_state(part))]),
        ("Read there", read),
        ("Page", [*_page(part, scans, command)]),
        ("Decisions", [indented(_decided(decision)) for decision in part.decisions]),
        ("Decide", [*_next(part, command)]),
    ):
        if block:
            parts += [Text(""), Text(title, "bold"), *block]
    return Group(*parts)


def part_decided_view(
    made: PartDecisions, part: PartView, name: str, open_parts: int, command: Command, *, for_class: bool
) -> RenderableType:
    """Return a decision, the number of open parts, and the commands that bring it into grades and reports."""
    decision, *others = made.decisions
    parts = [Text(f"{printable(name)}, {part.where}: {printable(_said(decision))}")]
    if for_class:
        parts.append(Text(f"The same for {formatting.count(len(others), 'part')} of other pages"))
    if changed := [*_changed(decision, part.counts)]:
        parts.append(Text(f"Grade question {printable(' and '.join(changed))} anew: {command('grade')}"))
    return Group(
        *parts,
        Text(f"{formatting.count(open_parts, 'part')} still to decide on", "dim"),
        outdated_reports(command),
    )


def decided_before(part: PartView) -> str:
    """Return the decision that counts in words, with who and when; empty while the part is undecided."""
    return f"{part.part_id}: {_did(part.counts)}, {decided_at(part.counts)}" if part.counts else ""


def _page(part: PartView, scans: Scans, command: Command) -> Iterator[RenderableType]:
    if part.url:
        yield indented(command("review", "part", part.part_id, "--open"))
    if masked := masked_note(part, part.masked, part.source, scans):
        yield indented(masked, "yellow")


def _item(part: PartView, names: Mapping[str, str], command: Command) -> Iterator[RenderableType]:
    yield Text("")
    yield Text.assemble("  ", (part.part_id, "bold"), f"  {printable(names.get(part.student_id, part.student_id))}")
    yield indented(part.where, by=4)
    yield from (indented(_line(line), by=4) for line in part.lines[:1])
    yield indented(_state(part), "dim", 4)
    if part.opens:
        yield indented(command("review", "part", part.part_id), "dim", 4)


def _changed(decision: PartDecision, before: PartDecision | None) -> Iterator[str]:
    """Yield the questions whose answers a decision changes: the one that loses the part, and the one that gets it."""
    given = [each.question_id for each in (before, decision) if each is not None and each.question_id is not None]
    if len(set(given)) == len(given):  # else the part stays where it was
        yield from given


def _state(part: PartView) -> str:
    if part.counts is not None:
        return _said(part.counts)
    if part.opens:
        return f"open beside it: {', '.join(part.opens)}"
    return "undecided, and no answer is open beside it"


def _line(line: Line) -> str:
    return line.text if line.kind in _PLAIN else f"{line.text}  [{line.kind.replace('_', ' ')}]"


def _said(decision: PartDecision) -> str:
    match decision.action:
        case PartAction.BELONGS:
            return f"belongs to question {decision.question_id}"
        case PartAction.SCRATCH:
            return "scratch work"
        case PartAction.NOTHING:
            return "nothing that counts"


def _decided(decision: PartDecision) -> str:
    alike = f", as {decision.alike}" if decision.alike else ""
    why = f": {decision.why}" if decision.why else ""
    return f"{decided_at(decision)}  {_did(decision)}{alike}{why}"


def _did(decision: PartDecision) -> str:
    return f"{decision.by}: {_said(decision)}"


def _next(part: PartView, command: Command) -> Iterator[RenderableType]:
    again = ["--again"] if part.counts else []
    for question_id in (*part.opens, "QUESTION"):
        yield indented(command("review", "part", part.part_id, "--belongs-to", question_id, *again))
    yield indented(f"QUESTION may be any of the exam's: {', '.join(part.question_ids)}", "dim")
    for option in ("--scratch", "--nothing"):
        yield indented(command("review", "part", part.part_id, option, *again))
    yield indented("With --class the same counts for the parts at this place of the class's same pages", "dim")
