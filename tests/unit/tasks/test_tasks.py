"""The LLM tasks: what the model is asked, in which order, and how its replies are judged."""

import json
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from aita.errors import BrokenRuleError, InvalidMaterialError, MissingInputError, TaskError, UnparsableReplyError
from aita.models.exam import AnswerKey, ExamSpec, Page, Question, Rubric, RubricPoints
from aita.models.transcription import Transcription
from aita.tasks.answer_key import AnswerKeyGenerationTask, create_answer_key_tasks
from aita.tasks.json_reply import find_object
from aita.tasks.json_schema import strict_schema
from aita.tasks.llm_task import LLMTask
from aita.tasks.prompt import load_prompt
from aita.tasks.rubric import RubricGenerationTask, check_user_rubrics, create_rubric_tasks
from aita.tasks.transcription import TranscriptionTask, create_transcription_tasks
from tests.support.fakes import EXAM, rubric, text_of

EXAM_SPEC = ExamSpec.model_validate(EXAM)
QUESTION = EXAM_SPEC.questions[0]
KEY = AnswerKey(question_id="1a", correct_answer="KEY-ANSWER", grading_notes="KEY-NOTES")
TRANSCRIPTION = TranscriptionTask(page=3, image_key="k", image_sha256="a" * 64)


def key_task(**changes: Any) -> AnswerKeyGenerationTask:
    return AnswerKeyGenerationTask(**{"question": QUESTION} | changes)


def rubric_task(**changes: Any) -> RubricGenerationTask:
    return RubricGenerationTask(**{"question": QUESTION, "answer_key": KEY} | changes)


def points(total: float, *parts: float) -> RubricPoints:
    return RubricPoints(total_points=total, criteria=[{"points": part, "description": "own"} for part in parts])


class TestPrompts:
    def test_one_task_for_each_question_in_the_exams_order(self) -> None:
        ids = ["1a", "1b", "2"]
        assert [t.question.question_id for t in create_answer_key_tasks(EXAM_SPEC)] == ids
        assert [t.question.question_id for t in create_rubric_tasks(EXAM_SPEC, {})] == ids

    @pytest.mark.parametrize("kind", ["answer_key", "rubric"])
    def test_tasks_of_a_kind_share_the_first_message_and_differ_in_the_last(self, kind: str) -> None:
        tasks: list[LLMTask[Any]]
        if kind == "answer_key":
            tasks = [*create_answer_key_tasks(EXAM_SPEC, "be kind")]
        else:
            tasks = [*create_rubric_tasks(EXAM_SPEC, {"1a": KEY}, "be kind")]
        prompts = [task.messages() for task in tasks]
        assert all([message.role for message in prompt] == ["system", "user"] for prompt in prompts)
        assert len({prompt[0] for prompt in prompts}) == 1
        assert len({prompt[1] for prompt in prompts}) == len(tasks)
        assert all("Question id:" not in prompt[0].text for prompt in prompts)
        assert len(prompts[0][0].text) > 500, "the shared part is what a prefix cache saves"

    def test_pages_share_all_but_the_image(self) -> None:
        first, second = (TranscriptionTask(page=n, image_key=f"k{n}", image_sha256=str(n)).messages() for n in (1, 2))
        assert text_of(first) == text_of(second)
        assert first[0] == second[0]
        assert [message.images for message in first] == [(), (first[1].images)]
        assert first[1].images != second[1].images

    @pytest.mark.parametrize("task", [key_task, rubric_task])
    def test_both_kinds_of_instructions_are_in_the_prompt(self, task: Any) -> None:
        general, own = "GENERAL-INSTRUCTIONS", "OWN-INSTRUCTIONS"
        system, user = task(instructions=general, question_instructions=own).messages()
        assert general in system.text
        assert own in user.text
        assert own not in system.text

    @pytest.mark.parametrize("task", [key_task, rubric_task])
    def test_the_question_is_described_by_lines(self, task: Any) -> None:
        lines = task().messages()[1].text.splitlines()
        assert {"Question id: 1a", "Points: 5", "Type: short_answer", "What is 2 + 2?"} <= set(lines)

    def test_points_are_written_as_people_write_them(self) -> None:
        half = Question.model_validate(EXAM["questions"][1])
        assert "Points: 3.5\n" in key_task(question=half).messages()[1].text

    def test_the_rubrics_prompt_holds_the_answer_key(self) -> None:
        user = rubric_task().messages()[1].text
        assert "KEY-ANSWER" in user
        assert "KEY-NOTES" in user
        assert user.index("Question id: 1a") < user.index("KEY-ANSWER")

    @pytest.mark.parametrize(
        "hostile", ["$question", "${instructions}", "$$", "{question}", "%s", "$answer_key\n---\n"]
    )
    def test_what_people_write_is_never_filled_in(self, hostile: str) -> None:
        question = QUESTION.model_copy(update={"question_text": f"Explain {hostile} now"})
        system, user = rubric_task(question=question, instructions=hostile, question_instructions="x").messages()
        assert f"Explain {hostile} now" in user.text
        assert hostile.strip() in system.text

    @pytest.mark.parametrize("kind", ["answer_key", "rubric"])
    def test_a_prompt_lacking_a_value_is_an_error_and_none_is_left_open(self, kind: str) -> None:
        values: dict[str, Any] = dict.fromkeys(
            ("instructions", "question", "question_instructions", "answer_key"), "FILLED"
        )
        assert "$" not in text_of(load_prompt(kind).messages(**values))
        with pytest.raises(KeyError):
            load_prompt(kind).messages()


