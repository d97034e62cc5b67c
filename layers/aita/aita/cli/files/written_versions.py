"""Versions of the instructor's written files: their content, their difference to the present one, and restoring."""

import difflib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aita.cli.files.assignment_download import fetch_material
from aita.cli.files.written_change import digest, send_changed, written_content
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import NotFoundError
from aita.models.file_version import FileVersion, WrittenFile
from aita.models.names import check_assignment
from aita.services.assignments import object_keys

_SEARCHED = 200
"""Versions among which one is looked for: each takes the stack a request."""


@dataclass(frozen=True, slots=True)
class ChangedEntry:
    """Difference in a file's entry for one question.

    Parameters
    ----------
    question_id
        Empty for what the file says of the exam, and for the whole file where that is not told by question.
    lines
        Lines of the present file and of the version, the mark of each first: ``-`` if the present file alone has it,
        ``+`` if the version alone has it, a space if both have.
    """

    question_id: str
    lines: tuple[tuple[str, str], ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"question_id": self.question_id, "lines": [list(line) for line in self.lines]}


@dataclass(frozen=True, slots=True)
class ComparedVersion:
    """Version of a file beside the present one.

    Parameters
    ----------
    seen
        Digest of the present file.
    differs
        Whether the present file has other bytes.
    """

    version: FileVersion
    seen: str
    differs: bool
    changed: tuple[ChangedEntry, ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "version": self.version.model_dump(mode="json", exclude={"url"}),
            "seen": self.seen,
            "changed": [each.document() for each in self.changed],
        }


def compare_version(
    api: ApiClient, transfer: FileTransfer, assignment: str, file: WrittenFile, version_id: str
) -> ComparedVersion:
    """Return a version of a file, and the changes that restoring it makes.

    A file that is broken, or differs in more than what it says of each question, is compared by the lines of its text.

    Raises
    ------
    NotFoundError
        If the file has no such version.
    """
    version = _find(api, check_assignment(assignment), file, version_id)
    names = (file, object_keys.EXAM_SPEC)
    present = written_content(fetch_material(api, transfer, assignment, names), file)
    content = _content(transfer, version)
    return ComparedVersion(version, digest(present), present != content, _compared(present, content, file))


def restore_version(
    api: ApiClient, transfer: FileTransfer, assignment: str, file: WrittenFile, version_id: str, seen: str
) -> tuple[list[str], str]:
    """Upload a version's content as the file's new version, with the guards of any change; return notes and digest.

    Parameters
    ----------
    seen
        Digest of the present file, as the person saw it.

    Raises
    ------
    ConflictError
        If the file was changed since.
    InvalidMaterialError
        If the version does not fit the exam as it is now.
    NotFoundError
        If the file has no such version.
    """
    content = _content(transfer, _find(api, check_assignment(assignment), file, version_id))
    return send_changed(api, transfer, assignment, file, seen, lambda _: content)


def _find(api: ApiClient, assignment: str, file: WrittenFile, version_id: str) -> FileVersion:
    for each in api.versions(assignment, file, _SEARCHED):
        if each.version_id == version_id:
            return each
    raise NotFoundError(f"{file} has no version {version_id[:64]!r} among its last {_SEARCHED}: list the versions")


def _content(transfer: FileTransfer, version: FileVersion) -> bytes:
    buffer = io.BytesIO()
    transfer.fetch(version.url, buffer)
    return buffer.getvalue()


def _compared(present: bytes, content: bytes, file: WrittenFile) -> tuple[ChangedEntry, ...]:
    ours, theirs = _parsed(present), _parsed(content)
    if ours == theirs and ours is not None:
        return ()
    before, after = _entries(ours, file), _entries(theirs, file)
    found = () if before is None or after is None else tuple(_changed(before, after))
    return found or tuple(_changed({"": _text(present)}, {"": _text(content)}))


def _parsed(data: bytes) -> Any:
    """Return a file's content, empty for none; ``None`` if it is no JSON, or has halves of characters in it."""
    try:
        content = json.loads(data.decode("utf-8-sig")) if data else {}
        json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return content


def _text(data: bytes) -> list[str]:
    return data.decode("utf-8-sig", errors="replace").splitlines()


def _entries(content: Any, file: WrittenFile) -> dict[str, list[str]] | None:
    """Return a file's entries by question, in lines, and under the empty id that of the exam; ``None`` if broken."""
    if not isinstance(content, dict):
        return None
    if file is not WrittenFile.QUESTIONS:
        return {each: list(_lines("", value)) for each, value in content.items()}
    questions = content.get("questions", [])
    if not isinstance(questions, list) or not all(isinstance(each, dict) for each in questions):
        return None
    found = {"": list(_lines("", {name: value for name, value in content.items() if name != "questions"}))}
    return found | {str(each.get("question_id")): list(_lines("", each)) for each in questions}


def _lines(name: str, value: Any) -> Iterator[str]:
    """Yield a value's text, a line for each field and each element of a list."""
    match value:
        case dict():
            for field, inner in value.items():
                yield from _lines(f"{name} {field}".strip(), inner)
        case list() if all(isinstance(each, Mapping) for each in value):
            for number, each in enumerate(value, 1):
                yield from _lines(f"{name} {number}", each)
        case list():
            for each in value:
                yield from _lines(name, each)
        case str():
            for line in value.splitlines() or [""]:
                yield f"{name}: {line}"
        case _:
            yield f"{name}: {json.dumps(value)}"


def _changed(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> Iterator[ChangedEntry]:
    for each in (*before, *(added for added in after if added not in before)):
        ours, theirs = before.get(each, []), after.get(each, [])
        if ours != theirs:
            yield ChangedEntry(each, tuple(_marked(ours, theirs)))


def _marked(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[str, str]]:
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    for kind, first, last, begin, end in matcher.get_opcodes():
        if kind == "equal":
            yield from ((" ", line) for line in ours[first:last])
        else:
            yield from (("-", line) for line in ours[first:last])
            yield from (("+", line) for line in theirs[begin:end])
