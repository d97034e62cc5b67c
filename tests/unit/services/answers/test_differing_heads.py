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


class TestAStrangersExam:
    """A folder with the exam of somebody who has no folder."""

    def doubted(self, *heads: str, own: int = 2, is_known: bool = False, scans: int = 0) -> set[int]:
        """Return the doubted pages of a folder, beside folders whose heads have their own names."""
        found = DifferingHeads()
        for number, text in enumerate(heads, 1):
            found.see("ann", number, text.split(), is_own=False, is_known=is_known)
        for number in range(own):
            found.see(f"s{number}", 1, [f"first{number}", f"last{number}"], is_own=True)
        for number in range(scans):
            found.see(f"scan{number}", 1, [f"one{number}", f"two{number}"], is_own=False)
        return set(found.doubts("ann"))

    def test_all_pages_with_the_strangers_name_are_doubted(self) -> None:
        assert self.doubted("sven papadakis", "sven papadakis", "") == {1, 2}
        assert self.doubted("sven papadakis") == {1}

    def test_a_head_with_a_word_of_the_classs_names_may_be_a_misread_own_one(self) -> None:
        assert self.doubted("ann loe", is_known=True) == set()

    def test_where_others_heads_do_not_have_their_own_names_nothing_tells(self) -> None:
        assert self.doubted("sven papadakis", own=1) == set()
        assert self.doubted("sven papadakis", own=2, scans=2) == set()
        assert self.doubted("sven papadakis", own=3, scans=2) == {1}

    def test_one_word_is_no_name(self) -> None:
        assert self.doubted("midterm") == set()


class TestPagesWithoutAName:
    def heads(self, *heads: str, own: frozenset[int] = frozenset()) -> DifferingHeads:
        found = DifferingHeads()
        for number, text in enumerate(heads, 1):
            found.see("ann", number, text.split(), is_own=number in own)
        return found

    def test_they_are_doubted_if_all_heads_name_another(self) -> None:
        found = self.heads("bob ray", "", "").nameless("ann", {1})
        assert set(found) == {2, 3}
        assert found[2][0].kind is FlagKind.OTHER_STUDENT

    def test_they_are_not_if_a_head_has_another_name_or_the_own(self) -> None:
        assert self.heads("bob ray", "ann lee", "").nameless("ann", {1}) == {}
        assert self.heads("bob ray", "", own=frozenset({1})).nameless("ann", {1}) == {}
        assert self.heads("bob ray", "").nameless("ann", ()) == {}