class Tree(BaseModel):
    """A model that contains itself."""

    parts: list["Tree"]


class TestSchemas:
    @pytest.mark.parametrize("model", [AnswerKey, Rubric, Transcription])
    def test_every_object_is_strict(self, model: type[BaseModel]) -> None:
        objects = []

        def visit(node: Any) -> None:
            if isinstance(node, dict):
                if "properties" in node:
                    objects.append(node)
                for inner in node.values():
                    visit(inner)
            elif isinstance(node, list):
                for inner in node:
                    visit(inner)

        schema = strict_schema(model)
        visit(schema)
        assert len(objects) == {AnswerKey: 1, Rubric: 2, Transcription: 4}[model]
        for node in objects:
            assert node["type"] == "object"
            assert node["required"] == list(node["properties"])
            assert node["additionalProperties"] is False
        words = json.dumps(schema)
        assert all(
            f'"{name}"' not in words for name in ("default", "title", "minLength", "minItems", "exclusiveMinimum")
        )

    def test_every_field_of_the_model_is_asked_for(self) -> None:
        assert set(strict_schema(AnswerKey)["properties"]) == set(AnswerKey.model_fields)
        assert set(strict_schema(Rubric)["properties"]) == {"total_points", "criteria", "question_id"}

    def test_a_field_named_as_a_keyword_is_kept(self) -> None:
        class Odd(BaseModel):
            properties: str = ""
            default: int = 0
            title: str | None = None

        schema = strict_schema(Odd)
        assert schema["required"] == ["properties", "default", "title"]
        assert schema["properties"]["title"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}

    def test_models_of_other_kinds_are_in_a_form_that_endpoints_take(self) -> None:
        class Square(BaseModel):
            kind: Literal["square"]
            side: int

        class Circle(BaseModel):
            kind: Literal["circle"]
            radius: int

        class Drawing(BaseModel):
            shape: Annotated[Square | Circle, Field(discriminator="kind")]
            frame: Square = Field(description="around it")
            names: dict[str, int]
            pair: tuple[int, str]
            equal: tuple[int, int]

        fields = strict_schema(Drawing)["properties"]
        assert fields["shape"]["anyOf"] == [{"$ref": "#/$defs/Square"}, {"$ref": "#/$defs/Circle"}]
        assert (fields["frame"]["description"], fields["frame"]["required"]) == ("around it", ["kind", "side"])
        assert fields["names"] == {"type": "object", "additionalProperties": {"type": "integer"}}
        assert fields["pair"] == {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]}}
        assert fields["equal"] == {"type": "array", "items": {"type": "integer"}}

    def test_the_root_of_a_model_that_contains_itself_is_an_object(self) -> None:
        schema = strict_schema(Tree)
        assert schema["type"] == "object"
        assert schema["properties"]["parts"]["items"] == {"$ref": "#/$defs/Tree"}
        assert "$defs" in schema

    def test_the_request_carries_the_schema_and_its_name(self) -> None:
        request = rubric_task().request()
        assert (request.schema_name, request.schema) == ("Rubric", strict_schema(Rubric))


GOOD: dict[str, Any] = {"lines": [{"text": "x {1}", "kind": "answer", "top": 0.5}], "confidence": 0.5, "warnings": []}


