"""Changed rubrics on the command line: what they touch, what that costs, how a sample's points change."""

import json
from decimal import Decimal
from typing import Any

import pytest

from aita.errors import MissingMaterialError
from aita.models.api import RubricDiff, StageEstimate
from aita.models.rubric_change import QuestionChange
from aita.models.run import RunStatus
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import RUN, FakeStack, run_view, stage

CHANGES = "/assignments/midterm/rubric-changes"
RUN_PATH = f"/runs/{RUN}"
ENDED = stage("regrade_sample", 2, 2, ended=True)


def diff(*questions: QuestionChange, others: int = 0, usd: str | None = "0.0125") -> RubricDiff:
    regraded = sum(question.regraded for question in questions)
    return RubricDiff(
        questions=questions,
        rescaled=sum(question.rescaled for question in questions),
        regraded=regraded,
        others=others,
        estimate=StageEstimate(
            stage="grade",
            calls=regraded * 3,
            input_tokens=12_000,
            output_tokens=3_000,
            cost_usd=None if usd is None else Decimal(usd),
        ),
    )


POINTS_ALONE = QuestionChange(question_id="1a", rescaled=12)
REGRADED = QuestionChange(question_id="2", regraded=20, without_rubric=1, lapsing=3)


@pytest.fixture
def sampled(stack: FakeStack) -> FakeStack:
    """A stack whose sample has an answer that earns more, and one that came to nothing."""
    students = {"students": [{"student_id": "s-1", "folder": "[b]Maya[/b]\x1b[31m"}]}
    files = [stack.file("students.json", json.dumps(students).encode())]
    stack.answer("GET", "/assignments/midterm/files", {"files": files})
    sample: list[dict[str, Any]] = [
        {"cell_id": "c-1", "student_id": "s-1", "before": 3, "after": 4.5, "state": "GRADED"},
        {"cell_id": "c-2", "student_id": "s-2", "before": None, "after": None, "state": "FAILED", "reason": "no JSON"},
    ]
    shared = {"question_id": "2", "out_of_before": 8, "out_of": 10}
    data = json.dumps([cell | shared for cell in sample]).encode()
    stack.answer("GET", f"{RUN_PATH}/results", {"files": [stack.file("regrade_sample.json", data)]})
    stack.answer("POST", "/runs", run_view(pipeline="regrade-sample"))
    stack.answer("GET", RUN_PATH, run_view(), run_view(RunStatus.SUCCEEDED, ENDED, pipeline="regrade-sample"))
    return stack


def test_what_a_changed_rubric_touches_is_told_with_its_cost_and_a_sample(sampled: FakeStack, aita: Aita) -> None:
    sampled.answer("GET", CHANGES, diff(POINTS_ALONE, REGRADED, others=4))
    code, out, _ = aita("rubric", "diff", "-a", "midterm", "--graders", "3", "--disagreement", "0.25", "--see", "never")
    told = [line.split() for line in out.splitlines()]
    assert code == 0
    assert ["1a", "12", "0", "0", "0"] in told
    assert ["2", "0", "20", "1", "3"] in told
    assert "decide on these answers anew" in out
    assert "Grading again: 60 calls, 12,000 tokens in and 3,000 out, $0.0125" in out
    assert "The next run grades 4 answers beside these" in out
    assert ["[b]Maya[/b]\\x1b[31m", "2", "3", "of", "8", "4.5", "of", "10", "graded"] in told
    assert ["s-2", "2", "none", "of", "8", "none", "of", "10", "failed", "no", "JSON"] in told
    assert "apply it  aita rubric apply --assignment midterm --graders 3 --disagreement 0.25 --see never" in out
    assert sampled.asked("GET", CHANGES)[0].query == {"graders": "3", "disagreement": "0.25", "see": "never"}
    [started] = sampled.asked("POST", "/runs")
    options = {"graders": 3, "disagreement": 0.25, "see": "never"}
    assert started.body == {"assignment": "midterm", "pipeline": "regrade-sample", "options": options}


