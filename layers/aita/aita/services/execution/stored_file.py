"""An uploaded file that is read by ranges: it may be larger than memory, and may have been sent in parts."""

import struct
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final

from aita.models.pile import StoredPart
from aita.ports import ByteSource, ObjectStore

_BLOCK: Final = 2**20  # bytes: a scanned page has some hundred thousand
_SMALL: Final = 2**16  # bytes read around a lookup far from the last one
_BLOCKS: Final = 8
_LOOKED_UP: Final = 2**12  # bytes: a reader of a PDF looks up half a thousand at a time, and reads pictures whole
_HEAD: Final = struct.Struct(">QI")


class StoredFile:
    """File in the bucket. Bytes that are read one after another come in blocks, of which the latest are kept.

    Parameters
    ----------
    parts
        Its parts in order.
    known
        Bytes that were read before, by their place: they are not fetched again.
    """

    def __init__(
        self, objects: ObjectStore, parts: Sequence[StoredPart], known: Mapping[int, bytes] | None = None
    ) -> None:
        self._objects = objects
        self._parts = parts
        self._known = known or {}
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
        known = self._known.get(first, b"")
        if len(known) >= length:
            return known[:length]
        end = min(first + length, self.size)
        pieces: list[bytes] = []
        place = first
        while place < end:
            start, block = self._block(place, end - place)
            piece = block[place - start : end - start]
            pieces.append(piece)
            place += len(piece)
        self._next = end
        return b"".join(pieces)

    def _block(self, place: int, wanted: int) -> tuple[int, bytes]:
        """Return the block with a byte, and its start: a large one where reading goes on or much is wanted."""
        for length in (_BLOCK, _SMALL):
            start = place - place % length
            if (start, length) in self._blocks:
                self._blocks.move_to_end((start, length))
                return start, self._blocks[start, length]
        goes_on = wanted > _SMALL or (0 <= place - self._next < _SMALL and self._next > 0)
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


class Lookups:
    """File of which each small read is kept. A reader of a PDF looks up every page before the one that it wants.

    Parameters
    ----------
    file
        The file that is read.
    """

    def __init__(self, file: ByteSource) -> None:
        self._file = file
        self._reads: dict[int, bytes] = {}

    @property
    def size(self) -> int:
        """Number of the bytes."""
        return self._file.size

    def read(self, first: int, length: int) -> bytes:
        """Return a part of the bytes."""
        data = self._file.read(first, length)
        if length <= _LOOKED_UP and length > len(self._reads.get(first, b"")):
            self._reads[first] = data
        return data

    def dump(self) -> bytes:
        """Return what was read, to keep it."""
        return b"".join(_HEAD.pack(first, len(data)) + data for first, data in self._reads.items())


def load_lookups(data: bytes) -> dict[int, bytes]:
    """Return what ``Lookups`` kept: bytes by their place."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        first, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        found[first] = data[at : at + length]
        at += length
    return found
