"""No mishap makes a grade that is wrong and looks right, and the adversary sees those that are."""

import json
from collections.abc import Callable

import pytest

from aita.services.assignments import object_keys
from tests.adversary.case import Case
from tests.adversary.catalogue import CATALOGUE, Step
from tests.adversary.generator import generate
from tests.adversary.innocent_marks import add_innocent_marks
from tests.adversary.invariants import (
    Violation,
    equal_totals,
    everything_accounted_for,
    gradebook,
    no_open_cell_without_a_reason,
    no_wrong_grade,
)
from tests.adversary.run import kept_cases, play
from tests.adversary.session import Session
from tests.adversary.table import CLEAN, INNOCENT, Table

CLASSES = 200

MOST_OPEN, MOST_OPEN_WITH_MARKS = 0.02, 0.05
"""Largest shares of open cells in classes to which nothing happens, without and with innocent marks."""


@pytest.fixture(scope="module")
def table() -> Table:
    """The outcomes of all classes."""
    found = Table()
    for outcome in play([*CATALOGUE], CLASSES, seed=0, jobs=2):
        found.add(outcome)
    return found


def test_no_grade_is_wrong_and_looks_right(table: Table) -> None:
    assert table.classes >= CLASSES * 0.95
    assert [f"{failed.case}: {each.message}" for failed in table.failed for each in failed.violations] == []


def test_each_mishap_happens(table: Table) -> None:
    assert [kind for kind in CATALOGUE if kind not in table.rows] == []


def test_few_answers_of_clean_classes_are_open(table: Table) -> None:
    assert table.share(CLEAN) <= MOST_OPEN
    assert table.share(INNOCENT) <= MOST_OPEN_WITH_MARKS


def test_there_are_mishaps_at_every_step() -> None:
    assert len(CATALOGUE) >= 50
    assert {mishap.step for mishap in CATALOGUE.values()} == {*Step}
    assert all(mishap.what for mishap in CATALOGUE.values())


def test_a_class_follows_from_its_seed() -> None:
    for seed in range(20):
        one, other = generate(seed), generate(seed)
        assert one == other
        add_innocent_marks(one)
        assert one != other
        add_innocent_marks(other)
        assert one == other


def test_a_case_is_kept_as_a_line() -> None:
    for case in (Case(3), Case(4, innocent=True), Case(5, ("white page",)), Case(6, ("white page", "two folders"))):
        assert Case.of(str(case)) == case
    assert {kind for case in kept_cases([*CATALOGUE]) for kind in case.mishaps} <= CATALOGUE.keys()


def graded() -> Session:
    """A class that was graded, without a mishap."""
    session = Session(generate(1))
    session.upload_all()
    assert session.run("exam") is not None
    return session


def tamper(session: Session, change: Callable[[dict[str, object]], None]) -> None:
    """Change the cells of a class's first student that earned points."""
    grades = session.stages.artifact(object_keys.GRADES)
    for cell in next(iter(grades.values())).values():
        change(cell)
    session.stages.put(object_keys.GRADES, json.dumps(grades))


def messages(found: list[Violation]) -> list[str]:
    return [violation.message for violation in found]


def test_a_class_without_a_mishap_keeps_every_invariant() -> None:
    session = graded()
    book = session.book()
    for check in (no_wrong_grade, no_open_cell_without_a_reason, equal_totals, everything_accounted_for):
        assert messages([*check(session, book)]) == []


def test_other_points_than_the_answer_deserves_are_seen() -> None:
    session = graded()

    def take_all(cell: dict[str, object]) -> None:
        if cell["state"] == "GRADED":
            cell |= {"points": 0.0, "criteria": [{"points": 0.0}]}

    tamper(session, take_all)
    found = messages([*no_wrong_grade(session, session.book())])
    assert found
    assert all("GRADED with 0 points" in message for message in found)


def test_an_open_cell_without_a_reason_is_seen() -> None:
    session = graded()
    tamper(session, lambda cell: cell.update(state="NEEDS_REVIEW", flags=[], reason=""))
    assert messages([*no_open_cell_without_a_reason(session, session.book())])


def test_a_total_that_differs_is_seen() -> None:
    session = graded()
    book = session.book()
    tamper(session, lambda cell: cell.update(state="BLANK", points=0.0, criteria=[], flags=[]))
    assert any("report has" in message for message in messages([*equal_totals(session, session.book())]))
    assert any("audit has" in message for message in messages([*equal_totals(session, book)]))


def test_a_folder_that_nobody_lists_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aita.services.assignments.class_list.uploaded_scans", lambda material: ())
    session = graded()
    students = session.stages.artifact(object_keys.STUDENTS)
    gone = students["students"].pop()
    session.owners[gone["folder"]].on_roster = False
    session.upload_exam()
    session.stages.put(object_keys.STUDENTS, json.dumps(students))
    grades = session.stages.artifact(object_keys.GRADES)
    del grades[gone["student_id"]]
    session.stages.put(object_keys.GRADES, json.dumps(grades))
    assert messages([*everything_accounted_for(session, session.book())])


def test_a_mishap_that_goes_unnoticed_is_seen() -> None:
    """An answer that is not on the page that was scanned, as nothing at all shows."""
    session = Session(generate(0))
    exam_class = session.exam_class
    sitter, page, question_id = next(
        (sitter, page, each)
        for sitter in exam_class.students
        for _, _, page in sitter.pages()
        for each in page.owners
        if len(page.of(each)) == len(sitter.answers[each]) and exam_class.truth(sitter, each)
    )
    sitter.change(page, page.without(*page.of(question_id)))
    session.upload_all()
    session.run("exam")
    assert any(question_id in message for message in messages([*no_wrong_grade(session, session.book())]))


def test_a_run_that_is_refused_grades_nothing() -> None:
    session = Session(generate(0))
    session.upload_exam()
    assert session.run("exam") is None
    assert gradebook(session) is None
