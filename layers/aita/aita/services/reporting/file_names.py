"""File names of students' reports on a teacher's computer, to which the class's report links."""

import re
import unicodedata
from collections.abc import Mapping

_INVALID = re.compile(r'[<>:"/\\|?*\x00-\x1f]')  # the rules of Windows, which are the strictest
_DEVICES = re.compile(r"(con|prn|aux|nul|(?:com|lpt)[\d¹²³])(\..*)?", re.IGNORECASE)
_LONGEST = 150  # bytes; a file name may have 255, with its number and ending


def file_names(names: Mapping[str, str]) -> dict[str, str]:
    """Return a unique file name for each student, without an ending, by the student's id.

    Parameters
    ----------
    names
        Students' names by id.
    """
    unique_names: dict[str, str] = {}
    taken: set[str] = set()
    for student_id, name in names.items():
        base = _as_file_name(name) or student_id
        unique, times = base, 1
        while unique.casefold() in taken:
            times += 1
            unique = f"{base} ({times})"
        taken.add(unique.casefold())
        unique_names[student_id] = unique
    return unique_names


def is_one_file(name: str) -> bool:
    """Return whether a name is a plain file name, which can't lead out of its folder on any system."""
    return bool(name.strip(". ")) and not _INVALID.search(name)


def _as_file_name(name: str) -> str:
    """Return a name as a file name that is valid on any system; empty if no character of it is left."""
    plain = "".join(" " if unicodedata.category(each).startswith("C") else each for each in name)
    words = " ".join(_INVALID.sub(" ", unicodedata.normalize("NFC", plain)).split())
    cleaned = words.encode()[:_LONGEST].decode(errors="ignore").strip(" .")
    return "" if _DEVICES.fullmatch(cleaned) else cleaned
