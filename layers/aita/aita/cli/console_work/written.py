"""Questions, answer keys and rubrics of an exam, and changes of the instructor's own."""

import json
from enum import StrEnum
from typing import Any

from aita.cli.files.assignment_download import fetch_material
from aita.cli.files.written_change import digest, send_changed, written_content
from aita.cli.files.written_material import fetch_answer_keys, fetch_rubrics
from aita.cli.files.written_versions import compare_version, restore_version
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import NotFoundError, RequestError
from aita.models.base import StrictModel
from aita.models.file_version import WrittenFile
from aita.models.names import check_assignment
from aita.services.assignments import object_keys


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


class VersionsRequest(StrictModel):
    """``POST /own/versions``: list the versions of a file."""

    assignment: str
    kind: WrittenKind


class VersionRequest(VersionsRequest):
    """``POST /own/version``: compare a version with the present file."""

    version_id: str


class RestoreRequest(VersionRequest):
    """``POST /own/restore``. ``seen`` is the digest of the present file that the version was compared with."""

    seen: str


_SHOWN = 40
"""Versions in a list."""

_FILES = {
    WrittenKind.QUESTION: WrittenFile.QUESTIONS,
    WrittenKind.ANSWER_KEY: WrittenFile.ANSWER_KEYS,
    WrittenKind.RUBRIC: WrittenFile.RUBRICS,
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
        "versions": {kind: digest(written_content(stored, _FILES[kind])) for kind in WrittenKind},
    }


def change(api: ApiClient, files: FileTransfer, asked: ChangeRequest) -> dict[str, Any]:
    """Upload the instructor's file with a change, and return notes and its version.

    Raises
    ------
    ConflictError
        If the file is another one than the person saw.
    InvalidMaterialError
        If the file would be wrong.
    """

    def changed(before: bytes) -> bytes:
        return json.dumps(_changed(before, asked), ensure_ascii=False, indent=2).encode()

    assignment = check_assignment(asked.assignment)
    notes, version = send_changed(api, files, assignment, _FILES[asked.kind], asked.seen, changed)
    return {"notes": notes, "version": version}


def versions(api: ApiClient, _files: FileTransfer, asked: VersionsRequest) -> dict[str, Any]:
    """Return the newest versions of the instructor's file, newest first."""
    found = api.versions(check_assignment(asked.assignment), _FILES[asked.kind], _SHOWN)
    return {"versions": [each.model_dump(mode="json", exclude={"url"}) for each in found]}


def version(api: ApiClient, files: FileTransfer, asked: VersionRequest) -> dict[str, Any]:
    """Return the changes that restoring a version makes, question by question, and the digest of the present file.

    Raises
    ------
    NotFoundError
        If there is no such version.
    """
    return compare_version(api, files, asked.assignment, _FILES[asked.kind], asked.version_id).document()


def restore(api: ApiClient, files: FileTransfer, asked: RestoreRequest) -> dict[str, Any]:
    """Upload a version's content as a new version, and return notes and the file's digest.

    Raises
    ------
    ConflictError
        If the file was changed since it was compared.
    InvalidMaterialError
        If the version does not fit the exam as it is now.
    NotFoundError
        If there is no such version.
    """
    notes, left = restore_version(api, files, asked.assignment, _FILES[asked.kind], asked.version_id, asked.seen)
    return {"notes": notes, "version": left}


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
