"""Archives of submissions, unpacked into a temporary folder within bounds that are looked at before."""

import lzma
import re
import shutil
import stat
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from aita.cli.files.gradescope_export import METADATA
from aita.cli.files.students_scans import entries
from aita.errors import InvalidMaterialError
from aita.models.names import MAX_UPLOAD_BYTES
from aita.services.assignments.lms_names import parse

MOST_ENTRIES = 20_000
MOST_BYTES = 8 * 1024**3
MOST_RATIO = 200
"""Bounds of an archive: its entries, their sizes together, and how often larger than packed one of some size may be."""

MOST_DEEP = 32
"""Most folders that a file may lie in."""

_SMALL = 1024 * 1024  # an entry below this is no bomb, however well it is packed
_UNPACKED = re.compile(re.escape(tempfile.gettempdir()) + r"/aita-upload-[^/]+/\d+/(([^/]+)\.(?i:zip))/\2")
"""Folder that an archive is unpacked into: its name without the ending, below a folder of its whole name."""

_REFUSED = "nothing was uploaded: "
_END = b"PK\x05\x06"
_LONGEST_COMMENT = 65_535
_ENCRYPTED = 0x1
_IS_UTF_8 = 0x800

_UNREADABLE = (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, zlib.error, lzma.LZMAError)
"""Errors of zipfile and of its decompressors for archives that are damaged, or packed as it can't unpack them."""


@contextmanager
def unpacked(paths: Iterable[Path], largest: int = MAX_UPLOAD_BYTES) -> Iterator[list[Path]]:
    """Yield the paths, each archive among them as a temporary folder of its files.

    Parameters
    ----------
    largest
        Size that a file in an archive may have, in bytes.

    Raises
    ------
    InvalidMaterialError
        If an archive can't be read, or holds what an archive of submissions does not; nothing is unpacked then.
    """
    given = list(paths)
    archives = [path for path in given if is_archive(path)]
    if not archives:
        yield given
        return
    listed = {path: _checked(path, largest) for path in archives}
    with TemporaryDirectory(prefix="aita-upload-") as made:
        folders = {path: Path(made, str(number), path.name, path.stem) for number, path in enumerate(archives)}
        for path, folder in folders.items():
            _unpack(path, listed[path], folder)
        try:
            yield [_inner(folders[path]) if path in folders else path for path in given]
        except InvalidMaterialError as error:
            raise InvalidMaterialError(as_given(str(error))) from error


def archives_in(folders: Iterable[Path]) -> tuple[list[Path], dict[Path, str]]:
    """Return the archives that lie directly in folders, and those that can't be read, with the reasons."""
    found, refused = list[Path](), dict[Path, str]()
    for path in (each for folder in folders if folder.is_dir() for each in entries(folder)):
        if not is_archive(path):
            continue
        try:
            _checked(path, MAX_UPLOAD_BYTES)
        except InvalidMaterialError as error:
            refused[path] = str(error).removeprefix(f"{_REFUSED}{path}: ")
        else:
            found.append(path)
    return found, refused


def is_archive(path: Path) -> bool:
    """Return whether a path is an archive's."""
    return path.is_file() and path.suffix.lower() == ".zip"


def is_unpacked(folder: Path) -> bool:
    """Return whether a folder is what an archive was unpacked into."""
    return _UNPACKED.fullmatch(str(folder)) is not None


def as_given(text: str) -> str:
    """Return a text in which the places of unpacked files are below their archive."""
    return _UNPACKED.sub(r"\1", text)


def _checked(path: Path, largest: int) -> list[zipfile.ZipInfo]:
    """Return the files of an archive, none of which leaves its folder or is larger than it may be."""
    if _entries(path) > MOST_ENTRIES:
        raise _refused(path, f"it has more than {MOST_ENTRIES:,} files: unpack it, and upload its folders in parts")
    try:
        with zipfile.ZipFile(path) as archive:
            listed = archive.infolist()
    except (*_UNREADABLE, OSError) as error:
        reason = f"it is no zip archive that can be read ({type(error).__name__}): download it again"
        raise _refused(path, reason) from None
    if len(listed) > MOST_ENTRIES:  # its end has a smaller number
        raise _refused(path, f"it has more than {MOST_ENTRIES:,} files: unpack it, and upload its folders in parts")
    files = [each for each in listed if not each.is_dir()]
    seen: set[str] = set()
    for each in files:
        if problem := _problem(each, seen, largest):
            raise _refused(path, f"{each.filename[:80]!r} {problem}")
    if sum(each.file_size for each in files) > MOST_BYTES:
        raise _refused(path, f"its files have more than {MOST_BYTES // 1024**3} GB together: upload it in parts")
    return files


