"""Files to hand back: gradebooks for other systems, and the reports in an archive."""

import base64
import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from pydantic import Field

from aita.cli.files.export_file import write_export
from aita.cli.files.report_download import fetch_reports
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.models.base import StrictModel
from aita.models.export import ExportFormat, MoodleKey
from aita.models.names import check_assignment


class ExportRequest(StrictModel):
    """``POST /own/export``; ``column``, ``key`` and ``section`` as ``aita export`` takes them."""

    assignment: str
    format: ExportFormat
    column: Annotated[str, Field(max_length=200)] | None = None
    key: MoodleKey | None = None
    section: Annotated[str, Field(max_length=200)] | None = None


class ReportsRequest(StrictModel):
    """``POST /own/reports``."""

    assignment: str


def export(api: ApiClient, files: FileTransfer, asked: ExportRequest) -> dict[str, Any]:
    """Return an export's file in base 64, and who is left out of it, as ``aita export --json`` does."""
    assignment, to = check_assignment(asked.assignment), asked.format
    ending = "zip" if to.is_feedback else "jsonl" if to is ExportFormat.JSONL else "csv"
    name = f"{assignment}-{to}.{ending}"
    with TemporaryDirectory(prefix="aita-export-") as folder:
        out = Path(folder, name)
        made, gradebook = write_export(
            out, api, files, assignment, to, column=asked.column, key=asked.key, section=asked.section
        )
        content = out.read_bytes()
    return {
        "name": name,
        "content": base64.b64encode(content).decode(),
        "out_of": gradebook.exam.out_of,
        "grades_version": gradebook.version,
        "written": made.written,
        "left_out": [each.model_dump(mode="json") for each in made.left_out],
        "notes": made.notes,
    }


def reports(api: ApiClient, files: FileTransfer, asked: ReportsRequest) -> dict[str, Any]:
    """Return an archive of the reports as they were made last, in base 64, and which ones are out of date."""
    assignment = check_assignment(asked.assignment)
    archive = io.BytesIO()
    with TemporaryDirectory(prefix="aita-reports-") as made:
        folder = Path(made)
        found = fetch_reports(api, files, assignment, folder, lambda text: text)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in found.paths:
                packed.write(path, path.relative_to(folder))
    return {
        "name": f"{assignment}-reports.zip",
        "content": base64.b64encode(archive.getvalue()).decode(),
        "written": len(found.paths),
        "out_of_date": len(found.out_of_date),
        "untranscribed": list(found.untranscribed),
    }
