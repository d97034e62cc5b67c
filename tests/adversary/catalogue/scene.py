"""Scene of a mishap: a class before and after its grading, and the places where something can go wrong."""

import random
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from aita.models.exam import QuestionType
from tests.adversary.classes import ExamClass, Item, NotApplicableError, Sitter
from tests.adversary.handwriting import LOWEST, Hand
from tests.adversary.pages import INK_HEIGHT, PITCH, Line, Page
from tests.adversary.session import Session


class Step(StrEnum):
    """Step of the way from paper to grades at which something goes wrong."""

    SCAN = "scan"
    FOLDER = "folder"
    PAGE = "page"
    READING = "reading"
    MAPPING = "mapping"
    GRADING = "grading"
    DECISIONS = "decisions"
    UPLOADS = "uploads"
    RUNS = "runs"
    RENAMES = "renames"
    MATERIAL = "material"
    VERSIONS = "versions"


Course = Generator[None, None, None]
"""Course of a mishap: up to its first yield before the class is graded, and after it moments to look at the grades."""


@dataclass(frozen=True, slots=True)
class Mishap:
    """A kind of mishap. ``happen`` prepares it and returns its course after the grading, if it has one."""

    name: str
    step: Step
    happen: Callable[["Scene"], Course | None]

    @property
    def what(self) -> str:
        """What happens, in words."""
        return (self.happen.__doc__ or "").strip()


CATALOGUE: dict[str, Mishap] = {}
"""Every kind of mishap by its name, in the order of the steps."""


def mishap(step: Step) -> Callable[[Callable[["Scene"], Course | None]], Callable[["Scene"], Course | None]]:
    """Enter a function into the catalogue under its name in words."""

    def enter(happen: Callable[["Scene"], Course | None]) -> Callable[["Scene"], Course | None]:
        name = happen.__name__.replace("_", " ")
        assert name not in CATALOGUE, f"there are two mishaps called {name}"
        CATALOGUE[name] = Mishap(name, step, happen)
        return happen

    return enter


@dataclass(frozen=True, slots=True)
class Spot:
    """A student's answer, or the part of it that is on one page."""

    sitter: Sitter
    page: Page
    question_id: str

    @property
    def lines(self) -> tuple[Line, ...]:
        """Lines of the answer on this page."""
        return self.page.of(self.question_id)

    def unread(self) -> Page:
        """Return the page with the answer's lines left out by its reader."""
        page = self.page
        for line in self.lines:
            page = page.misread("dropped", line.text)
        return page


