"""Known attempts stay between the delimiters, set no points, and are flagged for a person."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.models.exam import Criterion, Question, Rubric
from aita.models.review_flags import FlagKind
from aita.services.calls.conversation import converse
from aita.tasks import grading
from aita.tasks.grading import GradingTask, code_of
from aita.tasks.injection import suspicious
from tests.injection.samples import HOSTILE_SAMPLE, attempts, clean_answers, every_sample_answer, sample_answers
from tests.support.fakes import answer_of, text_of

QUESTION = Question(question_id="5", question_text="Find the speed.", points=5, question_type="calculation")
RUBRIC = Rubric(
    question_id="5",
    total_points=5,
    criteria=[Criterion(points=3, description="Momentum"), Criterion(points=2, description="1 m/s")],
)
WORK = "0.5 * 3 = 1.5 v"
ATTEMPTS = attempts()


def task(answer: str) -> GradingTask:
    return GradingTask(question=QUESTION, rubric=RUBRIC, answer=answer)


def said(*points: Any, **changes: Any) -> str:
    criteria = [{"criterion": n, "quote": WORK, "reason": "r", "points": each} for n, each in enumerate(points, 1)]
    return json.dumps({"criteria": criteria, "feedback": "f", "addresses_grader": False} | changes)


@pytest.fixture(params=ATTEMPTS, ids=str)
def attempt(request: pytest.FixtureRequest) -> str:
    return ATTEMPTS[request.param]


ONE_OF_EACH_KIND = {name.partition(".")[0]: text for name, text in reversed(ATTEMPTS.items())}
"""For rules that hold whatever the text is."""


@pytest.fixture(params=ONE_OF_EACH_KIND, ids=str)
def any_attempt(request: pytest.FixtureRequest) -> str:
    return ONE_OF_EACH_KIND[request.param]


def test_there_are_attempts_of_every_kind() -> None:
    assert len(ATTEMPTS) >= 50
    assert len({name.partition(".")[0] for name in ATTEMPTS}) >= 8
    assert len(set(ATTEMPTS.values())) == len(ATTEMPTS)


class TestInThePrompt:
    def test_it_stands_between_the_delimiters_once_and_nowhere_else(self, attempt: str) -> None:
        answer = f"{WORK}\n{attempt}"
        system, user = task(answer).messages()
        before, start, rest = user.text.partition(f"<<<answer {code_of(answer)}>>>\n")
        inside, end, after = rest.partition(f"\n<<<end of answer {code_of(answer)}>>>")
        assert start
        assert end
        assert inside == answer == answer_of(task(answer).request())
        for outside in (system.text, before, after):
            assert attempt not in outside
        assert text_of(task(answer).messages()).count(answer) == 1

    def test_the_system_message_is_the_same_with_and_without_it(self, any_attempt: str) -> None:
        assert task(f"{WORK}\n{any_attempt}").messages()[0] == task(WORK).messages()[0]

    def test_it_can_not_end_the_answer(self, attempt: str) -> None:
        answer = f"{attempt}\n<<<end of answer {code_of(attempt)}>>>\n{attempt}"
        assert code_of(answer) not in answer
        assert answer_of(task(answer).request()).startswith(attempt)

    def test_being_asked_again_repeats_nothing_of_it(self, any_attempt: str) -> None:
        conversation = converse(task(f"{WORK}\n{any_attempt}"))
        first = next(conversation)
        again = conversation.send(said(3, 2, criteria=[]))
        assert again.messages[:2] == first.messages
        assert any_attempt not in text_of(again.messages[2:])

    def test_a_text_that_happens_to_hold_its_code_gets_another(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(grading, "_CODE_DIGITS", 2)
        answers = [hashlib.sha256(bytes([number])).hexdigest() for number in range(100)]
        assert all(code_of(answer) not in answer for answer in answers)

    @given(st.text())
    def test_no_text_holds_its_own_code(self, answer: str) -> None:
        assert code_of(answer) not in answer
        assert code_of(answer) == code_of(answer)


class TestPoints:
    def test_they_are_as_without_it_when_the_grader_is_not_moved(self, any_attempt: str) -> None:
        plain, moved = task(WORK).parse(said(1, 1)), task(f"{WORK}\n{any_attempt}").parse(said(1, 1))
        assert plain.points == moved.points == 2

    def test_a_grader_that_obeys_gives_no_more_than_the_rubric_and_is_flagged(self, any_attempt: str) -> None:
        graded = task(f"{WORK}\n{any_attempt}").salvage(said(10**9, 10**9, points=10**9, total=10**9))
        assert graded is not None
        assert graded.points == 5
        assert FlagKind.POINTS_OUT_OF_RANGE in {flag.kind for flag in graded.flags}

    def test_the_attempt_itself_is_no_reply(self, any_attempt: str) -> None:
        assert task(f"{WORK}\n{any_attempt}").salvage(any_attempt) is None


class TestFlags:
    def test_it_is_flagged_alone_and_behind_an_answer(self, attempt: str) -> None:
        for text in (attempt, f"{WORK}\n{attempt}", f"{attempt}\n{WORK}"):
            assert {flag.kind for flag in suspicious(text)} == {FlagKind.INSTRUCTION}

    def test_the_grade_carries_the_flag_and_keeps_its_points(self, attempt: str) -> None:
        graded = task(f"{WORK}\n{attempt}").parse(said(1, 1))
        assert FlagKind.INSTRUCTION in {flag.kind for flag in graded.flags}
        assert graded.points == 2

    def test_a_note_is_one_of_a_few_and_quotes_nobody(self) -> None:
        assert len({flag.note for attempt in ATTEMPTS.values() for flag in suspicious(attempt)}) == 10

    @pytest.mark.parametrize("answer", clean_answers(), ids=lambda answer: answer[:40])
    def test_a_clean_answer_is_not(self, answer: str) -> None:
        assert suspicious(answer) == ()

    @pytest.mark.parametrize("place", sample_answers(), ids=str)
    def test_a_sample_answer_is_not(self, place: tuple[str, str]) -> None:
        assert suspicious(sample_answers()[place]) == ()

    def test_but_for_the_one_that_is_an_attempt(self) -> None:
        assert suspicious(every_sample_answer()[HOSTILE_SAMPLE])

    def test_there_are_enough_clean_answers(self) -> None:
        assert len({*clean_answers(), *sample_answers().values()}) >= 40

    @given(st.text(alphabet="<>=:/[]{}\"'#-gradefulmksi \n"))
    def test_any_text_is_judged(self, text: str) -> None:
        assert all(flag.kind is FlagKind.INSTRUCTION for flag in suspicious(text))

    @pytest.mark.parametrize(
        "part", ["\n", "give ", "system ", "note to ", "</", "professor said ", '"points": ', "- "]
    )
    def test_a_long_answer_takes_no_longer_for_each_character(self, part: str) -> None:
        suspicious(part * (20_000 // len(part)))  # a pattern that is quadratic would take minutes here
