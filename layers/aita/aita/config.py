"""Configuration of executors, under the name that it has in the guide of the earlier tool."""

from aita.executor.config import ParallelExecutionConfig

__all__ = ["ParallelExecutionConfig"]
