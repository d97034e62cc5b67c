"""Versions of the instructor's written files, which people list and restore."""

from datetime import datetime
from enum import StrEnum

from aita.models.base import StrictModel


class WrittenFile(StrEnum):
    """File with questions, answer keys or rubrics of the instructor's own."""

    QUESTIONS = "questions.json"
    ANSWER_KEYS = "user_answer_keys.json"
    RUBRICS = "user_rubrics.json"


class FileVersion(StrictModel):
    """Version of a file.

    Parameters
    ----------
    size
        In bytes.
    etag
        The bucket's digest of the content.
    is_present
        Whether it is the file as it is now.
    by
        Name of the person who uploaded it; empty if it is not known, as of what versions before 0.3 took.
    url
        Where its content is; it expires after some minutes.
    """

    version_id: str
    written_at: datetime
    size: int
    etag: str
    is_present: bool
    by: str = ""
    url: str


class FileVersionPage(StrictModel):
    """``GET /assignments/{assignment}/versions``, newest first."""

    versions: tuple[FileVersion, ...]
    next_token: str | None = None
