"""Programs that were written for the earlier tool: its modules, names and quick start."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import aita
from aita import RequestError, SettingsError
from aita.config import ParallelExecutionConfig
from aita.executor.in_process import InProcessExecutor
from aita.models.exam import AnswerKey, ExamSpec, Page
from aita.utils.checkpoint import cleanup_checkpoints, latest_checkpoint
from aita.utils.llm_task_implementations import (
    create_answer_key_tasks,
    create_rubric_tasks,
    create_transcription_tasks,
)
from aita.utils.llm_tasks import BatchableLLMTask, LLMTask, SimpleLLMTask, TaskResult, VisionLLMTask
from aita.utils.parallel_executor import ExecutionMetrics, ParallelLLMExecutor, create_executor
from aita.utils.rate_limiter import NoOpRateLimiter, RateLimiter
from tests.support.fake_llm import FakeLLM

QUICK_START = """
from aita.utils.parallel_executor import create_executor
from aita.utils.llm_task_implementations import create_answer_key_tasks

# Create executor
executor = create_executor(llm_client, max_workers=10)

# Create and execute tasks
tasks = create_answer_key_tasks(questions)
result = executor.execute_batch(tasks)

# Process results
for task_result in result.successful_results:
    print(task_result.result)
"""

QUESTION = {"question_id": "1", "question_text": "What is 2 + 2?", "points": 2, "question_type": "short_answer"}
OTHER = QUESTION | {"question_id": "2"}
EXAM = ExamSpec.model_validate({"exam_name": "Quiz", "total_pages": 1, "questions": [QUESTION, OTHER]})
KEY = AnswerKey(question_id="2", correct_answer="4", explanation="")


def answer_key(_: object) -> str:
    return '{"question_id": "1", "correct_answer": "4", "explanation": "2 and 2 are 4."}'


@pytest.mark.parametrize("questions", [[QUESTION], (QUESTION,), list(EXAM.questions[:1]), iter([QUESTION])])
def test_the_quick_start_runs_word_for_word(
    questions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(QUICK_START, {"llm_client": FakeLLM(answer_key), "questions": questions})
    assert "correct_answer='4'" in capsys.readouterr().out


def test_the_helpers_take_lists() -> None:
    for questions in (EXAM, EXAM.questions, [QUESTION, OTHER]):
        assert [task.question.question_id for task in create_answer_key_tasks(questions)] == ["1", "2"]
        first, second = create_rubric_tasks(questions, [KEY])
        assert (first.answer_key, second.answer_key) == (None, KEY)
        assert create_rubric_tasks(questions, {"2": KEY}) == [first, second]


@pytest.mark.parametrize(
    ("questions", "told"),
    [
        ("1", "questions is a str: it takes a list of questions, or an ExamSpec"),
        (QUESTION, "questions is a dict"),
        (7, "questions is a int"),
        (
            [QUESTION, {"question_id": "2"}],
            "question 2 is wrong: question_text: Field required; points: ",
        ),
        ([object()], "question 1 is wrong: it: "),
    ],
)
def test_what_is_no_list_of_questions_is_refused(questions: Any, told: str) -> None:
    with pytest.raises(RequestError) as caught:
        create_answer_key_tasks(questions)
    assert str(caught.value).startswith(told)


def test_pages_may_be_files(tmp_path: Path) -> None:
    (tmp_path / "page.png").write_bytes(b"page")
    page = Page(page=4, key="k", sha256="s", width=1, height=1)
    first, second = create_transcription_tasks([str(tmp_path / "page.png"), page], [QUESTION])
    assert (first.page, first.image_key, second.page, second.image_key) == (1, str(tmp_path / "page.png"), 4, "k")
    assert [question.question_id for question in first.questions] == ["1"]
    with pytest.raises(aita.MissingInputError, match="image of page 1 can't be read: No such file"):
        create_transcription_tasks([tmp_path / "none.png"])


def test_the_names_are_those_of_now() -> None:
    for name in ("BatchableLLMTask", "LLMTask", "SimpleLLMTask", "TaskResult", "VisionLLMTask"):
        assert getattr(aita, name) in (BatchableLLMTask, LLMTask, SimpleLLMTask, TaskResult, VisionLLMTask)
    assert (create_executor, ParallelExecutionConfig) == (aita.create_executor, aita.ParallelExecutionConfig)
    assert (ParallelLLMExecutor, ExecutionMetrics) == (InProcessExecutor, aita.BatchMetrics)
    assert (latest_checkpoint, cleanup_checkpoints) == (aita.latest_checkpoint, aita.cleanup_checkpoints)


def test_the_package_loads_none_of_it() -> None:
    code = "import sys, aita.executor.create; print([m for m in sys.modules if m.startswith('aita.utils')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class TestRateLimiter:
    def test_calls_of_a_burst_do_not_wait_and_the_others_keep_the_rate(self) -> None:
        at, waits = [100.0], []

        def sleep(seconds: float) -> None:
            at[0] += seconds

        limiter = RateLimiter(4, burst=3, now=lambda: at[0], sleep=sleep)
        for _ in range(6):
            waits.append(round(limiter.acquire(), 3))
        assert waits == [0, 0, 0, 0.25, 0.25, 0.25]
        at[0] += 10
        assert [round(limiter.acquire(), 3) for _ in range(4)] == [0, 0, 0, 0.25]

    @pytest.mark.parametrize(("rate", "burst", "told"), [(0, 1, "rate"), (float("nan"), 1, "rate"), (1, 0, "burst")])
    def test_what_it_takes(self, rate: float, burst: int, told: str) -> None:
        with pytest.raises(SettingsError, match=f"{told} is wrong"):
            RateLimiter(rate, burst)

    def test_the_one_for_tests_never_waits(self) -> None:
        assert [NoOpRateLimiter().acquire() for _ in range(3)] == [0, 0, 0]
