"""Files that were dropped on a page, kept in temporary folders of this computer until they are uploaded."""

import re
import shutil
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from aita.errors import RequestError, RequestTooLargeError

MOST_BYTES = 8 * 1024**3
"""Size of all files of a drop together."""

_ID = re.compile(r"[0-9a-f-]{36}")
_LONGEST_NAME = 255  # bytes, of file systems


class Staging:
    """Folders of dropped files, one for each drop.

    Parameters
    ----------
    folder
        Folder that holds them. Whoever made it deletes it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sizes: dict[str, int] = {}

    def folder(self, drop: str) -> Path:
        """Return the folder of a drop.

        Raises
        ------
        RequestError
            If ``drop`` is no id of one.
        """
        if not _ID.fullmatch(drop):
            raise RequestError("a drop's id has 36 hexadecimal digits and dashes")
        return self._folder / drop

    async def receive(self, drop: str, path: str, pieces: AsyncIterator[bytes]) -> int:
        """Write a file of a drop, at its path in what was dropped, whole or not at all, and return its size.

        Raises
        ------
        RequestError
            If the path leaves the folder, or is no path of files here.
        RequestTooLargeError
            If the drop has more than ``MOST_BYTES``.
        """
        place = self.folder(drop).joinpath(*_parts(path))
        written = 0
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with ExitStack() as unless_whole:
                unless_whole.callback(place.unlink, missing_ok=True)
                with place.open("wb") as file:
                    async for piece in pieces:
                        written += len(piece)
                        if self._sizes.get(drop, 0) + written > MOST_BYTES:
                            raise RequestTooLargeError(
                                f"the files have more than {MOST_BYTES // 1024**3} GB together: add them in parts"
                            )
                        file.write(piece)
                unless_whole.pop_all()
        except OSError as error:
            raise RequestError(f"a file can't be written here: {error.strerror or type(error).__name__}") from None
        self._sizes[drop] = self._sizes.get(drop, 0) + written
        return written

    def discard(self, drop: str) -> None:
        """Delete the files of a drop."""
        shutil.rmtree(self.folder(drop), ignore_errors=True)
        self._sizes.pop(drop, None)


def _parts(path: str) -> tuple[str, ...]:
    """Return the parts of a relative path."""
    given = PurePosixPath(path.replace("\\", "/"))
    parts = given.parts
    is_bad = given.is_absolute() or any(  # two slashes are a root as well
        part == ".." or ":" in part or not part.isprintable() or len(part.encode()) > _LONGEST_NAME for part in parts
    )
    if not parts or is_bad:
        raise RequestError(
            "a dropped file's path begins with a slash, or has '..', ':', control characters, or too long a name: "
            "rename it"
        )
    return parts
