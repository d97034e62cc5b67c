"""Versions of an assignment's written files, as the bucket keeps them."""

from dataclasses import dataclass

from aita.models.file_version import FileVersion, FileVersionPage, WrittenFile
from aita.models.names import check_assignment
from aita.ports import ObjectHistory
from aita.services.assignments import object_keys

VERSIONS_PAGE = 20
"""Most versions in one response: the uploader of each one takes a request of its own."""


@dataclass(frozen=True, slots=True)
class FileVersions:
    """Queries of versions."""

    objects: ObjectHistory

    def page(self, assignment: str, file: WrittenFile, limit: int, token: str | None) -> FileVersionPage:
        """Return versions of a file, newest first, each with its URL.

        Raises
        ------
        RequestError
            If the assignment's name is invalid.
        """
        key = object_keys.material(check_assignment(assignment), file)
        found, following = self.objects.history(key, limit, token)
        versions = (
            FileVersion(
                version_id=each.version_id,
                written_at=each.written_at,
                size=each.size,
                etag=each.etag.strip('"'),
                is_present=each.is_present,
                by=each.by,
                url=self.objects.presign_version(key, each.version_id, file),
            )
            for each in found
        )
        return FileVersionPage(versions=tuple(versions), next_token=following)
