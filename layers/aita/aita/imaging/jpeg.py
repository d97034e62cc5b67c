"""JPEG files: their segments, and the page that a file holds.

A JPEG that is upright and within bounds keeps its compressed pixels; nothing is encoded again.
Metadata around the pixels is removed: EXIF and XMP (place, time, camera and its owner), comments,
thumbnails, colour profiles, and data that phones append after the image. None of it helps to read
a page, and all of it would leave with the image for the model's provider.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image

from aita.errors import UnreadableScanError
from aita.imaging.decode_errors import reading
from aita.imaging.encode import encode_pages, orientation
from aita.imaging.long_pages import LONGEST
from aita.models.scan import PageImage

_SUBJECT = "the JPEG image"

_TEM, _RST, _SOS, _EOI, _APP0, _APP1, _APP14, _COM = 0x01, range(0xD0, 0xD8), 0xDA, 0xD9, 0xE0, 0xE1, 0xEE, 0xFE
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COMMON_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})  # Huffman: baseline, extended, progressive
_NEEDED: Final = _FRAMES | {0xC4, 0xCC, _SOS, 0xDB, 0xDC, 0xDD}  # the frame, its tables, restarts, scans
_KNOWN: Final = _NEEDED | frozenset(range(_APP0, 0xFE)) | {_COM}

_MARKER = re.compile(rb"\xff([^\x00\xff])", re.DOTALL)
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)  # stuffed bytes and restarts belong to a scan

_MOST_SCANS: Final = 100
"""Passes over the pixels of a progressive JPEG: encoders make about 10, and thousands of empty ones take hours."""

_DRAFT_MARGIN = 1.5
"""Decoding at a half, a quarter or an eighth is exact and fast; the rest is left to a proper filter."""


@dataclass(frozen=True, slots=True)
class JpegSegments:
    """Parts of a JPEG."""

    pixels: bytes
    """The JPEG with the segments that decoding needs, and no others."""
    exif: bytes
    """Its EXIF block; empty if it has none."""
    common: bool
    """Whether every reader knows its coding: not arithmetic, lossless or hierarchical."""


def jpeg_pages(data: bytes, longest_side: int) -> Iterator[PageImage]:
    """Yield the page that a JPEG holds, or the parts of a long one.

    Parameters
    ----------
    data
        The file.
    longest_side
        Bound on width and height, in pixels.

    Raises
    ------
    UnreadableScanError
        If the file is corrupt, cut off or too large.
    """
    source = dissect(data)
    with reading(_SUBJECT):
        image = Image.open(BytesIO(source.pixels), formats=("JPEG",))
    exif_orientation = orientation(source.exif)
    upright = exif_orientation == 1
    if source.common and upright and image.mode in {"L", "RGB"} and max(image.size) <= longest_side:
        width, height = image.size
        with reading(_SUBJECT):
            # Reading the compressed data to its end proves it whole; at an eighth of the size that is half the work.
            image.draft(None, (max(1, width // 8), max(1, height // 8)))
            image.load()
        yield PageImage(source.pixels, width, height)
        return
    with reading(_SUBJECT):
        bound = longest_side * _DRAFT_MARGIN / max(image.size)
        if bound < 1 and max(image.size) <= LONGEST * min(image.size):
            image.draft(None, (max(1, round(image.width * bound)), max(1, round(image.height * bound))))
    yield from encode_pages(image, longest_side, _SUBJECT, exif_orientation)


def dissect(data: bytes) -> JpegSegments:
    """Return the parts of a JPEG up to its end marker, reduced to the segments that decoding needs.

    Two application segments stay, as they declare the coding of colours: JFIF's, less its
    thumbnail, and Adobe's.

    Raises
    ------
    UnreadableScanError
        If a segment or the end marker is missing, a segment is unknown, or there are too many scans.
    """
    parts = [data[:2]]
    exif = b""
    common = False
    scans = 0
    at = 2
    while (found := _MARKER.search(data, at)) is not None:
        marker, at = found[1][0], found.end()
        if marker == _EOI:
            parts.append(found[0])
            return JpegSegments(b"".join(parts), exif, common)
        if marker in _RST or marker == _TEM:
            continue
        end = at + int.from_bytes(data[at : at + 2])
        if end < at + 2 or end > len(data) or marker not in _KNOWN:
            break
        payload = data[at + 2 : end]
        at = end
        if marker in _NEEDED:
            parts.append(data[found.start() : end])
            common = common or marker in _COMMON_FRAMES
        elif marker == _APP0 and payload.startswith(b"JFIF\0"):
            parts.append(b"\xff\xe0\0\x10" + payload[:12].ljust(12, b"\0") + b"\0\0")
        elif marker == _APP14 and payload.startswith(b"Adobe"):
            parts.append(b"\xff\xee\0\x0e" + payload[:12])
        elif marker == _APP1 and payload.startswith(b"Exif\0\0") and not exif:
            exif = payload
        if marker == _SOS:
            scans += 1
            if scans > _MOST_SCANS:
                raise UnreadableScanError(f"{_SUBJECT} has more than {_MOST_SCANS} scans: save it as an ordinary JPEG")
            scan_end = _AFTER_SCAN.search(data, at)
            if scan_end is None:
                break
            parts.append(data[at : scan_end.start()])
            at = scan_end.start()
    raise UnreadableScanError(f"{_SUBJECT} is corrupt or cut off: scan or export it again")
