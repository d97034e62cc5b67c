"""Choice of the stack: one on AWS, or the one that runs on this computer."""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ConfigDict, ValidationError

from aita.client.stack_target import StackTarget
from aita.errors import LocalStackError, SettingsError
from aita.models.base import StrictModel

STACK = "aita"
"""The stack's name on AWS unless another is given."""

_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO = frozenset({"", "0", "false", "f", "no", "n", "off"})
"""Values of AITA_LOCAL, the same as of the command's option --local."""

_HOME = ".aita"
_FILE = "local.json"
_PORTS = "ports.json"
"""In the home of each local stack, also of one that was stopped."""

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def last_started() -> Path | None:
    """Return the file that names the home of the local stack that this user started last.

    It is in the user's state folder, as the XDG Base Directory Specification has it: commands run from any folder.
    ``None`` for a user without a home.
    """
    state = os.environ.get("XDG_STATE_HOME", "")
    try:
        base = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError:
        return None
    return base / "aita" / "local_home"


class LocalStack(StrictModel):
    """Record of the local stack, written by ``aita local up``."""

    model_config = ConfigDict(extra="ignore")

    endpoint_url: str
    region: str
    stack: str


def choose_target(*, local: bool, stack: str | None = None, region: str | None = None) -> StackTarget:
    """Return the stack for commands and executors, by their options.

    Raises
    ------
    LocalStackError
        If ``local`` is set and no local stack is running.
    """
    if not local:
        return StackTarget(stack or STACK, region, os.environ.get("AWS_ENDPOINT_URL") or None)
    found = find_local_stack(Path.cwd())
    return StackTarget(stack or found.stack, region or found.region, found.endpoint_url, local=True)


def target_of_environment() -> StackTarget:
    """Return the stack for a command without options, by AITA_LOCAL.

    Raises
    ------
    SettingsError
        If AITA_LOCAL is neither true nor false.
    LocalStackError
        If AITA_LOCAL is true and no local stack is running.
    """
    value = os.environ.get("AITA_LOCAL", "").strip().lower()
    if value not in _YES | _NO:
        raise SettingsError("AITA_LOCAL is wrong: it takes true or false")
    return choose_target(local=value in _YES)


def find_local_stack(start: Path) -> LocalStack:
    """Return the local stack of AITA_HOME; without it, the nearest from ``start`` upward, or the last started.

    The last started is not that of a project whose own stack was stopped.

    Raises
    ------
    LocalStackError
        If there is none, its file can't be read, or it is another user's.
    """
    if named := os.environ.get("AITA_HOME"):
        homes, last = [Path(named)], None
    else:
        homes = [folder / _HOME for folder in (start, *start.parents)]
        stopped = any(_is_file(home / _PORTS) for home in homes)
        last = None if stopped else _last_home()
    for home in (*homes, *([last] if last else [])):
        if _is_file(file := home / _FILE):
            return _read(file)
    where = f"no {_FILE} in {homes[0]}{'' if named else ' or above'}"
    if last is not None:
        where += f", and the one that was started last, of {last}, was stopped"
    raise LocalStackError(f"no local stack is running ({where}): start it with 'aita local up'")


def _last_home() -> Path | None:
    file = last_started()
    try:
        home = file.read_text("utf-8").strip() if file else ""
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise LocalStackError(f"{file} can't be read: delete it, then 'aita local up'") from error
    return Path(home) if Path(home).is_absolute() else None


def _is_file(path: Path) -> bool:
    """Tell whether a file is there; in a folder that can't be read there is none."""
    try:
        return path.is_file()
    except PermissionError:
        return False


def _read(file: Path) -> LocalStack:
    """Read a running stack's file, of this user and this computer alone: scans and keys are sent there."""
    try:
        owner, data = file.stat().st_uid, file.read_bytes()
        stack = LocalStack.model_validate(json.loads(data))
        host = urlsplit(stack.endpoint_url).hostname
    except (OSError, ValueError, ValidationError) as error:
        raise LocalStackError(f"{file} can't be read: start the local stack again with 'aita local up'") from error
    if hasattr(os, "getuid") and owner != os.getuid():
        raise LocalStackError(f"{file} is another user's: go to a folder of your own, or set AITA_HOME")
    if host not in _LOOPBACK:
        raise LocalStackError(f"{file} names {stack.endpoint_url}, which is not this computer: delete the file")
    return stack