@dataclass(slots=True)
class Scene:
    """A class to which mishaps happen.

    ``busy`` are the answers that a mishap has taken, ``busy_sitters`` the students that one has taken as a whole, and
    ``busy_items`` the questions; no other mishap takes the same.
    """

    exam_class: ExamClass
    session: Session
    random: random.Random
    busy: set[tuple[str, str]] = field(default_factory=set)
    busy_sitters: set[str] = field(default_factory=set)
    busy_items: set[str] = field(default_factory=set)

    # Places

    def spots(self, *, blank: bool = False) -> Iterator[Spot]:
        """Yield the answers that stand whole in their printed spaces; or the spaces of those that are left out."""
        asked = {item.question_id for item in self.exam_class.items} - self.exam_class.renamed.keys()
        for sitter in self.exam_class.students:
            pages = [page for _, _, page in sitter.pages()]
            for page in pages:
                for space in page.spaces:
                    spot = Spot(sitter, page, space.question_id)
                    if not space.printed or (sitter.name, space.question_id) in self.busy:
                        continue
                    if space.question_id not in asked:
                        continue
                    if pages.count(page) > 1 or sum(space.question_id in each.owners for each in pages) > 1:
                        continue
                    if len(spot.lines) == len(sitter.answers[space.question_id]) and bool(spot.lines) != blank:
                        yield spot

    def earning(self) -> Iterator[Spot]:
        """Yield the answers in their spaces that earn points."""
        return (spot for spot in self.spots() if self.exam_class.truth(spot.sitter, spot.question_id) > 0)

    def pick(self, spots: Iterable[Spot], fits: Callable[[Spot], bool] = lambda spot: True) -> Spot:
        """Take one of the answers."""
        found = [spot for spot in spots if fits(spot)]
        if not found:
            raise NotApplicableError
        spot = self.random.choice(found)
        self.busy.add((spot.sitter.name, spot.question_id))
        return spot

    def pick_page(self, fits: Callable[[Sitter, Page], bool] = lambda sitter, page: True) -> tuple[Sitter, Page]:
        """Take a page with an answer that earns points."""
        spot = self.pick(self.earning(), lambda each: fits(each.sitter, each.page))
        self.busy |= {(spot.sitter.name, question_id) for question_id in spot.page.questions}
        return spot.sitter, spot.page

    def pick_continuation(self) -> tuple[Sitter, Page]:
        """Take a page on which an answer goes on, and none begins; the mishap may open the answers near it."""
        found = [
            (sitter, page)
            for sitter in self.exam_class.students
            for _, _, page in sitter.pages()
            if page.owners and not page.spaces and (sitter.name, next(iter(page.owners))) not in self.busy
        ]
        self.require(so=bool(found))
        sitter, page = self.random.choice(found)
        self.busy.add((sitter.name, next(iter(page.owners))))
        self.touch_near(sitter, page)
        return sitter, page

    def sitter(self, fits: Callable[[Sitter], bool] = lambda sitter: True) -> Sitter:
        """Take a student."""
        found = [each for each in self.exam_class.students if each.name not in self.busy_sitters and fits(each)]
        if not found:
            raise NotApplicableError
        sitter = self.random.choice(found)
        self.busy_sitters.add(sitter.name)
        return sitter

    def item(self) -> Item:
        """Take a question."""
        found = [each for each in self.exam_class.items if each.question_id not in self.busy_items]
        if not found:
            raise NotApplicableError
        item = self.random.choice(found)
        self.busy_items.add(item.question_id)
        return item

    def require(self, *, so: bool) -> None:
        """Go on if the class is one to which the mishap can happen."""
        if not so:
            raise NotApplicableError

    def kind(self, question_id: str) -> QuestionType:
        """Return the type of a question."""
        found = [item.kind for item in self.exam_class.items if item.question_id == question_id]
        self.require(so=bool(found))  # else the exam lacks it for now
        return found[0]

    def runs(self, *pipelines: str) -> Course:
        """Run pipelines; there is a moment to look at the grades before each one and after the last."""
        yield
        for pipeline in pipelines:
            self.session.run(pipeline)
            yield

    # Cells that may be opened

    def touch(self, sitter: Sitter, *question_ids: str) -> None:
        """Let the mishap open a student's cells."""
        self.session.touched |= {(sitter.name, question_id) for question_id in question_ids}

    def touch_all(self, *sitters: Sitter) -> None:
        """Let the mishap open all cells of these students; of the class without any."""
        for sitter in sitters or self.exam_class.students:
            self.touch(sitter, *sitter.answers)

    def touch_question(self, question_id: str) -> None:
        """Let the mishap open all answers to a question."""
        for sitter in self.exam_class.students:
            self.touch(sitter, question_id)

    def touch_near(self, sitter: Sitter, page: Page) -> None:
        """Let the mishap open the answers on a page, those beside it on other pages, and those that are left out."""
        pages = [each for _, _, each in sitter.pages()]
        at = pages.index(page)
        before = [each.spaces[-1].question_id for each in pages[:at] if each.spaces]
        after = [each.spaces[0].question_id for each in pages[at + 1 :] if each.spaces]
        blank = [question_id for question_id, lines in sitter.answers.items() if not lines]
        self.touch(sitter, *page.questions, *before[-1:], *after[:1], *blank)

    def let_nobody_know(self, sitter: Sitter, page: Page) -> None:
        """Let nobody know the points of the answers on a page, as it may be anybody's or of another exam."""
        ids = (self.exam_class.renamed.get(each, each) for each in page.owners)
        self.session.unknowable |= {(sitter.name, question_id) for question_id in ids}

    # Changes of pages

    def hand(self, spot: Spot) -> Hand:
        """Return the hand of a student, by the ink of an answer."""
        letters = sum(len(line.text.replace(" ", "")) for line in spot.lines) or 1
        ink = sum(line.ink for line in spot.lines) / letters
        return Hand(self.random, min(11.0, max(6.0, ink)))

    def rewrite(self, spot: Spot, texts: tuple[str, ...]) -> Spot:
        """Let a student answer with other lines, in the same space."""
        item = self.exam_class.item(spot.question_id)
        was = spot.sitter.answers[spot.question_id]
        answers = list(item.schemes.answers)
        answers[answers.index(was)] = texts
        item.schemes.answers = tuple(answers)
        item.schemes.made.clear()
        spot.sitter.answers[spot.question_id] = texts
        top = min(line.top for line in spot.lines)
        written = self.hand(spot).lines(texts, top, spot.question_id)
        others = [line for line in spot.page.lines if line not in spot.lines]
        page = spot.page.with_lines([*others, *written])
        spot.sitter.change(spot.page, page)
        return Spot(spot.sitter, page, spot.question_id)

    def move(self, spot: Spot, lines: tuple[Line, ...], to: Page, top: float) -> None:
        """Move lines of an answer to another place, on the same page or another one of the student's."""
        left = spot.page.without(*lines)
        if to == spot.page:
            spot.sitter.change(spot.page, left.with_lines([*left.lines, *placed(lines, top)]))
        else:
            spot.sitter.change(to, to.with_lines([*to.lines, *placed(lines, top)]))
            spot.sitter.change(spot.page, left)


def placed(lines: Iterable[Line], top: float) -> Iterator[Line]:
    """Yield lines one below the other, from a height of the page on."""
    for line in lines:
        yield replace(line, top=round(top, 3))
        top += line.height + PITCH - INK_HEIGHT


APART = 0.035
"""Height that a student leaves between answers to two questions."""


def free_below(page: Page, question_id: str) -> tuple[float, float]:
    """Return where the free part of a space begins, apart from the answer above it, and how high it is."""
    space = page.space(question_id)
    bottom = page.bottom(space)
    inside = [line.top + line.height for line in page.lines if space.top <= line.top < bottom]
    top = max([space.top + 0.045, *(end + APART for end in inside)])
    return top, (LOWEST if bottom >= 1 else bottom - 0.03) - top
