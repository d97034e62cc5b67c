"""Pages of piles that people give to folders or to nobody, or take back, in the settings of piles."""

import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from aita.cli.files.assignment_download import fetch_material, fetch_uploaded
from aita.cli.files.upload_discovery import Upload
from aita.cli.files.upload_sending import send_files
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import ConflictError, NotFoundError, RequestError
from aita.models.names import check_assignment, check_upload
from aita.models.pile import GivenPages, PilePage, PileSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.pile_files import pile_files, unplaced_pages
from aita.services.assignments.uploaded_files import uploaded_scans

_TRIES = 5
"""Times that the settings are read afresh if somebody else changes them meanwhile."""

_ONE_AT_A_TIME = threading.Lock()
"""Held from reading the settings to sending them, so that none of two decisions in one console is lost."""


def fetch_piles(api: ApiClient, transfer: FileTransfer, assignment: str) -> AssignmentFiles:
    """Return an assignment's booklets, its settings of piles and the list of its uploads.

    Raises
    ------
    NotFoundError
        If nothing was uploaded to the assignment.
    """
    names = object_keys.BOOKLETS, object_keys.PILE_SETTINGS
    return fetch_uploaded(api, transfer, check_assignment(assignment), *names)


def give_pages(
    api: ApiClient,
    transfer: FileTransfer,
    assignment: str,
    file: str,
    first: int,
    last: int,
    folder: str | None,
    *,
    loose_alone: bool = False,
) -> tuple[GivenPages, bool]:
    """Give pages of a pile's file to a folder; return these pages, and whether the folder is a new one.

    Parameters
    ----------
    folder
        ``None`` if the pages are nobody's.
    loose_alone
        Whether pages that are placed by now, as by somebody else, are to stay where they are.

    Raises
    ------
    ConflictError
        If, with ``loose_alone``, they are not loose any more, or others change the settings again and again.
    InvalidMaterialError
        If no folder can have that name.
    RequestError
        If the piles have no such file, or the file has no such pages, or one of them can't be read.
    """
    if folder is not None:
        check_upload(f"scans/{folder}/page.jpg")
    is_new = False

    def changed(material: AssignmentFiles, asked: GivenPages) -> PileSettings:
        nonlocal is_new
        if loose_alone and not any(_holds(asked, each.page) for each in unplaced_pages(material)):
            raise ConflictError(f"page {first} of {file} is not loose any more: somebody has said whose it is")
        if folder is not None:
            _check_readable(material, asked)
        is_new = folder is not None and all(folder != name for name, _, _ in uploaded_scans(material))
        settings = material.pile_settings()
        return settings.model_copy(update={"given": (*settings.given, asked)})

    return _change(api, transfer, assignment, (file, first, last, folder), changed), is_new


def _holds(given: GivenPages, page: PilePage) -> bool:
    return page.source == given.source and given.first <= page.page <= given.last


def _check_readable(material: AssignmentFiles, given: GivenPages) -> None:
    for each in material.separation().unplaced:
        if _holds(given, each.page) and not each.page.is_readable:
            raise RequestError(
                f"page {each.page.page} of {given.file} can't be read, so no folder can have it: scan it again, or say"
                " that it is nobody's"
            )


def take_back(
    api: ApiClient,
    transfer: FileTransfer,
    assignment: str,
    file: str,
    first: int,
    last: int,
    check: Callable[[GivenPages], None] = lambda _: None,
) -> GivenPages:
    """Take back the last decision about these pages of a pile's file; return it.

    Parameters
    ----------
    check
        Function that is given this decision, and raises an error if it is to stay.

    Raises
    ------
    ConflictError
        If others change the settings again and again.
    NotFoundError
        If nobody gave just these pages.
    RequestError
        As from ``give_pages``.
    """
    taken: list[GivenPages] = []

    def changed(material: AssignmentFiles, asked: GivenPages) -> PileSettings:
        settings = material.pile_settings()
        places = [place for place, each in enumerate(settings.given) if _is_of(each, asked)]
        if not places:
            raise NotFoundError(f"nobody gave just these pages of {file} to a folder, or to nobody")
        taken.append(settings.given[places[-1]])
        check(taken[-1])
        kept = (each for place, each in enumerate(settings.given) if place != places[-1])
        return settings.model_copy(update={"given": tuple(kept)})

    _change(api, transfer, assignment, (file, first, last, None), changed)
    return taken[-1]


def _is_of(given: GivenPages, asked: GivenPages) -> bool:
    of = (given.file, given.first, given.last) == (asked.file, asked.first, asked.last)
    return of and given.source in ("", asked.source)


def _change(
    api: ApiClient,
    transfer: FileTransfer,
    assignment: str,
    asked: tuple[str, int, int, str | None],
    changed: Callable[[AssignmentFiles, GivenPages], PileSettings],
) -> GivenPages:
    file, first, last, folder = asked
    with _ONE_AT_A_TIME, TemporaryDirectory(prefix="aita-upload-") as made:
        for _ in range(_TRIES):
            material = fetch_piles(api, transfer, assignment)
            given = GivenPages(
                file=file, source=_source(material, file, first, last), first=first, last=last, folder=folder
            )
            path = Path(made, object_keys.PILE_SETTINGS)
            path.write_text(changed(material, given).model_dump_json(indent=1), encoding="utf-8")
            # Somebody else may have sent a change since the settings were read.
            present = fetch_material(api, transfer, assignment, (object_keys.PILE_SETTINGS,))
            if present.pile_settings() == material.pile_settings():
                send_files(api, transfer, assignment, [Upload(path, path.name, path.stat().st_size)])
                return given
    raise ConflictError("others place pages of these piles again and again meanwhile: try again")


def _source(material: AssignmentFiles, file: str, first: int, last: int) -> str:
    counts = material.separation().counted
    sources = {each.name: each.source for each in pile_files(material)}
    if file not in sources:
        raise RequestError(f"the piles have no file of that name: they have {', '.join(sources) or 'none'}")
    count = counts.get(sources[file])
    if count is None:
        raise RequestError("no run has separated that file as it is now: start a run, then say whose its pages are")
    if not 1 <= first <= last <= count:
        raise RequestError(f"that file has {count:,} pages, as the last run counted them")
    return sources[file]
