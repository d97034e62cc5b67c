"""Mishaps of files that an earlier version of aita left."""

from typing import Any

from aita.services.assignments import object_keys
from tests.adversary import reader
from tests.adversary.catalogue.scene import Course, Scene, Step, mishap


@mishap(Step.VERSIONS)
def answers_of_an_earlier_version(scene: Scene) -> Course:
    """The answers were found by version 0.1.0, which kept neither their presence nor what they were found for."""
    yield
    stages = scene.session.stages
    answers: dict[str, Any] = stages.artifact(object_keys.ANSWERS)
    for student in answers.values():
        student.pop("pages_version", None)
        for answer in student["question_answers"]:
            answer.pop("question", None)
            answer.pop("presence", None)
    scene.session.put(object_keys.ANSWERS, answers)
    yield from scene.runs("grade")


@mishap(Step.VERSIONS)
def transcriptions_of_an_earlier_version(scene: Scene) -> Course:
    """The pages were transcribed by an earlier version, without the kinds of lines."""
    yield
    stages = scene.session.stages
    transcriptions = reader.of_0_1_0(stages.artifact(object_keys.TRANSCRIPTIONS))
    scene.session.put(object_keys.TRANSCRIPTIONS, transcriptions)
    yield from scene.runs("report")
