"""Mishaps at the scanner."""

from dataclasses import replace

from tests.adversary.catalogue.scene import Scene, Spot, Step, mishap, placed
from tests.adversary.classes import NotApplicableError
from tests.adversary.handwriting import RULED_TOP
from tests.adversary.pages import UNREADABLE, File, Kind, Line, Page, Space

LABEL_TOP = 0.08
"""Where a student writes the question's label on a sheet of their own."""


@mishap(Step.SCAN)
def white_page(scene: Scene) -> None:
    """A written page comes out of the scanner white."""
    sitter, page = scene.pick_page()
    scene.touch_near(sitter, page)
    sitter.change(page, Page(None, noise=page.noise))


@mishap(Step.SCAN)
def page_missing(scene: Scene) -> None:
    """A written page is not scanned."""
    sitter, page = scene.pick_page(lambda sitter, page: len([*sitter.pages()]) > 1)
    scene.touch_near(sitter, page)
    sitter.change(page)


@mishap(Step.SCAN)
def continuation_lost(scene: Scene) -> None:
    """A page on which an answer goes on, and none begins, is not scanned."""
    sitter, page = scene.pick_continuation()
    sitter.change(page)


@mishap(Step.SCAN)
def page_twice(scene: Scene) -> None:
    """A page is scanned twice, in two pictures."""
    sitter, page = scene.pick_page()
    scene.touch_near(sitter, page)
    sitter.change(page, page, replace(page, noise=page.noise + 1))


@mishap(Step.SCAN)
def picture_twice(scene: Scene) -> None:
    """One picture of a page is in the folder twice."""
    sitter, page = scene.pick_page()
    scene.touch_near(sitter, page)
    sitter.change(page, page, page)


@mishap(Step.SCAN)
def pages_swapped(scene: Scene) -> None:
    """Two pages are scanned in the wrong order: without a blank exam, one may go on with any answer."""
    sitter, page = scene.pick_page(lambda sitter, page: len([*sitter.pages()]) > 1)
    other = scene.random.choice([each for _, _, each in sitter.pages() if each != page])
    scene.touch_all(sitter)
    of_page, of_other = sitter.find(page), sitter.find(other)
    sitter.replace(*of_page, other)
    sitter.replace(*of_other, page)


@mishap(Step.SCAN)
def foreign_page(scene: Scene) -> None:
    """A page of another exam is among the student's."""
    sitter, page = scene.pick_page()
    scene.touch_all(sitter)
    lines = [
        Line(text, Kind.ANSWER, RULED_TOP + 0.1 * place, 150)
        for place, text in enumerate(("a text of another course", "with nothing to be found here"))
    ]
    sitter.change(page, *scene.random.sample([page, Page(None, (), tuple(lines), likeness=0)], 2))


@mishap(Step.SCAN)
def other_version(scene: Scene) -> None:
    """A page is of another version of the exam, whose print is partly the same, which only the blank exam tells."""
    scene.exam_class.need_blank_exam()
    sitter, page = scene.pick_page()
    scene.touch_near(sitter, page)
    scene.let_nobody_know(sitter, page)
    lines = (replace(line, text=f"{line.text} now") if line.owner else line for line in page.lines)
    sitter.change(page, replace(page.with_lines(lines), likeness=0.35))


@mishap(Step.SCAN)
def upside_down(scene: Scene) -> None:
    """A page is scanned upside down, and its reader says so."""
    sitter, page = scene.pick_page()
    scene.touch_near(sitter, page)
    sitter.change(page, replace(page, turned=180).misread("warned", "turned\nthe page is upside down"))


@mishap(Step.SCAN)
def unreadable_file(scene: Scene) -> None:
    """A file has no page that can be read."""
    sitter, page = scene.pick_page()
    scene.touch_all(sitter)
    name, _ = sitter.find(page)
    sitter.files[name] = UNREADABLE


@mishap(Step.SCAN)
def white_backs(scene: Scene) -> None:
    """The scanner takes the empty backs of a student's sheets, too."""
    sitter = scene.sitter()
    for name, place, page in reversed([*sitter.pages()]):
        sitter.replace(name, place, page, Page(None, noise=page.noise + 1))


@mishap(Step.SCAN)
def extra_sheet_last(scene: Scene) -> None:
    """An answer ends on a sheet of the student's own, without a label, behind all pages."""
    _extra_sheet(scene, first=False, labelled=False)


@mishap(Step.SCAN)
def extra_sheet_first(scene: Scene) -> None:
    """An answer ends on a sheet of the student's own, without a label, before all pages."""
    _extra_sheet(scene, first=True, labelled=False)