def _name(entry: zipfile.ZipInfo) -> str:
    """Return an entry's name, which is UTF-8 if it can be: Macs write it so, and do not say it."""
    if entry.flag_bits & _IS_UTF_8:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode()
    except UnicodeError:
        return entry.filename


def _problem(entry: zipfile.ZipInfo, seen: set[str], largest: int) -> str:
    """Return what is wrong with an entry; empty if nothing is."""
    place = PurePosixPath(_name(entry).replace("\\", "/"))
    has_drive = "".join(place.parts[:1])[1:2] == ":"
    is_control = (unicodedata.category(character) == "Cc" for character in str(place))
    folded = str(place).casefold()
    problems = {
        "is no file's name: unpack it by hand, and upload the folder": not place.parts,
        "lies outside of the archive's own folder: nothing of it is unpacked": (
            place.is_absolute() or ".." in place.parts or has_drive
        ),
        f"lies more than {MOST_DEEP} folders deep: nothing of it is unpacked": len(place.parts) > MOST_DEEP + 1,
        "is a link, which no submission is: nothing of it is unpacked": stat.S_ISLNK(entry.external_attr >> 16),
        "has control characters in its name: unpack it, and rename that": any(is_control),
        "is encrypted: unpack it with its password, and upload the folder": entry.flag_bits & _ENCRYPTED,
        "is there twice: unpack it, and keep one": folded in seen,
        f"has more than {largest // 1024**2} MB": entry.file_size > largest,
        f"is more than {MOST_RATIO} times as large as packed, as no scan is: nothing of it is unpacked": (
            entry.file_size > _SMALL and entry.file_size > MOST_RATIO * max(1, entry.compress_size)
        ),
    }
    seen.add(folded)
    return next((problem for problem, holds in problems.items() if holds), "")


def _unpack(path: Path, files: Iterable[zipfile.ZipInfo], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)  # for an archive of nothing, too
    with zipfile.ZipFile(path) as archive:
        for each in files:
            place = folder.joinpath(*PurePosixPath(_name(each).replace("\\", "/")).parts)
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(each) as packed, place.open("xb") as file:
                    shutil.copyfileobj(packed, file)  # zipfile gives no more than the size that was checked
            except _UNREADABLE as error:
                reason = f"{each.filename[:80]!r} can't be unpacked ({type(error).__name__}): download it again"
                raise _refused(path, reason) from None
            except OSError as error:  # such as a name that is too long, or a file and a folder of one name
                reason = f"{each.filename[:80]!r} can't be written here ({error.strerror or type(error).__name__})"
                raise _refused(path, f"{reason}: unpack it by hand, and upload the folder") from None


def _inner(folder: Path) -> Path:
    """Return the folder that is all of another one, as archives of a folder have it, if it is no student's."""
    match entries(folder):  # Macs put a folder __MACOSX beside the one that was packed
        case [only] if only.is_dir() and parse(only.name) is None:
            is_of_many = any(each.is_dir() or parse(each.name) or each.name == METADATA for each in only.iterdir())
            return only if is_of_many else folder
    return folder


def _entries(path: Path) -> int:
    """Return the number of entries at an archive's end, without reading its list."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _LONGEST_COMMENT - 22))
        tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) < place + 12:
        return 0  # no archive, as its reader will say
    (count,) = struct.unpack("<H", tail[place + 10 : place + 12])
    return int(count)  # 65,535 stands for more


def _refused(path: Path, reason: str) -> InvalidMaterialError:
    return InvalidMaterialError(f"{_REFUSED}{path}: {reason}")
