"""Gradescope's export of submissions: PDFs named by numbers, and whose each is in ``submission_metadata.yml``.

The file maps a submission's name, ``submission_123456.pdf``, to its record. Of that, ``:submitters`` is read: a list of
people with ``:name`` and ``:sid``, as tools that read such exports do (otter-grader's ``GradescopeParser``).
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aita.errors import InvalidMaterialError
from aita.models.names import is_valid_part

METADATA = "submission_metadata.yml"
"""File's name that tells an export."""

_MOST_BYTES = 32 * 1024**2
_NOTHING = ("null", "~")


def students_of_export(metadata: Path) -> dict[str, str | None]:
    """Return the student's folder of each submission, named for its student: the name and the student's number.

    A submission of several students, of nobody, of one who can't be told from another, or of one whose name is no
    folder's, has ``None``.

    Raises
    ------
    InvalidMaterialError
        If the file can't be read.
    """
    import yaml  # noqa: PLC0415 - commands that upload nothing start without

    if metadata.stat().st_size > _MOST_BYTES:
        raise InvalidMaterialError(f"nothing was uploaded: {metadata}: it is too large for Gradescope's: export again")
    try:
        with metadata.open("rb") as file:
            read = yaml.load(file, yaml.CBaseLoader)  # noqa: S506 - text, lists and mappings only: 007 stays 007
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        reason = f"it is not Gradescope's ({type(error).__name__}): export the submissions again"
        raise InvalidMaterialError(f"nothing was uploaded: {metadata}: {reason}") from None
    records = read if isinstance(read, Mapping) else {}
    folders = {str(name): _folder(record) for name, record in records.items()}
    if not folders:
        raise InvalidMaterialError(f"nothing was uploaded: {metadata}: it tells no submission: export them again")
    counts = Counter(folder.casefold() for folder in folders.values() if folder)
    return {
        name: folder if folder and counts[folder.casefold()] == 1 and is_valid_part(folder) else None
        for name, folder in folders.items()
    }


def _folder(record: Any) -> str:
    people = record.get(":submitters") if isinstance(record, Mapping) else None
    if not isinstance(people, list) or len(people) != 1 or not isinstance(people[0], Mapping):
        return ""
    name, number = (_text(people[0].get(key)) for key in (":name", ":sid"))
    return unicodedata.normalize("NFC", f"{name} {number}".replace("/", " ").strip())


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) and value not in _NOTHING else ""
