"""Files of piles, as the stages plan them for the split function."""

from collections.abc import Iterable

from aita.errors import InvalidMaterialError
from aita.models.base import StrictModel
from aita.models.pile import StoredPart
from aita.services.assignments.pile_files import PileFile


class PileSources(StrictModel):
    """Objects that hold each file of a pile, by the file's id, and the keys of the blank exam's files.

    The keys hold the names that people gave to the files, so that only the split function reads them.
    """

    files: dict[str, tuple[StoredPart, ...]] = {}
    blank_exam: tuple[str, ...] = ()


def require_whole(files: Iterable[PileFile], assignment: str) -> None:
    """Require that each file of a pile is there with all of its parts.

    Raises
    ------
    InvalidMaterialError
        If parts are missing, or two versions of a file are there that were sent in different numbers of parts.
    """
    found = list(files)
    if len({file.name for file in found}) < len(found):
        raise InvalidMaterialError(
            "two versions of one file are among the piles, in different numbers of parts: purge the assignment "
            f"(aita purge --assignment {assignment}), or delete the older parts from the bucket"
        )
    lacking = [file for file in found if file.lacks]
    if lacking:
        count = sum(file.lacks for file in lacking)
        raise InvalidMaterialError(
            f"{count} {'part' if count == 1 else 'parts'} of a pile did not arrive: upload it again "
            f"(aita upload FILE --pile --assignment {assignment}), which sends what is missing"
        )
