"""File types, recognised by content, as a file's name may be wrong."""

from typing import Literal

from aita.errors import TaskError, UnreadableScanError

ScanType = Literal["jpeg", "png", "tiff", "heic", "pdf"]
"""Types of scans."""

_SUPPORTED = "aita reads JPEG, PNG, TIFF, HEIC and PDF"

_IMAGES: tuple[tuple[bytes, Literal["jpeg", "png", "gif", "tiff"]], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),  # BigTIFF
    (b"MM\0+", "tiff"),
)
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})

# Used in messages only, so that they name the type of the file that was uploaded.
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"BM", "a BMP image"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL image"),
    (b"PK\x03\x04", "a zip archive or an Office document"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript document"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x7fELF", "an executable"),
    (b"MZ", "an executable"),
    (b"\xcf\xfa\xed\xfe", "an executable"),
    (b"\xca\xfe\xba\xbe", "an executable"),
    (b"#!", "a script"),
)

_HEADER_WITHIN = 1024  # bytes: readers accept a PDF's header up to here, as scanners and mail gateways prepend bytes
_HEADER_LOOKED_FOR = 64 * 1024
_NOT_IN_TEXT = bytes(set(range(32)) - set(b"\t\n\f\r")) + b"\x7f"


def scan_type(data: bytes) -> ScanType:
    """Return the type of a scan.

    Parameters
    ----------
    data
        The whole file, or its first 1,024 bytes or more.

    Raises
    ------
    UnreadableScanError
        If the file is empty or of another type. The message names the type if it is known.
    """
    if not data:
        raise UnreadableScanError("the file is empty: scan or upload it again")
    match _image_type(data):
        case "gif":
            other: str | None = "a GIF image"
        case "webp":
            other = "a WebP image"
        case None:
            other = _unsupported_type(data)
        case scan:
            return scan
    if other is None and b"%PDF-" in data[:_HEADER_WITHIN]:
        return "pdf"
    raise UnreadableScanError(f"the file is {other or 'of an unknown type'}: {_SUPPORTED}")


def shown_image_ending(data: bytes) -> str:
    """Return the file ending of an image that a task shows the model, one of ``names.IMAGE_TYPES``.

    Raises
    ------
    TaskError
        If the image has a format that models do not take.
    """
    match _image_type(data):
        case "jpeg":
            return "jpg"
        case "png" | "gif" | "webp" as image:
            return image
    raise TaskError("an image of this task is neither JPEG, PNG, GIF nor WebP")


def _image_type(data: bytes) -> Literal["jpeg", "png", "gif", "webp", "tiff", "heic"] | None:
    for signature, image in _IMAGES:
        if data.startswith(signature):
            return image
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":  # WAV files are RIFF, too
        return "webp"
    brands = _heif_brands(data)
    return "heic" if brands & _HEIC_BRANDS and b"avif" not in brands else None


def _heif_brands(data: bytes) -> set[bytes]:
    """Return the brands in the ``ftyp`` box at the start of a HEIF file; empty for other files."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4]), 256)
    return {data[8:12]} | {data[at : at + 4] for at in range(16, end, 4)}


def _unsupported_type(data: bytes) -> str | None:
    """Return the name of an unsupported type; ``None`` if the type is unknown or may be PDF."""
    for signature, name in _OTHERS:
        if data.startswith(signature):
            return name
    if data.startswith(b"RIFF"):
        return "a sound or a video"
    if brands := _heif_brands(data):
        return "an AVIF image" if b"avif" in brands else "a video"
    if b"%PDF-" in data[_HEADER_WITHIN:_HEADER_LOOKED_FOR]:
        return "a PDF behind other data, such as a mail's header, which must go"
    return _text_format(data[:_HEADER_WITHIN])


def _text_format(head: bytes) -> str | None:
    """Return the name of a text format; ``None`` for other types."""
    if b"%PDF-" in head or head.translate(None, _NOT_IN_TEXT) != head:
        return None
    markup = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"<svg" in markup:
        return "an SVG drawing"
    if markup.startswith((b"<!doctype html", b"<html")):
        return "an HTML page"
    return "an XML document" if markup.startswith(b"<?xml") else "plain text"
