"""How far the provider's batches are that a run waits for, for people."""

from aita.models.provider_batch import BatchProgress


def batch_line(progress: BatchProgress) -> str:
    """Return since when a run waits, and how many requests are done, in a line."""
    since = progress.since.astimezone().strftime("%m-%d %H:%M")
    return f"waiting for the provider's batch, since {since}, {progress.done:,} of {progress.total:,} done"
