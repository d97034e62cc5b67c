"""Which stack is meant: the one on AWS, or the one that runs on this computer."""

import json
import os
from pathlib import Path

from pydantic import ConfigDict, ValidationError

from aita.client.stack_target import StackTarget
from aita.errors import LocalStackError, SettingsError
from aita.models.base import StrictModel

STACK = "aita"
"""The stack's name on AWS unless another is given."""

_YES = frozenset({"1", "true", "t", "yes", "y", "on"})
_NO = frozenset({"", "0", "false", "f", "no", "n", "off"})
"""How AITA_LOCAL is read: as the command's option --local reads it."""

_HOME = ".aita"
_FILE = "local.json"


def last_started() -> Path:
    """Return the file that names the home of the local stack that this user started last.

    It is in the user's state folder, as the XDG Base Directory Specification has it: commands run from any folder.
    """
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return base / "aita" / "local_home"


class LocalStack(StrictModel):
    """What ``aita local up`` wrote of the stack that it started."""

    model_config = ConfigDict(extra="ignore")

    endpoint_url: str
    region: str
    stack: str


def choose_target(*, local: bool, stack: str | None = None, region: str | None = None) -> StackTarget:
    """Return where the stack is that commands and executors use.

    Raises
    ------
    LocalStackError
        If the stack on this computer is meant, and there is none.
    """
    if not local:
        return StackTarget(stack or STACK, region, os.environ.get("AWS_ENDPOINT_URL") or None)
    found = find_local_stack(Path.cwd())
    return StackTarget(stack or found.stack, region or found.region, found.endpoint_url, local=True)


def target_of_environment() -> StackTarget:
    """Return where the stack is that a command without options uses: AITA_LOCAL decides.

    Raises
    ------
    SettingsError
        If AITA_LOCAL is neither true nor false.
    LocalStackError
        If the stack on this computer is meant, and there is none.
    """
    said = os.environ.get("AITA_LOCAL", "").strip().lower()
    if said not in _YES | _NO:
        raise SettingsError("AITA_LOCAL is wrong: it takes true or false")
    return choose_target(local=said in _YES)


def find_local_stack(start: Path) -> LocalStack:
    """Return the local stack whose home AITA_HOME names, or the nearest from ``start`` upward, or the last started.

    Raises
    ------
    LocalStackError
        If there is none, or its file can't be read.
    """
    named = os.environ.get("AITA_HOME")
    homes = [Path(named)] if named else [folder / _HOME for folder in (start, *start.parents)]
    last = None if named else _last_home()
    if last is not None:
        homes.append(last)
    for home in homes:
        if (file := home / _FILE).is_file():
            return _read(file)
    where = f"no {_FILE} in {named or start / _HOME}{'' if named else ' or above'}"
    if last is not None:
        where += f", and the one that was started last, of {last}, was stopped"
    raise LocalStackError(f"no local stack is running ({where}): start it with 'aita local up'")


def _last_home() -> Path | None:
    try:
        return Path(last_started().read_text("utf-8").strip())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise LocalStackError(f"{last_started()} can't be read: delete it, then 'aita local up'") from error


def _read(file: Path) -> LocalStack:
    try:
        return LocalStack.model_validate(json.loads(file.read_bytes()))
    except (OSError, ValueError, ValidationError) as error:
        raise LocalStackError(f"{file} can't be read: start the local stack again with 'aita local up'") from error
