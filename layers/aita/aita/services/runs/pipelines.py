"""Pipelines and their stages.

A stage is imported when it is looked up: each invocation of a function needs one of them, and together they are most of
what a function would import.
"""

from functools import cache
from importlib import import_module

from aita.errors import RequestError
from aita.services.stages.base import LLMStage, Stage
from aita.services.stages.custom_tasks import KIND, KindStage

_PACKAGE = "aita.services.stages"
_STAGES = {
    "count_pages": "count_pages.CountPagesStage",
    "separate": "separate.SeparateStage",
    "split_exam": "split_exam.SplitExamStage",
    "extract_questions": "extract_questions.ExtractQuestionsStage",
    "answer_key": "answer_key.AnswerKeyStage",
    "rubric": "rubric.RubricStage",
    "split": "split.SplitStage",
    "read_names": "read_names.ReadNamesStage",
    "transcribe": "transcribe.TranscribeStage",
    "cut": "cut.CutStage",
    "read_again": "read_again.ReadAgainStage",
    "grade": "grade.GradeStage",
    "regrade_sample": "regrade_sample.RegradeSampleStage",
    "report": "report.ReportStage",
    "map_answers": "retired.MapAnswersStage",
}
"""Module and class of each stage, by its name."""

PIPELINES: dict[str, tuple[str, ...]] = {
    "extract-questions": ("split_exam", "extract_questions"),
    "rubric": ("answer_key", "rubric"),
    "transcribe": ("count_pages", "separate", "split", "read_names", "transcribe"),
    "grade": ("cut", "read_again", "grade", "report"),
    "regrade-sample": ("cut", "regrade_sample"),
    "report": ("report",),
    "exam": (
        "count_pages",
        "separate",
        "split_exam",
        "extract_questions",
        "answer_key",
        "rubric",
        "split",
        "read_names",
        "transcribe",
        "cut",
        "read_again",
        "grade",
        "report",
    ),
}

OF_PILES = ("count_pages", "separate")
"""First stages of the pipelines that read scans, which runs of assignments without a pile leave out."""

NAMES_READ = "read_names"
"""Stage that only runs have which were told to read names."""

REVIEW_AFTER = "rubric"
"""Stage after which a run with review waits: questions, answer keys and rubrics exist, and nothing is graded yet."""


def stage_of(name: str) -> Stage:
    """Return the stage of this name; import it, or for ``kind.<name>`` the kind's class.

    Raises
    ------
    RequestError
        If there is no such stage.
    """
    if name.startswith(KIND):
        return KindStage(name.removeprefix(KIND))
    if name not in _STAGES:
        raise RequestError(f"there is no stage {name[:40]!r}")
    return _stage(name)


@cache
def _stage(name: str) -> Stage:
    module, _, kind = _STAGES[name].partition(".")
    stage: Stage = getattr(import_module(f"{_PACKAGE}.{module}"), kind)()
    return stage


def stages_of(pipeline: str) -> tuple[str, ...]:
    """Return the names of a pipeline's stages. ``kind.<name>`` has one stage of the same name, which is not looked up.

    Raises
    ------
    RequestError
        If there is no such pipeline.
    """
    if pipeline.startswith(KIND):
        return (pipeline,)  # a query of a run must not import its kind, which may no longer exist
    if pipeline not in PIPELINES:
        raise RequestError(
            f"there is no pipeline {pipeline[:40]!r}: take one of {', '.join(PIPELINES)}, or kind.<name>"
        )
    return PIPELINES[pipeline]


def stages_of_run(pipeline: str, *, has_pile: bool, read_names: bool) -> list[str]:
    """Return the names of the stages that a run has: without those of piles or of names, if it has neither."""
    left_out = {*(() if has_pile else OF_PILES), *(() if read_names else (NAMES_READ,))}
    return [stage for stage in stages_of(pipeline) if stage not in left_out]


def first_stage(pipeline: str, *, has_pile: bool) -> str:
    """Return the name of a pipeline's first stage for an assignment with or without a pile."""
    return stages_of_run(pipeline, has_pile=has_pile, read_names=False)[0]


def next_stage(pipeline: str, stage: str, *, read_names: bool) -> str | None:
    """Return the name of the next stage; ``None`` after the last.

    Parameters
    ----------
    read_names
        Whether the run has the stage in which a model reads names.
    """
    stages = stages_of_run(pipeline, has_pile=True, read_names=read_names)
    return next(iter(stages[stages.index(stage) + 1 :]), None)


def asking_alike(pipeline: str) -> list[str]:
    """Return the other pipelines with a stage of this one that asks a model."""
    return [other for other in PIPELINES if other != pipeline and _asking(other) & _asking(pipeline)]


def _asking(pipeline: str) -> set[str]:
    return {stage for stage in stages_of(pipeline) if isinstance(stage_of(stage), LLMStage)}
