"""Answers that an unplaced part opens."""

from collections import Counter

from aita.models.answer import AnswerPlace, Presence, QuestionAnswer
from aita.models.ledger import Owner, Part
from aita.services.answers.part_openings import PartContent, StudentReading, answers_ink

BLANK, WRITTEN, UNCLEAR = Presence.BLANK, Presence.WRITTEN, Presence.UNCLEAR


def answer(question_id: str, presence: Presence, *places: tuple[int, float]) -> QuestionAnswer:
    pages = tuple(AnswerPlace(page=page, top=top, bottom=1) for page, top in places)
    return QuestionAnswer(question_id=question_id, pages=pages, presence=presence)


def unplaced(page: int, top: float, ink: int = 20) -> Part:
    return Part(part_id="p", page=page, top=top, bottom=top, ink=ink, owner=Owner.UNPLACED)


def opened(
    part: Part,
    *answers: QuestionAnswer,
    words: int = 0,
    pointed: str = "",
    on_sheet: bool = False,
    ink: dict[str, int] | None = None,
    order: str = "1234",
) -> str:
    """Return the opened questions' ids, one after the other."""
    reading = StudentReading(answers, [*map(int, order)], Counter(ink))
    return "".join(reading.opened(part, PartContent(words, pointed, on_sheet)))


class TestBlankAnswers:
    def test_those_of_its_page_and_of_the_pages_beside_it_are_open(self) -> None:
        answers = [answer(str(page), BLANK, (page, 0.3)) for page in (1, 2, 3, 4)]
        assert opened(unplaced(1, 0.1), *answers) == "12"
        assert opened(unplaced(3, 0.1), *answers) == "234"

    def test_pages_are_beside_each_other_in_the_exams_order(self) -> None:
        answers = [answer(str(page), BLANK, (page, 0.3)) for page in (1, 2, 3, 4)]
        assert opened(unplaced(1, 0.1), *answers, order="2341") == "14"


class TestWrittenAnswers:
    ANSWERS = (
        answer("1", WRITTEN, (1, 0.2)),
        answer("2", WRITTEN, (1, 0.6)),
        answer("3", WRITTEN, (2, 0.2)),
        answer("4", WRITTEN, (2, 0.6)),
    )

    def test_words_open_the_answers_before_and_behind_them(self) -> None:
        assert opened(unplaced(2, 0.05), *self.ANSWERS, words=2) == "23"
        assert opened(unplaced(1, 0.05), *self.ANSWERS, words=2) == "1"

    def test_one_word_and_little_ink_open_none(self) -> None:
        assert opened(unplaced(2, 0.05, 99), *self.ANSWERS, words=1) == ""

    def test_much_ink_is_content_too(self) -> None:
        assert opened(unplaced(2, 0.05, 100), *self.ANSWERS) == "23"

    def test_it_is_measured_by_the_answers_own(self) -> None:
        assert opened(unplaced(2, 0.05, 100), *self.ANSWERS, ink={"2": 401, "3": 400}) == "3"

    def test_an_answer_that_goes_on_is_next_to_its_last_page(self) -> None:
        answers = (answer("1", WRITTEN, (1, 0.2), (2, 0.0)), answer("2", WRITTEN, (3, 0.2)))
        assert opened(unplaced(3, 0.05), *answers, words=2) == "12"

    def test_a_blank_one_between_them_parts_them(self) -> None:
        answers = (answer("1", WRITTEN, (1, 0.2)), answer("2", BLANK, (1, 0.6)), answer("3", UNCLEAR, (2, 0.2)))
        assert opened(unplaced(2, 0.05), *answers, words=2) == "2"

    def test_what_points_to_a_question_opens_it_wherever_it_stands(self) -> None:
        assert opened(unplaced(1, 0.05), *self.ANSWERS, pointed="4") == "4"

    def test_content_on_a_sheet_of_the_students_own_may_go_on_with_any(self) -> None:
        part = unplaced(3, 0.05).model_copy(update={"lines": (1, 2)})
        assert opened(part, *self.ANSWERS, words=1, on_sheet=True) == "1234"
        assert opened(part, *self.ANSWERS, words=0, on_sheet=True) == ""

    def test_a_sheet_of_which_nothing_was_read_may_too(self) -> None:
        assert opened(unplaced(3, 0, 0), *self.ANSWERS, on_sheet=True) == "1234"


def test_an_answers_ink_is_that_of_its_parts() -> None:
    def owned(question_id: str, ink: int) -> Part:
        return Part(part_id="a", page=1, top=0, bottom=1, ink=ink, owner=Owner.ANSWER, question_id=question_id)

    assert answers_ink([owned("1", 5), owned("2", 7), owned("1", 3), unplaced(1, 0.5)]) == {"1": 8, "2": 7}
