"""Checkpoints, under the name of the earlier tool."""

from aita.errors import CheckpointError
from aita.executor.checkpoint import Checkpoint, cleanup_checkpoints, latest_checkpoint

__all__ = ["Checkpoint", "CheckpointError", "cleanup_checkpoints", "latest_checkpoint"]
