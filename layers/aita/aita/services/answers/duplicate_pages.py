"""Pages that a class has more than once: in two students' folders, or twice in one.

Equal pictures are equal bytes: of two scans of one sheet no two are. What is the same in two folders is one student's,
and nobody can tell whose.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import TypeVar

from aita.models.review_flags import Flag, FlagKind

Pictures = tuple[str, ...]
"""Digests of the pictures of a file's pages."""

Content = TypeVar("Content")

_SHARED = "page {page} is in another student's folder, too"
_TWICE = "pages {pages} both show page {exam_page} of the exam"


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page's picture.

    Parameters
    ----------
    page
        Number among the student's pages, from 1.
    sha256
        Digest of the picture.
    source
        Id of the file that the page is from.
    exam_page
        Number of the blank exam's page that it shows; ``None`` if that is unknown.
    untouched
        Whether nothing was added to the exam's page: such pages of digital exams are equal in all folders.
    """

    page: int
    sha256: str
    source: str
    exam_page: int | None = None
    untouched: bool = False


@dataclass(slots=True)
class Duplicates:
    """Findings about a student's pages: doubts by page, and each page that is passed over with the one it equals."""

    doubts: dict[int, list[Flag]] = field(default_factory=dict)
    passed_over: dict[int, int] = field(default_factory=dict)

    def doubt(self, page: int, kind: FlagKind, note: str) -> None:
        """Add a doubt about a page."""
        self.doubts.setdefault(page, []).append(Flag(kind=kind, note=note))


def duplicate_pages(students: Mapping[str, Sequence[PagePicture]]) -> dict[str, Duplicates]:
    """Return the findings about each student's pages, by student id.

    A picture that a student has twice is passed over the second time. Pictures that two students have are doubtful,
    but those of untouched pages only if the two have a whole file in common.
    """
    files = _shared({student_id: set(_files(pages).values()) for student_id, pages in students.items()})
    pictures = _shared(
        {student_id: {each.sha256 for each in pages if not each.untouched} for student_id, pages in students.items()}
    )
    return {student_id: _findings(pages, files, pictures) for student_id, pages in students.items()}


def _findings(
    pages: Sequence[PagePicture], shared_files: Collection[Pictures], shared_pictures: Collection[str]
) -> Duplicates:
    found, first = Duplicates(), dict[str, int]()
    sources = {source for source, pictures in _files(pages).items() if pictures in shared_files}
    for each in pages:
        if each.sha256 in first:
            found.passed_over[each.page] = first[each.sha256]
            continue
        first[each.sha256] = each.page
        if each.sha256 in shared_pictures or each.source in sources:
            found.doubt(each.page, FlagKind.SHARED_PAGE, _SHARED.format(page=each.page))
    for exam_page, twice in _twice(each for each in pages if each.page not in found.passed_over):
        note = _TWICE.format(pages=" and ".join(map(str, twice)), exam_page=exam_page)
        for page in twice:
            found.doubt(page, FlagKind.PAGE_TWICE, note)
    return found


def _files(pages: Iterable[PagePicture]) -> dict[str, Pictures]:
    """Return the pictures of each file, in order, by the file's id."""
    files: dict[str, Pictures] = {}
    for each in pages:
        files[each.source] = (*files.get(each.source, ()), each.sha256)
    return files


def _shared(students: Mapping[str, Set[Content]]) -> set[Content]:
    """Return the contents that several students have."""
    times = Counter(content for contents in students.values() for content in contents)
    return {content for content, count in times.items() if count > 1}


def _twice(pages: Iterable[PagePicture]) -> Iterator[tuple[int, list[int]]]:
    """Yield each page of the exam that several pages show, with these."""
    shown: dict[int, list[int]] = {}
    for each in pages:
        if each.exam_page is not None:
            shown.setdefault(each.exam_page, []).append(each.page)
    return ((exam_page, on) for exam_page, on in shown.items() if len(on) > 1)
