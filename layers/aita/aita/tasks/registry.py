"""Registry of the kinds of tasks: each is a module of ``aita.tasks`` with a class under ``register``."""

import importlib
import re
from collections.abc import Callable
from typing import Any, TypeVar

from aita import tasks
from aita.errors import RequestError
from aita.tasks.llm_task import LLMTask

TaskT = TypeVar("TaskT", bound=LLMTask[Any])

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_kinds: dict[str, type[LLMTask[Any]]] = {}


def register(kind: str) -> Callable[[type[TaskT]], type[TaskT]]:
    """Register a class as a kind of task.

    In the package, a kind's module and prompt have the kind's name, and the functions find them by it.

    Raises
    ------
    RequestError
        If the name is taken by another class, is no lower-case identifier of at most 40 characters, or, in the
        package, differs from the module's.
    """
    if not _NAME.fullmatch(kind):
        raise RequestError(f"{kind[:40]!r} can't name a kind: it takes lower-case letters, digits and _, at most 40")

    def name(task: type[TaskT]) -> type[TaskT]:
        package, _, module = task.__module__.rpartition(".")
        if package == tasks.__name__ and module != kind:
            raise RequestError(f"the kind {kind!r} must be in a module of its name, and is in {task.__module__}")
        present = _kinds.setdefault(kind, task)
        if (present.__module__, present.__qualname__) != (task.__module__, task.__qualname__):
            raise RequestError(f"the kind {kind!r} is {present.__module__}.{present.__qualname__}: take another name")
        _kinds[kind] = task  # the same class again, as when a notebook's cell runs twice
        task.kind = kind
        return task

    return name


def find_kind(kind: str) -> type[LLMTask[Any]]:
    """Return the class of a kind; only its own module is imported.

    Raises
    ------
    RequestError
        If there is no such kind.
    """
    if kind not in _kinds and _NAME.fullmatch(kind):
        module = f"{tasks.__name__}.{kind}"
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
    if kind not in _kinds:
        raise RequestError(f"there is no kind {kind[:40]!r}: take one of {', '.join(all_kinds())}")
    return _kinds[kind]


def all_kinds() -> dict[str, type[LLMTask[Any]]]:
    """Return every kind by name, including those of all modules in the package."""
    import pkgutil  # noqa: PLC0415 - functions find one kind by its name, and start without

    for module in pkgutil.iter_modules(tasks.__path__):
        importlib.import_module(f"{tasks.__name__}.{module.name}")
    return dict(sorted(_kinds.items()))