@mishap(Step.SCAN)
def extra_sheet_labelled(scene: Scene) -> None:
    """An answer ends on a sheet of the student's own, under the question's label."""
    _extra_sheet(scene, first=scene.random.random() < 0.5, labelled=True)


def _extra_sheet(scene: Scene, *, first: bool, labelled: bool) -> None:
    spot = scene.pick(scene.earning(), lambda each: len(each.lines) > 1)
    scene.touch_all(spot.sitter)
    moved = spot.lines[-scene.random.randint(1, len(spot.lines) - 1) :]
    spaces: tuple[Space, ...] = ()
    label: tuple[Line, ...] = ()
    if labelled:
        own = f"{spot.question_id}."
        spaces = (Space(spot.question_id, LABEL_TOP, own, printed=False),)
        label = (scene.hand(spot).line(own, LABEL_TOP, Kind.LABEL),)
    sheet = Page(None, spaces, (*label, *placed(moved, RULED_TOP)), labels=spot.page.labels)
    spot.sitter.change(spot.page, spot.page.without(*moved))
    own_file: dict[str, File] = {("0" if first else "z") + " sheet.jpg": (sheet,)}
    spot.sitter.files = own_file | spot.sitter.files if first else spot.sitter.files | own_file


@mishap(Step.SCAN)
def extra_sheet_for_two(scene: Scene) -> None:
    """Two answers end on one sheet, each under its label, and the reader takes the second label for a line."""
    spots = [spot for spot in scene.earning() if len(spot.lines) > 1]

    def others(spot: Spot) -> list[Spot]:
        return [each for each in spots if each.page == spot.page and each.question_id != spot.question_id]

    first = scene.pick(spots, lambda spot: bool(others(spot)))
    second = scene.random.choice(others(first))
    scene.busy.add((second.sitter.name, second.question_id))
    scene.touch_all(first.sitter)
    hand, own = scene.hand(first), f"{first.question_id}."
    lines = (
        hand.line(own, LABEL_TOP, Kind.LABEL),
        replace(first.lines[-1], top=RULED_TOP),
        hand.line(f"{second.question_id}.", RULED_TOP + 0.2),
        replace(second.lines[-1], top=RULED_TOP + 0.24),
    )
    first.sitter.change(first.page, first.page.without(first.lines[-1], second.lines[-1]))
    sheet = Page(None, (Space(first.question_id, LABEL_TOP, own, printed=False),), lines, labels=first.page.labels)
    first.sitter.files = first.sitter.files | {"z sheet.jpg": (sheet,)}


@mishap(Step.SCAN)
def lower_part_cut_off(scene: Scene) -> None:
    """The lower part of a page is not in the picture, and its reader says so."""
    spot = scene.pick(scene.earning(), lambda each: max(line.top for line in each.lines) > 0.6)
    edge = max(line.top for line in spot.lines) - 0.01
    scene.touch_near(spot.sitter, spot.page)
    page = replace(
        spot.page.with_lines(line for line in spot.page.lines if line.top < edge),
        spaces=tuple(space for space in spot.page.spaces if space.top < edge),
    )
    spot.sitter.change(spot.page, page.misread("warned", "cut_off\nthe lower part of the page is cut off"))


@mishap(Step.SCAN)
def faint_page(scene: Scene) -> None:
    """A page is so faint that its reader misses the end of an answer, and says that it is faint."""
    spot = scene.pick(scene.earning(), lambda each: len(each.lines) > 1)
    scene.touch_near(spot.sitter, spot.page)
    page = spot.page.misread("warned", "faint\nthe page is faint, and some of it can't be read")
    spot.sitter.change(spot.page, page.misread("dropped", spot.lines[-1].text))


@mishap(Step.SCAN)
def ink_nobody_reads(scene: Scene) -> None:
    """Nothing is read of an answer whose ink is on the page."""
    spot = scene.pick(scene.earning())
    scene.touch_near(spot.sitter, spot.page)
    spot.sitter.change(spot.page, spot.unread())


@mishap(Step.SCAN)
def no_blank_exam(scene: Scene) -> None:
    """There is no blank exam to compare pages with."""
    if not scene.exam_class.has_blank_exam or scene.exam_class.needs_blank_exam:
        raise NotApplicableError
    scene.exam_class.has_blank_exam = False
    for sitter in scene.exam_class.students:
        scene.touch(sitter, *(each for each, lines in sitter.answers.items() if not lines))
