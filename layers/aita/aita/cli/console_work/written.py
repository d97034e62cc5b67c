"""Questions, answer keys and rubrics of an exam, and changes of the instructor's own."""

import hashlib
import json
import threading
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aita.cli.files.assignment_download import fetch_material
from aita.cli.files.upload_checks import check_material
from aita.cli.files.upload_discovery import Upload
from aita.cli.files.upload_sending import send_files
from aita.cli.files.written_material import fetch_answer_keys, fetch_rubrics
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import ConflictError, InvalidMaterialError, NotFoundError, ObjectNotFoundError, RequestError
from aita.models.base import StrictModel
from aita.models.names import check_assignment
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles


class WrittenRequest(StrictModel):
    """``POST /own/written``."""

    assignment: str


class WrittenKind(StrEnum):
    """Kind of what is changed."""

    QUESTION = "question"
    ANSWER_KEY = "answer_key"
    RUBRIC = "rubric"


class ChangeRequest(StrictModel):
    """``POST /own/change``: put another question, answer key or rubric in the place of one.

    Parameters
    ----------
    content
        Its fields; ``None`` takes the instructor's own answer key or rubric away, so that the one that was written by
        aita counts again. Fields of a question that are left out stay.
    seen
        Version of the file, as the person saw it.
    """

    assignment: str
    kind: WrittenKind
    question_id: str
    content: dict[str, Any] | None
    seen: str


_ONE_AT_A_TIME = threading.Lock()
"""Held by a change from its reading of the file to its sending, so that none of two in one console is lost."""

_FILES = {
    WrittenKind.QUESTION: object_keys.QUESTIONS,
    WrittenKind.ANSWER_KEY: object_keys.USER_ANSWER_KEYS,
    WrittenKind.RUBRIC: object_keys.USER_RUBRICS,
}


def written(api: ApiClient, files: FileTransfer, asked: WrittenRequest) -> dict[str, Any]:
    """Return each question with its answer key and rubric, and the versions of the instructor's files."""
    assignment = check_assignment(asked.assignment)
    rubrics = fetch_rubrics(api, files, assignment, None)
    keys = fetch_answer_keys(api, files, assignment, None)
    stored = fetch_material(api, files, assignment, (*_FILES.values(), object_keys.EXAM_SPEC))
    exam = stored.exam()
    return {
        "exam_name": exam.exam_name,
        "out_of": exam.out_of,
        "points_step": exam.points_step,
        "questions": [
            {
                "question": rubric.question.model_dump(mode="json"),
                "choice": rubric.choice,
                "rubric": rubric.document(),
                "answer_key": key.document(),
            }
            for rubric, key in zip(rubrics.written, keys.written, strict=True)
        ],
        "unknown": sorted({*rubrics.unknown, *keys.unknown}),
        "versions": {kind: _version(_stored(stored, kind)) for kind in WrittenKind},
    }


def change(api: ApiClient, files: FileTransfer, asked: ChangeRequest) -> dict[str, Any]:
    """Upload the instructor's file with a change, checked as ``aita upload`` checks it; return notes and its version.

    Raises
    ------
    ConflictError
        If the file is another one than the person saw.
    InvalidMaterialError
        If the file would be wrong.
    """
    with _ONE_AT_A_TIME:
        return _put(api, files, asked)


def _put(api: ApiClient, files: FileTransfer, asked: ChangeRequest) -> dict[str, Any]:
    assignment = check_assignment(asked.assignment)
    stored = fetch_material(api, files, assignment, (*_FILES.values(), object_keys.EXAM_SPEC))
    before = _stored(stored, asked.kind)
    _check_seen(before, asked)
    content = _changed(before, asked)
    with TemporaryDirectory(prefix="aita-change-") as made:
        file = Path(made, _FILES[asked.kind])
        file.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
        upload = Upload(file, file.name, file.stat().st_size)
        try:
            notes = check_material([upload], lambda names: fetch_material(api, files, assignment, names))
        except InvalidMaterialError as error:
            raise InvalidMaterialError(str(error).replace(f"{made}/", "")) from None
        # The check took a while, in which another person's console may have sent a change.
        _check_seen(_stored(fetch_material(api, files, assignment, _names(asked.kind)), asked.kind), asked)
        send_files(api, files, assignment, [upload])
        version = _version(file.read_bytes())
    return {"notes": [note.replace(f"{made}/", "") for note in notes], "version": version}


def _check_seen(stored: bytes, asked: ChangeRequest) -> None:
    if _version(stored) != asked.seen:
        raise ConflictError(f"{_FILES[asked.kind]} was changed since this page fetched it: load the page again")


def _names(kind: WrittenKind) -> tuple[str, ...]:
    return (_FILES[kind], *([object_keys.EXAM_SPEC] if kind is WrittenKind.QUESTION else []))


def _stored(stored: AssignmentFiles, kind: WrittenKind) -> bytes:
    """Return the file of a kind; of the questions the extracted ones, if the instructor gave none; empty without."""
    for name in _names(kind):
        with suppress(ObjectNotFoundError):
            return stored.objects.get(object_keys.material(stored.assignment, name))
    return b""


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32] if data else ""


def _changed(before: bytes, asked: ChangeRequest) -> dict[str, Any]:
    """Return the file's content with the change; fields that the page does not know stay."""
    content: dict[str, Any] = json.loads(before.decode("utf-8-sig")) if before else {}
    if asked.kind is not WrittenKind.QUESTION:
        others = {each: value for each, value in content.items() if each != asked.question_id}
        return others if asked.content is None else others | {asked.question_id: asked.content}
    if asked.content is None:
        raise RequestError("a question can't be taken away here: upload other questions")
    questions = content.get("questions", [])
    places = [place for place, each in enumerate(questions) if each.get("question_id") == asked.question_id]
    if not places:
        raise NotFoundError("the exam has no such question any more: load the page again")
    questions[places[0]] |= asked.content | {"question_id": asked.question_id}
    return content
