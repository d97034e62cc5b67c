"""Uploads of exams that were dropped on the console's page."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from pydantic import Field

from aita.cli.files.archives import as_given, unpacked
from aita.cli.files.pile_discovery import PILES, find_pile, not_sent, with_pages
from aita.cli.files.upload_discovery import SCANS, Upload
from aita.cli.files.upload_plan import planned_on
from aita.cli.files.upload_sending import send_files
from aita.client.api_client import ApiClient
from aita.client.console.staging import Staging
from aita.client.file_transfer import FileTransfer
from aita.errors import InvalidMaterialError, NotFoundError, RequestError
from aita.models.base import StrictModel
from aita.models.names import MAX_PILE_BYTES, check_assignment, part_of

_MOST_AT_ONCE = 100


class DropRequest(StrictModel):
    """``POST /own/upload-discard``; ``drop`` is the id of the dropped files."""

    assignment: str
    drop: str


class CheckRequest(DropRequest):
    """``POST /own/upload-check``.

    Parameters
    ----------
    pile
        Whether the files are scans of the whole class, of nobody by name, which a run separates into booklets.
    pages
        Pages of each booklet of a pile; ``None`` to go by the blank exam.
    """

    pile: bool = False
    pages: Annotated[int, Field(ge=1, le=1000)] | None = None


class SendRequest(DropRequest):
    """``POST /own/upload-send``; ``names`` are names that the check returned."""

    names: tuple[str, ...] = Field(min_length=1, max_length=_MOST_AT_ONCE)


class Uploads:
    """Dropped files that were checked, each drop with the names that its files are uploaded under."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._checked: dict[str, tuple[dict[str, Upload], ExitStack]] = {}

    def check(self, api: ApiClient, files: FileTransfer, asked: CheckRequest) -> dict[str, Any]:
        """Return what dropped files were taken for, as ``aita upload`` does, and which ones are in the bucket already.

        Raises
        ------
        InvalidMaterialError
            If some of them can't be uploaded; the message names them with the reasons.
        """
        check_assignment(asked.assignment)
        folder = self._staging.folder(asked.drop)
        if not folder.is_dir():
            raise NotFoundError("the console has no such files: drop them again")
        self._forget(asked.drop)
        with ExitStack() as stack:
            find = _pile if asked.pile else _exam
            try:
                dropped = find(api, files, asked, sorted(folder.iterdir()), stack)
            except InvalidMaterialError as error:
                raise InvalidMaterialError(_as_dropped(str(error), folder)) from None
            self._checked[asked.drop] = {one.name: one for one in dropped.uploads}, stack.pop_all()
        scans = Counter(one.name.split("/")[1] for one in dropped.uploads if one.name.startswith(SCANS))
        document = json.dumps(dropped.plan, ensure_ascii=False)
        return {
            "files": [
                {"name": one.name, "size": one.size, "there": one.name in dropped.there} for one in dropped.uploads
            ],
            "material": [one.name for one in dropped.uploads if not one.name.startswith((SCANS, PILES))],
            "pile": dropped.pile,
            "students": [{"folder": folder, "files": count} for folder, count in scans.items()],
            "notes": [_as_dropped(note, folder) for note in dropped.notes],
            "plan": json.loads(_as_dropped(document, folder)),
        }

    def send(self, api: ApiClient, files: FileTransfer, asked: SendRequest) -> dict[str, Any]:
        """Upload some of the checked files, and return their number."""
        checked, _ = self._checked.get(asked.drop, ({}, None))
        if missing := [name for name in asked.names if name not in checked]:
            raise RequestError(f"{len(missing)} of these files were not checked: drop them again")
        send_files(api, files, check_assignment(asked.assignment), [checked[name] for name in asked.names])
        return {"sent": len(asked.names)}

    def discard(self, _api: ApiClient, _files: FileTransfer, asked: DropRequest) -> dict[str, Any]:
        """Delete dropped files from this computer."""
        self._forget(asked.drop)
        self._staging.discard(asked.drop)
        return {}

    def _forget(self, drop: str) -> None:
        _, stack = self._checked.pop(drop, (None, None))
        if stack is not None:
            stack.close()


@dataclass(frozen=True, slots=True)
class _Dropped:
    """Files to upload, the names of those that are there already, the files of a pile with sizes, and the plan."""

    uploads: list[Upload]
    notes: list[str]
    there: frozenset[str] = frozenset()
    pile: Sequence[Mapping[str, object]] = ()
    plan: Mapping[str, object] | None = None


def _exam(
    api: ApiClient, files: FileTransfer, asked: CheckRequest, paths: Iterable[Path], stack: ExitStack
) -> _Dropped:
    plan = stack.enter_context(planned_on(api, files, asked.assignment, list(paths), guess=True))
    plan.check()
    there = frozenset(_there(api, asked.assignment, plan.uploads))
    return _Dropped(plan.uploads, list(plan.notes), there, plan=plan.document())


def _pile(
    api: ApiClient, files: FileTransfer, asked: CheckRequest, paths: Iterable[Path], stack: ExitStack
) -> _Dropped:
    found = find_pile(stack.enter_context(unpacked(paths, MAX_PILE_BYTES)))
    left = not_sent(found.uploads, api.uploaded(asked.assignment))
    uploads = list(left.uploads)
    if asked.pages is not None:
        made = Path(stack.enter_context(TemporaryDirectory(prefix="aita-upload-")))
        uploads.append(with_pages(api, files, asked.assignment, made, asked.pages))
    sizes = {part_of(one.name)[0].removeprefix(PILES): one.whole or one.size for one in found.uploads}
    pile = [{"name": name, "size": size} for name, size in sizes.items()]
    return _Dropped(uploads, [*found.notes, *left.notes], pile=pile)


def _as_dropped(message: str, folder: Path) -> str:
    """Return a message with paths as they are in what was dropped."""
    return as_given(message.replace(f"{folder}/", ""))


def _there(api: ApiClient, assignment: str, uploads: Iterable[Upload]) -> Iterable[str]:
    """Yield the names of scans that are in the bucket with the same content, as far as its ETags tell."""
    stored = {file.name: file for file in api.uploaded(assignment)}
    for one in uploads:
        file = stored.get(one.name)
        if file is None or file.size != one.size:
            continue
        with one.path.open("rb") as opened:
            digest = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False))
        if file.etag.strip('"') == digest.hexdigest():
            yield one.name
