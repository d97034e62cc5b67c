"""Waiting for the local servers to answer."""

import time
import urllib.error
import urllib.request

from aita.errors import LocalStackError
from aita_local.daemon import Daemon

_POLL = 0.05  # seconds
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy can't reach this machine's loopback


def wait_for(daemon: Daemon, url: str, patience: float) -> None:
    """Wait until a server answers, with any status.

    Raises
    ------
    LocalStackError
        If its process ends, or does not answer within ``patience`` seconds; with the end of its log.
    """
    if not answers_while_running(daemon, url, patience):
        raise LocalStackError(f"the {daemon.name} ended at its start ({daemon.log}):\n{daemon.last_lines()}")


def answers_while_running(daemon: Daemon, url: str, patience: float) -> bool:
    """Wait until a server answers; return false if its process does not run or ends meanwhile.

    Raises
    ------
    LocalStackError
        If its process runs on without an answer for ``patience`` seconds; with the end of its log.
    """
    deadline = time.monotonic() + patience
    while daemon.is_running():
        if answers(url):
            return True
        if time.monotonic() > deadline:
            raise LocalStackError(
                f"the {daemon.name} does not answer after {patience:g} s ({daemon.log}):\n{daemon.last_lines()}"
            )
        time.sleep(_POLL)
    return False


def answers(url: str) -> bool:
    """Tell whether a server answers at the URL, with any status."""
    try:
        with _direct.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
