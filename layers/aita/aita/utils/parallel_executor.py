"""Executors and their results, under the names of the earlier tool."""

from aita.executor.create import create_executor
from aita.executor.in_process import InProcessExecutor as ParallelLLMExecutor
from aita.models.result import BatchExecutionResult, TaskResult
from aita.models.result import BatchMetrics as ExecutionMetrics

__all__ = ["BatchExecutionResult", "ExecutionMetrics", "ParallelLLMExecutor", "TaskResult", "create_executor"]
