"""Piles of an assignment, for people: booklets with repairs, and pages that are in none."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Self

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.pasteable import Command
from aita.cli.views import formatting
from aita.cli.views.fitting_table import FittingTable
from aita.cli.views.terminal_escape import printable
from aita.models.pile import Booklet, Doubt, GivenPages, UnplacedPage
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.pile_files import BookletFile, booklet_files, outdated_given, pile_files, unplaced_pages


@dataclass(frozen=True, slots=True)
class UnplacedPages:
    """Pages of a file, one after another, that are in no booklet for one reason."""

    file: str
    first: int
    last: int
    doubt: Doubt

    @property
    def pages(self) -> str:
        """The pages, as a person writes them."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class PileReport:
    """State of an assignment's piles: pages of each file, ``None`` before they are counted; booklets; other pages.

    ``outdated`` are pages that people gave to folders before their file was changed, or taken away.
    """

    files: dict[str, int | None]
    booklets: tuple[BookletFile, ...]
    unplaced: tuple[UnplacedPages, ...]
    outdated: tuple[GivenPages, ...] = ()

    @classmethod
    def of(cls, material: AssignmentFiles) -> Self:
        """Return the state of an assignment's piles."""
        counted = material.separation().counted
        files = pile_files(material)
        names = {file.source: file.name for file in files}
        return cls(
            files={file.name: counted.get(file.source) for file in files},
            booklets=tuple(booklet_files(material)),
            unplaced=tuple(_runs(unplaced_pages(material), names)),
            outdated=tuple(outdated_given(material)),
        )


def _runs(pages: Iterable[UnplacedPage], names: dict[str, str]) -> Iterator[UnplacedPages]:
    found = sorted({(names[each.page.source], each.page.page, each.doubt) for each in pages})
    numbered = enumerate(found)
    for (file, _, doubt), run in groupby(numbered, key=lambda each: (each[1][0], each[1][1] - each[0], each[1][2])):
        of_run: Sequence[int] = [page for _, (_, page, _) in run]
        yield UnplacedPages(file, of_run[0], of_run[-1], doubt)


def piles_document(report: PileReport) -> dict[str, Any]:
    """Return the state as a JSON document."""
    return {
        "files": [{"name": name, "pages": pages} for name, pages in report.files.items()],
        "booklets": [
            {
                "folder": each.folder,
                "begins": each.name,
                "pages": len(each.booklet.pages),
                "repairs": list(each.booklet.repairs),
                "missing": list(each.booklet.missing),
            }
            for each in report.booklets
        ],
        "unplaced": [
            {"file": each.file, "first": each.first, "last": each.last, "why": each.doubt} for each in report.unplaced
        ],
        "outdated": [each.model_dump(mode="json") for each in report.outdated],
    }


def piles_view(report: PileReport, command: Command) -> RenderableType:
    """Return the state, with the command for pages that a person has to place."""
    if not report.files:
        return Text(f"There is no pile: {command('upload', 'FILE', '--pile')}")
    lines: list[RenderableType] = [
        Text(printable(f"{name}: {'not counted yet' if pages is None else formatting.count(pages, 'page')}"))
        for name, pages in report.files.items()
    ]
    repaired = [each for each in report.booklets if each.booklet.repairs]
    count = formatting.count(len(report.booklets), "booklet")
    listed = f"those with repairs: {len(repaired):,}; the others need nothing" if repaired else "none needs anything"
    lines.append(Text(f"{count}; {listed}", "bold"))
    if repaired:
        table = FittingTable(("folder", "begins at", "pages", "repairs"), frozenset({"pages"}))
        for each in repaired:
            repairs = _repairs(each.booklet)
            table.add_row(printable(each.folder), printable(each.name), str(len(each.booklet.pages)), repairs)
        lines.append(table)
    lines += [
        Text(
            printable(
                f"{each.file}, page {each.first}-{each.last}: given to {each.folder or 'nobody'} before the file was "
                "changed, which counts no longer: give them again"
            ),
            "yellow",
        )
        for each in report.outdated
    ]
    unplaced = sum(each.last - each.first + 1 for each in report.unplaced)
    if unplaced:
        lines.append(Text(f"{formatting.count(unplaced, 'page')} in no booklet", "bold yellow"))
        lines += [
            Text(printable(f"{each.file}, page {each.pages}: {each.doubt}"), "yellow") for each in report.unplaced
        ]
        first = report.unplaced[0]
        give = command("piles", "give", first.file, first.pages, "--to", "FOLDER")
        lines.append(Text(printable(f"Look at them, and say whose they are: {give}")))
    return Group(*lines)


def _repairs(booklet: Booklet) -> str:
    missing = f" ({', '.join(map(str, booklet.missing))})" if booklet.missing else ""
    return ", ".join(f"{repair}{missing}" if repair == "missing" else str(repair) for repair in booklet.repairs)
