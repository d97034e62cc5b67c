"""Exit statuses of a run's end and of errors."""

from aita.errors import AitaError, InvalidMaterialError, RequestError, SettingsError
from aita.models.run import RunStatus

DONE = 0
FAILED = 1
USAGE = 2
PARTIAL = 3
INTERRUPTED = 130

_ENDS = {
    RunStatus.SUCCEEDED: DONE,
    RunStatus.WAITING_FOR_REVIEW: DONE,
    RunStatus.PARTIAL: PARTIAL,
}


def of_run(status: RunStatus) -> int:
    """Return the exit status for a run that was watched to its end."""
    return _ENDS.get(status, FAILED)


def of_error(error: AitaError) -> int:
    """Return the exit status for an error.

    Errors of usage are about the caller's own input: a setting, a name, an option, a file. NotFoundError,
    MissingMaterialError and ConflictError are no errors of usage, though they are RequestErrors: the same command
    may be right a minute later.
    """
    usage = isinstance(error, (SettingsError, InvalidMaterialError)) or type(error) is RequestError
    return USAGE if usage else FAILED
