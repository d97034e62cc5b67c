"""The blank exam that pages are compared with, made ready from its files."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from aita.errors import MissingInputError, ObjectNotFoundError, TaskError, UnreadableScanError
from aita.models.names import MAX_UPLOAD_BYTES
from aita.models.scan import PageImage, PageInk
from aita.ports import ObjectStore

logger = logging.getLogger(__name__)

_GONE = "the scan is no longer there: upload it again and start a new run"


class BlankExam(Protocol):
    """Pages of the blank exam, prepared for comparison."""

    def single_pages(self, sheet: PageImage, expected: int) -> Iterable[tuple[PageImage, PageInk]]:
        """Return the pages of a scanned sheet, upright, each with the ink on it that the blank exam does not have.

        Parameters
        ----------
        expected
            Number of the exam page that is assumed if the image does not show which one it is.
        """
        ...


@dataclass(frozen=True, slots=True)
class BlankExams:
    """Reads scanned files, and prepares blank exams of them.

    Parameters
    ----------
    pages
        Renders the page images of a file's bytes.
    prepare
        Prepares a blank exam, given as JPEGs, for comparison.
    """

    objects: ObjectStore
    pages: Callable[[bytes], Iterable[PageImage]]
    prepare: Callable[[Iterable[bytes]], BlankExam]

    def of(self, keys: Iterable[str]) -> BlankExam | None:
        """Return the blank exam in some files; ``None``, so that ink is unknown, if it is missing or unreadable."""
        files = tuple(keys)
        if not files:
            return None
        try:
            return self.prepare(image.jpeg for key in files for image in self.pages(read_scan(self.objects, key)))
        except TaskError as error:
            logger.warning("the blank exam can't be compared with: %s", type(error).__name__)
            return None


def read_scan(objects: ObjectStore, key: str) -> bytes:
    """Return the bytes of an uploaded file.

    Raises
    ------
    MissingInputError
        If it is no longer there.
    UnreadableScanError
        If it is too large to be read at once.
    """
    try:
        data = objects.get(key)
    except ObjectNotFoundError:
        raise MissingInputError(_GONE) from None
    if len(data) > MAX_UPLOAD_BYTES:
        raise UnreadableScanError(f"the file is larger than {MAX_UPLOAD_BYTES // 2**20} MiB: scan it in parts")
    return data
