"""Separation of a pile's pages into booklets, without any input or output.

Each page that goes in comes out, in a booklet or unplaced with the reason: where two divisions of the pile are about
as likely, a person decides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final

from aita.models.pile import Booklet, Doubt, PagePlace, PilePage, Repair, Separation, UnplacedPage
from aita.services.assignments.booklet_runs import Division, PageRun, number_of, same_writing

_LOST: Final = 2
"""Pages in a row that can't be read, of which nobody knows whose they are."""

_NEAR: Final = 3  # places: unsure ones that lie so near are about the same cut, unless booklets are as short

_BESIDE: Final = (Doubt.UNLIKE, Doubt.BOUNDARY)
"""Doubts about single pages, whose booklets are sure otherwise."""


def separate(sections: Iterable[Sequence[PilePage]], length: int = 0) -> Separation:
    """Return the booklets of a pile.

    Pages are told by the blank exam; without one, booklets begin where a printed code names another student, or have
    a number of pages. No booklet has the codes of two students.

    Parameters
    ----------
    sections
        Pages of each part of the pile that holds whole booklets: a file, or a folder of pictures; in order.
    length
        Pages of a booklet; 0 if that is unknown.
    """
    parts = list(sections)
    found = Separation()
    usual = length or _usual({tuple(page.sha256 for page in pages): pages for pages in parts}.values())
    known: set[tuple[str, ...]] = set()
    for pages in parts:
        contents = tuple(page.sha256 for page in pages)
        if contents in known and any(contents):
            found += _unplaced(pages, Doubt.COPY)
        elif pages:
            found += _section(pages, length, usual)
        known.add(contents)
    return _with_readable_pages(_with_one_booklet_each(found))


def _section(pages: Sequence[PilePage], length: int, usual: int) -> Separation:
    if any(page.ink and page.ink.exam_pages for page in pages):
        return _by_exam_in_parts(pages)
    if any(page.owner for page in pages):
        return _by_codes(pages, usual)
    if not length:
        return _unplaced(pages, Doubt.FOREIGN if any(page.ink for page in pages) else Doubt.NO_SIGN)
    if any(page.is_other_cover for page in pages):  # a page more than the booklet has, which shifts all behind it
        return _unplaced(pages, Doubt.OTHER_COVER)
    if len(pages) % length:
        return _unplaced(pages, Doubt.COUNT)
    chunks = [pages[start : start + length] for start in range(0, len(pages), length)]
    if any(chunk[0].is_empty for chunk in chunks):  # a back: earlier backs were not counted either
        return _unplaced(pages, Doubt.WHITE_FIRST)
    return Separation(booklets=tuple(Booklet(pages=tuple(chunk)) for chunk in chunks))


def _unplaced(pages: Iterable[PilePage], doubt: Doubt) -> Separation:
    return Separation(unplaced=tuple(UnplacedPage(page=page, doubt=doubt) for page in pages))


def _by_codes(pages: Sequence[PilePage], usual: int) -> Separation:
    """Return the booklets from one student's printed code to the next one's, if they have the same number of pages.

    A code that can't be read would else give a student's pages to the one before. A booklet of which each page has the
    code needs no other to be compared with.
    """
    start, runs = _coded_runs(pages)
    if start and start + _sheets(runs[-1]) == usual:
        return _unplaced(pages, Doubt.COVERS_BEHIND)
    found = _unplaced(pages[:start], Doubt.BOUNDARY)
    for run in runs:
        sheets = tuple(page for page in run if not page.is_cover)
        covers = tuple(page for page in run if page.is_cover)
        if not sheets:
            found += _unplaced(run, Doubt.ONLY_COVER)
        elif len(sheets) == usual or not (usual or any(not page.owner for page in run)):
            found += Separation(booklets=(Booklet(pages=sheets, aside=covers, owner=run[0].owner),))
        else:
            found += _unplaced(run, Doubt.OTHER_LENGTH if usual else Doubt.NO_SIGN)
    return found


def _coded_runs(pages: Sequence[PilePage]) -> tuple[int, list[Sequence[PilePage]]]:
    """Return the number of pages before the first printed code, and the pages from each student's code to the next."""
    starts = [place for place, page in enumerate(pages) if page.owner and page.owner != _owner_before(pages, place)]
    return (starts or [len(pages)])[0], [pages[start:end] for start, end in pairwise([*starts, len(pages)])]


def _sheets(run: Iterable[PilePage]) -> int:
    return sum(not page.is_cover for page in run)


