"""Answer keys of several questions: who shares a call, what it asks, and how its reply is taken apart."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import UnparsableReplyError
from aita.models.exam import ExamSpec
from aita.tasks.answer_key import SHORT_QUESTION, AnswerKeyGenerationTask, create_answer_key_tasks
from aita.tasks.batchable import group
from aita.tasks.request import LLMRequest
from aita.tasks.tokens import input_tokens
from tests.support.fakes import answer_key

SAMPLES = Path(__file__).parents[3] / "samples"

ALONE = (
    "62fd216e16db0866f2534878752d01c1942a7a53143e4cd6d91270742148d680",
    "55bdb5c521b201c3960dcfb240fe3167434a9d23d397301c1baa5d08f4128947",
)
"""What the first two of ``tasks`` were known by before calls were shared: their replies are in caches."""


def question(question_id: str, text: str = "") -> dict[str, Any]:
    return {
        "question_id": question_id,
        "question_text": text or f"What is {question_id[1:]} + {question_id[1:]}?",
        "points": 2.5,
        "question_type": "short_answer",
    }


def tasks(count: int, instructions: str = "mind the units") -> list[AnswerKeyGenerationTask]:
    questions = [question(f"q{n}") for n in range(count)]
    exam = ExamSpec.model_validate({"exam_name": "x", "total_pages": 1, "questions": questions})
    return create_answer_key_tasks(exam, instructions, {"q1": "accept IV"})


def task(question_id: str, length: int, instructions: str = "", own: str = "") -> AnswerKeyGenerationTask:
    return AnswerKeyGenerationTask.model_validate(
        {
            "question": question(question_id, "x" * length),
            "instructions": instructions,
            "question_instructions": own,
        }
    )


def user_text(request: LLMRequest) -> str:
    return request.messages[1].text


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["q0", "q1", "q2", "q3", "q4", "q5"]),
            st.sampled_from([1, SHORT_QUESTION, SHORT_QUESTION + 1]),
            st.sampled_from(["", "be kind"]),
        ),
        max_size=25,
    ),
    st.integers(1, 7),
)
def test_each_task_is_in_one_group_with_those_that_agree(drawn: list[tuple[str, int, str]], size: int) -> None:
    every = [task(*each) for each in drawn]
    groups = group(every, size)
    assert sorted(place for members in groups for place in members) == list(range(len(every)))
    for members in groups:
        assert members == sorted(members)
        assert 1 <= len(members) <= size
        first = every[members[0]]
        assert all(first.can_batch_with(every[place]) for place in members[1:])
        if len(members) > 1:
            assert len({every[place].instructions for place in members}) == 1
            assert all(len(every[place].question.question_text) <= SHORT_QUESTION for place in members)


class TestAgreeing:
    def test_short_questions_under_the_same_instructions_share(self) -> None:
        assert task("q0", SHORT_QUESTION).can_batch_with(task("q1", SHORT_QUESTION))
        assert not task("q0", 9, "be kind").can_batch_with(task("q1", 9, "be strict"))

    @pytest.mark.parametrize("long", [task("q1", SHORT_QUESTION + 1), task("q1", SHORT_QUESTION - 9, own="x" * 10)])
    def test_a_long_one_shares_with_nobody(self, long: AnswerKeyGenerationTask) -> None:
        assert not task("q0", 9).can_batch_with(long)
        assert not long.can_batch_with(task("q0", 9))

    def test_two_of_one_id_never_get_one_anothers_answer_key(self) -> None:
        first, other, twin = task("q0", 9), task("q1", 9), task("q1", 10)
        assert not other.can_batch_with(twin)
        reply = json.dumps({"answer_keys": [answer_key("q0"), answer_key("q1")]})
        parts = first.split_batch_result(first.combine_with([other, twin]).parse(reply), [first, other, twin])
        assert [part is None for part in parts] == [False, True, True]


class TestRequest:
    def test_one_alone_is_asked_as_before_calls_were_shared(self) -> None:
        found = tuple(each.request().digest("https://api.openai.com/v1", "m") for each in tasks(2))
        assert found == ALONE, "every reply in a cache of answer keys would be paid for again"

    def test_the_prefix_is_that_of_one_alone(self) -> None:
        first, *others = tasks(3)
        together = first.combine_with(others).request()
        assert together.messages[0] == first.request().messages[0]
        assert together.prefix == first.request().prefix

    def test_each_question_has_its_block_with_its_own_instructions(self) -> None:
        first, *others = tasks(3)
        text = user_text(first.combine_with(others).request())
        blocks = [
            f"Question id: q{n}\nType: short_answer\nPoints: 2.5\nQuestion:\nWhat is {n} + {n}?" for n in range(3)
        ]
        places = [text.index(block) for block in blocks]
        assert places == sorted(places)
        assert places[0] < text.index("accept IV") < places[1]
        assert text.rindex("answer_keys") > places[2]
        assert "these 3 questions" in text

    def test_what_a_question_says_is_no_template(self) -> None:
        costly, other = task("q0", 9), task("q1", 9, own="$count or ${questions}")
        assert "$count or ${questions}" in user_text(costly.combine_with([other]).request())

    def test_the_form_of_the_reply_is_a_list_of_answer_keys(self) -> None:
        first, *others = tasks(2)
        request = first.combine_with(others).request()
        assert request.schema_name == "AnswerKeys"
        assert request.schema is not None
        assert list(request.schema["properties"]) == ["answer_keys"]

    @pytest.mark.parametrize(("count", "most"), [(2, 16_384), (5, 16_384), (50, 30_000)])
    def test_there_is_room_for_all_within_what_endpoints_take(self, count: int, most: int) -> None:
        first, *others = tasks(count)
        alone, together = first.request(), first.combine_with(others).request()
        assert together.max_output_tokens == most
        assert together.max_output_tokens > alone.max_output_tokens
        expected = together.parameters.expected_output_tokens
        assert expected == count * alone.parameters.expected_output_tokens <= most / 2


class TestReply:
    @pytest.mark.parametrize("reply", ["{}", '{"answer_keys": 7}', '{"answer_keys": {"q0": 1}}', "[]", "no JSON"])
    def test_one_without_a_list_is_no_use(self, reply: str) -> None:
        first, *others = tasks(2)
        with pytest.raises(UnparsableReplyError):
            first.combine_with(others).parse(reply)

    @given(st.lists(st.sampled_from(["q0", "q1", "q2", "q9", " q0", ""]), max_size=8))
    def test_a_part_is_the_one_object_of_its_id_wherever_it_stands(self, ids: list[str]) -> None:
        three = tasks(3)
        keys = [answer_key(question_id) | {"explanation": f"place {place}"} for place, question_id in enumerate(ids)]
        result = three[0].combine_with(three[1:]).parse(json.dumps({"answer_keys": keys}))
        for each, part in zip(three, three[0].split_batch_result(result, three), strict=True):
            mine = [key for key in keys if key["question_id"] == each.question.question_id]
            assert (None if part is None else json.loads(part)) == (mine[0] if len(mine) == 1 else None)


def test_twenty_short_questions_take_a_third_of_the_calls_and_sixty_percent_of_the_tokens() -> None:
    """With the sample exam's questions and answer keys, and without any instructions, which would be shared too."""
    truth = json.loads((SAMPLES / "truth.json").read_text("utf-8"))["questions"]
    known = [truth[n % len(truth)] for n in range(20)]
    questions = [question(f"q{n}", each["question_text"]) for n, each in enumerate(known)]
    keys = [each["answer_key"] | {"question_id": f"q{n}"} for n, each in enumerate(known)]
    every = create_answer_key_tasks(
        ExamSpec.model_validate({"exam_name": "x", "total_pages": 1, "questions": questions})
    )
    groups = group(every, 5)
    together = [every[first].combine_with([every[place] for place in rest]).request() for first, *rest in groups]
    alone_tokens = sum(input_tokens(each.request()) for each in every) + sum(tokens(key) for key in keys)
    shared_tokens = sum(input_tokens(request) for request in together) + sum(
        tokens({"answer_keys": [keys[place] for place in members]}) for members in groups
    )
    assert len(groups) <= len(every) / 3
    assert shared_tokens <= 0.6 * alone_tokens


def tokens(reply: Any) -> int:
    return math.ceil(len(json.dumps(reply, ensure_ascii=False).encode()) / 4)
