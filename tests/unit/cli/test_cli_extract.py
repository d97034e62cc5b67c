"""Extracting questions on the command line: what is told when it has ended."""

import pytest

from aita.models.api import TaskView
from aita.models.run import RunStatus, TaskStatus
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import RUN, FakeStack, run_view, stage

RUN_PATH = f"/runs/{RUN}"


def started(stack: FakeStack, status: RunStatus, *failed: TaskView) -> None:
    ended = run_view(status, stage("extract_questions", 2, 2 - len(failed), len(failed), ended=True))
    stack.answer("POST", "/runs", run_view())
    stack.answer("GET", RUN_PATH, ended)
    stack.answer("GET", f"{RUN_PATH}/results", {"files": []})
    stack.answer("GET", f"{RUN_PATH}/tasks", {"tasks": [task.model_dump(mode="json") for task in failed]})


def test_it_is_told_to_check_what_was_extracted(stack: FakeStack, aita: Aita) -> None:
    started(stack, RunStatus.SUCCEEDED)
    code, _, err = aita("extract-questions", "-a", "midterm")
    assert code == 0
    told = " ".join(err.split())
    assert f"Check exam_spec.json ('aita results {RUN} --out DIR')" in told
    assert "'aita upload DIR/exam_spec.json --assignment midterm'" in told


@pytest.mark.parametrize(("last", "shown"), [(7, "pages 4 to 7 of the exam"), (4, "page 4 of the exam")])
def test_a_window_that_failed_is_told_by_its_pages(stack: FakeStack, aita: Aita, last: int, shown: str) -> None:
    window = TaskView(
        task_id="t",
        stage="extract_questions",
        status=TaskStatus.FAILED,
        refs={"first_page": 4, "last_page": last},
        error_type="BrokenRuleError",
        error_message="question 1 of the list has no question_text",
    )
    started(stack, RunStatus.FAILED, window)
    code, out, err = aita("extract-questions", "-a", "midterm")
    assert code == 1
    assert shown in out
    assert "Check exam_spec.json" not in err
