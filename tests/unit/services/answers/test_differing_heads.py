"""Page heads that differ from those of the same student's other pages."""

import pytest

from aita.models.review_flags import FlagKind
from aita.services.answers.differing_heads import DifferingHeads

OTHERS = {"bob": ["bob ray exam", "bob ray exam"], "cyd": ["cyd fox exam"], "dan": ["dan oak exam"]}


def doubted(pages: list[str], own: frozenset[int] = frozenset()) -> set[int]:
    """Return the doubted pages of a student in a class."""
    heads = DifferingHeads()
    for student_id, found in (OTHERS | {"ann": pages}).items():
        for number, text in enumerate(found, 1):
            heads.see(student_id, number, text.split(), is_own=student_id == "ann" and number in own)
    assert not any(heads.doubts(student_id) for student_id in OTHERS)
    return set(heads.doubts("ann"))


def test_one_name_on_all_pages() -> None:
    assert doubted(["ann lee", "ann lee exam", "lee"]) == set()


def test_another_name_on_one_page_whoever_it_is() -> None:
    assert doubted(["ann lee", "nasrin rosenthal", "ann lee"]) == {2}
    assert doubted(["ann lee", "bob ray", "ann lee"]) == {2}


def test_of_two_pages_the_one_with_the_own_name_counts() -> None:
    assert doubted(["ann lee", "nasrin rosenthal"], own=frozenset({1})) == {2}
    assert doubted(["ann lee", "nasrin rosenthal"]) == set()


def test_pages_that_two_students_swapped_though_nothing_tells_whose_folder_it_is() -> None:
    heads = DifferingHeads()
    for student_id, found in {
        "s1": ["ann lee", "bob ray"],
        "s2": ["bob ray", "ann lee"],
        "s3": ["cyd fox"] * 2,
    }.items():
        for number, text in enumerate(found, 1):
            heads.see(student_id, number, text.split(), is_own=False)
    assert {each: set(heads.doubts(each)) for each in ("s1", "s2", "s3")} == {"s1": {1, 2}, "s2": {1, 2}, "s3": set()}


def test_a_course_on_two_students_second_pages_is_no_swap() -> None:
    heads = DifferingHeads()
    for student_id, found in {"s1": ["ann lee", "physics exam"], "s2": ["bob ray", "physics exam"]}.items():
        for number, text in enumerate(found, 1):
            heads.see(student_id, number, text.split(), is_own=False)
    assert heads.doubts("s1") == heads.doubts("s2") == {}


@pytest.mark.parametrize("head", ["", "lea", "exam", "anm lee", "ann loe"])
def test_another_reading_of_the_name_and_a_word_that_is_no_name(head: str) -> None:
    assert doubted(["ann lee", head, "ann lee"]) == set()


def test_the_doubt_names_nobody() -> None:
    heads = DifferingHeads()
    for page, words in enumerate((["ann", "lee"], ["ann", "lee"], ["nasrin", "rosenthal"]), 1):
        heads.see("ann", page, words, is_own=False)
    ((flag,),) = heads.doubts("ann").values()
    assert flag.kind is FlagKind.OTHER_STUDENT
    assert flag.note == "the head of page 3 has another name than this student's other pages"
