"""The task classes that a developer writes with: simple, vision, batchable, and the registry of kinds."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from aita.errors import (
    BrokenRuleError,
    DoubtfulReplyError,
    MissingInputError,
    RefusalError,
    RequestError,
    TaskError,
    TooLongError,
    UnparsableReplyError,
)
from aita.services.calls.conversation import converse, require_complete
from aita.tasks.batchable import BatchableLLMTask, group
from aita.tasks.chat import ChatTask
from aita.tasks.llm_task import LLMTask, RetryPolicy
from aita.tasks.registry import all_kinds, find_kind, register
from aita.tasks.request import Image, LLMRequest, Message, Parameters
from aita.tasks.simple import SimpleLLMTask, VisionLLMTask
from aita.tasks.tokens import expected_tokens, input_tokens, prefix_tokens


class Level(BaseModel):
    level: int


class LevelTask(LLMTask[int]):
    response_model = Level
    retry_policy = RetryPolicy(unparsable=1, broken_rule=1)
    text: str = "x"

    def messages(self) -> tuple[Message, ...]:
        return (Message("user", self.text),)

    def validate_reply(self, reply: Level) -> int:
        if reply.level > 5:
            raise ValueError(f"{reply.level} is more than 5")
        if reply.level < 0:
            raise KeyError("the task's own bug")
        return reply.level


def drive(task: LLMTask[Any], *replies: str) -> tuple[Any, list[LLMRequest]]:
    """Answer a conversation with these replies; return the result and what was asked."""
    conversation = converse(task)
    asked = [next(conversation)]
    try:
        for reply in replies:
            asked.append(conversation.send(reply))
    except StopIteration as done:
        return done.value, asked
    return None, asked


class TestConversation:
    def test_the_first_right_reply_is_the_result(self) -> None:
        assert drive(LevelTask(), '{"level": 3}') == (3, [LevelTask().request()])

    def test_a_value_error_is_told_to_the_model_and_not_recorded(self) -> None:
        conversation = converse(LevelTask())
        next(conversation)
        again = conversation.send('{"level": 7}')
        assert "7 is more than 5" in again.messages[-1].text
        with pytest.raises(BrokenRuleError) as caught:
            conversation.send('{"level": 8}')
        assert "asked 2 times" in str(caught.value)
        assert "8 is more than 5" not in str(caught.value)
        assert re.search(r"\(ValueError in line \d+ of test_framework_tasks\.py\)$", str(caught.value))

    def test_an_error_of_the_tasks_own_code_fails_it_at_once(self) -> None:
        conversation = converse(LevelTask())
        next(conversation)
        with pytest.raises(TaskError, match="raised KeyError"):
            conversation.send('{"level": -1}')

    @pytest.mark.parametrize(
        "reply", ["", "[" * 10_000, '{"a":' * 10_000, '{"level": "\ud800"}', "\0", "x" * 5_000_000]
    )
    def test_a_reply_of_any_shape_is_judged(self, reply: str) -> None:
        conversation = converse(LevelTask())
        next(conversation)
        again = conversation.send(reply)
        assert len(again.messages[1].text) <= 20_000
        with pytest.raises(UnparsableReplyError):
            conversation.send(reply)

    def test_only_a_whole_reply_is_used(self) -> None:
        assert require_complete("x", "stop", refusal=False) == "x"
        with pytest.raises(TooLongError):
            require_complete("x", "length", refusal=False)
        for finish, refusal in (("content_filter", False), ("stop", True)):
            with pytest.raises(RefusalError):
                require_complete("x", finish, refusal=refusal)


class TestSimple:
    def test_the_text_is_the_result_unless_parsed(self) -> None:
        assert drive(SimpleLLMTask(task_id="a", prompt="p"), "hello")[0] == "hello"
        assert drive(SimpleLLMTask(task_id="a", prompt="p", parse_fn=len), "hello")[0] == 5

    def test_a_parser_that_refuses_asks_again(self) -> None:
        result, asked = drive(SimpleLLMTask(task_id="a", prompt="p", parse_fn=int), "four", "4")
        assert result == 4
        assert "Answer again with the whole answer" in asked[1].messages[-1].text

    def test_it_asks_for_plain_text_with_what_is_shared_first(self) -> None:
        request = SimpleLLMTask(task_id="a", prompt="p", system="s").request()
        assert (request.schema, request.schema_name) == (None, "")
        assert [(m.role, m.text) for m in request.messages] == [("system", "s"), ("user", "p")]
        assert request.prefix == "s"

    def test_the_id_is_the_callers_and_the_digest_is_the_works(self) -> None:
        one, other = SimpleLLMTask(task_id="a", prompt="p"), SimpleLLMTask(task_id="b", prompt="p")
        assert (one.id, other.id) == ("a", "b")
        assert one.digest("m") == other.digest("m") != one.digest("n")
        assert one.digest() != SimpleLLMTask(task_id="a", prompt="q").digest()

    def test_without_a_name_equal_work_has_equal_ids(self) -> None:
        assert LevelTask().id == LevelTask().id != LevelTask(text="y").id
        assert LevelTask().id.startswith("LevelTask-")


class TestVision:
    def test_images_are_named_by_their_bytes(self, tmp_path: Path) -> None:
        page = tmp_path / "a page.png"
        page.write_bytes(b"PNG")
        task = VisionLLMTask(task_id="a", prompt="p", images=[page])
        (message,) = task.messages()
        assert message.images == (Image(str(page), hashlib.sha256(b"PNG").hexdigest()),)
        before = task.digest()
        page.write_bytes(b"another")
        assert task.digest() != before

    def test_one_that_is_not_there_fails_its_task(self, tmp_path: Path) -> None:
        with pytest.raises(MissingInputError, match="No such file"):
            VisionLLMTask(task_id="a", prompt="p", images=[tmp_path / "none.png"]).request()


class Adding(BatchableLLMTask[int]):
    response_model = Level
    of: str = "a"

    def messages(self) -> tuple[Message, ...]:
        return (Message("user", self.of),)

    def can_batch_with(self, other: Self) -> bool:
        return self.of == other.of

    def combine_with(self, others: Sequence[Self]) -> LLMTask[Any]:
        return LevelTask()

    def split_batch_result(self, result: Any, tasks: Sequence[Self]) -> list[str | None]:
        return [None for _ in tasks]


class TestGroup:
    @given(st.lists(st.sampled_from(["a", "b", "alone"]), max_size=30), st.integers(1, 6))
    def test_each_task_is_in_one_group_of_those_that_agree(self, names: list[str], size: int) -> None:
        tasks = [LevelTask() if name == "alone" else Adding(of=name) for name in names]
        groups = group(tasks, size)
        assert sorted(place for members in groups for place in members) == list(range(len(tasks)))
        assert [members[0] for members in groups] == sorted(members[0] for members in groups)
        for members in groups:
            assert len(members) <= size
            assert members == sorted(members)
            assert len(members) == 1 or {names[place] for place in members} <= {"a", "b"}
            assert len({names[place] for place in members}) == 1

    def test_as_many_as_fit_share_a_call(self) -> None:
        assert group([Adding()] * 7, 3) == [[0, 1, 2], [3, 4, 5], [6]]
        assert group([Adding()] * 3, 1) == [[0], [1], [2]]


class TestRegistry:
    def test_a_registered_class_knows_its_kind(self) -> None:
        @register("test_levels")
        class Levels(LevelTask):
            pass

        assert find_kind("test_levels") is Levels
        assert Levels().id.startswith("test_levels-")
        assert "test_levels" in all_kinds()

    def test_a_name_is_taken_once(self) -> None:
        class Taking(LevelTask):
            pass

        register("test_taken")(Taking)
        register("test_taken")(Taking)
        with pytest.raises(RequestError, match="'test_taken' is "):
            register("test_taken")(Adding)

    @pytest.mark.parametrize("name", ["", "Levels", "../x", "a.b", "a" * 41, "os"])
    def test_what_is_no_kind_is_refused(self, name: str) -> None:
        with pytest.raises(RequestError, match="there is no kind"):
            find_kind(name)
        if name != "os":
            with pytest.raises(RequestError, match="can't name a kind"):
                register(name)


class TestTokens:
    def test_text_is_counted_by_its_bytes(self) -> None:
        request = LLMRequest((Message("system", "x" * 40), Message("user", "é" * 4)), "", None, Parameters())
        assert (input_tokens(request), prefix_tokens(request)) == (12, 10)
        assert expected_tokens(request) == 12 + Parameters().expected_output_tokens

    def test_an_image_by_its_patches_and_one_of_unknown_size_as_the_largest(self) -> None:
        def tokens(width: int, height: int) -> int:
            image = Image("k", "s", width, height)
            return input_tokens(LLMRequest((Message("user", "", (image,)),), "", None, Parameters()))

        assert tokens(64, 33) == 5  # 2 by 2 patches
        assert tokens(5000, 5000) == tokens(0, 0) == 3000


class TestSamples:
    def test_a_sample_is_a_request_of_its_own_and_caches_keep_what_they_have(self) -> None:
        request = SimpleLLMTask(prompt="p").request()
        assert request.digest() == "530bd9db3b83676d1563269b5ca598b383d2d12476711af32ce928997d9b2959"
        assert len({replace(request, sample=sample).digest() for sample in range(4)}) == 4
        assert replace(request, sample=0).digest() == request.digest()

    def test_asking_again_stays_in_the_sample(self) -> None:
        request = replace(SimpleLLMTask(prompt="p").request(), sample=2)
        assert request.answered("x", "wrong").sample == 2

    def test_a_chat_carries_it_to_the_stack(self) -> None:
        sent = [
            ChatTask.model_validate_json(ChatTask.line(replace(SimpleLLMTask(prompt="p").request(), sample=sample)))
            for sample in (0, 2)
        ]
        assert [task.request().sample for task in sent] == [0, 2]
        assert sent[0].digest() != sent[1].digest()


class DoubtfulTask(LevelTask):
    """Doubt every level but 1."""

    def validate_reply(self, reply: Level) -> Any:
        if reply.level != 1:
            raise DoubtfulReplyError("level is doubtful")
        return "sure"

    def salvage(self, reply: str) -> Any:
        return f"doubtful: {reply}"


class TestDoubt:
    def test_a_doubtful_reply_is_asked_again_once(self) -> None:
        assert drive(DoubtfulTask(), '{"level": 2}', '{"level": 1}')[0] == "sure"

    def test_then_the_last_is_salvaged(self) -> None:
        result, asked = drive(DoubtfulTask(), '{"level": 2}', '{"level": 3}')
        assert result == 'doubtful: {"level": 3}'
        assert len(asked) == 2
        assert "level is doubtful" in asked[1].messages[-1].text
