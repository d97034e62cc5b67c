"""Pages of the blank exam that are not among a student's."""

from collections.abc import Iterable

from aita.models.scan import PageInk


def missing_pages(ink: Iterable[PageInk | None], largest: int) -> tuple[int, ...]:
    """Return the numbers of the exam's pages that none of a student's pages shows.

    Without a blank exam, and if all pages are like none of it, nothing is known to be missing.

    Parameters
    ----------
    ink
        The ink of all of the student's pages.
    largest
        Largest exam page in the class, which stands in for the number of pages where the split did not tell it.
    """
    known = [each for each in ink if each is not None and each.exam_page is not None]
    if not known:
        return ()
    found = {each.exam_page for each in known}
    white = {page for each in known for page in each.white_pages}
    count = max(each.exam_pages for each in known) or largest
    return tuple(page for page in range(1, count + 1) if page not in found | white)
