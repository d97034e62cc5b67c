"""Tasks of the pipelines, under the name of the earlier tool."""

from aita.tasks.answer_key import AnswerKeyGenerationTask, create_answer_key_tasks
from aita.tasks.rubric import RubricGenerationTask, create_rubric_tasks
from aita.tasks.transcription import TranscriptionTask, create_transcription_tasks

__all__ = [
    "AnswerKeyGenerationTask",
    "RubricGenerationTask",
    "TranscriptionTask",
    "create_answer_key_tasks",
    "create_rubric_tasks",
    "create_transcription_tasks",
]
