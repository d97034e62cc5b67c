"""Batches at the provider that a run waits for, or has cancelled, for people."""

from aita.cli.views import formatting
from aita.models.provider_batch import BatchProgress


def batch_line(progress: BatchProgress) -> str:
    """Return since when a run waits, and how many requests are done, in a line."""
    since = formatting.local_time(progress.since)
    return f"waiting for the provider's batch, since {since}, {progress.done:,} of {progress.total:,} done"


def uncancelled_line(progress: BatchProgress, run_id: str) -> str:
    """Return that a cancelled run's batches are not known to be cancelled, which takes a moment, and what to do."""
    return (
        f"the provider has not confirmed that its batch of {progress.total:,} requests is cancelled; if this stays for "
        f"minutes, ask again: aita cancel {run_id}"
    )


def left_line(progress: BatchProgress, run_id: str) -> str:
    """Return that an ended run left a batch at the provider, and what to do."""
    return (
        f"its batch of {progress.total:,} requests is still at the provider, and is paid: take its replies with aita "
        f"resume {run_id}, or cancel it with aita cancel {run_id}"
    )
