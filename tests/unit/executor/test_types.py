"""What mypy's strict mode says of a user's program, which reads the package's own source."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # mypy reads the package

LAYER = Path(__file__).parents[3] / "layers" / "aita"

PROGRAM = """
from contextlib import aclosing
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel
from typing_extensions import assert_type

from aita import (
    LLM, BatchExecutionResult, BatchExecutor, BatchInterrupted, LLMTask, Message, SimpleLLMTask, TaskResult,
    VisionLLMTask, create_executor, read_tasks
)
from aita.utils.llm_task_implementations import create_answer_key_tasks
from aita.models.exam import AnswerKey


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
"""

WRONG = {
    "next(executor.stream([LabelTask(text='x')])).result.label": 'has no attribute "label"',
    "executor.execute_batch([ShortTask(prompt='x')], on_result=show)": "incompatible type",
    "labels.successful_results[0].result.lable": 'has no attribute "lable"',
    "labels.task_results[0].result.label": 'has no attribute "label"',
    'executor.execute_batch(SimpleLLMTask(prompt="x"))': 'incompatible type "SimpleLLMTask[str]"',
    'SimpleLLMTask(promt="x")': 'Unexpected keyword argument "promt"',
}


@pytest.mark.parametrize("plugin", [False, True])
def test_a_program_is_typed_and_nothing_is_found_in_the_package(tmp_path: Path, plugin: bool) -> None:
    assert checked(tmp_path, PROGRAM, plugin=plugin) == []


def test_mistakes_are_found(tmp_path: Path) -> None:
    body = "\n".join(f"    {line}" for line in WRONG)
    errors = checked(tmp_path, PROGRAM + body + "\n", plugin=False)
    assert len(errors) == len(WRONG)
    for error, told in zip(errors, WRONG.values(), strict=True):
        assert told in error


def checked(folder: Path, program: str, *, plugin: bool) -> list[str]:
    """Return mypy's errors; its cache is kept for the tests of this module."""
    (folder / "program.py").write_text(program)
    plugins = "plugins = pydantic.mypy\n" if plugin else ""
    (folder / "mypy.ini").write_text(f"[mypy]\nstrict = true\nmypy_path = {LAYER}\n{plugins}")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(folder.parent / f"mypy-{plugin}"), "program.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in done.stdout.splitlines() if ": error: " in line] or ([done.stderr] if done.stderr else [])