class TestReplies:
    @pytest.mark.parametrize(
        "wrapped",
        [
            "{}",
            "  {}\n",
            "```json\n{}\n```",
            "```\n{}\n```",
            "Here it is: {} I hope it helps.",
            "First {{unclosed, then {}",
            "\ufeff{}",
        ],
    )
    def test_the_object_is_found_in_words(self, wrapped: str) -> None:
        result = TRANSCRIPTION.parse(wrapped.replace("{}", json.dumps(GOOD)))
        assert (result.text, result.confidence, result.page, result.flagged) == ("x {1}", 0.5, 3, False)

    @pytest.mark.parametrize(
        "reply",
        [
            "",
            "I can't.",
            "[]",
            "null",
            "{",
            json.dumps(GOOD)[:-1],
            json.dumps(GOOD)[:20],
            '{"a":' * 10_000,
            '{"a":' * 10_000 + "1" + "}" * 10_000,
            '{"a":' * 900 + "1" + "}" * 900,
            '{"lines": [], "confidence": 1, "more": ' + "[" * 5000 + "]" * 5000 + "}",
            '{"lines": [{"text": "a\ud800"}], "confidence": 1}',
            r'{"lines": [{"text": "a\ud800"}], "confidence": 1}',
            '{"lines": [], "confidence": NaN}',
            '{"lines": [], "confidence": 1e999}',
            '{"lines": [], "confidence": ' + "9" * 5000 + "}",
            '{"lines": [], "confidence": 8}',
            '{"lines": [], "confidence": 185}',
            '{"lines": ["x"], "confidence": 1}',
            '{"confidence": 1}',
            "{" * 100_000,
        ],
        ids=str.__len__,
    )
    def test_what_is_not_the_object_asked_for_is_unparsable(self, reply: str) -> None:
        with pytest.raises(UnparsableReplyError):
            TRANSCRIPTION.parse(reply)

    def test_the_model_is_told_which_field_is_wrong(self) -> None:
        with pytest.raises(UnparsableReplyError, match=r"criteria\.0\.points: Input should be a valid number"):
            rubric_task().parse(
                '{"question_id": "1a", "total_points": 5, "criteria": [{"points": "SECRET", "description": "x"}]}'
            )

    @given(st.text(max_size=200))
    def test_any_text_is_judged(self, reply: str) -> None:
        with pytest.raises(UnparsableReplyError):
            TRANSCRIPTION.parse(reply)

    @given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), st.lists, max_leaves=5))
    def test_any_value_of_a_field_is_judged(self, value: Any) -> None:
        reply = json.dumps(GOOD | {"confidence": value})
        try:
            assert 0 <= TRANSCRIPTION.parse(reply).confidence <= 1
        except UnparsableReplyError as error:
            assert "confidence" in str(error) or "JSON" in str(error)  # noqa: PT017 - both ends are right

    @given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4))
    def test_any_object_is_found_among_words(self, inner: dict[str, Any]) -> None:
        text = json.dumps(inner)
        assert json.loads(find_object(f"Well:\n```json\n{text}\n```")) == inner

    def test_a_key_must_be_this_questions(self) -> None:
        with pytest.raises(BrokenRuleError, match="question_id must be '1a'"):
            key_task().parse('{"question_id": "2", "correct_answer": "4"}')

    @pytest.mark.parametrize(
        ("reply", "told"),
        [
            (rubric("1a", 5, 2, 2), "sum to 4 points and total_points is 5"),
            (rubric("1a", 4, 2, 2), "total_points is 4 and the question is worth 5"),
            (rubric("1a", 5, 6, -1), "criterion 2 has -1 points"),
            (rubric("1b", 5), "question_id must be '1a'"),
        ],
    )
    def test_a_rubrics_rules(self, reply: str, told: str) -> None:
        with pytest.raises(BrokenRuleError, match=told):
            rubric_task().parse(reply)

    def test_a_right_rubric(self) -> None:
        assert rubric_task().parse(rubric("1a", 5, 3, 2)).total_points == 5

    def test_the_question_asked_again_says_what_was_wrong(self) -> None:
        request = key_task().request()
        again = request.answered("first reply", "it holds no JSON")
        assert again.messages[:2] == request.messages
        assert [(m.role, m.text) for m in again.messages[2:3]] == [("assistant", "first reply")]
        assert "it holds no JSON" in again.messages[3].text
        assert again.digest() != request.digest()


