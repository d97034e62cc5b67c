"""Pipelines and their stages."""

from aita.errors import RequestError
from aita.services.stages.answer_key import AnswerKeyStage
from aita.services.stages.base import Stage
from aita.services.stages.custom_tasks import KIND, KindStage
from aita.services.stages.cut import CutStage
from aita.services.stages.extract_questions import ExtractQuestionsStage
from aita.services.stages.grade import GradeStage
from aita.services.stages.read_again import ReadAgainStage
from aita.services.stages.regrade_sample import RegradeSampleStage
from aita.services.stages.report import ReportStage
from aita.services.stages.retired import MapAnswersStage
from aita.services.stages.rubric import RubricStage
from aita.services.stages.split import SplitStage
from aita.services.stages.split_exam import SplitExamStage
from aita.services.stages.transcribe import TranscribeStage

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        SplitExamStage(),
        ExtractQuestionsStage(),
        AnswerKeyStage(),
        RubricStage(),
        SplitStage(),
        TranscribeStage(),
        CutStage(),
        ReadAgainStage(),
        GradeStage(),
        RegradeSampleStage(),
        ReportStage(),
        MapAnswersStage(),
    )
}

PIPELINES: dict[str, tuple[str, ...]] = {
    "extract-questions": ("split_exam", "extract_questions"),
    "rubric": ("answer_key", "rubric"),
    "transcribe": ("split", "transcribe"),
    "grade": ("cut", "read_again", "grade", "report"),
    "regrade-sample": ("cut", "regrade_sample"),
    "report": ("report",),
    "exam": (
        "split_exam",
        "extract_questions",
        "answer_key",
        "rubric",
        "split",
        "transcribe",
        "cut",
        "read_again",
        "grade",
        "report",
    ),
}


REVIEW_AFTER = RubricStage.name
"""Stage after which a run with review waits: questions, answer keys and rubrics exist, and nothing is graded yet."""


def stage_of(name: str) -> Stage:
    """Return the stage of this name; for ``kind.<name>``, import the kind's class.

    Raises
    ------
    RequestError
        If there is no such stage.
    """
    if name.startswith(KIND):
        return KindStage(name.removeprefix(KIND))
    if name not in STAGES:
        raise RequestError(f"there is no stage {name[:40]!r}")
    return STAGES[name]


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


def next_stage(pipeline: str, stage: str) -> str | None:
    """Return the name of the next stage; ``None`` after the last."""
    stages = stages_of(pipeline)
    following = stages.index(stage) + 1
    return stages[following] if following < len(stages) else None
