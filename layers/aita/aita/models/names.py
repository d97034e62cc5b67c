"""Valid names of assignments, students' folders and uploaded files."""

import re
import unicodedata
from pathlib import PurePosixPath

from aita.errors import InvalidMaterialError, RequestError

RESERVED = frozenset({"runs", "cache"})
"""Prefixes of the bucket that aita itself uses, and that no assignment may have as its name."""

DOCTOR = "aita-doctor"
"""Temporary assignment of ``aita doctor``'s calls of the model."""

SCAN_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".pdf": "application/pdf",
}
"""Content types of scans by file ending."""

MATERIAL_TYPES = {
    "questions.json": "application/json",
    "user_answer_keys.json": "application/json",
    "user_rubrics.json": "application/json",
    "question_specific_instructions.json": "application/json",
    "rubric_instructions.txt": "text/plain",
    "roster.csv": "text/csv",
    "grade_scale.json": "application/json",
    "piles.json": "application/json",
}
"""Content types of the instructor's files by name."""

IMAGE_TYPES = {"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}
"""Content types of the images that custom tasks show the model, by file ending."""

MAX_UPLOAD_BYTES = 200 * 1024 * 1024
"""Size limit of an uploaded file: a thick exam as one PDF scan, with room."""

PART_BYTES = 64 * 1024 * 1024
"""Size of the parts in which a file of a pile is sent; each is an object of its own."""

MAX_PILE_BYTES = 4 * 1024 * 1024 * 1024
"""Size limit of a file of a pile."""

_PART = re.compile(r"(.+)\.part-(\d{3})-of-(\d{3})")
_ASSIGNMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TASKS = re.compile(r"[a-z][a-z0-9_]{0,39}\.jsonl")
_IMAGE = re.compile(r"[0-9a-f]{64}\.(\w+)")
_LONGEST_NAME = 200  # bytes; an S3 key holds 1,024


def check_assignment(name: str) -> str:
    """Return an assignment's name if it is valid.

    Raises
    ------
    RequestError
        If the name is not 1 to 64 ASCII letters, digits, ``-`` and ``_``, starting with a letter or digit, or is one
        of ``RESERVED``.
    """
    if not _ASSIGNMENT.fullmatch(name) or name in RESERVED:
        shown = name if len(name) <= 70 else name[:67] + "..."  # noqa: PLR2004 - just over the limit, for the message
        raise RequestError(
            f"{shown!r} can't be an assignment's name: use 1 to 64 letters, digits, '-' and '_' (A-Z, a-z, 0-9), "
            "starting with a letter or digit, and neither 'runs' nor 'cache'"
        )
    return name


def check_upload(name: str) -> str:
    """Return the content type of an uploaded file by its name in the assignment's folder.

    Raises
    ------
    InvalidMaterialError
        If the name is neither one of the instructor's files, ``blank_exam.<type>``, ``scans/<student>/<file>.<type>``,
        a file below ``piles/`` or a part of one, ``tasks/<kind>.jsonl``, nor ``images/<SHA-256>.<type>``.
    """
    if name in MATERIAL_TYPES:
        return MATERIAL_TYPES[name]
    content_type = SCAN_TYPES.get(PurePosixPath(part_of(name)[0]).suffix.lower())
    parts = name.split("/")
    match parts:
        case ["scans", student, file] if content_type and is_valid_part(student) and is_valid_part(file):
            return content_type
        case ["piles", *path] if content_type and path and all(map(is_valid_part, path)):
            return content_type
        case [file] if content_type and PurePosixPath(file).stem == "blank_exam":
            return content_type
        case ["tasks", file] if _TASKS.fullmatch(file):
            return "application/x-ndjson"
        case ["images", file] if (image := _IMAGE.fullmatch(file)) and image[1] in IMAGE_TYPES:
            return IMAGE_TYPES[image[1]]
    raise InvalidMaterialError(
        f"a file can't be uploaded under that name ({len(name)} characters, {len(parts)} parts): use "
        f"{', '.join(MATERIAL_TYPES)}, tasks/<kind>.jsonl, blank_exam.pdf, piles/<file> or "
        f"scans/<student>/<file> with an ending of {', '.join(SCAN_TYPES)}; names of at most {_LONGEST_NAME} bytes, "
        "without control characters"
    )


def part_of(name: str) -> tuple[str, int, int]:
    """Return the name of the file that an object of a pile holds a part of, the part's number, and their count."""
    part = _PART.fullmatch(name)
    return (part[1], int(part[2]), int(part[3])) if part else (name, 1, 1)


def part_name(name: str, number: int, count: int) -> str:
    """Return the name of the object that holds a part of a file; a file with one part keeps its name."""
    return name if count == 1 else f"{name}.part-{number:03}-of-{count:03}"


def is_valid_part(part: str) -> bool:
    """Return whether an uploaded folder or file can have a name."""
    return (
        part != ""
        and not part.startswith(".")  # desktops hide such files, and split ignores them
        and part == part.strip()
        and not any(unicodedata.category(character) in {"Cc", "Cs"} for character in part)
        and len(part.encode()) <= _LONGEST_NAME
    )


LONG_REPLIES = "replies of more than"
"""Begin of what an endpoint lacks that takes no limit of a reply's tokens above a number."""
