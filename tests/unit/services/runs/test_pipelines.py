"""Stages by their names."""

import pytest

from aita.errors import RequestError
from aita.services.runs.pipelines import PIPELINES, REVIEW_AFTER, next_stage, stage_of


@pytest.mark.parametrize("name", sorted({"map_answers", *(name for stages in PIPELINES.values() for name in stages)}))
def test_a_stage_has_the_name_that_it_is_looked_up_by(name: str) -> None:
    assert stage_of(name).name == name
    assert stage_of(name) is stage_of(name)


def test_what_is_no_stage() -> None:
    with pytest.raises(RequestError, match="there is no stage 'base'"):
        stage_of("base")


def test_grading_waits_for_a_review_after_the_rubrics() -> None:
    assert next_stage("exam", REVIEW_AFTER, read_names=False) == "split"


@pytest.mark.parametrize("pipeline", ["exam", "transcribe"])
def test_names_are_read_between_split_and_transcribe_where_a_run_has_that(pipeline: str) -> None:
    assert next_stage(pipeline, "split", read_names=False) == "transcribe"
    assert next_stage(pipeline, "split", read_names=True) == "read_names"
    assert next_stage(pipeline, "read_names", read_names=True) == "transcribe"
