"""What a file is by its first bytes: one table for scans and for the images that tasks show the model."""

import pytest

from aita.errors import TaskError, UnreadableScanError
from aita.models.file_type import scan_type, shown_image_ending
from aita.models.names import IMAGE_TYPES

HEADS = {
    "JPEG": (b"\xff\xd8\xff\xe0 more", "jpeg", "jpg"),
    "PNG": (b"\x89PNG\r\n\x1a\n more", "png", "png"),
    "a PNG spoilt by line endings": (b"\x89PNG\n\x1a\n more", None, None),
    "GIF": (b"GIF89a more", None, "gif"),
    "WebP": (b"RIFF\x24\0\0\0WEBPVP8 ", None, "webp"),
    "WAV": (b"RIFF\x24\0\0\0WAVEfmt ", None, None),
    "AVI": (b"RIFF\x24\0\0\0AVI LIST", None, None),
    "TIFF": (b"II*\0 more", "tiff", None),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "heic", None),
    "HEIC by a compatible brand": (b"\0\0\0\x18ftypMiHE\0\0\0\0mif1heic", "heic", None),
    "AVIF": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", None, None),
    "MP4": (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", None, None),
    "PDF": (b"%PDF-1.7", "pdf", None),
    "a PDF after what a mail gateway wrote": (b"\n" * 100 + b"%PDF-1.7", "pdf", None),
    "nothing": (b"", None, None),
}


@pytest.mark.parametrize(("head", "scan", "shown"), HEADS.values(), ids=HEADS)
def test_scans_and_images_are_told_apart_by_one_table(head: bytes, scan: str | None, shown: str | None) -> None:
    if scan is None:
        with pytest.raises(UnreadableScanError):
            scan_type(head)
    else:
        assert scan_type(head) == scan
    if shown is None:
        with pytest.raises(TaskError, match="neither JPEG, PNG, GIF nor WebP"):
            shown_image_ending(head)
    else:
        assert shown_image_ending(head) == shown


def test_each_image_that_models_take_may_be_uploaded() -> None:
    assert {shown for _, _, shown in HEADS.values() if shown} == IMAGE_TYPES.keys()
