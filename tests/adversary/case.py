"""One class from its seed to the violations of invariants: generation, mishaps, grading, and what comes after it."""

import logging
import random
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

from tests.adversary.catalogue import CATALOGUE, Scene
from tests.adversary.catalogue.scene import Course
from tests.adversary.classes import NotApplicableError
from tests.adversary.generator import generate
from tests.adversary.innocent_marks import add_innocent_marks
from tests.adversary.invariants import (
    AT_EACH_MOMENT,
    AT_THE_END,
    Violation,
    cells,
    gradebook,
    open_places,
    touched_only,
)
from tests.adversary.session import Place, Session

ATTEMPTS = 60
"""Classes that are generated before a group of mishaps counts as one that no class can have."""


@dataclass(frozen=True, slots=True)
class Case:
    """A class by its seed, with the mishaps that happen to it, or with innocent marks."""

    seed: int
    mishaps: tuple[str, ...] = ()
    innocent: bool = False

    def __str__(self) -> str:
        return f"{self.seed} {'; '.join(self.mishaps) or ('innocent marks' if self.innocent else 'clean')}"

    @classmethod
    def of(cls, line: str) -> "Case":
        """Return the case of a line, as ``str`` writes it."""
        seed, _, what = line.strip().partition(" ")
        if what in ("clean", "innocent marks"):
            return cls(int(seed), innocent=what != "clean")
        return cls(int(seed), tuple(what.split("; ")))


@dataclass(slots=True)
class Outcome:
    """What came of a case.

    Parameters
    ----------
    cells, opened
        Number of cells at the end, and the open ones.
    touched
        Cells that each mishap may open, beyond those that the mishaps before it may open.
    is_possible
        Whether a class was found to which all of the mishaps can happen.
    """

    case: Case
    cells: int = 0
    opened: set[Place] = field(default_factory=set)
    touched: dict[str, set[Place]] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    is_possible: bool = True


def run(case: Case) -> Outcome:
    """Run a case; the outcome says so if no class is found to which the mishaps can happen."""
    outcome = Outcome(case)
    for attempt in range(ATTEMPTS):
        seed = case.seed * 1000 + attempt
        try:
            with _silent():
                _run(case, seed, outcome)
        except NotApplicableError:
            outcome.touched.clear()
            continue
        except Exception:  # noqa: BLE001 - a class that breaks the pipeline is a finding, and the next one goes on
            message = traceback.format_exc(limit=-4).replace("\n", " | ")
            outcome.violations.append(Violation("broken", message))
        return outcome
    outcome.is_possible = False
    return outcome


@contextmanager
def _silent() -> Iterator[None]:
    """Log nothing: the pipeline logs each of a case's mishaps."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


def _run(case: Case, seed: int, outcome: Outcome) -> None:
    exam_class = generate(seed)
    if case.innocent:
        add_innocent_marks(exam_class)
    session = Session(exam_class)
    scene = Scene(exam_class, session, random.Random(f"mishaps {seed}"))
    courses: list[Course] = []
    for name in case.mishaps:
        before = set(session.touched)
        course = CATALOGUE[name].happen(scene)
        if course is not None:
            next(course)
            courses.append(course)
        outcome.touched[name] = session.touched - before
    session.upload_all()
    is_graded = session.run("exam") is not None and gradebook(session) is not None
    found: dict[tuple[str, str], Violation] = {}
    for violation in _look(session, outcome, seed):
        found.setdefault((violation.invariant, violation.message), violation)
    for course in courses if is_graded else ():
        for _ in course:
            for violation in _look(session, outcome, seed):
                found.setdefault((violation.invariant, violation.message), violation)
    if (book := gradebook(session)) is not None:
        if courses and not session.reports_are_new:
            session.run("report")
        for check in AT_THE_END:
            for violation in check(session, book):
                found.setdefault((violation.invariant, violation.message), violation)
    outcome.violations += found.values()


def _look(session: Session, outcome: Outcome, seed: int) -> Iterator[Violation]:
    """Yield the violations at this moment."""
    if (book := gradebook(session)) is None:
        return
    opened = open_places(session, book)
    outcome.cells, outcome.opened = sum(1 for _ in cells(session, book)), opened
    for check in AT_EACH_MOMENT:
        yield from check(session, book)
    beyond = [*touched_only(opened, session)]
    if beyond and outcome.case.mishaps:
        clean = opened_in_clean_class(seed)
        yield from (each for each in beyond if each.places[0] not in clean)


@cache
def opened_in_clean_class(seed: int) -> frozenset[Place]:
    """Return the cells that are open in the class without any mishap."""
    session = Session(generate(seed))
    session.upload_all()
    session.run("exam")
    book = gradebook(session)
    return frozenset(open_places(session, book)) if book is not None else frozenset()
