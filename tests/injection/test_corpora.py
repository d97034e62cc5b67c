"""Shares of attempts that are found, and of innocent answers that are flagged."""

from itertools import chain

import pytest

from aita.tasks.injection import suspicious
from tests.injection.samples import corpus

HELD_OUT = ("held_out", "second_held_out", "third_held_out")
"""Corpora that no pattern was written for. Only their shares are looked at."""


def texts(name: str) -> list[str]:
    return [*chain.from_iterable(corpus(name).values())]


def flagged(name: str) -> float:
    found = [bool(suspicious(text)) for text in texts(name)]
    return sum(found) / len(found)


@pytest.mark.parametrize("name", HELD_OUT)
class TestHeldOut:
    def test_most_attempts_are_found(self, name: str) -> None:
        assert flagged(f"{name}_attempts") >= 0.65

    def test_few_innocent_answers_are_flagged(self, name: str) -> None:
        assert flagged(f"{name}_innocents") <= 0.08

    def test_attempts_of_every_kind_are_found(self, name: str) -> None:
        for kind, attempts in corpus(f"{name}_attempts").items():
            assert sum(bool(suspicious(attempt)) for attempt in attempts) >= 0.4 * len(attempts), kind


class TestWrittenWith:
    def test_nearly_all_attempts_are_found(self) -> None:
        assert flagged("dev_attempts") >= 0.85

    def test_hardly_any_innocent_answer_is_flagged(self) -> None:
        assert flagged("dev_innocents") <= 0.04

    def test_they_are_of_many_kinds_and_subjects(self) -> None:
        assert len({*texts("dev_attempts")}) >= 250
        assert len({*texts("dev_innocents")}) >= 300
        assert len(corpus("dev_attempts")) >= 8
        assert len(corpus("dev_innocents")) >= 8


def test_no_text_is_in_two_corpora() -> None:
    names = [f"{name}_{kind}" for name in ("dev", *HELD_OUT) for kind in ("attempts", "innocents")]
    everything = [*chain.from_iterable(map(texts, names))]
    assert {text for text in everything if everything.count(text) > 1} <= {"End of answer."}


@pytest.mark.parametrize("name", [*HELD_OUT, "dev"])
def test_attempts_are_found_behind_an_answer_as_alone(name: str) -> None:
    answer = "The force is 5 N, as F = ma.\n"
    attempts = texts(f"{name}_attempts")
    lost = [text for text in attempts if suspicious(text) and not suspicious(answer + text)]
    assert len(lost) <= 0.08 * len(attempts)
