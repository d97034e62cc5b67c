"""A class's read names against its roster: most are settled, none wrongly, and doubtful ones are a person's."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aita.models.read_name import ReadName
from aita.models.student import RosterEntry
from aita.services.assignments.class_assignment import NOBODY, assign_class

FIRST = (
    "Anna", "Ben", "Carla", "David", "Eva", "Finn", "Greta", "Hans", "Ida", "Jan", "Karla", "Leo", "Mia", "Noah",
    "Olga", "Paul", "Rosa", "Sam", "Tina", "Udo",
)  # fmt: skip
LAST = (
    "Meier", "Müller", "Schmidt", "Fischer", "Weber", "Wagner", "Becker", "Schulz", "Hoffmann", "Koch", "Bauer",
    "Richter", "Klein", "Wolf", "Neumann", "Schwarz", "Braun", "Krüger", "Lange", "Krause", "Werner", "Lehmann",
    "Köhler", "Maier", "Herrmann", "König",
)  # fmt: skip
MISREAD = 0.04
"""Share of the characters that are read as another."""


def misread(text: str, chance: random.Random) -> str:
    others = "aeiourstn"
    return "".join(
        (chance.choice(others if each.isalpha() else "0123456789") if chance.random() < MISREAD else each)
        for each in text
    )


def roster(chance: random.Random, size: int = 500) -> list[RosterEntry]:
    """Return people with names that many share, and numbers that are near each other."""
    return [
        RosterEntry(name=f"{chance.choice(LAST)}, {chance.choice(FIRST)}", number=str(1_000_000 + 17 * place))
        for place in range(size)
    ]


Reading = Callable[[RosterEntry, random.Random], ReadName]


@pytest.mark.parametrize(
    ("reading", "least"),
    [
        (lambda line, c: ReadName(name=misread(line.name, c), number=misread(line.number, c)), 455),
        (lambda line, c: ReadName(number=misread(line.number, c)), 350),
        (lambda line, c: ReadName(name=misread(line.name, c)), 120),
    ],
    ids=["name and number", "number", "name"],
)
@pytest.mark.parametrize("seed", range(3))
def test_of_a_class_most_are_settled_and_none_wrongly(reading: Reading, least: int, seed: int) -> None:
    chance = random.Random(seed)
    lines = roster(chance)
    found = assign_class({str(place): reading(line, chance) for place, line in enumerate(lines)}, lines)
    sure = {int(each): proposal.sure for each, proposal in found.items() if proposal.sure is not None}
    assert [place for place, line in sure.items() if line is not lines[place]] == []
    assert len(sure) >= least


@given(st.data())
@settings(max_examples=60)
def test_no_line_is_two_students_and_each_is_likely(data: st.DataObject) -> None:
    names = st.sampled_from(["Ann Lee", "Lee Ann", "Anne Lee", "Min Park", "Minh Park", "Bo"])
    numbers = st.sampled_from(["", "1001", "1002", "1010"])
    lines = data.draw(st.lists(st.builds(RosterEntry, name=names, number=numbers), max_size=6))
    read = data.draw(st.lists(st.builds(ReadName, name=names | st.just(""), number=numbers), max_size=6))
    found = assign_class({str(place): each for place, each in enumerate(read)}, lines)
    sure = [id(each.sure) for each in found.values() if each.sure is not None]
    assert len(sure) == len(set(sure))
    for each in found.values():
        costs = [candidate.cost for candidate in each.candidates]
        assert costs == sorted(costs)
        assert all(cost < NOBODY for cost in costs)


@given(st.data())
@settings(max_examples=60)
def test_equal_readings_and_equal_lines_are_nobodys(data: st.DataObject) -> None:
    """Whatever else is there, of two who can't be told apart none is settled."""
    name, number = data.draw(st.sampled_from([("Ann Lee", ""), ("Ann Lee", "1001"), ("", "1001")]))
    twins = [RosterEntry(name="Ann Lee") for _ in range(data.draw(st.integers(1, 3)))]
    read = {each: ReadName(name=name, number=number) for each in ("1", "2")}
    found = assign_class(read, [*twins, RosterEntry(name="Min Park", number="1002")])
    assert (found["1"].sure, found["2"].sure) == (None, None)


def test_other_accents_and_a_contradicting_number_cost() -> None:
    lines = [RosterEntry(name="Nguyễn Văn An", number="1001")]

    def cost(name: str, number: str = "") -> list[int]:
        (found,) = assign_class({"s": ReadName(name=name, number=number)}, lines).values()
        return [each.cost for each in found.candidates]

    assert cost("Nguyễn Văn An", "1001") == [0]
    assert cost("Nguyen Van An") == [0], "accents that are left out are no others"
    assert cost("Nguyễn Vân An") == [100]
    assert cost("Nguyễn Văn An", "2992") == [], "as another number as that is another person's"
    assert cost("", "") == []


def test_leading_zeros_do_not_count_and_a_line_without_a_number_is_told_by_its_name() -> None:
    lines = [RosterEntry(name="Ann Lee", number="0012345"), RosterEntry(name="Bo Fox")]
    found = assign_class(
        {"a": ReadName(name="Ann Lee", number="12345"), "b": ReadName(name="Bo Fox", number="777")}, lines
    )
    assert [each.sure for each in found.values()] == lines
