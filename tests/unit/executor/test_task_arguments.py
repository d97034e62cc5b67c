"""What a task is given: the form of its result, metadata, and texts, and what is said of those that can't be used."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, RootModel

from aita import RequestError, SimpleLLMTask, VisionLLMTask
from aita.tasks.json_schema import strict_schema
from tests.support.fake_llm import FakeLLM
from tests.unit.executor.conftest import Make


class Label(BaseModel):
    label: str


class Labelled(SimpleLLMTask[Label]):
    response_model: ClassVar[type[BaseModel]] = Label  # type: ignore[misc]


def known(label: Label) -> str:
    if label.label not in {"A", "B"}:
        raise ValueError(f"{label.label} is no label")
    return label.label


class TestResponseModel:
    def test_the_reply_is_asked_for_in_its_form_and_the_result_is_its_object(self, make: Make) -> None:
        task = SimpleLLMTask(prompt="x", response_model=Label)
        assert (task.request().schema_name, task.request().schema) == ("Label", strict_schema(Label))
        batch = make(FakeLLM(lambda _: '```json\n{"label": "A"}\n```')).execute_batch([task])
        assert [result.result for result in batch.successful_results] == [Label(label="A")]

    def test_parse_fn_gets_the_object_and_may_refuse_it(self, make: Make) -> None:
        replies = iter(['{"label": "C"}', '{"lable": "A"}', '{"label": "B"}'])
        task = SimpleLLMTask(prompt="x", response_model=Label, parse_fn=known)
        (result,) = make(FakeLLM(lambda _: next(replies))).execute_batch([task]).successful_results
        assert (result.result, result.retry_count) == ("B", 2)

    def test_a_resume_makes_the_object_again(self, make: Make) -> None:
        llm = FakeLLM(lambda _: '{"label": "A"}')
        task = SimpleLLMTask(prompt="x", response_model=Label)
        for _ in range(2):
            batch = make(llm).execute_batch([task], "x", resume_from_checkpoint=True)
            assert batch.successful_results[0].result == Label(label="A")
        assert llm.calls.total() == 1

    def test_another_model_is_another_task(self) -> None:
        class Other(BaseModel):
            other: int

        ids = {SimpleLLMTask(prompt="x", response_model=each).id for each in (Label, Other)}
        assert len({*ids, SimpleLLMTask(prompt="x").id}) == 3

    def test_a_class_may_have_one(self, make: Make) -> None:
        batch = make(FakeLLM(lambda _: '{"label": "A"}')).execute_batch([Labelled(prompt="x")])
        assert batch.successful_results[0].result == Label(label="A")

    def test_it_goes_with_images(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(b"a")
        request = VisionLLMTask(prompt="x", images=[str(tmp_path / "a.png")], response_model=Label).request()
        assert request.schema_name == "Label"
        assert [image.key for image in request.messages[0].images] == [str(tmp_path / "a.png")]


class Counting(SimpleLLMTask[str]):
    seen: int = 0

    def validate_reply(self, reply: str) -> str:
        self.seen += 1  # type: ignore[misc]
        return reply


class TestAuthorsErrors:
    def test_a_task_that_changes_itself_is_told_so_after_one_call(self, make: Make) -> None:
        llm = FakeLLM()
        (result,) = make(llm).execute_batch([Counting(prompt="x")]).task_results
        assert "sets a field, and tasks are frozen" in (result.error or "")
        assert llm.calls.total() == 1

    def test_a_reply_that_fits_no_model_of_the_authors_is_still_the_models_fault(self, make: Make) -> None:
        replies = iter(["{}", '{"label": "A"}'])
        task = SimpleLLMTask(prompt="x", parse_fn=Label.model_validate_json)
        (result,) = make(FakeLLM(lambda _: next(replies))).execute_batch([task]).successful_results
        assert (result.result.label, result.retry_count) == ("A", 1)


class TestMetadata:
    TASK = SimpleLLMTask(prompt="x", metadata={"when": datetime(2026, 1, 2, tzinfo=UTC)})

    def test_a_checkpoint_takes_what_json_has_and_says_so(self, make: Make) -> None:
        llm = FakeLLM()
        (result,) = make(llm).execute_batch([self.TASK]).task_results
        assert "its metadata is no JSON" in (result.error or "")
        assert "datetime" in (result.error or "")
        assert "enable_checkpointing=False" in (result.error or "")
        assert llm.calls.total() == 0

    def test_without_a_checkpoint_it_may_be_anything(self, make: Make) -> None:
        (result,) = make(FakeLLM(), enable_checkpointing=False).execute_batch([self.TASK]).task_results
        assert result.success
        assert result.metadata == self.TASK.metadata
        assert json.loads(json.dumps(result.to_dict()))["metadata"] == {"when": "2026-01-02T00:00:00Z"}


@pytest.mark.parametrize("checkpointing", [True, False])
@pytest.mark.parametrize("system", ["", "the cut \ud83d"])
def test_half_a_character_is_named_and_not_quoted(make: Make, checkpointing: bool, system: str) -> None:
    llm = FakeLLM()
    tasks = [
        SimpleLLMTask(task_id="a", prompt="VEXILLOLOGY \udc80", system=system),
        SimpleLLMTask(task_id="b", prompt="whole \U0001f600"),
    ]
    half, whole = make(llm, enable_checkpointing=checkpointing).execute_batch(tasks).task_results
    assert "message holds half a character (an unpaired surrogate, at " in (half.error or "")
    assert ("system" if system else "user") in (half.error or "")
    assert "VEXILLOLOGY" not in (half.error or "")
    assert whole.success
    assert llm.calls.total() == 1


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        (SimpleLLMTask(prompt="x"), r"this is one task: put it into a list, \[task\]"),
        ("tasks", "this is a str"),
        ({"a": SimpleLLMTask(prompt="x")}, "this is a dict"),
        (7, "this is a int"),
        (None, "this is a NoneType"),
    ],
)
def test_a_batch_is_a_list_of_tasks(make: Make, tasks: Any, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        make(FakeLLM()).execute_batch(tasks)


@pytest.mark.parametrize("images", [[], (), iter(())])
def test_a_task_about_images_has_one(images: Any) -> None:
    with pytest.raises(ValueError, match="images is an empty list of paths: give an image, or make a SimpleLLMTask"):
        VisionLLMTask(prompt="x", images=images)


@pytest.mark.parametrize("images", ["p0.png", b"p0.png", Path("p0.png")])
def test_one_path_is_no_list_of_paths(images: Any) -> None:
    with pytest.raises(ValueError, match="images takes a list of paths, and this is one path"):
        VisionLLMTask(prompt="x", images=images)


def test_images_may_come_from_a_generator() -> None:
    task = VisionLLMTask(prompt="x", images=(f"{number}.png" for number in range(2)))
    assert task.images == (Path("0.png"), Path("1.png"))


@pytest.mark.parametrize("kind", [SimpleLLMTask, VisionLLMTask, Labelled])
def test_a_prompt_is_given_by_its_name(kind: Any) -> None:
    with pytest.raises(RequestError, match=f"a {kind.__name__} takes its arguments by name: write prompt= before"):
        kind("VEXILLOLOGY")


class Numbers(RootModel[list[int]]):
    """A reply that is no object."""


class Counts(RootModel[dict[str, int]]):
    """A reply that is an object, though its fields have no names."""


def test_a_model_of_a_list_costs_no_call(make: Make) -> None:
    llm = FakeLLM()
    batch = make(llm).execute_batch([SimpleLLMTask(prompt="x", response_model=Numbers)])
    assert "the response_model Numbers is of JSON's type array" in str(batch.task_results[0].error)
    assert llm.calls.total() == 0


def test_a_model_of_a_dictionary_is_one_of_an_object(make: Make) -> None:
    task = SimpleLLMTask(prompt="x", response_model=Counts)
    batch = make(FakeLLM(lambda _: '{"a": 1}')).execute_batch([task])
    assert batch.task_results[0].result == Counts({"a": 1})
