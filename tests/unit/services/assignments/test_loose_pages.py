"""Pages of piles in no booklet: in the pile's order, with what lies beside them, until somebody places them."""

import json
from typing import Any

import pytest

from aita.errors import RequestError
from aita.memory.objects import MemoryObjects
from aita.models.pile import Booklet, Doubt, LoosePage, PilePage, Separation, UnplacedPage
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.loose_pages import LoosePages
from aita.services.assignments.pile_files import booklet_files, pile_files

FILES = ("class 10.pdf", "class 2.pdf")


class Pile:
    """Two files: of each, pages 1 and 2 are Ann's, 4 and 5 Bob's or Cy's, and 3 and 6 nobody's yet."""

    def __init__(self) -> None:
        self.objects = MemoryObjects(data={f"midterm/piles/{name}": name.encode() for name in FILES})
        self.material = AssignmentFiles(self.objects, "midterm")
        self.sources = {each.name: each.source for each in pile_files(self.material)}
        booklets, unplaced = [], []
        for name, owner in zip(FILES, ("Bob", "Cy"), strict=True):
            source = self.sources[name]
            pages = {
                number: PilePage(
                    source=source, page=number, key=f"midterm/pile_pages/{number}.jpg" if number < 6 else ""
                )
                for number in range(1, 7)
            }
            booklets += [
                Booklet(pages=(pages[1], pages[2]), owner=f"Ann of {owner}"),
                Booklet(pages=(pages[4],), aside=(pages[5],), owner=owner),
            ]
            unplaced += [
                UnplacedPage(page=pages[6], doubt=Doubt.UNREADABLE),
                UnplacedPage(page=pages[3], doubt=Doubt.UNLIKE),
            ]
        found = Separation(booklets=booklets, unplaced=unplaced, counted=dict.fromkeys(self.sources.values(), 6))
        self.objects.put(f"midterm/{object_keys.BOOKLETS}", found.model_dump_json().encode())

    def give(self, name: str, page: int, folder: str | None) -> None:
        given = {"file": name, "source": self.sources[name], "first": page, "last": page, "folder": folder}
        settings: dict[str, Any] = {"given": []}
        key = f"midterm/{object_keys.PILE_SETTINGS}"
        if key in self.objects.data:
            settings = json.loads(self.objects.data[key])
        settings["given"].append(given)
        self.objects.put(key, json.dumps(settings).encode())

    def loose(self) -> list[LoosePage]:
        return list(LoosePages(self.objects).page("midterm", 100, None).pages)

    def booklets(self) -> dict[str, list[int]]:
        return {each.folder: [page.page for page in each.booklet.pages] for each in booklet_files(self.material)}


def test_they_are_in_the_piles_order_with_the_folders_beside_them() -> None:
    pages = Pile().loose()
    assert [(each.file, each.page, each.beside) for each in pages] == [
        ("class 2.pdf", 3, ("Ann of Cy", "Cy")),
        ("class 2.pdf", 6, ("Cy",)),
        ("class 10.pdf", 3, ("Ann of Bob", "Bob")),
        ("class 10.pdf", 6, ("Bob",)),
    ]
    assert [each.url for each in pages[:2]] == ["memory:///midterm/pile_pages/3.jpg?page-3.jpg", None]
    assert [each.why for each in pages[:2]] == [Doubt.UNLIKE, Doubt.UNREADABLE]


def test_they_come_page_by_page() -> None:
    pile = Pile()
    first = LoosePages(pile.objects).page("midterm", 3, None)
    rest = LoosePages(pile.objects).page("midterm", 3, first.next_token)
    assert [*first.pages, *rest.pages] == pile.loose()
    assert rest.next_token is None
    with pytest.raises(RequestError, match="next_token"):
        LoosePages(pile.objects).page("midterm", 3, "no token")


def test_a_page_that_is_nobodys_is_loose_no_more_and_in_no_booklet() -> None:
    pile = Pile()
    pile.give("class 2.pdf", 3, None)
    pile.give("class 2.pdf", 2, None)
    assert [(each.file, each.page) for each in pile.loose()][:1] == [("class 2.pdf", 6)]
    assert pile.booklets()["Ann of Cy"] == [1], "it was taken for hers"
    assert all(3 not in pages for pages in pile.booklets().values())


def test_what_was_said_later_counts() -> None:
    pile = Pile()
    pile.give("class 2.pdf", 3, None)
    pile.give("class 2.pdf", 3, "Cy")
    assert sorted(pile.booklets()["Cy"]) == [3, 4]
    pile.give("class 2.pdf", 3, None)
    assert pile.booklets()["Cy"] == [4]
    assert len(pile.loose()) == 3


def test_a_page_that_cannot_be_read_stays_loose_unless_it_is_nobodys() -> None:
    pile = Pile()
    pile.give("class 2.pdf", 6, "Cy")
    assert [(each.file, each.page) for each in pile.loose()][1] == ("class 2.pdf", 6)
    pile.give("class 2.pdf", 6, None)
    assert ("class 2.pdf", 6) not in [(each.file, each.page) for each in pile.loose()]


def test_without_a_pile_there_is_none() -> None:
    assert LoosePages(MemoryObjects()).page("midterm", 100, None).pages == ()
