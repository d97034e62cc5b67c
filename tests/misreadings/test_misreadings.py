"""Wrong readings in the pipeline: most are caught where the page is seen, and few right ones are open."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from aita.models.grade import CellState
from aita.models.second_look import ReadLine
from aita.tasks.second_reading import SecondReading
from tests.misreadings import __main__
from tests.misreadings.classes import MadeUpClass
from tests.misreadings.errors import Error, misread
from tests.misreadings.measurement import MODES, grade_class, measure, read_class
from tests.misreadings.model import INVENTED, Model, restyled
from tests.misreadings.questions import answer, exam
from tests.misreadings.table import Table

SEEDS, STUDENTS = range(4), 8

seeds = st.integers(0, 10**6)


@pytest.fixture(scope="module")
def table() -> Table:
    return Table([outcome for seed in SEEDS for outcome in measure(seed, STUDENTS)])


def test_the_bounds_hold(table: Table) -> None:
    assert table.broken() == []
    assert table.caught("never") < 0.3, "errors do not show by themselves"
    assert 0 < table.seen("doubtful") < table.seen("always") <= 1


def test_every_error_happens_and_some_answers_have_none(table: Table) -> None:
    assert {each.answer.error for each in table.counted("always")} == {*Error}
    assert any(not each.answer.error for each in table.outcomes)
    assert any(each.answer.error and not each.answer.counts for each in table.outcomes)


def test_what_is_read_rightly_is_never_closed_with_other_points(table: Table) -> None:
    assert not any(each.is_wrong for each in table.outcomes if not each.answer.error)


def test_a_second_look_that_sees_nothing_breaks_the_bounds() -> None:
    blind = Table([*measure(0, STUDENTS, sees=0)])
    assert len(blind.broken()) == 2
    assert blind.caught("always") == blind.caught("never")


def test_one_that_sees_everything_catches_all_that_it_is_shown() -> None:
    keen = Table([*measure(0, STUDENTS, sees=1)])
    assert keen.caught("always") == 1
    assert all(each.is_right or each.is_open for each in keen.counted("doubtful") if each.is_seen)


def test_the_table_has_a_line_of_every_error_and_tells_what_is_apart(table: Table) -> None:
    lines = [*table.lines()]
    assert all(any(line.startswith(f"| {error} |") for line in lines) for error in Error)


def test_errors_that_no_look_can_show_are_counted_apart(table: Table) -> None:
    hidden = Table([replace(each, unseen="it has no place") if each.is_wrong else each for each in table.outcomes])
    assert hidden.caught("always") == 1
    count = sum(each.is_wrong for each in table.counted("never"))
    assert f"No look can show {count}: it has no place." in [*hidden.lines()]


def test_the_command_prints_it_and_fails_if_a_bound_does_not_hold(
    table: Table, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    blind = [each for each in table.outcomes if each.is_wrong]
    for outcomes, status in ((table.outcomes, 0), (blind, 1)):
        monkeypatch.setattr(__main__, "measure", lambda seed, students, found=outcomes: iter(found))
        monkeypatch.setattr("sys.argv", ["misreadings", "--classes", "1"])
        assert __main__.main() == status
        assert "| a negation |" in capsys.readouterr().out


def test_a_class_follows_from_its_seed() -> None:
    assert MadeUpClass.of(3, 2) == MadeUpClass.of(3, 2) != MadeUpClass.of(4, 2)


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=3, phases=[Phase.explicit, Phase.generate])  # a smaller seed is no simpler
@given(seed=seeds)
def test_no_answer_is_graded_by_a_quote_that_stands_in_no_reading(mode: str, seed: int) -> None:
    made = MadeUpClass.of(seed, 3)
    cells = grade_class(read_class(made, Model(made.readings(), invents=0.5)), made, MODES[mode])
    answers = {(student.folder, each): found for student in made.students for each, found in student.answers.items()}
    assert any(quote == INVENTED for cell in cells.values() for quote in (each.quote for each in cell.criteria))
    for place, cell in cells.items():
        found = answers[place]
        stands = "\n".join((*found.question.lines(found.read), *found.question.lines(found.written)))
        if cell.state is CellState.GRADED:
            assert all(each.quote in stands for each in cell.criteria)


@given(seed=seeds, error=st.sampled_from(Error))
def test_an_error_changes_one_statement(seed: int, error: Error) -> None:
    chance = random.Random(seed)
    for question in exam(chance):
        written = answer(question, chance)
        read = misread(question, written, error, chance)
        if read is None:
            continue
        left = [each for each in written if each not in read]
        new = [each for each in read if each not in written]
        assert (len(left), len(new)) == {Error.DROPPED: (1, 0), Error.INVENTED: (0, 1)}.get(error, (1, 1))


@given(seed=seeds)
def test_another_notation_is_no_other_reading(seed: int) -> None:
    chance = random.Random(seed)
    for question in exam(chance):
        for line in answer(question, chance):
            alike = ReadLine(transcribed=line, read=restyled(line, chance))
            assert SecondReading(line, (alike,)).differing == ()
