"""All work of the console's server, by its name in the path."""

from collections.abc import Mapping
from typing import Any

from aita.cli.console_work.class_list import ClassListRequest, class_list
from aita.cli.console_work.export import ExportRequest, ReportsRequest, export, reports
from aita.cli.console_work.loose_pages import GiveRequest, give, undo
from aita.cli.console_work.uploads import CheckRequest, DropRequest, SendRequest, Uploads
from aita.cli.console_work.written import (
    ChangeRequest,
    RestoreRequest,
    VersionRequest,
    VersionsRequest,
    WrittenRequest,
    change,
    restore,
    version,
    versions,
    written,
)
from aita.client.console.own_work import OwnWork
from aita.client.console.staging import Staging


def own_work(staging: Staging) -> Mapping[str, OwnWork[Any]]:
    """Return the work of a server that has these dropped files."""
    uploads = Uploads(staging)
    return {
        "change": OwnWork(ChangeRequest, change),
        "class-list": OwnWork(ClassListRequest, class_list),
        "export": OwnWork(ExportRequest, export),
        "give": OwnWork(GiveRequest, give),
        "reports": OwnWork(ReportsRequest, reports),
        "restore": OwnWork(RestoreRequest, restore),
        "take-back": OwnWork(GiveRequest, undo),
        "upload-check": OwnWork(CheckRequest, uploads.check),
        "upload-discard": OwnWork(DropRequest, uploads.discard),
        "upload-send": OwnWork(SendRequest, uploads.send),
        "version": OwnWork(VersionRequest, version),
        "versions": OwnWork(VersionsRequest, versions),
        "written": OwnWork(WrittenRequest, written),
    }
