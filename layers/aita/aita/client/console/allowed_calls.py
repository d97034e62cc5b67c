"""Calls of the stack's API that the console's pages may make: no other is passed on."""

from collections.abc import Sequence

_ANY = "*"

_CALLS = frozenset(
    tuple(line.replace(" ", "/").split("/"))
    for line in (
        "GET assignments",
        "GET assignments/*/answers",
        "GET assignments/*/answers/*",
        "GET assignments/*/claims",
        "GET assignments/*/equal-answers",
        "GET assignments/*/files",
        "GET assignments/*/grades",
        "GET assignments/*/loose-pages",
        "GET assignments/*/names",
        "GET assignments/*/parts",
        "GET assignments/*/parts/*",
        "GET assignments/*/reviews/*",
        "GET assignments/*/rubric-changes",
        "GET assignments/*/state",
        "GET assignments/*/students",
        "GET runs/*",
        "GET runs/*/results",
        "POST assignments/*/parts/*/decisions",
        "POST assignments/*/reviews/*",
        "POST assignments/*/reviews/*/claim",
        "POST assignments/*/reviews/*/equal",
        "POST assignments/*/reviews/*/release",
        "POST assignments/*/students/*",
        "POST runs",
        "POST runs/*/cancel",
        "POST runs/*/resume",
        "POST runs/estimate",
    )
)


def is_allowed(method: str, path: Sequence[str]) -> bool:
    """Return whether the pages may make a call.

    Parameters
    ----------
    path
        The parts of the path after the API's URL, decoded.
    """
    if any(part in ("", ".", "..") for part in path):
        return False
    return any(
        len(call) == len(path) + 1
        and all(ours in (_ANY, given) for ours, given in zip(call, (method, *path), strict=True))
        for call in _CALLS
    )
