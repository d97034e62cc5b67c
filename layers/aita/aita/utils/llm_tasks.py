"""Task classes, under the name of the earlier tool."""

from aita.models.result import TaskResult
from aita.tasks.batchable import BatchableLLMTask
from aita.tasks.llm_task import LLMTask
from aita.tasks.simple import SimpleLLMTask, VisionLLMTask

__all__ = ["BatchableLLMTask", "LLMTask", "SimpleLLMTask", "TaskResult", "VisionLLMTask"]
