"""All work of the console's server, by its name in the path."""

from collections.abc import Mapping
from typing import Any

from aita.cli.console_work.class_list import ClassListRequest, class_list
from aita.cli.console_work.export import ExportRequest, ReportsRequest, export, reports
from aita.client.console.own_work import OwnWork

WORK: Mapping[str, OwnWork[Any]] = {
    "class-list": OwnWork(ClassListRequest, class_list),
    "export": OwnWork(ExportRequest, export),
    "reports": OwnWork(ReportsRequest, reports),
}
