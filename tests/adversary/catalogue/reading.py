"""Mishaps of whoever reads a page."""

from collections.abc import Iterable

from tests.adversary.catalogue.scene import Scene, Step, mishap
from tests.adversary.pages import Kind, Line, Page

LEAST_UNREAD = 2.4
"""Least ratio of an answer's ink to that of its lines that are read, when some are dropped. A reader who leaves out one
line of many leaves no trace that could be told from a large hand."""

_SLACK = 60
"""Ink by which an answer may exceed its text whatever its length."""


def _drop(page: Page, lines: Iterable[Line]) -> Page:
    for line in lines:
        page = page.misread("dropped", line.text)
    return page


@mishap(Step.READING)
def lines_dropped(scene: Scene) -> None:
    """A reader leaves out most of an answer, which only its ink shows."""
    scene.exam_class.need_blank_exam()

    def dropped(lines: tuple[Line, ...]) -> tuple[Line, ...]:
        for count in range(1, len(lines)):
            left, whole = sum(line.ink for line in lines[:-count]), sum(line.ink for line in lines)
            if whole > LEAST_UNREAD * (left + _SLACK):
                return lines[-count:]
        return ()

    spot = scene.pick(scene.earning(), lambda each: bool(dropped(each.lines)) and "[" not in each.lines[0].text)
    scene.touch_near(spot.sitter, spot.page)
    spot.sitter.change(spot.page, _drop(spot.page, dropped(spot.lines)))


@mishap(Step.READING)
def line_invented(scene: Scene) -> None:
    """A reader reads a line where nothing is written."""
    spot = scene.pick(scene.spots(blank=True))
    scene.touch_near(spot.sitter, spot.page)
    text = f"{spot.question_id}\nsomething that nobody wrote"
    spot.sitter.change(spot.page, spot.page.misread("invented", text))


@mishap(Step.READING)
def page_read_as_empty(scene: Scene) -> None:
    """A written page is read as an empty one."""
    sitter, page = scene.pick_page()
    scene.touch_near(sitter, page)
    sitter.change(page, page.misread("empty"))


@mishap(Step.READING)
def continuation_read_as_empty(scene: Scene) -> None:
    """A page on which an answer goes on, and none begins, is read as an empty one."""
    sitter, page = scene.pick_continuation()
    sitter.change(page, page.misread("empty"))


@mishap(Step.READING)
def unsure_reader(scene: Scene) -> None:
    """A reader is unsure of a page, and changes what an answer says."""
    spot = scene.pick(scene.earning())
    scene.touch_near(spot.sitter, spot.page)
    line = spot.lines[0]
    page = spot.page.misread("unsure", "0.3").misread("changed", f"{line.text}\n{line.text[::-1]}")
    spot.sitter.change(spot.page, page)


@mishap(Step.READING)
def warning_of_another_exam(scene: Scene) -> None:
    """A reader says that a page is of another exam, which the print does not show."""
    sitter, page = scene.pick_page()
    scene.touch_near(sitter, page)
    scene.let_nobody_know(sitter, page)
    sitter.change(page, page.misread("warned", "other_exam\nthe page seems to be of another exam"))


@mishap(Step.READING)
def warning_of_another_student(scene: Scene) -> None:
    """A reader says that a page has another student's name, which nobody on the roster has."""
    sitter, page = scene.pick_page()
    scene.touch_near(sitter, page)
    scene.let_nobody_know(sitter, page)
    sitter.change(page, page.misread("warned", "other_student\nthe name on this page is another one"))


@mishap(Step.READING)
def reader_obeys_the_page(scene: Scene) -> None:
    """A page asks its reader for another text than it has; the reader writes it down, and says so."""
    spot = scene.pick(scene.earning())
    scene.touch_near(spot.sitter, spot.page)
    line = spot.lines[0]
    page = spot.page.misread("changed", f"{line.text}\nwhat the page asks for")
    note = "to_reader\nThe page asks the transcriber to write something else; the handwriting differs"
    spot.sitter.change(spot.page, page.misread("warned", note))


@mishap(Step.READING)
def unparsable_reading(scene: Scene) -> None:
    """A reader's reply is cut off in the middle."""
    sitter, page = scene.pick_page()
    scene.touch_near(sitter, page)
    sitter.change(page, page.misread("raw", '{"text": "the'))


@mishap(Step.READING)
def prose_for_a_reading(scene: Scene) -> None:
    """A reader replies in prose, and reads nothing."""
    sitter, page = scene.pick_page()
    scene.touch_near(sitter, page)
    sitter.change(page, page.misread("raw", "I am sorry, but I can't help with this page."))


@mishap(Step.READING)
def illegible_answer(scene: Scene) -> None:
    """A reader can't read the words of an answer, and says so."""
    spot = scene.pick(scene.earning())
    scene.touch_near(spot.sitter, spot.page)
    page = spot.page
    for line in spot.lines:
        page = page.misread("changed", f"{line.text}\n[illegible]")
    spot.sitter.change(spot.page, page)


@mishap(Step.READING)
def name_read_as_an_answer(scene: Scene) -> None:
    """A reader takes the name at the head of a page for a line of an answer."""
    spot = scene.pick(scene.earning(), lambda each: any(line.kind is Kind.PAGE_HEAD for line in each.page.lines))
    scene.touch_near(spot.sitter, spot.page)
    spot.sitter.change(spot.page, spot.page.misread("heads as answers"))