def test_json_is_one_document_with_the_sample(sampled: FakeStack, aita: Aita) -> None:
    sampled.answer("GET", CHANGES, diff(REGRADED))
    code, out, _ = aita("rubric", "diff", "-a", "midterm", "--json")
    document = json.loads(out)
    assert code == 0
    assert (document["regraded"], document["estimate"]["calls"], document["run_id"]) == (20, 60, RUN)
    assert [cell["after"] for cell in document["sample"]] == [4.5, None]
    assert sampled.asked("GET", CHANGES)[0].query == {}


@pytest.mark.parametrize(
    ("changed", "arguments", "told"),
    [
        ((REGRADED,), ("--no-sample",), "20"),
        ((POINTS_ALONE,), (), "12"),
        ((), (), "No rubric has changed"),
    ],
)
def test_no_sample_is_graded_where_none_is_wanted(
    stack: FakeStack, aita: Aita, changed: tuple[QuestionChange, ...], arguments: tuple[str, ...], told: str
) -> None:
    stack.answer("GET", CHANGES, diff(*changed, usd=None))
    code, out, _ = aita("rubric", "diff", "-a", "midterm", *arguments)
    assert code == 0
    assert told in out
    assert ("rubric apply" in out) == bool(changed)
    assert not stack.asked("POST", "/runs")


def test_a_sample_of_which_some_failed_is_shown_and_tells_by_its_status(sampled: FakeStack, aita: Aita) -> None:
    sampled.answer("GET", CHANGES, diff(REGRADED))
    sampled.answers["GET", RUN_PATH].clear()
    sampled.answer("GET", RUN_PATH, run_view(RunStatus.PARTIAL, ENDED))
    code, out, _ = aita("rubric", "diff", "-a", "midterm")
    assert code == 3
    assert "4.5 of 10" in out


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.HALTED, RunStatus.CANCELLED])
def test_a_sample_that_was_not_graded_is_an_error(sampled: FakeStack, aita: Aita, status: RunStatus) -> None:
    sampled.answer("GET", CHANGES, diff(REGRADED))
    sampled.answers["GET", RUN_PATH].clear()
    sampled.answer("GET", RUN_PATH, run_view(status, reason="the key is wrong"))
    code, out, err = aita("rubric", "diff", "-a", "midterm")
    assert code == 1
    assert "Grading again: 60 calls" in out
    assert "the key is wrong" in err
    assert "--no-sample" in err


@pytest.mark.parametrize("data", [b"", b"{}", b'[{"before": 1}]'])
def test_a_sample_that_is_not_understood_is_an_error(sampled: FakeStack, aita: Aita, data: bytes) -> None:
    sampled.answer("GET", CHANGES, diff(REGRADED))
    sampled.answers["GET", f"{RUN_PATH}/results"].clear()
    sampled.answer("GET", f"{RUN_PATH}/results", {"files": [sampled.file("regrade_sample.json", data)]})
    code, _, err = aita("rubric", "diff", "-a", "midterm")
    assert code == 1
    assert "regrade_sample.json" in err


def test_what_was_never_graded_has_no_diff(stack: FakeStack, aita: Aita) -> None:
    stack.answer("GET", CHANGES, MissingMaterialError("nothing of assignment midterm was graded yet"))
    code, _, err = aita("rubric", "diff", "-a", "midterm")
    assert code == 1
    assert "graded yet" in err


def test_applying_is_a_run_that_grades(stack: FakeStack, aita: Aita) -> None:
    stack.answer("POST", "/runs", run_view())
    code, _, _ = aita("rubric", "apply", "-a", "midterm", "--graders", "3", "--detach")
    assert code == 0
    [sent] = stack.asked("POST", "/runs")
    assert sent.body == {"assignment": "midterm", "pipeline": "grade", "options": {"graders": 3}}


def test_interrupting_leaves_the_sample_going(sampled: FakeStack, aita: Aita) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    sampled.answer("GET", CHANGES, diff(REGRADED))
    code, _, err = aita("rubric", "diff", "-a", "midterm", pause=interrupt)
    assert code == 130
    assert f"aita watch {RUN}" in err


def test_what_is_graded_for_other_reasons_is_beside_nothing_if_no_rubric_changed(stack: FakeStack, aita: Aita) -> None:
    stack.answer("GET", CHANGES, diff(others=5))
    _, out, _ = aita("rubric", "diff", "-a", "midterm")
    assert "The next run grades 5 answers: " in out
    assert "beside" not in out