def _usual(sections: Iterable[Sequence[PilePage]]) -> int:
    """Return the number of pages without covers that more coded booklets have than any other; 0 if none is, or one is.

    One booklet, or two of different lengths, don't tell which of them has the pages of two students.
    """
    counts = Counter(count for pages in sections for run in _coded_runs(pages)[1] if (count := _sheets(run)))
    most = [count for count, times in counts.items() if times == max(counts.values())]
    return most[0] if len(most) == 1 and counts[most[0]] > 1 else 0


def _owner_before(pages: Sequence[PilePage], place: int) -> str:
    return next((page.owner for page in reversed(pages[:place]) if page.owner), "")


def _by_exam_in_parts(pages: Sequence[PilePage]) -> Separation:
    """Return the booklets between those pages of which several in a row can't be read: a booklet may end among them.

    Where a booklet begins the pile and a cover ends it, covers may lie behind their booklets, as in a stack that was
    scanned from the last sheet on: then they tell nothing.
    """
    found, readable = Separation(), list[PilePage]()
    told = [page for page in pages if not page.is_empty]
    if told and not told[0].owner and told[-1].is_cover:
        found += _unplaced((page for page in pages if page.is_cover), Doubt.COVERS_BEHIND)
        pages = [page for page in pages if not page.is_cover]
    for is_readable, run in groupby(pages, key=lambda page: page.is_readable):
        part = list(run)
        if is_readable or len(part) < _LOST:
            readable += part
        else:
            found += _by_exam(readable) + _unplaced(part, Doubt.UNREADABLE)
            readable = []
    return found + _by_exam(readable)


def _by_exam(pages: Sequence[PilePage]) -> Separation:
    """Return the booklets by the exam's page that each page is."""
    inks = [page.ink for page in pages if page.ink and page.ink.exam_pages]
    if not inks:
        return _unplaced(pages, Doubt.NO_SIGN)
    white = set(inks[0].white_pages)
    expected = [number for number in range(1, inks[0].exam_pages + 1) if number not in white]
    told = [page for page in pages if not page.is_empty]
    division = Division(told, expected)
    doubts = _doubts(division)
    found = Separation()
    for start, end in pairwise(division.cuts):
        sure = [place for place in range(start, end) if place not in doubts]
        for place in range(start, end):
            if place in doubts:
                found += _unplaced([told[place]], doubts[place])
        if sure:
            is_beside = any(doubts.get(place) in _BESIDE for place in (start - 1, start, end - 1, end))
            found += _booklet([told[place] for place in sure], expected, is_beside=is_beside)
    return _with_empty(found, pages, in_place=bool(white))


