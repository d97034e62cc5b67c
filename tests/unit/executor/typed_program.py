"""A user's program, of which mypy must say what it promises.

With pydantic's plugin mypy reads it among the rest of ``tests``, and without by ``test_types.py``; nothing runs it.
"""
# ruff: noqa: T201 - as a user's program does

from contextlib import aclosing
from pathlib import Path
from typing import ClassVar, assert_type

from pydantic import BaseModel

from aita import (
    LLM,
    BatchExecutionResult,
    BatchExecutor,
    BatchInterrupted,
    LLMTask,
    Message,
    SimpleLLMTask,
    TaskResult,
    VisionLLMTask,
    create_executor,
    read_tasks,
)
from aita.models.exam import AnswerKey
from aita.utils.llm_task_implementations import create_answer_key_tasks


class Label(BaseModel):
    label: str


class LabelTask(LLMTask[Label]):
    response_model: ClassVar[type[BaseModel]] = Label
    text: str

    def messages(self) -> tuple[Message, ...]:
        return (Message("user", self.text),)


class ShortTask(SimpleLLMTask[str]):
    words: int = 3


def show(result: TaskResult[Label | None]) -> None:
    print(result.result and result.result.label)


def show_any(result: TaskResult) -> None:
    print(result.task_id)


async def run_awaited(executor: BatchExecutor) -> None:
    assert_type(await executor.aexecute([LabelTask(text="x")], on_result=show), BatchExecutionResult[Label])
    async with aclosing(executor.astream([ShortTask(prompt="x")])) as results:
        async for result in results:
            assert_type(result, TaskResult[str | None])


def run(llm: LLM) -> None:
    executor: BatchExecutor = create_executor(llm, max_cost_usd="2.50", prices={"m": {"input": "0.1", "output": "0.4"}})
    labels = executor.execute_batch(SimpleLLMTask(prompt=text, response_model=Label) for text in ("a", "b"))
    assert_type(labels, BatchExecutionResult[Label])
    assert_type(labels.task_results[0].result, Label | None)
    assert_type(labels.successful_results[0].result.label, str)
    own = executor.execute_batch([LabelTask(text="x")], "name", True)
    assert_type(own.successful_results[0], TaskResult[Label])
    assert_type(executor.execute_batch([ShortTask(prompt="x", words=4)]).successful_results[0].result, str)
    assert_type(SimpleLLMTask(prompt="x", model="m", temperature=0.5, max_tokens=9), SimpleLLMTask[str])
    assert_type(SimpleLLMTask(prompt="x", parse_fn=len), SimpleLLMTask[int])
    parsed = SimpleLLMTask(prompt="x", response_model=Label, parse_fn=lambda label: label.label)
    assert_type(parsed, SimpleLLMTask[str])
    assert_type(VisionLLMTask(prompt="x", images=["a", Path("b")], response_model=Label), VisionLLMTask[Label])
    assert_type(read_tasks("x", "{y}", response_model=Label, id_field="id"), list[SimpleLLMTask[Label]])
    keys = executor.execute_batch(create_answer_key_tasks([{"question_id": "1"}]))
    assert_type(keys.successful_results[0].result, AnswerKey)
    for result in executor.stream([LabelTask(text="x")], "name"):
        assert_type(result, TaskResult[Label | None])
    executor.execute_batch([LabelTask(text="x")], on_result=show)
    executor.execute_batch([LabelTask(text="x")], on_result=show_any)
    executor.execute_batch([LabelTask(text="x")], on_result=lambda result: print(result.result and result.result.label))
    try:
        executor.execute_batch([LabelTask(text="x")])
    except BatchInterrupted as interrupted:
        print(interrupted.partial.metrics)
    executor.stop()
    untyped: BatchExecutionResult = executor.execute_batch([LabelTask(text="x"), SimpleLLMTask(prompt="y")])
    first: TaskResult = untyped.task_results[0]
    print(first.result.anything)
