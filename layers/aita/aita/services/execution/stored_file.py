"""An uploaded file that is read by ranges: it may be larger than memory, and may have been sent in parts."""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from aita.models.pile import StoredPart
from aita.ports import ObjectStore

_BLOCK: Final = 2**20  # bytes: a scanned page has some hundred thousand
_SMALL: Final = 2**16  # bytes: what a reader looks up far from what it read before
_BLOCKS: Final = 8


class StoredFile:
    """File in the bucket. Bytes that are read one after another come in blocks, of which the latest are kept.

    Parameters
    ----------
    parts
        Its parts in order.
    """

    def __init__(self, objects: ObjectStore, parts: Sequence[StoredPart]) -> None:
        self._objects = objects
        self._parts = parts
        self._starts = [0, *accumulate(part.size for part in parts)]
        self._blocks: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._next = 0

    @property
    def size(self) -> int:
        """Number of the bytes."""
        return self._starts[-1]

    def read(self, first: int, length: int) -> bytes:
        """Return a part of the bytes.

        Raises
        ------
        ObjectNotFoundError, ObjectChangedError
            If the file is no longer the one that was listed.
        """
        end = min(first + length, self.size)
        pieces: list[bytes] = []
        place = first
        while place < end:
            start, block = self._block(place)
            piece = block[place - start : end - start]
            pieces.append(piece)
            place += len(piece)
        self._next = end
        return b"".join(pieces)

    def _block(self, place: int) -> tuple[int, bytes]:
        """Return the block with a byte, and its start: a large one where reading goes on, else a small one."""
        for length in (_BLOCK, _SMALL):
            start = place - place % length
            if (start, length) in self._blocks:
                self._blocks.move_to_end((start, length))
                return start, self._blocks[start, length]
        goes_on = 0 <= place - self._next < _SMALL and self._next > 0
        length = _BLOCK if goes_on else _SMALL
        start = place - place % length
        self._blocks[start, length] = self._fetched(start, min(length, self.size - start))
        while sum(map(len, self._blocks.values())) > _BLOCKS * _BLOCK:
            self._blocks.popitem(last=False)
        return start, self._blocks[start, length]

    def _fetched(self, first: int, length: int) -> bytes:
        pieces: list[bytes] = []
        for part, start in zip(self._parts, self._starts, strict=False):
            begin, end = max(first, start), min(first + length, start + part.size)
            if begin < end:
                pieces.append(self._objects.get_range(part.key, part.etag, begin - start, end - begin))
        return b"".join(pieces)
