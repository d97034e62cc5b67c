"""Markers: which beginnings of lines are labels of questions, and which are numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.services.answers.question_labels import LabelPlace, QuestionLabels, fold, natural_key

LABELS = QuestionLabels(["1a", "1b", "2", "10", "3aii", "1.2", "Bonus"])

NUMBERS = st.integers(1, 60).map(str)
IDS = st.one_of(NUMBERS, st.builds("{}{}".format, NUMBERS, st.sampled_from("abcdef")))


@pytest.mark.parametrize(
    ("line", "question_id"),
    [
        ("1a.", "1a"),
        ("1a", "1a"),
        ("  1a) B", "1a"),
        ("1 (a) B", "1a"),
        ("1(b)", "1b"),
        ("(1a) the force", "1a"),
        ("1. a) the force", "1a"),
        ("1A.", "1a"),
        ("2)", "2"),
        ("2.", "2"),
        ("2.) so", "2"),
        ("(2) so", "2"),
        ("2: so", "2"),
        ("2. 5 m/s", "2"),
        ("10.", "10"),
        ("3(a)(ii) F", "3aii"),
        ("1.2) F", "1.2"),
        ("Bonus: F", "Bonus"),
    ],
)
def test_a_label_begins_a_line(line: str, question_id: str) -> None:
    assert LABELS.marker(line) == LabelPlace(question_id, named=False)


@pytest.mark.parametrize(
    ("line", "question_id"),
    [("Question 2", "2"), ("Q10", "10"), ("q10. so", "10"), ("Q 1(a)", "1a"), ("Problem 2 continued", "2")],
)
def test_a_word_may_stand_before_it(line: str, question_id: str) -> None:
    assert LABELS.marker(line) == LabelPlace(question_id, named=True)


@pytest.mark.parametrize(
    "line",
    [
        "2.5",
        "2.5 m/s",
        "2,5 m",
        "2",
        "10",
        "2 apples",
        "10:30",
        "12.",
        "so 2. is",
        "Question 2.5",
        "Q1",
        "Quick",
        "",
        "2/3",
    ],
)
def test_a_number_is_no_label(line: str) -> None:
    assert LABELS.marker(line) is None


def test_ids_that_are_alike_are_nobodys() -> None:
    assert QuestionLabels(["1a", "1A", "2"]).marker("1a.") is None
    assert QuestionLabels(["1a", "1A", "2"]).marker("2.") == LabelPlace("2", named=False)
    assert QuestionLabels(["-", "…"]).marker("-.") is None
    assert QuestionLabels([]).marker("1.") is None


@given(st.floats(0, 1000).map(lambda value: f"{value:.2f}"), st.sampled_from(["", " m/s", " = v"]))
def test_a_decimal_is_never_one(number: str, unit: str) -> None:
    assert QuestionLabels([str(each) for each in range(1001)]).marker(f"{number}{unit}") is None


@given(st.lists(IDS, min_size=1, max_size=12, unique=True), st.data())
def test_every_id_is_found_by_its_label_and_no_other(ids: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.sampled_from(ids))
    form = data.draw(st.sampled_from(["{}.", "{})", "({})", "Question {}", "Q{}", "{}. because"]))
    marker = QuestionLabels(ids).marker(form.format(wanted))
    assert marker is not None
    assert marker.question_id == wanted


class TestOwnLabel:
    @pytest.mark.parametrize(
        ("line", "question_id", "rest"),
        [
            ("1a.", "1a", ""),
            ("1a. B", "1a", "B"),
            ("(a) B", "1a", "B"),
            ("a)", "1a", ""),
            ("(a)(ii) B", "3aii", "B"),
            ("Question 2 is easy", "2", "is easy"),
            ("2. 5 m/s", "2", "5 m/s"),
        ],
    )
    def test_what_follows_it(self, line: str, question_id: str, rest: str) -> None:
        assert LABELS.after(line, question_id) == rest

    @pytest.mark.parametrize(
        ("line", "question_id"), [("1b.", "1a"), ("a dog", "1a"), ("2.5", "2"), ("4", "2"), ("", "2")]
    )
    def test_a_line_without_it(self, line: str, question_id: str) -> None:
        assert LABELS.after(line, question_id) is None

    def test_a_bare_number_may_be_the_answer(self) -> None:
        assert LABELS.after("2", "2") is None

    def test_within_a_line(self) -> None:
        assert LABELS.within("1a. B   1b. C", "1b") == 8
        assert LABELS.within("a) B b) C", "1b") == 5
        assert LABELS.within("B and C", "1b") is None
        assert LABELS.within("1b. C", "1b") is None, "it begins the line"


def test_2_sorts_before_10() -> None:
    ids = ["10", "2", "2b", "2a", "1", "A10", "A2"]
    assert sorted(ids, key=natural_key) == ["1", "2", "2a", "2b", "10", "A2", "A10"]


@given(st.lists(st.text(max_size=8)))
def test_any_labels_can_be_sorted_and_folded(labels: list[str]) -> None:
    sorted(labels, key=natural_key)
    assert all(fold(fold(label)) == fold(label) for label in labels)


@given(st.lists(st.text(min_size=1, max_size=8)), st.text(max_size=30))
def test_no_id_and_no_line_break_it(ids: list[str], line: str) -> None:
    labels = QuestionLabels(ids)
    for marker in (labels.marker(line), labels.copied(line)):
        assert marker is None or marker.question_id in ids
    for question_id in ids:
        labels.after(line, question_id)
        labels.within(line, question_id)


def test_the_label_of_an_id_with_a_word_may_lack_it() -> None:
    labels = QuestionLabels(["Part 2a", "Part 2b", "Q3"])
    assert [labels.after(line, "Part 2a") for line in ("2a. four", "Part 2a. four", "(a) four")] == ["four"] * 3
    assert labels.after("3. five", "Q3") == "five"
    assert labels.marker("2b)") == LabelPlace("Part 2b", named=False)


def test_a_number_that_two_ids_have_is_neithers_label() -> None:
    assert QuestionLabels(["Part 2", "Essay 2"]).after("2. four", "Part 2") is None


@pytest.mark.parametrize(
    "line",
    [
        "2", "2.", "(2)", "Frage 2:", "Aufgabe 2 (4 Punkte)", "2. (5 points)", "Question 2 [4]", "Exercice 2 :",
        "Question no. 2", "2. feladat", "№2", "第2题", "問2", "2번", "Teil 2)", "2. (continued)",
    ],
)  # fmt: skip
def test_copied_print_is_a_label_in_any_language(line: str) -> None:
    found = LABELS.copied(line)
    assert found is not None
    assert found.question_id == "2"


@pytest.mark.parametrize("line", ["2.5", "20", "2c", "2/3", "Frage 2 has no answer", "the value is 2", "Frage 7", ""])
def test_copied_print_that_is_more_than_a_label_is_none(line: str) -> None:
    assert LABELS.copied(line) is None


def test_a_letter_is_a_label_behind_a_noun_and_never_a_part_of_one() -> None:
    labels = QuestionLabels(["A", "E", "IV"])
    assert [labels.copied(line) for line in ("Frage E", "Frage", "Teil IV", "Para")] == [
        LabelPlace("E", named=True), None, LabelPlace("IV", named=True), None,
    ]  # fmt: skip
