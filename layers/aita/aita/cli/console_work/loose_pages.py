"""Pages of piles that are given to folders or to nobody, or taken back."""

from typing import Any

from aita.cli.files.pile_giving import give_pages, take_back
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import ConflictError
from aita.models.base import StrictModel
from aita.models.pile import GivenPages


class GiveRequest(StrictModel):
    """``POST /own/give`` and ``/own/take-back``; ``folder`` is ``None`` if the page is nobody's."""

    assignment: str
    file: str
    page: int
    folder: str | None


def give(api: ApiClient, files: FileTransfer, asked: GiveRequest) -> dict[str, Any]:
    """Give a loose page, as ``aita piles give`` does; return it, and whether the folder is a new one.

    Raises
    ------
    ConflictError
        If somebody else has said meanwhile whose it is.
    """
    given, is_new = give_pages(
        api, files, asked.assignment, asked.file, asked.page, asked.page, asked.folder, loose_alone=True
    )
    return given.model_dump(mode="json") | {"is_new": is_new}


def undo(api: ApiClient, files: FileTransfer, asked: GiveRequest) -> dict[str, Any]:
    """Take a page back, as ``aita piles give --undo`` does, and return the decision.

    Raises
    ------
    ConflictError
        If somebody else has given it elsewhere since.
    """

    def check(last: GivenPages) -> None:
        if last.folder != asked.folder:
            where = "nobody's" if last.folder is None else f"in {last.folder}"
            raise ConflictError(f"page {asked.page} of {asked.file} is {where}, as somebody else has said since")

    return take_back(api, files, asked.assignment, asked.file, asked.page, asked.page, check).model_dump(mode="json")
