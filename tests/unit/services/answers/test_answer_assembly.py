"""A student's answers from the marks on the pages: what is joined, what is cut, and what is flagged."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aita.models.answer import AnswerPlace, AnswerStart, Presence, QuestionAnswer
from aita.models.review_flags import FlagKind
from aita.models.scan import BANDS, PageInk
from aita.models.transcription import Line, LineKind, PageTranscription, PageWarning, WarningKind
from aita.services.answers.answer_assembly import assemble
from aita.services.answers.answer_draft import StudentPage
from aita.services.answers.answer_walk import LOW_CONFIDENCE
from aita.services.answers.blank_detection import INK_FLAGS
from aita.services.answers.exam_questions import ExamQuestions
from aita.services.answers.head_words import HeadWords
from aita.services.answers.left_out_lines import left_out_lines

Start = tuple[str, int, float]


def page(
    number: int,
    text: str | Sequence[Line],
    *starts: Start,
    sure: float = 0.9,
    flagged: bool = False,
    warnings: Sequence[WarningKind] = (),
    **ink: Any,
) -> StudentPage:
    """Return a page whose starts are (question, line, top)."""
    transcription = PageTranscription(
        page=number,
        lines=[Line(text=line) for line in text.splitlines()] if isinstance(text, str) else text,
        starts=[AnswerStart(question_id=q, line=line, top=top, confidence=sure) for q, line, top in starts],
        confidence=0.9,
        flagged=flagged,
        warnings=[PageWarning(kind=kind, note="SECRET") for kind in warnings],
    )
    found = StudentPage(number, transcription, PageInk(likeness=0.9, **ink) if ink else None)
    return replace(found, left_out=left_out_lines(found, HeadWords("", ())))


def lost(number: int, **ink: Any) -> StudentPage:
    return StudentPage(number, None, PageInk(likeness=0.9, **ink) if ink else None)


def assembled(ids: str, *pages: StudentPage, unreadable: int = 0) -> dict[str, QuestionAnswer]:
    question_ids = ids.split()
    found = assemble(ExamQuestions.of(question_ids), pages, unreadable).answers
    assert [answer.question_id for answer in found] == question_ids
    return {answer.question_id: answer for answer in found}


def answers(ids: str, *pages: StudentPage, unreadable: int = 0) -> dict[str, QuestionAnswer]:
    """Return the answers without the flags of the ink: most tests are of the marks, and say nothing of ink."""
    return {
        question_id: answer.model_copy(update={"flags": tuple(f for f in answer.flags if f.kind not in INK_FLAGS)})
        for question_id, answer in assembled(ids, *pages, unreadable=unreadable).items()
    }


def kinds(answer: QuestionAnswer) -> set[FlagKind]:
    return {flag.kind for flag in answer.flags}


class TestHeadingsOfOtherQuestions:
    @pytest.mark.parametrize("heading", ["2 continued", "rest of 2:", "2."])
    def test_lines_below_a_heading_may_be_the_other_answers(self, heading: str) -> None:
        text = f"1.\nfive\n{heading}\nand a nucleus\n2.\na wall"
        found = answers("1 2 3", page(1, text, ("1", 2, 0.1), ("2", 6, 0.5), ("3", 0, 0.8)))
        assert [kinds(found[each]) for each in "123"] == [{FlagKind.PLACE_DOUBTFUL}, {FlagKind.PLACE_DOUBTFUL}, set()]

    def test_two_answers_below_each_others_number_are_doubtful(self) -> None:
        found = answers("1 2", page(1, "2\na wall\n1\nfive", ("1", 1, 0.1), ("2", 3, 0.5)))
        assert [kinds(each) for each in found.values()] == [{FlagKind.PLACE_DOUBTFUL}] * 2

    def test_numbers_in_an_answer_are_no_headings(self) -> None:
        found = answers("1 2", page(1, "1.\nfive\n2\n3\n2.\na wall", ("1", 2, 0.1), ("2", 6, 0.5)))
        assert [kinds(each) for each in found.values()] == [set(), set()]


class TestBeginningsElsewhere:
    def pages(self, above: str) -> tuple[StudentPage, ...]:
        first = f"1.\nthe wall\n{above}and its core\n2.\nfive"
        last = len(first.splitlines())
        starts: list[Start] = [("1", 2, 0.1), ("3", last - 2, 0.2), ("2", last, 0.5)]
        return page(1, first, *starts), page(2, "3.\na river", ("3", 2, 0.1))

    def test_an_answer_that_ends_where_a_question_of_another_page_begins_is_doubtful(self) -> None:
        found = answers("1 2 3", *self.pages(""))
        assert found["1"].raw_text == "the wall"
        assert [kinds(found[each]) for each in "123"] == [{FlagKind.PLACE_DOUBTFUL}, set(), {FlagKind.PLACE_DOUBTFUL}]

    def test_an_answer_above_an_own_label_of_the_student_is_whole(self) -> None:
        assert kinds(answers("1 2 3", *self.pages("3.\n"))["1"]) == set()


class TestOnOnePage:
    def test_an_answer_runs_to_the_next(self) -> None:
        text = "1a.\nB\n\n1b.\nForce is\nmass times acceleration."
        found = answers("1a 1b", page(1, text, ("1a", 2, 0.1), ("1b", 5, 0.4)))
        assert found["1a"].raw_text == "B"
        assert found["1b"].raw_text == "Force is\nmass times acceleration."
        assert found["1a"].pages == (AnswerPlace(page=1, top=0.1, bottom=0.4),)
        assert found["1b"].pages == (AnswerPlace(page=1, top=0.4, bottom=1.0),)
        assert found["1a"].flags == found["1b"].flags == ()

    @pytest.mark.parametrize("line", [1, 2, 3])
    def test_the_mark_may_be_on_the_label_or_below_it(self, line: int) -> None:
        found = answers("1 2", page(1, "2.\n\nfour", ("1", 0, 0.1), ("2", line, 0.4)))
        assert found["2"].raw_text == "four"

    def test_a_label_in_the_line_is_removed_too(self) -> None:
        found = answers("1a 1b", page(1, "1a) B\n(b) C", ("1a", 1, 0.1), ("1b", 2, 0.4)))
        assert (found["1a"].raw_text, found["1b"].raw_text) == ("B", "C")

    def test_a_numeric_answer_is_not_taken_for_its_label(self) -> None:
        found = answers("4", page(1, "4.\n4", ("4", 2, 0.1)))
        assert (found["4"].raw_text, found["4"].flags) == ("4", ())

    @pytest.mark.parametrize(
        "label", ["Frage {}:", "Aufgabe {} (4 Punkte)", "{}. (4 points)", "Question {} [4]", "第{}题", "№{}", "{}"]
    )
    def test_printed_labels_of_any_form_are_in_no_answer(self, label: str) -> None:
        lines = [
            Line(text=label.format(1), kind=LineKind.LABEL), Line(text="one", kind=LineKind.ANSWER),
            Line(text=label.format(2), kind=LineKind.LABEL), Line(text="two", kind=LineKind.ANSWER),
            Line(text=label.format(3), kind=LineKind.LABEL),
        ]  # fmt: skip
        found = answers("1 2 3", page(1, lines, ("1", 2, 0.1), ("2", 4, 0.4), ("3", 0, 0.7)))
        assert [(each.raw_text, each.flags) for each in found.values()] == [("one", ()), ("two", ()), ("", ())]

    def test_a_printed_label_of_any_form_within_an_answer_opens_both(self) -> None:
        lines = [Line(text=text, kind=kind) for text, kind in (
            ("第1题", LineKind.LABEL), ("one", LineKind.ANSWER), ("第2题", LineKind.LABEL), ("two", LineKind.ANSWER),
        )]  # fmt: skip
        found = answers("1 2", page(1, lines, ("1", 2, 0.1)))
        assert all(FlagKind.PLACE_DOUBTFUL in kinds(each) for each in found.values())

    def test_two_on_one_line_are_parted_by_their_labels(self) -> None:
        found = answers("1a 1b 2", page(1, "1a. B   1b. C\n2. x", ("1a", 1, 0.1), ("1b", 1, 0.1), ("2", 2, 0.3)))
        assert [(a.raw_text, a.flags) for a in found.values()] == [("B", ()), ("C", ()), ("x", ())]

    def test_two_on_one_line_without_labels_both_get_it_and_a_person_looks(self) -> None:
        found = answers("1a 1b", page(1, "B and C", ("1a", 1, 0.1), ("1b", 1, 0.1)))
        assert {a.raw_text for a in found.values()} == {"B and C"}
        assert all(kinds(a) == {FlagKind.PLACE_DOUBTFUL} for a in found.values())

    def test_in_two_columns_the_lowest_of_each_runs_to_the_bottom(self) -> None:
        found = answers("1 2 3", page(1, "a\nb\nc", ("1", 1, 0.2), ("2", 2, 0.6), ("3", 3, 0.2)))
        assert [(p.top, p.bottom) for answer in found.values() for p in answer.pages] == [
            (0.2, 0.6),
            (0.6, 1),
            (0.2, 1),
        ]

    def test_an_empty_space_has_a_place_and_no_text(self) -> None:
        found = answers("1 2 3", page(1, "one\nthree", ("1", 1, 0.1), ("2", 0, 0.4), ("3", 2, 0.7)))
        assert (found["2"].raw_text, found["2"].flags) == ("", ())
        assert found["2"].pages == (AnswerPlace(page=1, top=0.4, bottom=0.7),)
        assert found["1"].raw_text == "one"

    def test_the_labels_of_empty_spaces_are_in_no_others_answer(self) -> None:
        text = "1.\none\n2.\n\n3.\n4.\nfour\n5."
        starts = (("1", 2, 0.1), ("2", 0, 0.3), ("3", 0, 0.5), ("4", 7, 0.7), ("5", 0, 0.9))
        found = answers("1 2 3 4 5", page(1, text, *starts))
        assert [(a.raw_text, a.flags) for a in found.values()] == [
            ("one", ()), ("", ()), ("", ()), ("four", ()), ("", ()),
        ]  # fmt: skip

    def test_nothing_but_a_label_is_doubtful_where_an_answer_is_marked(self) -> None:
        found = answers("1 2", page(1, "1.\n2.\ntwo", ("1", 1, 0.1), ("2", 3, 0.4)))
        assert (found["1"].raw_text, kinds(found["1"])) == ("", {FlagKind.PLACE_DOUBTFUL})
        assert found["2"].raw_text == "two"

    def test_a_name_above_the_first_answer_is_left_out(self) -> None:
        found = answers("1", page(1, "Ada\n4711\n1.\none", ("1", 4, 0.3)))
        assert (found["1"].raw_text, found["1"].flags) == ("one", ())

    def test_a_question_without_a_place_is_not_found(self) -> None:
        found = answers("1 2", page(1, "one", ("1", 1, 0.1)))
        assert (found["2"].raw_text, found["2"].pages, found["2"].confidence) == ("", (), 0.0)
        assert kinds(found["2"]) == {FlagKind.ANSWER_NOT_FOUND}


class TestOverPages:
    def test_what_stands_above_the_next_pages_first_answer_goes_on(self) -> None:
        found = answers(
            "1 2",
            page(1, "1.\nfirst half", ("1", 2, 0.2)),
            page(2, "second half\n2.\ntwo", ("2", 3, 0.5)),
        )
        assert found["1"].raw_text == "first half\nsecond half"
        assert found["1"].pages == (AnswerPlace(page=1, top=0.2, bottom=1.0), AnswerPlace(page=2, top=0.0, bottom=0.5))
        assert found["1"].flags == found["2"].flags == ()

    def test_a_whole_page_may_go_on_and_the_next_too(self) -> None:
        found = answers("1 2", page(1, "a", ("1", 1, 0.2)), page(2, "b"), page(3, "c\nd", ("2", 2, 0.5)))
        assert (found["1"].raw_text, found["2"].raw_text) == ("a\nb\nc", "d")
        assert [place.page for place in found["1"].pages] == [1, 2, 3]

    def test_a_name_on_top_of_each_page_is_no_answers(self) -> None:
        found = answers("1 2", page(1, "a", ("1", 1, 0.1)), page(2, "Ada L.\n2.\nb", ("2", 3, 0.08)))
        assert [(a.raw_text, a.flags) for a in found.values()] == [("a", ()), ("b", ())]

    def test_lines_of_unknown_kind_where_there_is_no_room_are_in_no_answer(self) -> None:
        found = answers("1 2", page(1, "a", ("1", 1, 0.1)), page(2, "x\ny\nz\nb", ("2", 4, 0.05)))
        assert [answer.raw_text for answer in found.values()] == ["a", "b"]

    def test_lines_of_an_answer_go_on_there(self) -> None:
        lines = [Line(text=text, kind=LineKind.ANSWER, top=top) for text, top in (("x", 0.05), ("b", 0.2))]
        found = answers("1 2", page(1, "a", ("1", 1, 0.1)), page(2, lines, ("2", 2, 0.14)))
        assert [(answer.raw_text, answer.flags) for answer in found.values()] == [("a\nx", ()), ("b", ())]

    def test_an_empty_space_ends_on_its_page(self) -> None:
        found = answers("1 2", page(1, "", ("1", 0, 0.8)), page(2, "b", ("2", 1, 0.5)))
        assert [place.page for place in found["1"].pages] == [1]
        assert (found["1"].raw_text, found["1"].flags) == ("", ())

    def test_text_above_an_empty_space_may_be_its_answer(self) -> None:
        found = answers("1 2", page(1, "a", ("1", 1, 0.2)), page(2, "x\n2.", ("2", 0, 0.5)))
        assert (found["1"].raw_text, found["2"].raw_text) == ("a\nx", "")
        assert kinds(found["1"]) == kinds(found["2"]) == {FlagKind.PLACE_DOUBTFUL}

    def test_text_above_a_label_may_be_its_answers_if_the_page_before_has_room(self) -> None:
        def after(bottom: int) -> list[set[FlagKind]]:
            bands = bytes(BANDS - 20 if 30 <= band < bottom else 0 for band in range(BANDS)).hex()
            before = page(1, "1.\na", ("1", 2, 0.2), exam_page=1, bands=bands)
            second = page(2, "x\n2.\nb", ("2", 3, 0.5), exam_page=2, bands="20" * BANDS)
            return [kinds(answer) for answer in answers("1 2", before, second).values()]

        assert after(90) == [set(), set()]
        assert after(40) == [{FlagKind.PLACE_DOUBTFUL}, {FlagKind.PLACE_DOUBTFUL}]

    def test_what_follows_an_empty_space_is_taken_for_it_and_doubtful(self) -> None:
        found = answers("1 2", page(1, "", ("1", 0, 0.8)), page(2, "a\nb", ("2", 2, 0.5)))
        assert (found["1"].raw_text, kinds(found["1"])) == ("a", {FlagKind.PLACE_DOUBTFUL})

    def test_an_answer_that_is_continued_under_its_label_elsewhere_is_joined_and_looked_at(self) -> None:
        found = answers(
            "1 2", page(1, "1.\na\n2.\nb", ("1", 2, 0.1), ("2", 4, 0.5)), page(2, "Q1 continued\nc", ("1", 1, 0.1))
        )
        assert found["1"].raw_text == "a\ncontinued\nc"
        assert kinds(found["1"]) == {FlagKind.PLACE_DOUBTFUL}
        assert found["2"].flags == ()

    def test_one_that_stands_elsewhere_than_its_space_is_not_blank(self) -> None:
        found = answers("1 2", page(1, "b", ("1", 0, 0.1), ("2", 1, 0.5)), page(2, "1)\na", ("1", 2, 0.1)))
        assert (found["1"].raw_text, found["1"].flags) == ("a", ())
        assert [place.page for place in found["1"].pages] == [1, 2]

    def test_pages_that_were_mixed_up_are_read_in_the_exams_order(self) -> None:
        found = answers(
            "1 2 3",
            page(1, "1.\na", ("1", 2, 0.2), exam_page=1),
            page(2, "rest of two\n3.\nc", ("3", 3, 0.5), exam_page=3),
            page(3, "2.\nb", ("2", 2, 0.05), exam_page=2),
        )
        assert found["2"].raw_text == "b\nrest of two"
        assert [place.page for place in found["2"].pages] == [3, 2]
        assert found["1"].raw_text == "a"

    def test_a_page_before_another_that_its_question_follows_may_be_out_of_order(self) -> None:
        found = answers("1 2 3", page(1, "a", ("1", 1, 0.1)), page(2, "c", ("3", 1, 0.1)), page(3, "b", ("2", 1, 0.1)))
        assert {each: kinds(answer) for each, answer in found.items()} == {
            "1": set(),
            "2": {FlagKind.PLACE_DOUBTFUL},
            "3": {FlagKind.PLACE_DOUBTFUL},
        }

    def test_pages_out_of_order_that_nobody_knows_are_doubtful(self) -> None:
        found = answers(
            "1 2 3 4",
            page(1, "1.\na", ("1", 2, 0.2)),
            page(2, "4.\nd", ("4", 2, 0.05)),
            page(3, "rest of two\n3.\nc", ("3", 3, 0.5)),
        )
        assert FlagKind.PLACE_DOUBTFUL in kinds(found["4"]), "it got what may be another's"
        assert FlagKind.PLACE_DOUBTFUL in kinds(found["2"]), "it may lack what the other got"
        assert found["1"].flags == ()


class TestMarkers:
    def test_anothers_label_in_an_answer_makes_both_doubtful(self) -> None:
        found = answers("1 3 4", page(1, "one\n3. c\n", ("1", 1, 0.1), ("3", 0, 0.8)), page(2, "d", ("4", 1, 0.1)))
        assert kinds(found["1"]) == kinds(found["3"]) == {FlagKind.PLACE_DOUBTFUL}
        assert found["4"].flags == ()

    def test_a_mark_at_anothers_label_makes_both_doubtful(self) -> None:
        found = answers("1 2", page(1, "Q2\nb\nQ1\na", ("1", 1, 0.1), ("2", 3, 0.5)))
        assert kinds(found["1"]) == kinds(found["2"]) == {FlagKind.PLACE_DOUBTFUL}

    def test_numbered_steps_are_no_labels(self) -> None:
        text = "5.\n1. because\n2. since\n3. thus\n2.5 m/s\n6.\nf"
        found = answers("1 2 3 5 6", page(1, "1.\na\n2.\nb\n3.\nc", ("1", 2, 0.1), ("2", 4, 0.3), ("3", 6, 0.6)),
                        page(2, text, ("5", 2, 0.1), ("6", 7, 0.7)))  # fmt: skip
        assert all(answer.flags == () for answer in found.values())
        assert found["5"].raw_text == "1. because\n2. since\n3. thus\n2.5 m/s"

    def test_a_question_that_has_its_label_elsewhere_is_not_meant_by_a_step(self) -> None:
        found = answers(
            "1 2 3", page(1, "1.\n1. this\n2. that\n3. so\n3.\nc", ("1", 2, 0.1), ("2", 0, 0.5), ("3", 6, 0.7))
        )
        assert found["3"].flags == ()
        assert kinds(found["1"]) == kinds(found["2"]) == {FlagKind.PLACE_DOUBTFUL}, "2 has none"

    def test_a_label_on_top_of_the_next_page_makes_both_doubtful(self) -> None:
        found = answers("1 2 3", page(1, "1.\na", ("1", 2, 0.1)), page(2, "2. b\nc", ("3", 2, 0.6)))
        assert FlagKind.PLACE_DOUBTFUL in kinds(found["1"])
        assert kinds(found["2"]) == {FlagKind.PLACE_DOUBTFUL, FlagKind.ANSWER_NOT_FOUND}

    def test_10_is_no_step_of_2_because_2_sorts_before_it(self) -> None:
        found = answers("2 10", page(1, "2.\nx\n10. y", ("2", 2, 0.1), ("10", 0, 0.9)))
        assert kinds(found["2"]) == kinds(found["10"]) == {FlagKind.PLACE_DOUBTFUL}

    def test_a_named_label_counts_wherever_it_stands(self) -> None:
        found = answers("1 2", page(1, "1.\na\n2.\nb\nQuestion 1 again\nc", ("1", 2, 0.1), ("2", 4, 0.5)))
        assert kinds(found["1"]) == kinds(found["2"]) == {FlagKind.PLACE_DOUBTFUL}


class TestConfidence:
    def test_it_is_the_lowest(self) -> None:
        found = answers("1 2", page(1, "a", ("1", 1, 0.1), sure=0.7), page(2, "b\nc", ("2", 2, 0.5), sure=0.95))
        assert (found["1"].confidence, found["2"].confidence) == (0.7, 0.9)

    def test_a_low_one_is_flagged(self) -> None:
        found = answers("1 2", page(1, "a", ("1", 1, 0.1), sure=LOW_CONFIDENCE - 0.01), page(2, "b", ("2", 1, 0.01)))
        assert kinds(found["1"]) == {FlagKind.LOW_CONFIDENCE}
        assert found["2"].flags == ()

    def test_a_page_that_could_not_be_parsed_is_flagged(self) -> None:
        found = answers("1 2", page(1, "a", ("1", 1, 0.1)), page(2, "rest\nb", ("2", 2, 0.5), flagged=True))
        assert kinds(found["1"]) == kinds(found["2"]) == {FlagKind.LOW_CONFIDENCE}


class TestOtherExam:
    def test_answers_on_its_page_and_those_that_are_not_found_say_so(self) -> None:
        found = answers(
            "1 2 3",
            page(1, "a", ("1", 1, 0.1), exam_page=1),
            page(2, "b", ("2", 1, 0.05), exam_page=None),
        )
        assert found["1"].flags == ()
        assert kinds(found["2"]) == {FlagKind.OTHER_EXAM}
        assert kinds(found["3"]) == {FlagKind.OTHER_EXAM, FlagKind.ANSWER_NOT_FOUND}

    def test_answers_on_a_page_of_another_version_say_so_too(self) -> None:
        ink: dict[str, Any] = {"exam_page": 1, "bands": "09" * BANDS, "other_version": True}
        found = assembled("1 2", page(1, "1. four\n2.", ("1", 1, 0.1), ("2", 0, 0.5), **ink))
        assert FlagKind.OTHER_EXAM in kinds(found["1"]) & kinds(found["2"])
        assert "another version" in found["1"].flags[0].note

    def test_without_a_blank_exam_nobody_knows(self) -> None:
        assert answers("1", page(1, "a", ("1", 1, 0.1)))["1"].flags == ()


EMPTY: dict[str, Any] = {"exam_page": None, "empty": True}


class TestEmptySheets:
    @pytest.mark.parametrize("marks", [(), (("1", 0, 0.5),)])
    def test_a_white_back_is_passed_over(self, marks: Sequence[Start]) -> None:
        """Also where the model lists a question on it."""
        found = assembled(
            "1 2",
            page(1, "1.", ("1", 0, 0.1), exam_page=1, bands="00" * BANDS),
            page(2, "", *marks, **EMPTY),
            page(3, "2. five", ("2", 1, 0.1), exam_page=2, bands="09" * BANDS),
            page(4, " \n", **EMPTY),
        )
        assert found["1"].presence is Presence.BLANK
        assert [place.page for place in found["1"].pages] == [1]
        assert found["2"].flags == ()

    def test_an_answer_goes_on_behind_it(self) -> None:
        found = answers("1 2", page(1, "1. a", ("1", 1, 0.1)), page(2, "", **EMPTY), page(3, "b\n2. c", ("2", 2, 0.5)))
        assert found["1"].raw_text == "a\nb"

    def test_one_on_which_something_was_read_is_not_passed_over(self) -> None:
        written = page(1, "1. a", ("1", 1, 0.1), exam_page=1, bands="09" * BANDS)
        pages = assemble(ExamQuestions.of("1"), [written, page(2, "four", **EMPTY)]).pages
        assert [(each.page, each.answers) for each in pages] == [(1, {1: "1"}), (2, {})]  # unplaced, for the ledger

    def test_one_that_could_not_be_transcribed_is_lost(self) -> None:
        found = answers("1", page(1, "a", ("1", 1, 0.1)), lost(2, **EMPTY))
        assert kinds(found["1"]) == {FlagKind.PAGE_MISSING}

    def test_a_student_who_handed_in_nothing_else(self) -> None:
        assert FlagKind.PAGE_MISSING in kinds(answers("1", page(1, "", **EMPTY))["1"])


class TestUndrawn:
    """A page with something on it that its image lacks, such as a stamp: it may be a part of any answer there."""

    @pytest.mark.parametrize("compared", [{"exam_page": 1, "bands": "00" * BANDS}, {"exam_page": None}])
    def test_the_answers_on_it_go_to_a_person_and_no_others(self, compared: dict[str, Any]) -> None:
        found = assembled(
            "1 2 3",
            page(1, "1. four\n2.", ("1", 1, 0.1), ("2", 0, 0.5), undrawn=True, **compared),
            page(2, "3. five", ("3", 1, 0.1), exam_page=2, bands="09" * BANDS),
        )
        assert kinds(found["1"]) == kinds(found["2"]) == {FlagKind.PAGE_MISSING}
        assert found["2"].presence is Presence.UNCLEAR
        assert found["3"].flags == ()

    def test_the_answer_that_may_go_on_there_does_too(self) -> None:
        found = answers(
            "1 2",
            page(1, "1. four", ("1", 1, 0.1), exam_page=1, bands="09" * BANDS),
            page(2, "2. five", ("2", 1, 0.1), exam_page=2, bands="09" * BANDS, undrawn=True),
        )
        assert kinds(found["1"]) == {FlagKind.PAGE_MISSING}


class TestLostPages:
    def test_the_answers_beside_it_and_those_not_found(self) -> None:
        found = answers(
            "1 2 3 4 5",
            page(1, "a\nb", ("1", 1, 0.1), ("2", 2, 0.5)),
            lost(2),
            page(3, "rest\nd\ne", ("4", 2, 0.5), ("5", 3, 0.7)),
        )
        assert found["1"].flags == found["5"].flags == ()
        assert (kinds(found["2"]), found["2"].raw_text) == ({FlagKind.PAGE_MISSING}, "b"), "it may go on there"
        assert (kinds(found["4"]), found["4"].raw_text) == ({FlagKind.PAGE_MISSING}, "d"), "it may begin there"
        assert kinds(found["3"]) == {FlagKind.PAGE_MISSING, FlagKind.ANSWER_NOT_FOUND}

    def test_an_empty_space_may_be_answered_on_the_lost_page(self) -> None:
        found = answers("1 2", page(1, "b", ("1", 0, 0.1), ("2", 1, 0.5)), page(2, "", ("2", 0, 0.05)), lost(3))
        assert FlagKind.PAGE_MISSING in kinds(found["1"])

    def test_a_page_of_which_it_is_unknown_where_answers_begin_is_as_good_as_lost(self) -> None:
        unplaced = StudentPage(2, PageTranscription(page=2, lines=[Line(text="b")], confidence=0.9))
        found = answers("1 2", page(1, "a", ("1", 1, 0.1)), unplaced)
        assert [answer.raw_text for answer in found.values()] == ["a", ""]
        for answer in found.values():
            (note,) = [flag.note for flag in answer.flags if flag.kind is FlagKind.PAGE_MISSING]
            assert note == "where answers begin on page 2 is unknown"

    def test_a_file_that_no_page_came_out_of_may_stand_between_any_two(self) -> None:
        found = answers("1 2 3 4", page(1, "a\nb\nc", ("1", 1, 0.1), ("2", 2, 0.5), ("3", 3, 0.8)), unreadable=1)
        assert [FlagKind.PAGE_MISSING in kinds(answer) for answer in found.values()] == [True, False, True, True]

    def test_a_missing_page_before_an_extra_sheet(self) -> None:
        sheet = page(2, "more of b", ("1", 1, 0.1), exam_page=None)
        found = answers("1 2", page(1, "a\nb", ("1", 1, 0.1), ("2", 2, 0.5), exam_page=1, exam_pages=2), sheet)
        assert FlagKind.PAGE_MISSING in kinds(found["2"])

    @pytest.mark.parametrize(("top", "cut_off"), [(0.5, False), (0.9, True)])
    def test_a_page_of_unknown_ink_that_nothing_was_read_on_goes_on_with_a_full_one(
        self, top: float, cut_off: bool
    ) -> None:
        full = PageTranscription(
            page=1,
            lines=[Line(text="a", top=top, kind=LineKind.ANSWER)],
            starts=[AnswerStart(question_id="1", line=1, top=0.1, confidence=0.9)],
            confidence=0.9,
        )
        found = answers("1", StudentPage(1, full), page(2, ""))
        assert (FlagKind.PAGE_MISSING in kinds(found["1"])) == cut_off
        if cut_off:
            assert found["1"].flags[0].note == "nothing was read on page 2"

    @pytest.mark.parametrize(("usual", "cut_off"), [(1, False), (2, True)])
    def test_a_student_with_fewer_pages_than_most_may_go_on_where_nobody_knows(self, usual: int, cut_off: bool) -> None:
        full = PageTranscription(
            page=1,
            lines=[Line(text="a", top=0.3), Line(text="b", top=0.9)],
            starts=[AnswerStart(question_id=each, line=line, top=top, confidence=0.9)
                    for each, line, top in (("1", 1, 0.1), ("2", 2, 0.7))],
            confidence=0.9,
        )  # fmt: skip
        found = assemble(ExamQuestions.of(["1", "2"]), [StudentPage(1, full)], usual=usual).answers
        flags = [{flag.note for flag in answer.flags} for answer in found]
        assert flags == [set(), {"there are fewer pages than most students have"} if cut_off else set()]

    def test_a_sheet_with_something_on_it_that_was_not_read_may_have_any_answer(self) -> None:
        printed = page(1, "a", ("1", 1, 0.1), ("2", 0, 0.5), exam_page=1, bands="00" * 12 + "09" * 10 + "00" * 78)
        for empty, flagged in ((False, {"1": False, "2": True}), (True, {"1": False, "2": False})):
            found = answers("1 2", printed, page(2, "", exam_page=None, empty=empty))
            assert {each: FlagKind.PAGE_MISSING in kinds(found[each]) for each in found} == flagged

    def test_a_student_of_whom_nothing_was_read(self) -> None:
        for found in (answers("1 2"), answers("1 2", lost(1), lost(2)), answers("1 2", unreadable=1)):
            assert all(kinds(a) == {FlagKind.PAGE_MISSING, FlagKind.ANSWER_NOT_FOUND} for a in found.values())

    def test_notes_quote_no_student(self) -> None:
        found = answers("1 2", page(1, "SECRET", ("1", 1, 0.1)), page(2, "SECRET\nQ2 SECRET"), lost(3))
        assert "SECRET" in found["1"].raw_text
        assert not any("SECRET" in flag.note for answer in found.values() for flag in answer.flags)


class TestPresence:
    """Whether an answer is there is decided with the flags, and once."""

    CLEAN = "00" * BANDS
    WRITTEN_ON = "00" * 20 + "ff" * 20 + "00" * (BANDS - 40)

    def page(self, bands: str, **changes: Any) -> StudentPage:
        """Return a page on which question 1 is answered, and 2 has an empty space below."""
        return page(1, "a", ("1", 1, 0.1), ("2", 0, 0.6), exam_page=1, bands=bands, **changes)

    def test_written_and_blank(self) -> None:
        found = assembled("1 2", self.page(self.WRITTEN_ON))
        assert [answer.presence for answer in found.values()] == [Presence.WRITTEN, Presence.BLANK]
        assert found["1"].flags == found["2"].flags == ()

    def test_text_and_ink_that_disagree(self) -> None:
        found = assembled("1 2", self.page(self.CLEAN))
        assert (found["1"].presence, kinds(found["1"])) == (Presence.WRITTEN, {FlagKind.PRESENCE_DISAGREES})
        found = assembled("1 2", self.page("ff" * BANDS))
        assert (found["2"].presence, kinds(found["2"])) == (Presence.UNCLEAR, {FlagKind.PRESENCE_DISAGREES})

    def test_without_a_blank_exam_nothing_is_blank(self) -> None:
        found = assembled("1 2", page(1, "a", ("1", 1, 0.1), ("2", 0, 0.6)))
        assert (found["1"].presence, found["1"].flags) == (Presence.WRITTEN, ())
        assert (found["2"].presence, kinds(found["2"])) == (Presence.UNCLEAR, {FlagKind.NO_BLANK_EXAM})

    def test_a_doubt_of_its_place_keeps_it_from_being_blank(self) -> None:
        found = assembled("1 2", self.page(self.WRITTEN_ON, sure=LOW_CONFIDENCE - 0.01))
        assert (found["2"].presence, kinds(found["2"])) == (Presence.UNCLEAR, {FlagKind.LOW_CONFIDENCE})

    @pytest.mark.parametrize("kind", [FlagKind.ANSWER_NOT_FOUND, FlagKind.PAGE_MISSING, FlagKind.OTHER_EXAM])
    def test_each_doubt_is_said_once(self, kind: FlagKind) -> None:
        foreign = page(2, "b", ("2", 1, 0.3), ("3", 0, 0.6), exam_page=None)
        found = assembled("1 2 3 4", self.page(self.CLEAN), foreign, lost(3), unreadable=1)
        told = [[flag.kind for flag in answer.flags].count(kind) for answer in found.values()]
        assert max(told) == 1
        assert found["3"].presence is found["4"].presence is Presence.UNCLEAR


class TestPageHeads:
    HEAD = Line(text="Ada L.", kind=LineKind.PAGE_HEAD, top=0.05)

    def test_one_above_the_first_answer_is_in_no_answer(self) -> None:
        lines = [self.HEAD, Line(text="more of one"), Line(text="b")]
        found = answers("1 2", page(1, "a", ("1", 1, 0.1)), page(2, lines, ("2", 3, 0.5)))
        assert [(a.raw_text, a.flags) for a in found.values()] == [("a\nmore of one", ()), ("b", ())]

    def test_nor_is_one_on_a_page_that_only_goes_on(self) -> None:
        found = answers("1", page(1, "a", ("1", 1, 0.1)), page(2, [self.HEAD, Line(text="more")]))
        assert found["1"].raw_text == "a\nmore"

    def test_nor_one_of_unknown_place(self) -> None:
        head = Line(text="Ada L.", kind=LineKind.PAGE_HEAD)
        found = answers("1", page(1, "a", ("1", 1, 0.1)), page(2, [head, Line(text="more")]))
        assert found["1"].raw_text == "a\nmore"

    @pytest.mark.parametrize("lower", [0.16, 0.5, 1])
    def test_one_further_down_is_kept(self, lower: float) -> None:
        low = Line(text="Newton, 1687", kind=LineKind.PAGE_HEAD, top=lower)
        found = answers("1", page(1, "a", ("1", 1, 0.1)), page(2, [low, Line(text="more")]))
        assert found["1"].raw_text == "a\nNewton, 1687\nmore"

    def test_one_below_a_label_or_an_answers_beginning_is_kept(self) -> None:
        label = Line(text="3.", kind=LineKind.LABEL, top=0.02)
        found = answers("1 3", page(1, "a", ("1", 1, 0.1)), page(2, [label, self.HEAD, Line(text="more")]))
        assert found["1"].raw_text == "a\n3.\nAda L.\nmore"
        found = answers("1 2", page(1, [Line(text="a"), self.HEAD, Line(text="b")], ("1", 1, 0.02), ("2", 3, 0.5)))
        assert found["1"].raw_text == "a\nAda L."

    def test_what_no_one_calls_a_head_is_kept(self) -> None:
        top = Line(text="so it is 4", kind=LineKind.ANSWER, top=0.05)
        found = answers("1", page(1, "a", ("1", 1, 0.1)), page(2, [top]))
        assert found["1"].raw_text == "a\nso it is 4"


class TestWarnings:
    @pytest.mark.parametrize(
        ("warning", "kind"),
        [
            (WarningKind.FAINT, FlagKind.LOW_CONFIDENCE),
            (WarningKind.TURNED, FlagKind.LOW_CONFIDENCE),
            (WarningKind.CUT_OFF, FlagKind.CUT_OFF),
            (WarningKind.OTHER_EXAM, FlagKind.OTHER_EXAM),
            (WarningKind.OTHER_STUDENT, FlagKind.OTHER_STUDENT),
            (WarningKind.TO_READER, FlagKind.INSTRUCTION),
        ],
    )
    def test_all_answers_on_the_page_say_so_and_no_others(self, warning: WarningKind, kind: FlagKind) -> None:
        found = answers(
            "1 2 3 4",
            page(1, "a\nb", ("1", 1, 0.1), ("2", 2, 0.5)),
            page(2, "more of two\nc", ("3", 2, 0.5), warnings=[warning]),
            page(3, "d", ("4", 1, 0.05)),
        )
        assert [kinds(answer) for answer in found.values()] == [set(), {kind}, {kind}, set()]
        assert not any("SECRET" in flag.note for answer in found.values() for flag in answer.flags)

    def test_one_of_another_kind_has_no_consequence_for_grades(self) -> None:
        assert answers("1", page(1, "a", ("1", 1, 0.1), warnings=[WarningKind.OTHER]))["1"].flags == ()

    def test_a_warning_keeps_an_empty_space_from_being_blank(self) -> None:
        clean: dict[str, Any] = {"exam_page": 1, "bands": "00" * BANDS}
        for warnings, presence in (((), Presence.BLANK), ((WarningKind.CUT_OFF,), Presence.UNCLEAR)):
            found = assembled("1", page(1, "", ("1", 0, 0.1), warnings=warnings, **clean))
            assert found["1"].presence is presence


class TestLinesToTheReader:
    PLEA = Line(text="be kind", kind=LineKind.TO_READER, top=0.4)

    @pytest.mark.parametrize("warnings", [(), (WarningKind.TO_READER,)])
    def test_the_answer_that_holds_one_says_so(self, warnings: Sequence[WarningKind]) -> None:
        lines = [Line(text="a"), self.PLEA, Line(text="b")]
        found = answers("1 2", page(1, lines, ("1", 1, 0.1), ("2", 3, 0.5), warnings=warnings))
        assert [kinds(answer) for answer in found.values()] == [{FlagKind.INSTRUCTION}, set()]
        assert found["1"].raw_text == "a\nbe kind", "it is not lost"

    def test_one_that_no_answer_holds_is_said_of_all_on_the_page(self) -> None:
        lines = [self.PLEA, Line(text="a"), Line(text="b")]
        found = answers("1 2 3", page(1, lines, ("1", 2, 0.3), ("2", 3, 0.5)), page(2, "c", ("3", 1, 0.05)))
        assert [kinds(answer) for answer in found.values()] == [{FlagKind.INSTRUCTION}, {FlagKind.INSTRUCTION}, set()]


@dataclass
class Sheet:
    """A page as it was written: its lines, what begins on it, and whose text stands on it."""

    lines: list[str] = field(default_factory=list)
    starts: list[tuple[str, int]] = field(default_factory=list)
    holds: set[str] = field(default_factory=set)

    def as_page(self, number: int) -> StudentPage:
        tops = [0.3 + 0.7 * place / len(self.starts) for place in range(len(self.starts))]
        return page(
            number, "\n".join(self.lines), *((q, n, top) for (q, n), top in zip(self.starts, tops, strict=True))
        )


@st.composite
def written_exams(draw: st.DrawFn) -> tuple[list[str], list[Sheet]]:
    """Draw an exam as a student wrote it: answers that go on over pages, empty spaces, and answers put elsewhere."""
    ids = [str(number) for number in range(1, draw(st.integers(1, 7)) + 1)]
    sheets = [Sheet()]
    elsewhere = []
    for question_id in ids:
        if draw(st.booleans()) and sheets[-1].starts:
            sheets.append(Sheet())
        how = draw(st.sampled_from(["written", "empty", "elsewhere", "long"]))
        sheet = sheets[-1]
        if how in {"empty", "elsewhere"}:
            sheet.starts.append((question_id, 0))
            elsewhere += [question_id] if how == "elsewhere" else []
            continue
        sheet.holds.add(question_id)
        sheet.lines.append(f"answer to {question_id}")
        sheet.starts.append((question_id, len(sheet.lines)))
        for _ in range(draw(st.integers(1, 2)) if how == "long" else 0):
            sheets.append(Sheet([f"more of {question_id}"], [], {question_id}))
    for question_id in elsewhere:
        sheets.append(Sheet([f"answer to {question_id}"], [(question_id, 1)], {question_id}))
    return ids, sheets


def after_losing(ids: Sequence[str], sheets: Sequence[Sheet], gone: set[int]) -> dict[str, QuestionAnswer]:
    pages = [lost(n) if n in gone else sheet.as_page(n) for n, sheet in enumerate(sheets, 1)]
    return answers(" ".join(ids), *pages)


@given(written_exams())
def test_every_line_is_in_the_answer_that_it_was_written_for(exam: tuple[list[str], list[Sheet]]) -> None:
    ids, sheets = exam
    found = after_losing(ids, sheets, set())
    for question_id in ids:
        own = [line for sheet in sheets for line in sheet.lines if line.endswith(f" {question_id}")]
        assert found[question_id].raw_text.splitlines() == own
        assert not {FlagKind.PAGE_MISSING, FlagKind.ANSWER_NOT_FOUND} & kinds(found[question_id])


@settings(max_examples=300)
@given(written_exams(), st.data())
def test_a_lost_page_never_looks_like_a_blank_answer(exam: tuple[list[str], list[Sheet]], data: st.DataObject) -> None:
    """Whatever pages are lost, each answer that stands on one says so, and no text comes to another question."""
    ids, sheets = exam
    gone = data.draw(st.sets(st.integers(1, len(sheets))))
    found = after_losing(ids, sheets, gone)
    for question_id in ids:
        answer = found[question_id]
        if any(question_id in sheets[number - 1].holds for number in gone):
            assert FlagKind.PAGE_MISSING in kinds(answer)
        if gone and not answer.raw_text:
            assert FlagKind.PAGE_MISSING in kinds(answer)
        assert all(line.endswith(f" {question_id}") for line in answer.raw_text.splitlines())


@given(
    st.lists(st.tuples(st.text(max_size=60), st.lists(st.tuples(st.integers(0, 9), st.floats(0, 1)), max_size=4))),
    st.data(),
)
def test_any_text_and_any_marks_come_to_one_answer_for_each_question(
    drawn: list[tuple[str, list[tuple[int, float]]]], data: st.DataObject
) -> None:
    ids = ["1a", "1b", "2", "10"]
    pages = []
    for number, (text, marks) in enumerate(drawn, 1):
        chosen = data.draw(st.permutations(ids))
        count = len(text.splitlines())
        lines = sorted(min(line, count) for line, _ in marks)
        tops = sorted(top for _, top in marks)
        pages.append(page(number, text, *zip(chosen, lines, tops, strict=False)))
    found = answers(" ".join(ids), *pages)
    for answer in found.values():
        assert (answer.pages == ()) == (FlagKind.ANSWER_NOT_FOUND in kinds(answer))
        assert len(kinds(answer)) == len(answer.flags)
