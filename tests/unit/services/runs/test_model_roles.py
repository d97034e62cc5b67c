"""What a model of a role's own changes: whose work is new, and what is told and capped."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from aita.errors import ConflictError, RequestError
from aita.models.model_role import ROLES, ModelRole
from aita.models.run import RunSettings
from aita.services.runs.pipelines import PIPELINES, stage_of
from aita.services.stages.base import LLMStage
from aita.tasks.registry import all_kinds
from tests.support.fakes import MODEL, Harness, right

READS = {"extract_questions", "read_names", "transcribe", "read_again"}
GRADES = {"answer_key", "rubric", "grade"}


@pytest.fixture
def read(harness: Harness) -> Harness:
    """An exam whose pages are read, and of which nothing is graded."""
    harness.exam()
    harness.put("blank_exam.jpg", b"o")
    harness.put("scans/Ann Lee/1.jpg", b"one")
    harness.model.otherwise = lambda request: right(request, text="1a. four\n1b. five\n2. a cell")
    for pipeline in ("rubric", "transcribe"):
        harness.run(pipeline)
    return harness


def deploy(harness: Harness, **changes: Any) -> None:
    harness.submissions = replace(harness.submissions, defaults=harness.submissions.defaults.model_copy(update=changes))


def ids(harness: Harness, pipeline: str, stage: str) -> set[str]:
    run = harness.begin(pipeline)
    found = {event.item.task_id for event in harness.events(run, stage)}
    harness.submissions.cancel(run.run_id)
    return found


def test_every_stage_that_asks_a_model_has_a_role() -> None:
    stages = {name: stage_of(name) for pipeline in PIPELINES.values() for name in pipeline}
    roles = {name: stage.model_role for name, stage in stages.items() if isinstance(stage, LLMStage)}
    assert roles == dict.fromkeys(READS, "reader") | dict.fromkeys([*GRADES, "regrade_sample"], "grader")


def test_kinds_say_whose_they_are() -> None:
    roles = {name: kind.model_role for name, kind in all_kinds().items() if name in READS | GRADES | {"chat"}}
    assert roles == {"answer_key": "grader", "chat": None, "rubric": "grader"}
    assert stage_of("kind.transcription").model_role == "reader"  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", ROLES)
def test_another_model_is_new_work_for_its_own_stages_alone(read: Harness, role: ModelRole) -> None:
    stages = {"transcribe": "transcribe", "answer_key": "rubric", "rubric": "rubric", "grade": "grade"}
    before = {stage: ids(read, pipeline, stage) for stage, pipeline in stages.items()}
    deploy(read, **{f"{role}_model": "another"})
    changed = {stage for stage, pipeline in stages.items() if ids(read, pipeline, stage) != before[stage]}
    assert all(before.values())
    assert changed == stages.keys() & (READS if role == "reader" else GRADES)


def test_the_models_own_name_is_no_other_model() -> None:
    plain = RunSettings(model=MODEL, max_workers=1)
    assert {plain.model_of(role) for role in (None, *ROLES)} == {MODEL}
    named = plain.model_copy(update={"reader_model": "r"})
    assert [named.model_of(role) for role in (None, *ROLES)] == [MODEL, "r", MODEL]


def test_a_run_of_another_reader_is_not_gone_on_with(read: Harness) -> None:
    read.put("scans/Bo Fay/1.jpg", b"another")
    deploy(read, reader_model="another")
    run = read.run("transcribe")  # the function's reader is still the model
    assert run.status == "HALTED"
    assert f"with the model another and the stack now has {MODEL}" in run.reason


@pytest.mark.parametrize("role", ROLES)
def test_an_option_of_a_role_that_is_the_stacks_is_refused(harness: Harness, role: ModelRole) -> None:
    harness.exam()
    told = rf"AITA_{role.upper()}_MODEL is other and the stack is deployed with none: .*{role.capitalize()}Model=other"
    with pytest.raises(ConflictError, match=told):
        harness.begin(**{f"{role}_model": "other"})
    deploy(harness, **{f"{role}_model": "other"})
    assert harness.begin(**{f"{role}_model": "other"}).active


def test_a_cap_needs_the_price_of_each_model_that_is_asked(read: Harness) -> None:
    deploy(read, grader_model="dear")
    read.submissions = replace(read.submissions, unpriced=frozenset({"grader"}))
    told = r"price of dear is not known.*ModelPrices=dear=INPUT/OUTPUT"
    for pipeline in ("rubric", "grade", "exam"):
        with pytest.raises(RequestError, match=told):
            read.begin(pipeline, max_cost_usd=1)
    assert read.begin("transcribe", max_cost_usd=1).settings.max_cost_usd == Decimal(1)


def test_reports_name_the_reader_and_the_grader(read: Harness) -> None:
    read.run("grade")
    deploy(read, reader_model="reading-model", grader_model="grading-model")
    read.run("report")
    pages = {key: data.decode() for key, data in read.objects.data.items() if key.endswith(".html")}
    transcriptions = [page for key, page in pages.items() if "transcription" in key]
    assert transcriptions
    assert all("reading-model" in page and "grading-model" not in page for page in transcriptions)
    assert not any("grading-model" in page for page in pages.values()), "it graded nothing yet"
