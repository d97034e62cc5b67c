"""Waiting until a server of ours answers."""

import time
import urllib.error
import urllib.request

from aita.errors import LocalStackError
from aita_local.daemon import Daemon

_POLL = 0.05  # seconds
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows nothing of our loopback


def wait_for(daemon: Daemon, url: str, patience: float) -> None:
    """Wait until the server answers at all.

    Raises
    ------
    LocalStackError
        If its process ends, or it has not answered after ``patience`` seconds; with the end of its log.
    """
    if not settles(daemon, url, patience):
        raise LocalStackError(f"the {daemon.name} ended at its start ({daemon.log}):\n{daemon.last_lines()}")


def settles(daemon: Daemon, url: str, patience: float) -> bool:
    """Wait until the server answers and return true, or false if its process ends meanwhile or is not there.

    Raises
    ------
    LocalStackError
        If it does neither within ``patience`` seconds; with the end of its log.
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
    """Tell whether a server answers at the URL, whatever its answer."""
    try:
        with _direct.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except OSError:
        return False
