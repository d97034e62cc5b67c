"""The roster among files to upload, as CSV whatever it was."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from aita.cli.files.upload_discovery import Upload
from aita.errors import InvalidMaterialError
from aita.services.assignments import object_keys

_BEGIN = 8  # bytes that tell a workbook


@contextmanager
def with_csv_roster(uploads: Sequence[Upload]) -> Iterator[tuple[list[Upload], list[str]]]:
    """Yield the files to upload, a workbook among them as the CSV of its roster, and notes on it.

    Raises
    ------
    InvalidMaterialError
        If a workbook's roster can't be read; the message names the workbook and the cells.
    """
    roster = next((each for each in uploads if each.name == object_keys.ROSTER), None)
    if roster is None:
        yield list(uploads), []
        return
    from aita.cli.files.roster_workbook import is_workbook, roster_of_workbook  # noqa: PLC0415 - openpyxl takes long to import

    with roster.path.open("rb") as file:
        begin = file.read(_BEGIN)
    if not is_workbook(begin):
        yield list(uploads), []
        return
    try:
        read = roster_of_workbook(roster.path.read_bytes())
    except InvalidMaterialError as error:
        raise InvalidMaterialError(f"nothing was uploaded: {roster.path}: {error}") from error
    with TemporaryDirectory(prefix="aita-upload-") as folder:
        path = Path(folder, object_keys.ROSTER)
        path.write_bytes(read.csv)
        made = replace(roster, path=path, size=len(read.csv), made_of=roster.path)
        notes = [f"{roster.path}: {note}" for note in read.notes]
        yield [made if each is roster else each for each in uploads], notes