def _doubts(division: Division) -> dict[int, Doubt]:
    """Return the reason why each page whose booklet is not sure has none, by its place."""
    doubts: dict[int, Doubt] = {}
    runs = list(pairwise(division.cuts))
    near = max(1, min(_NEAR, division.length // 2))
    for first, last in _clusters(division.unsure, near):
        cuts = [cut for cut in division.cuts if first <= cut <= last]
        if first < last and len(cuts) == 1 and division.is_surely_cut(first, last):
            for place in range(first, last):
                is_unlike = number_of(division.pages[place], 0) is None
                doubts[place] = Doubt.UNLIKE if is_unlike else Doubt.BOUNDARY
            continue
        for start, end in runs:
            if start <= last and first <= end:
                doubts |= dict.fromkeys(range(start, end), Doubt.MERGED)
    return doubts


def _clusters(places: Sequence[int], near: int) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of unsure places of which each is so near to the one before."""
    cluster: list[int] = []
    for place in places:
        if cluster and place - cluster[-1] > near:
            yield cluster[0], cluster[-1]
            cluster = []
        cluster.append(place)
    if cluster:
        yield cluster[0], cluster[-1]


def _booklet(pages: Sequence[PilePage], expected: Sequence[int], *, is_beside: bool) -> Separation:
    """Return the booklet of these pages, in the exam's order and with its repairs; or the pages, if it may be two's."""
    run = PageRun(0)
    kept: dict[int, list[PilePage]] = {}
    aside: list[PilePage] = []
    order: list[int] = []
    leading: list[PilePage] = []
    extra = False
    for place, page in enumerate(pages):
        number = run.add(page, pages[:place])
        if page.is_cover and number is None:
            aside.append(page)
        elif number is None:
            extra = extra or not page.owner
            (kept[order[-1]] if order else leading).append(page)
        elif number not in kept:
            kept[number] = [_measured_as(page, number)]
            order.append(number)
        elif same_writing(page, kept[number][0]) is False:
            return _unplaced(pages, Doubt.TWO_STUDENTS)
        else:
            aside.append(page)
    if not order:
        return _unplaced(pages, Doubt.ONLY_COVER if run.owner else Doubt.UNLIKE)
    missing = tuple(number for number in expected if number not in kept)
    marks = {
        Repair.DOUBLE: any(not page.is_cover for page in aside),
        Repair.MISSING: bool(missing),
        Repair.ROTATED: _is_rotated(order),
        Repair.SWAPPED: order != sorted(order) and not _is_rotated(order),
        Repair.EXTRA: extra,
        Repair.TURNED: any(page.is_turned for page in pages),
        Repair.UNPLACED_NEIGHBOUR: is_beside,
    }
    in_order = (*leading, *(page for number in sorted(kept) for page in kept[number]))
    booklet = Booklet(
        pages=in_order,
        aside=tuple(aside),
        repairs=tuple(repair for repair, is_set in marks.items() if is_set),
        missing=missing,
        owner=run.owner,
    )
    return Separation(booklets=(booklet,))


def _measured_as(page: PilePage, number: int) -> PilePage:
    """Return a page without its ink if that was measured against another page of the exam, so that it is once more."""
    return page if page.exam_page == number else page.model_copy(update={"ink": None})


def _is_rotated(order: Sequence[int]) -> bool:
    """Return whether pages are in order but for a first part that lies last."""
    turns = [place for place, (one, next_) in enumerate(pairwise(order), 1) if next_ < one]
    return len(turns) == 1 and order[-1] < order[0]


def _with_empty(found: Separation, pages: Sequence[PilePage], *, in_place: bool) -> Separation:
    """Return the separation with the empty sheets, each with the booklet of the page that it follows in the pile.

    Parameters
    ----------
    in_place
        Whether an empty sheet may be a page of the exam, and stays among the booklet's pages; else it is kept aside.
    """
    behind: dict[PagePlace | None, list[PilePage]] = defaultdict(list)
    last: PagePlace | None = None
    for page in pages:
        if page.is_empty:
            behind[last].append(page)
        else:
            last = page.place

    def filled(told: Iterable[PilePage]) -> tuple[PilePage, ...]:
        return tuple(each for page in told for each in (page, *behind[page.place]))

    def empty(told: Iterable[PilePage]) -> tuple[PilePage, ...]:
        return tuple(each for page in told for each in behind[page.place])

    booklets = [
        one.model_copy(
            update={"pages": filled(one.pages), "aside": filled(one.aside)}
            if in_place
            else {"aside": (*one.aside, *empty((*one.pages, *one.aside)))}
        )
        for one in found.booklets
    ]
    unplaced = [
        one for each in found.unplaced for one in (each, *_unplaced(behind[each.page.place], each.doubt).unplaced)
    ]
    if booklets:
        booklets[0] = booklets[0].model_copy(update={"aside": (*booklets[0].aside, *behind[None])})
    else:
        unplaced += _unplaced(behind[None], Doubt.NO_SIGN).unplaced
    return found.model_copy(update={"booklets": tuple(booklets), "unplaced": tuple(unplaced)})


def _with_one_booklet_each(found: Separation) -> Separation:
    """Return the separation without the booklets whose code another booklet, or another cover, has, too."""
    times = Counter(booklet.owner for booklet in found.booklets if booklet.owner)
    covers = {each.page.owner for each in found.unplaced if each.page.is_cover and each.doubt is not Doubt.COPY}
    times.update(
        one.owner for one in found.booklets if one.owner in covers and any(page.is_cover for page in one.aside)
    )
    twice = [booklet for booklet in found.booklets if times[booklet.owner] > 1]
    left = tuple(booklet for booklet in found.booklets if times[booklet.owner] <= 1)
    pages = (page for booklet in twice for page in (*booklet.pages, *booklet.aside))
    return found.model_copy(
        update={"booklets": left, "unplaced": found.unplaced + _unplaced(pages, Doubt.SAME_CODE).unplaced}
    )


def _with_readable_pages(found: Separation) -> Separation:
    """Return the separation with each page that can't be read among the unplaced ones."""
    booklets: list[Booklet] = []
    unplaced = [
        each if each.page.is_readable else each.model_copy(update={"doubt": Doubt.UNREADABLE})
        for each in found.unplaced
    ]
    for booklet in found.booklets:
        lost = [page for page in booklet.pages if not page.is_readable]
        kept = tuple(page for page in booklet.pages if page.is_readable)
        unplaced += _unplaced(lost, Doubt.UNREADABLE).unplaced
        if not lost:
            booklets.append(booklet)
        elif kept:
            repairs = tuple(dict.fromkeys((*booklet.repairs, Repair.UNPLACED_NEIGHBOUR)))
            booklets.append(booklet.model_copy(update={"pages": kept, "repairs": repairs}))
    return found.model_copy(update={"booklets": tuple(booklets), "unplaced": tuple(unplaced)})
