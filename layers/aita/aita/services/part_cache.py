"""The parts of shared replies in S3: a part that was paid for once answers its task in whatever company it comes."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from aita.errors import ObjectNotFound
from aita.models.base import Frozen
from aita.models.run import Usage
from aita.services import keys
from aita.services.protocols import ObjectStore
from aita.services.record import Spent


class CachedPart(Frozen):
    """One task's part of a paid reply.

    ``spent`` is what the shared call took, if this part carries it; it counts for the task in ``paid_by`` alone.
    """

    text: str
    paid_by: str
    spent: Spent = Spent()

    def spent_by(self, payer: str) -> Spent:
        """Return what the part cost the task that reads it."""
        carried = self.paid_by == payer and self.spent.asks > 0
        return self.spent if carried else Spent(asks=1, usage=Usage(cached_calls=1))


@dataclass(frozen=True, slots=True)
class PartCache:
    """Keeps parts that could be used, so that none of them is ever rejected."""

    objects: ObjectStore

    def get(self, digests: Sequence[str]) -> dict[str, CachedPart]:
        """Return those of these parts that are kept."""
        with ThreadPoolExecutor(len(digests)) as readers:
            found = zip(digests, readers.map(self._read, digests), strict=True)
            return {digest: part for digest, part in found if part is not None}

    def put(self, parts: Mapping[str, CachedPart]) -> None:
        """Keep parts."""
        with ThreadPoolExecutor(len(parts)) as writers:
            list(writers.map(self._write, parts.items()))

    def _read(self, digest: str) -> CachedPart | None:
        try:
            return CachedPart.model_validate_json(self.objects.get(keys.cached_reply(digest)))
        except ObjectNotFound:
            return None

    def _write(self, part: tuple[str, CachedPart]) -> None:
        digest, kept = part
        self.objects.put(keys.cached_reply(digest), kept.model_dump_json().encode())
