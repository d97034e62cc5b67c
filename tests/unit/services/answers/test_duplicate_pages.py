"""Pages that a class has more than once: in two students' folders, and twice in one."""

from hypothesis import given
from hypothesis import strategies as st

from aita.models.review_flags import FlagKind
from aita.services.answers.duplicate_pages import Duplicates, PagePicture, duplicate_pages


def pages(*pictures: tuple[str, str, int | None, bool]) -> list[PagePicture]:
    """Return a student's pages: each one's file, picture, page of the exam, and whether it is untouched."""
    return [
        PagePicture(page=number, source=source, sha256=sha256, exam_page=exam_page, untouched=untouched)
        for number, (source, sha256, exam_page, untouched) in enumerate(pictures, 1)
    ]


def kinds(found: Duplicates) -> dict[int, list[FlagKind]]:
    return {page: [flag.kind for flag in flags] for page, flags in found.doubts.items()}


def test_a_picture_in_two_folders_is_doubted_in_both() -> None:
    found = duplicate_pages(
        {
            "s-1": pages(("a", "p1", 1, False), ("b", "same", 2, False)),
            "s-2": pages(("c", "same", None, False), ("d", "p4", 1, False)),
            "s-3": pages(("e", "p5", 1, False)),
        }
    )
    assert kinds(found["s-1"]) == {2: [FlagKind.SHARED_PAGE]}
    assert kinds(found["s-2"]) == {1: [FlagKind.SHARED_PAGE]}
    assert found["s-3"] == Duplicates()


def test_an_untouched_page_of_a_digital_exam_is_in_many_folders() -> None:
    found = duplicate_pages(
        {f"s-{n}": pages((f"{n}", f"own{n}", 1, False), (f"{n}", "blank", 2, True)) for n in range(3)}
    )
    assert set(map(len, (each.doubts for each in found.values()))) == {0}


def test_a_whole_file_in_two_folders_is_doubted_with_its_untouched_pages() -> None:
    file = (("a", "p1", 1, False), ("a", "blank", 2, True))
    found = duplicate_pages({"s-1": pages(*file), "s-2": pages(("z", "blank", 2, True), *file)})
    assert kinds(found["s-1"]) == {1: [FlagKind.SHARED_PAGE], 2: [FlagKind.SHARED_PAGE]}
    assert kinds(found["s-2"])[2] == [FlagKind.SHARED_PAGE]
    alone = duplicate_pages({student: pages((student, "blank", 2, True)) for student in ("s-1", "s-2")})
    assert kinds(alone["s-1"]) == {1: [FlagKind.SHARED_PAGE]}


def test_a_picture_that_a_student_has_twice_is_passed_over_once_and_is_no_doubt() -> None:
    found = duplicate_pages({"s-1": pages(("a", "p", 1, False), ("b", "q", 2, False), ("c", "p", 1, False))})
    assert (found["s-1"].passed_over, found["s-1"].doubts) == ({3: 1}, {})


def test_two_pages_of_one_exam_page_are_doubted() -> None:
    found = duplicate_pages({"s-1": pages(("a", "p", 1, False), ("b", "q", 2, False), ("c", "r", 2, True))})
    assert kinds(found["s-1"]) == {2: [FlagKind.PAGE_TWICE], 3: [FlagKind.PAGE_TWICE]}
    assert [flag.note for flag in found["s-1"].doubts[2]] == ["pages 2 and 3 both show page 2 of the exam"]


def test_sheets_that_are_none_of_the_exams_may_be_many() -> None:
    found = duplicate_pages({"s-1": pages(("a", "p", None, False), ("b", "q", None, False))})
    assert found["s-1"] == Duplicates()


@given(st.lists(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("pqr"), st.none(), st.booleans()))))
def test_each_picture_counts_once_and_what_two_share_is_told_to_both(
    students: list[list[tuple[str, str, None, bool]]],
) -> None:
    touched = [[(*each[:3], False) for each in student] for student in students]
    found = duplicate_pages({f"s-{n}": pages(*student) for n, student in enumerate(touched)})
    for n, student in enumerate(touched):
        mine, others = found[f"s-{n}"], {each[1] for m, other in enumerate(touched) if m != n for each in other}
        counted = [each for each in pages(*student) if each.page not in mine.passed_over]
        assert sorted(each.sha256 for each in counted) == sorted({each[1] for each in student})
        assert {each.page for each in counted if each.sha256 in others} == set(mine.doubts)
