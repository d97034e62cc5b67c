"""Pages of piles that are in no booklet, with their images, for people to place."""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass

from aita.models.names import check_assignment
from aita.models.page_token import place_of
from aita.models.pile import LoosePage, LoosePageList, UnplacedPage
from aita.ports import ObjectStore
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.pile_files import booklet_files, pile_files, unplaced_pages

LOOSE_PAGES = 100
"""Most pages in one response: each has a presigned URL of up to 2 KB."""


@dataclass(frozen=True, slots=True)
class LoosePages:
    """Queries of the pages that are in no booklet."""

    objects: ObjectStore

    def page(self, assignment: str, limit: int, token: str | None) -> LoosePageList:
        """Return the pages of the present piles that nobody has placed, in the pile's order.

        Raises
        ------
        RequestError
            If the assignment's name is invalid, or the token did not come from this list.
        """
        material = AssignmentFiles(self.objects, check_assignment(assignment))
        start = place_of(token)
        files = pile_files(material)
        order = {file.source: place for place, file in enumerate(files)}
        names = {file.source: file.name for file in files}
        found = sorted(unplaced_pages(material), key=lambda each: (order[each.page.source], *_place(each)))
        neighbours = _Neighbours.of(material) if found else _Neighbours({})
        pages = (
            LoosePage(
                file=names[each.page.source],
                page=each.page.page,
                part=each.page.part,
                why=each.doubt,
                beside=neighbours.of_page(each),
                url=self._url(each),
            )
            for each in found[start : start + limit]
        )
        following = str(start + limit) if start + limit < len(found) else None
        return LoosePageList(pages=tuple(pages), next_token=following)

    def _url(self, loose: UnplacedPage) -> str | None:
        page = loose.page
        return self.objects.presign_get(page.key, f"page-{page.page}.jpg") if page.is_readable else None


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """Folders of the pages that are in booklets, by the file's id, in the file's order."""

    placed: dict[str, list[tuple[tuple[int, int], str]]]

    @classmethod
    def of(cls, material: AssignmentFiles) -> "_Neighbours":
        placed = defaultdict(list)
        for file in booklet_files(material):
            for page in (*file.booklet.pages, *file.booklet.aside):
                placed[page.source].append(((page.page, page.part), file.folder))
        return cls({source: sorted(found) for source, found in placed.items()})

    def of_page(self, loose: UnplacedPage) -> tuple[str, ...]:
        found = self.placed.get(loose.page.source, [])
        place = bisect_left(found, (_place(loose), ""))
        return tuple(dict.fromkeys(folder for _, folder in found[max(0, place - 1) : place + 1]))


def _place(loose: UnplacedPage) -> tuple[int, int]:
    return loose.page.page, loose.page.part
