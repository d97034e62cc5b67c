"""View of the plan of an upload."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.files.upload_plan import Plan, Taken
from aita.cli.pasteable import Pasteable
from aita.cli.views import formatting
from aita.cli.views.prose import Prose
from aita.cli.views.terminal_escape import printable

_SHOWN = 5


def upload_plan_view(assignment: str, plan: Plan, pasteable: Pasteable) -> Group:
    """Return what is going to be uploaded, what is missing, and what could not be placed with what to do."""
    return Group(*_lines(assignment, plan, pasteable))


def _lines(assignment: str, plan: Plan, pasteable: Pasteable) -> Iterator[RenderableType]:
    size = sum(one.size for one in plan.uploads)
    files = formatting.count(len(plan.uploads), "file")
    yield Text(f"To be uploaded to {assignment}: {files} ({formatting.size(size)})", "bold")
    for each in plan.taken:
        yield Prose(Text(printable(_taken(each)), "yellow" if each.guessed else ""), 2)
    if missing := (*plan.missing, *plan.without_scans):
        yield Text("Missing", "bold")
        for line in missing:
            yield Prose(Text(printable(line)), 2)
    if plan.unplaced:
        yield Text("Not placed, and not uploaded", "bold red")
        for one in plan.unplaced:
            yield Prose(Text(printable(f"{_first(one.paths)}: {one.reason}")), 2)
            if one.command is not None:
                yield Prose(Text(printable(pasteable.complete(one.command))), 4)
    if notes := [note for note in plan.notes if note not in plan.without_scans]:
        yield Text("To be looked at", "bold")
        for line in notes:
            yield Prose(Text(printable(line)), 2)


def _taken(each: Taken) -> str:
    guess = ", as it seems" if each.guessed else ""
    if not each.students:
        return f"{each.path}: {each.taken_for}{guess}"
    files, students = formatting.count(each.files, "file"), formatting.count(len(each.students), "student")
    names = f" ({_first(each.students)})" if each.guessed else ""
    return f"{each.path}: {each.taken_for}, {files} of {students}{guess}{names}"


def _first(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return "; ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
