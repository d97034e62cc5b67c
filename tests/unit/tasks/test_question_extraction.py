"""Extracting an exam's questions: what is asked of each window of pages, what is refused, and how they are merged."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import BrokenRuleError, InvalidMaterialError, UnparsableReplyError
from aita.models.exam import ExamSpec, Page
from aita.models.extraction import ExtractedQuestions
from aita.services.stages.exam_windows import OVERLAP, PAGES_AT_ONCE, Window, cut, merge
from aita.tasks.json_schema import strict_schema
from aita.tasks.question_extraction import QuestionExtractionTask
from tests.support.fakes import extracted

Question = dict[str, Any]


def exam_pages(*numbers: int) -> list[Page]:
    return [Page(page=n, key=f"k{n}", sha256=f"{n:064x}", width=850, height=1100) for n in numbers]


def task(*numbers: int, total: int = 0) -> QuestionExtractionTask:
    return QuestionExtractionTask(pages=exam_pages(*numbers), total_pages=total or max(numbers))


def question(question_id: str, page: int, text: str = "", points: float = 2, complete: bool = True) -> Question:
    return {
        "question_id": question_id,
        "question_text": text or f"Text of {question_id} on {page}?",
        "points": points,
        "question_type": "short_answer",
        "page_number": page,
        "complete": complete,
    }


def reply(*questions: Question, name: str = "Sums", rest: dict[str, Any] | None = None) -> str:
    return json.dumps({"exam_name": name, "questions": questions, "continuation": rest})


class TestPrompt:
    def test_the_pages_are_shown_in_order_and_counted(self) -> None:
        user = task(4, 5, 6, total=9).messages()[1]
        assert "pages 4, 5, 6 of an exam of 9 pages" in user.text
        assert [image.sha256 for image in user.images] == [f"{n:064x}" for n in (4, 5, 6)]
        assert [(image.width, image.height) for image in user.images] == [(850, 1100)] * 3

    def test_an_exam_of_one_page(self) -> None:
        assert "page 1 of an exam of one page" in task(1).messages()[1].text

    def test_windows_share_all_but_the_pages(self) -> None:
        first, second = task(1, 2, total=9).messages(), task(4, 5, total=9).messages()
        assert first[0] == second[0]
        assert "handwritten" in first[0].text

    def test_the_schema_is_strict(self) -> None:
        request = task(1).request()
        assert request.schema_name == "ExtractedQuestions"
        assert strict_schema(ExtractedQuestions)["required"] == ["exam_name", "questions", "continuation"]
        assert task(2, 3, total=3).checkpoint_data() == {"first_page": 2, "last_page": 3}


class TestJudging:
    def test_a_right_reply(self) -> None:
        found = task(1, 2).parse(reply(question(" 1a ", 1), question("2", 2)))
        assert [each.question_id for each in found.questions] == ["1a", "2"]

    @pytest.mark.parametrize(
        ("questions", "told"),
        [
            ([question("1", 1), question("2", 1), question("1", 2)], "questions 1 and 3 of the list have the same"),
            ([question("1", 1), question("1 ", 2)], "questions 1 and 2 of the list have the same"),
            ([question("1", 1, points=0)], "question 1 of the list must have more than 0 points"),
            ([question("1", 1, points=-2)], "question 1 of the list must have more than 0 points"),
            ([question("1", 1, points=0.004)], "question 1 of the list must have from 0.01 to 10,000 points"),
            ([question("1", 1, points=1e27)], "question 1 of the list must have from 0.01 to 10,000 points"),
            ([question("1", 1, text=" \n")], "question 1 of the list has no question_text"),
            ([question("1", 0)], "question 1 of the list is on none of these pages: page_number goes from 1 to 2"),
            ([question("1", 1), question("2", 3)], "question 2 of the list is on none of these pages"),
            ([question("", 1)], "question 1 of the list has no question_id"),
            ([question("x" * 41, 1)], "question 1 of the list has no question_id"),
            ([question("1\n2", 1)], "question 1 of the list has no question_id"),
            ([question("1", 2, complete=False)], "question 1 of the list must be complete: nothing comes after"),
            ([], "there is no question in it"),
        ],
    )
    def test_what_is_asked_again_is_named_by_its_place(self, questions: list[Question], told: str) -> None:
        with pytest.raises(BrokenRuleError, match=told):
            task(1, 2).parse(reply(*questions))

    def test_a_title_is_wanted_of_the_first_page_only(self) -> None:
        with pytest.raises(BrokenRuleError, match="exam_name is empty"):
            task(1, 2).parse(reply(question("1", 1), name=" "))
        assert task(2, 3).parse(reply(question("1", 2), name="")).exam_name == ""

    def test_only_the_last_before_a_windows_end_may_be_cut_off(self) -> None:
        window = task(1, 2, total=3)
        assert window.parse(reply(question("1", 1), question("2", 2, complete=False, points=0)))
        with pytest.raises(
            BrokenRuleError, match="question 1 of the list must be complete, as another begins after it"
        ):
            window.parse(reply(question("1", 1, complete=False), question("2", 2)))

    def test_nothing_comes_before_the_first_page(self) -> None:
        rest = {"question_text": "x", "points": 0}
        with pytest.raises(BrokenRuleError, match="continuation must be null"):
            task(1, 2).parse(reply(question("1", 1), rest=rest))
        assert task(2, 3).parse(reply(question("2", 3), rest=rest)).continuation is not None

    def test_a_window_in_the_middle_may_have_no_question(self) -> None:
        assert task(1, 2, total=3).parse(reply()).questions == ()

    def test_at_most_five_problems_are_told(self) -> None:
        with pytest.raises(BrokenRuleError, match="and 3 more"):
            task(1).parse(reply(*(question(str(n), 1, points=0) for n in range(8))))

    def test_the_reason_quotes_nothing(self) -> None:
        bad = [question("SECRET", 7, text=" ", points=0), question("SECRET", 8)]
        with pytest.raises(BrokenRuleError) as raised:
            task(1).parse(reply(*bad, name="SECRET"))
        assert "SECRET" not in str(raised.value)

    @pytest.mark.parametrize("change", [{"points": "many"}, {"question_type": "riddle"}, {"points": float("nan")}])
    def test_another_shape_is_not_parsed(self, change: Question) -> None:
        with pytest.raises(UnparsableReplyError):
            task(1).parse(reply(question("1", 1) | change))


class TestWindows:
    @pytest.mark.parametrize(
        ("count", "windows"), [(1, [(1, 1)]), (4, [(1, 4)]), (5, [(1, 4), (4, 5)]), (8, [(1, 4), (4, 7), (7, 8)])]
    )
    def test_they_overlap_by_a_page(self, count: int, windows: list[tuple[int, int]]) -> None:
        found = [*cut(exam_pages(*range(1, count + 1)))]
        assert [(window[0].page, window[-1].page) for window in found] == windows

    @given(st.integers(1, 60))
    def test_they_hold_every_page_and_share_one(self, count: int) -> None:
        found = [[page.page for page in window] for window in cut(exam_pages(*range(1, count + 1)))]
        assert {page for window in found for page in window} == {*range(1, count + 1)}
        assert all(len(window) <= PAGES_AT_ONCE for window in found)
        assert all(before[-OVERLAP:] == after[:OVERLAP] for before, after in pairwise(found))
        assert all(len(window) > OVERLAP for window in found[1:]), "each sees a page that no other does"


def window(first: int, last: int, *questions: Question, **more: Any) -> Window:
    return Window(first, last, ExtractedQuestions.model_validate_json(reply(*questions, **more)))


def merged(*windows: Window) -> ExamSpec:
    return merge(windows)


def ids(exam: ExamSpec) -> list[tuple[str, int | None]]:
    return [(each.question_id, each.page_number) for each in exam.questions]


class TestMerging:
    def test_one_window_is_the_exam(self) -> None:
        exam = merged(window(1, 3, question("1", 1), question("2", 3)))
        assert (exam.exam_name, exam.total_pages, ids(exam)) == ("Sums", 3, [("1", 1), ("2", 3)])

    def test_what_both_saw_on_the_shared_page_is_taken_once_from_the_first(self) -> None:
        exam = merged(
            window(1, 4, question("1", 1), question("2", 4, "It is m/s²?")),
            window(4, 6, question("2", 4, "It is m/s^2?"), question("3", 5), name=""),
        )
        assert ids(exam) == [("1", 1), ("2", 4), ("3", 5)]
        assert exam.questions[1].question_text == "It is m/s²?"
        assert (exam.exam_name, exam.total_pages) == ("Sums", 6)

    def test_what_the_first_missed_on_the_shared_page_is_taken_from_the_second(self) -> None:
        exam = merged(window(1, 4, question("1", 1)), window(4, 5, question("2", 4), question("3", 5)))
        assert ids(exam) == [("1", 1), ("2", 4), ("3", 5)]

    def test_questions_come_in_the_order_of_pages(self) -> None:
        exam = merged(
            window(1, 4, question("1", 1), question("4", 4)), window(4, 6, question("6", 6), question("5", 5))
        )
        assert [page for _, page in ids(exam)] == [1, 4, 5, 6]

    def test_one_that_begins_on_the_shared_page_is_taken_from_who_saw_it_whole(self) -> None:
        exam = merged(
            window(1, 4, question("1", 1), question("2", 4, "A long", points=0, complete=False)),
            window(4, 5, question("2", 4, "A long question", points=7), question("3", 5)),
        )
        assert [(q.question_text, q.points) for q in exam.questions][1] == ("A long question", 7)

    @pytest.mark.parametrize(("before", "after"), [(5, 0), (0, 5), (5, 5)])
    def test_one_that_begins_before_the_shared_page_is_completed(self, before: float, after: float) -> None:
        exam = merged(
            window(1, 4, question("1", 3, "Read", points=before, complete=False)),
            window(4, 6, question("2", 6), rest={"question_text": "and say why.", "points": after}),
        )
        assert ids(exam) == [("1", 3), ("2", 6)]
        assert (exam.questions[0].question_text, exam.questions[0].points) == ("Read\nand say why.", 5)

    def test_the_rest_may_come_under_its_id(self) -> None:
        exam = merged(
            window(1, 4, question("7", 3, "Read", complete=False)), window(4, 6, question("7", 5, "and say why."))
        )
        assert (ids(exam), exam.questions[0].question_text) == ([("7", 3)], "Read\nand say why.")

    def test_a_label_whose_number_stands_on_an_earlier_page_gets_it_back(self) -> None:
        exam = merged(
            window(1, 4, question("3a", 3), question("3b", 4), question("3c", 4)),
            window(4, 6, question("b", 4), question("c", 4), question("d", 5), question("4", 5), question("4a", 6)),
        )
        assert ids(exam) == [("3a", 3), ("3b", 4), ("3c", 4), ("3d", 5), ("4", 5), ("4a", 6)]

    def test_a_half_label_of_the_shared_page_is_what_the_first_saw_whole(self) -> None:
        exam = merged(window(1, 4, question("3ai", 3), question("3aii", 4)), window(4, 5, question("ii", 4)))
        assert ids(exam) == [("3ai", 3), ("3aii", 4)]

    def test_a_half_label_that_the_first_did_not_see_is_a_question(self) -> None:
        exam = merged(window(1, 4, question("3a", 3), question("3b", 4)), window(4, 5, question("c", 4)))
        assert ids(exam) == [("3a", 3), ("3b", 4), ("3c", 4)]

    @pytest.mark.parametrize("label", ["Bonus", "A1"])
    def test_a_label_that_is_whole_stays(self, label: str) -> None:
        exam = merged(window(1, 4, question("3a", 3)), window(4, 5, question(label, 5)))
        assert ids(exam) == [("3a", 3), (label, 5)]

    def test_an_exam_whose_labels_are_letters(self) -> None:
        exam = merged(
            window(1, 4, question("A", 1), question("B", 4)), window(4, 5, question("B", 4), question("C", 5))
        )
        assert ids(exam) == [("A", 1), ("B", 4), ("C", 5)]


class TestConflicts:
    @pytest.mark.parametrize(
        ("windows", "told"),
        [
            (
                [window(1, 4, question("2", 3, "One?")), window(4, 6, question("2", 5, "Another?"))],
                "'2' is on page 3 and, with another text, on page 5",
            ),
            (
                [window(1, 4, question("2", 4, points=3)), window(4, 6, question("2", 4, points=4))],
                "'2' is worth 3 points on page 4 and 4 on page 4",
            ),
            (
                [window(1, 4, question("2", 3, complete=False)), window(4, 6, question("3", 5))],
                "'2' on page 3 is cut off, and its rest was not found",
            ),
            (
                [
                    window(1, 4, question("2", 3, points=3, complete=False)),
                    window(4, 6, rest={"question_text": "x", "points": 4}),
                ],
                "'2' is worth 3 points on page 3 and 4 where it goes on",
            ),
            (
                [
                    window(1, 4, question("2", 3, points=0, complete=False)),
                    window(4, 6, rest={"question_text": "x", "points": 0}),
                ],
                "'2' on page 3 has no points",
            ),
            (
                [window(1, 4, question("2", 3)), window(4, 6, rest={"question_text": "x", "points": 0})],
                "page 4 goes on with a question that no page before it leaves open",
            ),
            (
                [window(1, 4, question("2", 4, "Why?")), window(4, 6, question("Q2", 4, "Why?"))],
                "'2' and 'Q2' on page 4 have one text",
            ),
            ([window(1, 4), window(4, 5)], "there is none on its 5 pages"),
        ],
    )
    def test_they_are_named_and_nothing_is_made_of_them(self, windows: list[Window], told: str) -> None:
        with pytest.raises(InvalidMaterialError, match=told) as raised:
            merged(*windows)
        assert "questions.json" in str(raised.value)

    def test_the_same_text_on_another_page_is_the_same_question(self) -> None:
        exam = merged(window(1, 4, question("2", 3, "Why?")), window(4, 6, question("2", 5, "why ?")))
        assert ids(exam) == [("2", 3)]

    def test_parts_may_have_one_text(self) -> None:
        parts = [question("3a", 4, "Explain."), question("3b", 4, "Explain.")]
        exam = merged(window(1, 4, question("1", 1, "Why?"), question("2", 1, "Why?"), *parts), window(4, 5, *parts))
        assert ids(exam) == [("1", 1), ("2", 1), ("3a", 4), ("3b", 4)]

    def test_ids_that_differ_in_case_are_one(self) -> None:
        exam = merged(window(1, 4, question("1A", 4)), window(4, 6, question("1a", 4, "Another reading?")))
        assert ids(exam) == [("1A", 4)]

    def test_ids_of_one_window_that_differ_in_case_are_two(self) -> None:
        assert ids(merged(window(1, 2, question("a", 1), question("A", 2)))) == [("a", 1), ("A", 2)]


def page_of_questions(number: int) -> st.SearchStrategy[list[Question]]:
    return st.lists(st.integers(1, 9), max_size=3, unique=True).map(
        lambda labels: [question(f"{number}.{label}", number) for label in sorted(labels)]
    )


@given(st.lists(st.booleans(), min_size=1, max_size=20).flatmap(
    lambda shape: st.tuples(*(page_of_questions(n) for n in range(1, len(shape) + 1)))
))  # fmt: skip
def test_an_exam_in_windows_is_the_exam(pages: Sequence[list[Question]]) -> None:
    """Whatever stands on each page, reading it in windows gives each question once, in order."""
    windows = [
        window(shown[0].page, shown[-1].page, *(each for page in shown for each in pages[page.page - 1]))
        for shown in cut(exam_pages(*range(1, len(pages) + 1)))
    ]
    wanted = [(each["question_id"], each["page_number"]) for page in pages for each in page]
    if not wanted:
        with pytest.raises(InvalidMaterialError):
            merge(windows)
        return
    assert ids(merge(windows)) == wanted


@given(st.data())
def test_any_windows_make_an_exam_or_are_refused(data: st.DataObject) -> None:
    """No replies that keep the windows' own rules make Collect fail, or lose what makes an exam one."""
    count = data.draw(st.integers(1, 9))
    labels = st.sampled_from(["1", "1a", "a", "ii", "2", "2b", "B", "Bonus", "x" * 40])
    windows = []
    for shown in cut(exam_pages(*range(1, count + 1))):
        asking = QuestionExtractionTask(pages=tuple(shown), total_pages=count)
        first, last = shown[0].page, shown[-1].page
        drawn = data.draw(st.lists(st.tuples(labels, st.integers(first, last), st.integers(0, 2)), max_size=4))
        rest: dict[str, Any] | None = data.draw(
            st.none() | st.builds(dict, question_text=st.just("x"), points=st.integers(0, 1))
        )
        questions = [question(label, page, points=points) for label, page, points in drawn]
        if questions:
            questions[-1]["complete"] = data.draw(st.booleans())
        try:
            windows.append(Window(first, last, asking.parse(reply(*questions, rest=rest))))
        except BrokenRuleError:
            windows.append(Window(first, last, ExtractedQuestions.model_validate_json(extracted(first))))
    try:
        exam = merge(windows)
    except InvalidMaterialError:
        return
    assert exam.total_pages == count
    assert all(each.points > 0 and each.question_text for each in exam.questions)
