"""The names that students' reports have on a teacher's computer, where the class's report links to them."""

import re
import unicodedata
from collections.abc import Mapping

_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f]')  # on Windows, the strictest
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST = 150  # bytes; a file's name may have 255, and its end follows


def file_names(names: Mapping[str, str]) -> dict[str, str]:
    """Return the name that each student's files have, without an ending, by the student's id: each has another.

    Parameters
    ----------
    names
        The students' names by id.
    """
    fit: dict[str, str] = {}
    taken: set[str] = set()
    for student_id, name in names.items():
        base = _fit(name) or student_id
        unique, times = base, 1
        while unique.casefold() in taken:
            times += 1
            unique = f"{base} ({times})"
        taken.add(unique.casefold())
        fit[student_id] = unique
    return fit


def is_one_file(name: str) -> bool:
    """Tell whether a name is that of a file in a folder, and leads nowhere else on any system."""
    return bool(name.strip(". ")) and not _UNFIT.search(name)


def _fit(name: str) -> str:
    """Return a name as a file may have it on any system; nothing if nothing of it is left."""
    plain = "".join(" " if unicodedata.category(each).startswith("C") else each for each in name)
    words = " ".join(_UNFIT.sub(" ", unicodedata.normalize("NFC", plain)).split())
    cleaned = words.encode()[:_LONGEST].decode(errors="ignore").strip(" .")
    return "" if _DEVICES.fullmatch(cleaned) else cleaned
