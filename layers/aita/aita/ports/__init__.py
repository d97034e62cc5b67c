"""Ports of the services. Packages ``aws``, ``llm`` and ``memory`` implement them."""

from aita.ports.executions import BatchInvoker, Clock, Executions, LambdaQuota
from aita.ports.llm import LLM, BatchProvider, ProviderBatch, RateLimiter, Reply, Slot, TokenUsage
from aita.ports.objects import (
    ByteSource,
    ObjectHistory,
    ObjectStore,
    ObjectVersion,
    StoredObject,
    StoredVersion,
    VersionStore,
)
from aita.ports.tables import ClaimStore, DecisionStore, RowStore, RunStore, StoredRow, TaskStore

__all__ = [
    "LLM",
    "BatchInvoker",
    "BatchProvider",
    "ByteSource",
    "ClaimStore",
    "Clock",
    "DecisionStore",
    "Executions",
    "LambdaQuota",
    "ObjectHistory",
    "ObjectStore",
    "ObjectVersion",
    "ProviderBatch",
    "RateLimiter",
    "Reply",
    "RowStore",
    "RunStore",
    "Slot",
    "StoredObject",
    "StoredRow",
    "StoredVersion",
    "TaskStore",
    "TokenUsage",
    "VersionStore",
]