class TestGiven:
    def test_the_instructors_rubric_wins(self) -> None:
        given_rubric = rubric_task(user_rubric=points(5, 2, 3)).given()
        assert given_rubric is not None
        assert (given_rubric.question_id, [c.points for c in given_rubric.criteria]) == ("1a", [2, 3])

    def test_it_needs_no_answer_key(self) -> None:
        assert rubric_task(user_rubric=points(5, 5), answer_key=None).given() is not None

    @pytest.mark.parametrize("wrong", [points(5, 2, 2), points(4, 4), points(5, 6, -1)])
    def test_a_wrong_one_fails_the_task_with_its_place(self, wrong: RubricPoints) -> None:
        with pytest.raises(TaskError, match=r"^user_rubrics\.json, question 1a: "):
            rubric_task(user_rubric=wrong).given()

    def test_without_key_and_own_rubric_there_is_nothing_to_write_from(self) -> None:
        with pytest.raises(MissingInputError, match="question 1a has no answer key"):
            rubric_task(answer_key=None).given()

    def test_the_model_answers_otherwise(self) -> None:
        assert rubric_task().given() is None
        assert key_task().given() is None

    def test_user_rubrics_are_checked_before_a_run(self) -> None:
        check_user_rubrics(EXAM_SPEC, {"1a": points(5, 5)})
        with pytest.raises(InvalidMaterialError, match=r"'9' is no question_id"):
            check_user_rubrics(EXAM_SPEC, {"9": points(5, 5)})
        with pytest.raises(InvalidMaterialError, match=r"user_rubrics\.json, '1a': .*worth 5"):
            check_user_rubrics(EXAM_SPEC, {"1a": points(4, 4)})

    def test_a_salvaged_transcription_is_flagged(self) -> None:
        kept = TRANSCRIPTION.salvage("raw words")
        assert kept is not None
        assert (kept.text, kept.confidence, kept.flagged, kept.page) == ("raw words", 0.3, True, 3)
        assert TRANSCRIPTION.salvage(" \n") is None
        assert rubric_task().salvage("raw words") is None


class TestIdentity:
    @pytest.mark.parametrize(
        "other",
        [
            rubric_task(instructions="other"),
            rubric_task(question_instructions="other"),
            rubric_task(question=QUESTION.model_copy(update={"points": 6.0})),
            rubric_task(question=QUESTION.model_copy(update={"question_text": "Why?"})),
            rubric_task(answer_key=KEY.model_copy(update={"correct_answer": "5"})),
            rubric_task(answer_key=None),
            rubric_task(user_rubric=points(5, 5)),
            rubric_task(user_rubric=points(5, 2, 3)),
        ],
    )
    def test_changed_work_is_new_work(self, other: RubricGenerationTask) -> None:
        assert rubric_task().digest("m") == rubric_task().digest("m")
        assert other.digest("m") != rubric_task().digest("m")

    def test_an_own_answer_key_is_new_work_and_without_one_the_request_alone_counts(self) -> None:
        own, other = (key_task(user_answer_key=KEY.model_copy(update={"explanation": each})) for each in "ab")
        assert len({own.digest("m"), other.digest("m"), key_task().digest("m")}) == 3
        assert key_task().digest("m") == key_task().request().digest("m")

    def test_a_question_that_is_no_bonus_says_nothing_of_it(self) -> None:
        """Or tasks of earlier versions would not be known any more, and be asked again."""
        assert "bonus" not in rubric_task().model_dump_json()
        assert "bonus" in rubric_task(question=QUESTION.model_copy(update={"bonus": True})).model_dump_json()

    def test_two_rubrics_of_an_instructors_are_two_works(self) -> None:
        first, second = (rubric_task(user_rubric=points(5, *parts)) for parts in ((5,), (2, 3)))
        assert first.digest("m") != second.digest("m")

    def test_another_model_or_image_is_new_work(self) -> None:
        page = Page(page=1, key="k", sha256="a", width=1, height=1)
        (task,) = create_transcription_tasks([page])
        (other,) = create_transcription_tasks([page.model_copy(update={"sha256": "b"})])
        assert task.digest("m") != task.digest("n")
        assert task.digest("m") != other.digest("m")

    def test_where_an_image_lies_is_no_part_of_the_question(self) -> None:
        page = Page(page=1, key="k", sha256="a", width=1, height=1)
        (task,) = create_transcription_tasks([page])
        (moved,) = create_transcription_tasks([page.model_copy(update={"key": "elsewhere"})])
        assert task.request().digest("m") == moved.request().digest("m")
