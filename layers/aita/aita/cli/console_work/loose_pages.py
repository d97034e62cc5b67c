"""Pages of piles that are given to folders or to nobody, or taken back."""

from typing import Any

from aita.cli.files.pile_giving import give_pages, take_back
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.models.base import StrictModel


class TakeBackRequest(StrictModel):
    """``POST /own/take-back``: take back the last decision about a page of a pile's file."""

    assignment: str
    file: str
    page: int


class GiveRequest(TakeBackRequest):
    """``POST /own/give``; ``folder`` is ``None`` if the page is nobody's."""

    folder: str | None


def give(api: ApiClient, files: FileTransfer, asked: GiveRequest) -> dict[str, Any]:
    """Give a page, as ``aita piles give`` does; return it, and whether the folder is a new one."""
    given, is_new = give_pages(api, files, asked.assignment, asked.file, asked.page, asked.page, asked.folder)
    return given.model_dump(mode="json") | {"is_new": is_new}


def undo(api: ApiClient, files: FileTransfer, asked: TakeBackRequest) -> dict[str, Any]:
    """Take a page back, as ``aita piles give --undo`` does, and return what was decided."""
    return take_back(api, files, asked.assignment, asked.file, asked.page, asked.page).model_dump(mode="json")
