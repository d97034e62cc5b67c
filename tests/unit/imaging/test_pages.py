"""Scanned files in, pages out: every kind of file, and every kind that is refused."""

import math
import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO

import pillow_heif
import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageFile, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

from aita.errors import UnreadableScanError
from aita.imaging.encode import LEAST_SHORT_SIDE
from aita.imaging.pages import PageImage, pages
from aita.models.file_type import scan_type

pytestmark = pytest.mark.slow

CELL = 16  # pixels: two JPEG blocks, so that a cell's middle keeps its colour
RED, GREEN, BLUE, BLACK, WHITE, YELLOW = (
    (220, 30, 30),
    (20, 160, 40),
    (30, 30, 220),
    (0,) * 3,
    (255,) * 3,
    (240, 220, 0),
)
Grid = list[list[tuple[int, int, int]]]
GRID: Grid = [[RED, GREEN, BLUE], [BLACK, WHITE, YELLOW]]
SECRET = b"Jane Q. Student"


# --- building and looking ---------------------------------------------------------------------


def picture(grid: Grid = GRID, cell: int = CELL, mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (len(grid[0]), len(grid)))
    image.putdata([colour for row in grid for colour in row])
    return image.resize((image.width * cell, image.height * cell), Image.Resampling.NEAREST).convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def tiff(*frames: Image.Image, **options: object) -> bytes:
    return saved(frames[0], "TIFF", save_all=True, append_images=frames[1:], **options)


def heic(*images: Image.Image, **options: object) -> bytes:
    file = pillow_heif.from_pillow(images[0])
    for image in images[1:]:
        file.add_from_pillow(image)
    out = BytesIO()
    file.save(out, quality=90, **options)
    return out.getvalue()


def pdf(*images: bytes, size: tuple[float, float] = (30, 20)) -> bytes:
    """A PDF with one page for each JPEG, drawn over the whole of it; pages of ``size`` in points."""
    document = pdfium.PdfDocument.new()
    for jpeg in images:
        page = document.new_page(*size)
        if jpeg:
            image = pdfium.PdfImage.new(document)
            image.load_jpeg(BytesIO(jpeg), inline=True)
            image.set_matrix(pdfium.PdfMatrix().scale(*size))
            page.insert_obj(image)
            page.gen_content()
    out = BytesIO()
    document.save(out)
    return out.getvalue().rstrip()


def stream(entries: bytes, data: bytes) -> bytes:
    """A stream object of a PDF."""
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (entries, len(data), data)


def raw_pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of hand-written objects, the first of them its catalog."""
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF\n"
        % (
            size,
            table,
            size,
            trailer,
            len(out),
        )
    )


def png_header(width: int, height: int) -> bytes:
    """A PNG whose header promises pixels that are not there."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def jpeg_header(width: int, height: int) -> bytes:
    """A JPEG whose header promises more pixels than are there."""
    data = saved(picture(), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def tiff_with(data: bytes, tag: int, value: int, frame: int = 0) -> bytes:
    """Overwrite one long or short value in a frame's directory."""
    at = struct.unpack_from("<I", data, 4)[0]
    for _ in range(frame):
        at = struct.unpack_from("<I", data, at + 2 + 12 * struct.unpack_from("<H", data, at)[0])[0]
    for entry in range(at + 2, at + 2 + 12 * struct.unpack_from("<H", data, at)[0], 12):
        if struct.unpack_from("<H", data, entry)[0] == tag:
            out = bytearray(data)
            struct.pack_into("<HII", out, entry + 2, 4, 1, value)
            return bytes(out)
    raise AssertionError(tag)


def decoded(page: PageImage) -> Image.Image:
    image = Image.open(BytesIO(page.jpeg), formats=("JPEG",))
    image.load()
    assert image.size == (page.width, page.height)
    assert image.mode in {"L", "RGB"}
    return image


def colour_at(image: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    red, green, blue = image.convert("RGB").crop((x, y, x + 1, y + 1)).tobytes()
    return red, green, blue


def looks_like(page: PageImage, grid: Grid = GRID, tolerance: int = 40) -> bool:
    """Whether the middle of every cell has its colour."""
    image = decoded(page)
    rows, columns = len(grid), len(grid[0])
    if abs(image.width / image.height - columns / rows) > 0.1:
        return False
    for y, row in enumerate(grid):
        for x, colour in enumerate(row):
            seen = colour_at(image, int((x + 0.5) * image.width / columns), int((y + 0.5) * image.height / rows))
            if max(abs(a - b) for a, b in zip(seen, colour, strict=True)) > tolerance:
                return False
    return True


def only(data: bytes, **options: int) -> PageImage:
    (page,) = pages(data, **options)
    return page


def refusal(data: bytes, **options: int) -> str:
    """Take pages until one is refused; return why."""
    with pytest.raises(UnreadableScanError) as caught:
        list(pages(data, **options))
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None or error.__suppress_context__, "a library's message would leave with it"
    return str(error)


# --- each kind of file ------------------------------------------------------------------------

KINDS = {
    "jpeg": saved(picture(), "JPEG", quality=95),
    "png": saved(picture(), "PNG"),
    "tiff": tiff(picture()),
    "heic": heic(picture()),
    "pdf": pdf(saved(picture(), "JPEG", quality=95)),
}


@pytest.mark.parametrize(("kind", "data"), KINDS.items(), ids=KINDS)
def test_every_kind_gives_its_page_in_colour(kind: str, data: bytes) -> None:
    assert scan_type(data) == kind
    assert looks_like(only(data))


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_tiff_compressions(compression: str | None) -> None:
    assert looks_like(only(tiff(picture(), compression=compression)))


def test_a_fax_tiff_stays_black_and_white() -> None:
    grid = [[BLACK, WHITE, BLACK], [WHITE, BLACK, WHITE]]
    assert looks_like(only(tiff(picture(grid, mode="1"), compression="group4")), grid)


def test_bigtiff() -> None:
    assert looks_like(only(saved(picture(), "TIFF", big_tiff=True)))


def test_tiff_frames_come_in_order() -> None:
    grids = [[[RED, WHITE]], [[WHITE, GREEN], [BLUE, BLACK]], [[BLUE, YELLOW]]]
    found = list(pages(tiff(*(picture(grid) for grid in grids))))
    assert [looks_like(page, grid) for page, grid in zip(found, grids, strict=True)] == [True] * 3


def test_heic_images_come_in_order_whichever_is_primary() -> None:
    grids = [[[RED, WHITE]], [[BLUE, YELLOW]]]
    found = list(pages(heic(*(picture(grid, cell=64) for grid in grids), primary_index=1)))
    assert [looks_like(page, grid) for page, grid in zip(found, grids, strict=True)] == [True] * 2


def test_pdf_pages_come_in_order_beyond_one_opening() -> None:
    """60 pages: more than are drawn before the document is opened again."""
    shades = [(n * 4, 255 - n * 4, 128) for n in range(60)]
    data = pdf(*(saved(picture([[shade, WHITE]]), "JPEG", quality=95) for shade in shades), size=(20, 10))
    found = list(pages(data))
    assert len(found) == 60
    assert all(looks_like(page, [[shade, WHITE]], 6) for page, shade in zip(found, shades, strict=True))


def test_pdf_is_drawn_at_200_dpi() -> None:
    page = only(pdf(KINDS["jpeg"], size=(360, 240)))
    assert (page.width, page.height) == (1000, 667)


@pytest.mark.parametrize("kind", [b"/Widget/FT/Tx/T(a)/V(b)", b"/Stamp"])
def test_pdf_form_fields_and_annotations_are_drawn(kind: bytes) -> None:
    appearance = b"<</Type/XObject/Subtype/Form/BBox[0 0 30 20]/Length 26>>\nstream\n1 0 0 rg 0 0 15 20 re f\nendstream"
    data = raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 30 20]/Annots[4 0 R]>>",
        b"<</Type/Annot/Subtype%b/Rect[0 0 30 20]/F 4/AP<</N 5 0 R>>>>" % kind,
        appearance,
    )
    image = decoded(only(data))
    left, right = (colour_at(image, image.width * quarter // 4, image.height // 2) for quarter in (1, 3))
    assert left[0] > 200
    assert left[2] < 60
    assert min(right) > 200


def test_pdf_after_a_few_bytes_of_mail_header_and_before_padding() -> None:
    assert looks_like(only(b"Content-Type: application/pdf\r\n\r\n" + KINDS["pdf"] + b"\0" * 700))


DOWNLOADED = b"\n<!DOCTYPE html><html><body>" + b"<p>See object 12 of our live stream.</p>" * 60 + b"</body></html>"


@pytest.mark.parametrize("behind", [DOWNLOADED, b"\0" * 30_000, b"\r\n" * 900 + b"--boundary--"])
def test_a_pdf_with_other_data_behind_its_end(behind: bytes) -> None:
    assert looks_like(only(KINDS["pdf"] + behind))


@pytest.mark.parametrize("left", [40, 900, 3_000])
def test_a_pdf_whose_last_change_was_cut_off_is_refused(left: int) -> None:
    change = b"\n7 0 obj\n<</Length 9000>>\nstream\n" + b"\x80" * 9_000
    assert "cut off" in refusal(KINDS["pdf"] + change[:left])


def test_a_pdf_behind_a_long_header_is_named_as_that() -> None:
    assert "a PDF behind other data" in refusal(b"Received: by a mail gateway\r\n" * 90 + KINDS["pdf"])


def attached(*names: str) -> bytes:
    """A PDF of one page, with files attached."""
    document = pdfium.PdfDocument(KINDS["pdf"])
    for name in names:
        document.new_attachment(name).set_data(KINDS["pdf"])
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def test_a_portfolio_is_refused_rather_than_its_cover_taken() -> None:
    assert "a portfolio, with 2 files in it" in refusal(attached("a.pdf", "notes.txt", "B.PDF"))
    assert "a portfolio, with 1 file in it" in refusal(attached("photo.jpeg"))
    assert looks_like(only(attached("invoice.xml")))


def spatial(data: bytes, kind: bytes = b"ster") -> bytes:
    """A HEIC of two images, in a group of this kind."""
    group = struct.pack(">I4sIIIII", 28, kind, 0, 99, 2, 1, 2)
    groups = struct.pack(">I4sI", 12 + len(group), b"grpl", 0) + group
    meta, places = data.index(b"meta") - 4, data.index(b"iloc") + 4
    end = meta + int.from_bytes(data[meta : meta + 4])
    out = bytearray(data)
    for item in range(2):
        at = places + 8 + 18 * item + 4  # an item's base offset: what follows moves by the group's length
        struct.pack_into(">I", out, at, int.from_bytes(data[at : at + 4]) + len(groups))
    struct.pack_into(">I", out, meta, end - meta + len(groups))
    return bytes(out[:end] + groups + out[end:])


def test_a_spatial_photo_is_one_page() -> None:
    other = [row[::-1] for row in GRID]
    two = heic(picture(), picture(other))
    assert looks_like(only(spatial(two)))
    assert [looks_like(page) for page in pages(spatial(two, b"eqiv"))] == [True, False], (
        "another group is no stereo pair"
    )


# --- orientation ------------------------------------------------------------------------------

# EXIF 2.32, tag 0x0112: which side of the upright picture the stored 0th row and 0th column are.
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def stored(orientation: int) -> Image.Image:
    """The picture as a camera stores it under this orientation, by the standard's own words."""
    row_side, column_side = SIDES[orientation]
    upright = GRID
    if row_side in {"left", "right"}:
        upright = [list(column) for column in zip(*upright, strict=True)]
    rows = upright[::-1] if row_side in {"bottom", "right"} else upright
    return picture([row[::-1] if column_side in {"bottom", "right"} else row for row in rows])


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = SECRET.decode()
    return block


@pytest.mark.parametrize("orientation", SIDES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_every_orientation_gives_the_same_upright_page(kind: str, orientation: int) -> None:
    page = only(saved(stored(orientation), kind, exif=exif(orientation)))
    assert (page.width, page.height) == (3 * CELL, 2 * CELL)
    assert looks_like(page)
    assert SECRET not in page.jpeg


@pytest.mark.parametrize("orientation", SIDES)
def test_heic_is_turned_once(orientation: int) -> None:
    """The encoder writes the turn into HEIC's own box and leaves the EXIF remark beside it."""
    image, out = stored(orientation), BytesIO()
    block = exif(orientation).tobytes()
    pillow_heif.encode("RGB", image.size, image.tobytes(), out, quality=90, exif=block)
    assert block in out.getvalue()
    page = only(out.getvalue())
    assert looks_like(page)
    assert SECRET not in page.jpeg


def test_a_broken_exif_block_does_not_cost_the_page() -> None:
    plain = saved(picture(), "JPEG")
    for block in (b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0garbage", exif(77).tobytes()):
        assert only(saved(picture(), "JPEG", exif=block)).jpeg == plain


# --- a JPEG is used as it is ------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 60, "subsampling": 0}, {"optimize": True}])
def test_an_upright_jpeg_within_bounds_keeps_its_bytes(mode: str, options: dict[str, object]) -> None:
    data = saved(picture(mode=mode), "JPEG", **options)
    assert only(data, longest_side=3 * CELL) == PageImage(data, 3 * CELL, 2 * CELL)


def test_its_metadata_goes_and_its_pixels_stay() -> None:
    plain = saved(picture(), "JPEG")
    block = exif(1)
    block.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 14.0)})
    tagged = saved(picture(), "JPEG", exif=block, comment=SECRET, icc_profile=SECRET * 9, xmp=SECRET)
    after_jfif = 20
    thumbnail = b"\xff\xe0" + struct.pack(">H", 34) + plain[6:18] + b"\x02\x03" + SECRET + b"abc"
    tagged = plain[:2] + thumbnail + tagged[after_jfif:] + b"\xff\xd8" + SECRET
    assert tagged.count(SECRET) > 10
    assert only(tagged).jpeg == plain


def test_metadata_goes_when_it_is_encoded_again_too() -> None:
    tags = {"exif": exif(1), "icc_profile": SECRET * 9}
    remark = PngInfo()
    remark.add_text("comment", SECRET.decode())
    for data in (
        saved(picture(), "JPEG", comment=SECRET, xmp=SECRET, **tags),
        saved(picture(), "PNG", pnginfo=remark, **tags),
        saved(picture(), "TIFF", **tags),
    ):
        assert SECRET in data
        assert SECRET not in only(data, longest_side=40).jpeg
        assert SECRET not in only(data).jpeg


def test_the_colour_transform_of_an_rgb_jpeg_is_kept() -> None:
    data = saved(picture(), "JPEG", keep_rgb=True, quality=95)
    assert b"Adobe" in data
    page = only(data)
    assert looks_like(page)
    assert page.jpeg == data


def test_a_phone_s_second_image_is_not_a_page() -> None:
    data = saved(picture(), "MPO", save_all=True, append_images=[picture([[RED, RED, RED]])])
    assert only(data).jpeg == saved(picture(), "JPEG")


def test_bytes_between_segments_do_no_harm() -> None:
    data = saved(picture(), "JPEG")
    at = data.index(b"\xff\xdb")
    assert only(data[:at] + b"\xff\xff\xff" + data[at:]).jpeg == data


# --- bounds and colours -----------------------------------------------------------------------


@pytest.mark.parametrize("bound", [7, 40, 100, 333])
@pytest.mark.parametrize("kind", KINDS)
def test_no_side_is_longer_than_the_bound(kind: str, bound: int) -> None:
    large = picture(cell=200)
    data = {
        "jpeg": saved(large, "JPEG"),
        "png": saved(large, "PNG"),
        "tiff": tiff(large),
        "heic": heic(large),
        "pdf": pdf(saved(large, "JPEG"), size=(601.3, 400.9)),
    }[kind]
    page = only(data, longest_side=bound)
    assert page.width == bound
    assert abs(page.height - bound * 2 / 3) <= 1
    assert bound < 40 or looks_like(page)


def test_a_large_jpeg_keeps_its_colours_and_its_turn() -> None:
    image = stored(6).resize((1600, 2400), Image.Resampling.NEAREST)
    page = only(saved(image, "JPEG", exif=exif(6)), longest_side=300)
    assert (page.width, page.height) == (300, 200)
    assert looks_like(page)


def test_no_picture_is_enlarged() -> None:
    assert (only(KINDS["png"]).width, only(KINDS["png"]).height) == (3 * CELL, 2 * CELL)


# --- resolution ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("picture_width", "drawn"), [(3 * CELL, 1000), (1500, 1500), (2000, 2000), (9000, 2048)])
def test_a_pdf_page_has_at_least_its_picture_s_resolution(picture_width: int, drawn: int) -> None:
    large = picture().resize((picture_width, picture_width * 2 // 3), Image.Resampling.NEAREST)
    assert only(pdf(saved(large, "JPEG"), size=(360, 240))).width == drawn


def test_a_picture_on_half_of_a_pdf_page_keeps_its_resolution() -> None:
    """900 pixels on 180 points, of a page of 360."""
    large = saved(picture().resize((900, 600), Image.Resampling.NEAREST), "JPEG")
    data = raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 360 240]/Contents 4 0 R/Resources<</XObject<</F 5 0 R>>>>>>",
        stream(b"", b"q 0.5 0 0 0.5 0 0 cm /F Do Q"),
        stream(
            b"/Type/XObject/Subtype/Form/BBox[0 0 360 240]/Resources<</XObject<</P 6 0 R>>>>",
            b"360 0 0 240 0 0 cm /P Do",
        ),
        stream(
            b"/Type/XObject/Subtype/Image/Width 900/Height 600"
            b"/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode",
            large,
        ),
    )
    assert (only(data).width, only(data).height) == (1800, 1200)


def test_a_pdf_page_in_units_of_ten_points_is_drawn_in_its_real_size() -> None:
    """5 x 3 inches, which PDFium takes for half an inch."""
    data = raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 36 24]/UserUnit 10>>",
    )
    assert (only(data).width, only(data).height) == (1000, 667)


@pytest.mark.parametrize("size", [(30, 20), (1, 2)])
def test_a_tiny_pdf_page_is_drawn_large_enough_to_be_legible(size: tuple[int, int]) -> None:
    page = only(pdf(b"", size=size))
    assert min(page.width, page.height) == math.ceil(LEAST_SHORT_SIDE * 2048)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_strip_that_would_be_illegible_is_refused(kind: str) -> None:
    strip = saved(Image.new("RGB", (3000, 600), RED), kind)
    assert "too narrow to be legible as one page: scan or export it in parts" in refusal(strip)
    assert only(strip, longest_side=3000).height == 600


def test_a_strip_of_a_pdf_that_would_be_illegible_is_refused() -> None:
    assert refusal(pdf(b"", size=(5000, 612))).startswith("page 1 of the PDF is too narrow to be legible")


# --- long pages ---------------------------------------------------------------------------------


HIGH = 20  # pixels of a stroke


def lines_of_writing(height: int, *, start: int, every: int, width: int = 600) -> Image.Image:
    """Return a page with thick strokes, each as wide as its number times 10."""
    image = Image.new("L", (width, height), "white")
    for number, y in enumerate(range(start, height - HIGH, every), 1):
        image.paste(0, (20, y, 20 + 10 * number, y + HIGH))
    return image


def strokes_on(image: Image.Image, width: int = 600) -> list[int]:
    """Return the numbers of the strokes that are whole on a page, from top to bottom."""
    gray = image.convert("L").resize((width, round(image.height * width / image.width)))
    found, rows, length = [], 0, 0
    for y in range(gray.height + 1):
        dark = y < gray.height and sum(level < 128 for level in gray.crop((0, y, width, y + 1)).tobytes())
        if dark:
            rows, length = rows + 1, max(length, dark)
        elif rows:
            found += [round(length / 10)] if rows >= HIGH - 3 else []
            rows, length = 0, 0
    return found


KINDS_OF_LONG: dict[str, Callable[[Image.Image], bytes]] = {
    "PNG": lambda image: saved(image, "PNG"),
    "TIFF": tiff,
    "JPEG": lambda image: saved(image, "JPEG", quality=95),
    "JPEG on its side": lambda image: saved(
        image.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=95, exif=exif(6)
    ),
    "PDF": lambda image: pdf(saved(image, "JPEG", quality=95), size=(image.width, image.height)),
}


@pytest.mark.parametrize("kind", KINDS_OF_LONG)
def test_an_endless_page_is_cut_between_lines(kind: str) -> None:
    image = lines_of_writing(3210, start=30, every=60)
    found = list(pages(KINDS_OF_LONG[kind](image), longest_side=1000))
    assert len(found) == 4
    assert all(page.height <= 1000 and page.width >= 0.55 * page.height for page in found)
    assert [number for page in found for number in strokes_on(decoded(page))] == list(range(1, 54))


def test_where_no_row_is_white_each_line_is_whole_on_a_page() -> None:
    image = lines_of_writing(3240, start=30, every=60)
    image.paste(0, (590, 0, 596, 3240))  # a line down the page, as of squared paper
    images = [decoded(page) for page in pages(saved(image, "PNG"), longest_side=1000)]
    left = [image.crop((0, 0, round(image.width * 0.96), image.height)) for image in images]
    strokes = [strokes_on(image, 576) for image in left]
    assert {number for page in strokes for number in page} == set(range(1, 55))
    assert sum(image.height / image.width for image in images) > 3240 / 600 + 3 * 0.05, "the parts overlap"


@pytest.mark.parametrize(("usual", "count"), [(11 / 8.5, 8), (2**0.5, 3), (11 / 8.5, 2)])
def test_a_stack_of_pages_is_cut_into_them(usual: float, count: int) -> None:
    found = list(pages(pdf(b"", size=(612, 612 * usual * count))))
    assert len(found) == count
    assert all(abs(page.height / page.width - usual) < 0.01 for page in found)


def test_a_long_picture_within_the_bound_stays_as_it_is() -> None:
    data = saved(lines_of_writing(1500, start=30, every=60), "JPEG")
    assert only(data).jpeg == data


def test_a_page_too_long_to_be_cut_is_refused() -> None:
    assert refusal(pdf(b"", size=(10, 1000))).startswith("page 1 of the PDF is 100 times as high as wide: export it")
    assert refusal(saved(Image.new("1", (50, 5000)), "PNG")).startswith("the PNG image is 100 times as high as wide")


@pytest.mark.parametrize("points", [(14_400, 9_600), (1_500_000, 1_000_000)])
def test_a_pdf_page_of_absurd_size_is_bounded(points: tuple[int, int]) -> None:
    page = only(pdf(KINDS["jpeg"], size=points), longest_side=300)
    assert (page.width, page.height) == (300, 200)
    assert looks_like(page)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_what_is_transparent_is_white(mode: str) -> None:
    image = Image.new("RGBA", (3 * CELL, 2 * CELL), (0, 0, 0, 0))
    image.paste((*BLACK, 255), (0, 0, CELL, CELL))
    data = saved(image.convert(mode), "PNG") if mode != "PA" else saved(image.quantize(4), "PNG")
    assert looks_like(only(data), [[BLACK, WHITE, WHITE], [WHITE, WHITE, WHITE]])


def test_a_transparent_colour_and_a_transparent_heic_are_white() -> None:
    rgb = picture([[BLACK, RED]])
    assert looks_like(only(saved(rgb, "PNG", transparency=RED)), [[BLACK, WHITE]])
    rgba = Image.new("RGBA", (128, 64), (0, 0, 0, 0))
    rgba.paste((*RED, 255), (0, 0, 64, 64))
    assert looks_like(only(heic(rgba)), [[RED, WHITE]])


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_keep_their_shades(kind: str) -> None:
    gray = [[0, 100, 200], [255, 50, 150]]
    image = Image.new("I;16", (3 * CELL, 2 * CELL))
    for y, row in enumerate(gray):
        for x, value in enumerate(row):
            image.paste(value * 257, (x * CELL, y * CELL, (x + 1) * CELL, (y + 1) * CELL))
    assert looks_like(only(saved(image, kind)), [[(value,) * 3 for value in row] for row in gray], 8)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(kind: str) -> None:
    page = only(saved(picture(mode="CMYK"), kind, **({"quality": 95} if kind == "JPEG" else {})))
    assert decoded(page).mode == "RGB"
    assert looks_like(page)


def test_a_palette_and_gray_are_taken() -> None:
    assert looks_like(only(saved(picture().quantize(8), "PNG")))
    assert decoded(only(saved(picture(mode="L"), "PNG"))).mode == "L"


# --- lazy -------------------------------------------------------------------------------------


def damaged_second_frame() -> bytes:
    data = tiff(picture(), picture(), compression="tiff_adobe_deflate")
    with Image.open(BytesIO(data)) as image:
        image.seek(1)
        assert isinstance(image, TiffImagePlugin.TiffImageFile)
        at = image.tag_v2[273][0]
    return data[:at] + b"\0" * 8 + data[at + 8 :]


@pytest.mark.parametrize(
    ("data", "subject"),
    [
        (damaged_second_frame(), "page 2 of the TIFF image"),
        (pdf(KINDS["jpeg"], jpeg_header(20_000, 20_000)), "page 2 of the PDF"),
    ],
    ids=["tiff", "pdf"],
)
def test_the_first_page_comes_before_the_second_is_looked_at(data: bytes, subject: str) -> None:
    found: Iterator[PageImage] = pages(data)
    assert looks_like(next(found))
    with pytest.raises(UnreadableScanError, match=subject):
        next(found)


# --- refused ----------------------------------------------------------------------------------

OTHERS = {
    "GIF": (saved(picture(), "GIF"), "a GIF image"),
    "BMP": (saved(picture(), "BMP"), "a BMP image"),
    "WebP": (saved(picture(), "WEBP"), "a WebP image"),
    "AVIF": (saved(picture(), "AVIF"), "an AVIF image"),
    "SVG": (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'>" + SECRET, "an SVG drawing"),
    "HTML": (b"\xef\xbb\xbf \n<!DOCTYPE html><p>" + SECRET, "an HTML page"),
    "XML": (b"<?xml version='1.0'?><a/>", "an XML document"),
    "text": ("Antworten für ".encode() + SECRET, "plain text"),
    "zip": (b"PK\x03\x04" + SECRET, "a zip archive or an Office document"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + SECRET, "an old Office document"),
    "ELF": (b"\x7fELF" + SECRET, "an executable"),
    "EXE": (b"MZ\x90\0" + SECRET, "an executable"),
    "video": (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a video"),
    "sound": (b"RIFF\0\0\0\0WAVE" + SECRET, "a sound or a video"),
    "noise": (b"\x01\x02\x03" + SECRET, "of an unknown type"),
}


@pytest.mark.parametrize(("data", "name"), OTHERS.values(), ids=OTHERS)
def test_another_type_is_named(data: bytes, name: str) -> None:
    assert refusal(data) == f"the file is {name}: aita reads JPEG, PNG, TIFF, HEIC and PDF"


def test_an_empty_file() -> None:
    assert "empty" in refusal(b"")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_cut_off_is_refused_wherever_it_is_cut(kind: str) -> None:
    data = KINDS[kind]
    for left in {len(data) * part // 20 for part in range(1, 20)} | {len(data) - 1, len(data) - 9}:
        message = refusal(data[: max(left, 12)])
        assert "cut off" in message, (left, message)


def test_a_progressive_jpeg_without_its_last_scan_is_refused() -> None:
    data = saved(picture(), "JPEG", progressive=True)
    assert "cut off" in refusal(data[: data.rindex(b"\xff\xda")])


def test_a_jpeg_whose_end_was_put_back_is_refused() -> None:
    data = saved(picture(cell=64), "JPEG", quality=95)
    assert "cut off" in refusal(data[: len(data) // 2])
    no_picture = data[: data.index(b"\xff\xda")] + b"\xff\xd9"
    assert "corrupt" in refusal(no_picture)


def test_a_tiff_with_a_directory_past_its_end_is_refused_before_any_page() -> None:
    data = tiff(picture(), picture())
    at = struct.unpack_from("<I", data, 4)[0]
    following = at + 2 + 12 * struct.unpack_from("<H", data, at)[0]
    broken = data[:following] + struct.pack("<I", len(data) + 100) + data[following + 4 :]
    with pytest.raises(UnreadableScanError, match="cut off"):
        next(pages(broken))


def test_a_tiff_cut_where_it_points_to_its_next_page_is_refused() -> None:
    data = tiff(picture())
    at = struct.unpack_from("<I", data, 4)[0]
    directory = data[at : at + 2 + 12 * struct.unpack_from("<H", data, at)[0] + 4]
    directory_last = data[:4] + struct.pack("<I", len(data)) + data[8:] + directory
    assert looks_like(only(directory_last))
    assert "cut off" in refusal(directory_last[:-2])


@pytest.mark.parametrize("kind", ["png", "tiff", "heic"])
def test_corrupt_content_behind_a_good_signature(kind: str) -> None:
    data = KINDS[kind]
    assert "corrupt" in refusal(data[:12] + SECRET * 20 + data[-12:])


def test_a_corrupt_pdf() -> None:
    assert refusal(b"%PDF-1.7\n" + SECRET * 20 + b"\n%%EOF") == "the PDF is corrupt or cut off: scan or export it again"


def test_a_pdf_page_that_is_missing() -> None:
    data = raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[9 0 R]/Count 1>>")
    assert "page 1 of the PDF is corrupt" in refusal(data)


def test_a_pdf_whose_scan_can_t_be_decoded_is_not_a_blank_page() -> None:
    data = KINDS["pdf"]
    at = data.index(b"\xff\xd8\xff")
    assert "page 1 of the PDF is corrupt" in refusal(data[:at] + b"\0" * 400 + data[at + 400 :])


def test_a_blank_pdf_page_is_a_page() -> None:
    white = saved(picture([[WHITE]]), "JPEG")
    assert [looks_like(page, [[WHITE]]) for page in pages(pdf(b"", white, size=(20, 20)))] == [True, True]


def encrypted_pdf() -> bytes:
    key = b"<" + b"41" * 32 + b">"
    return raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 30 20]>>",
        b"<</Filter/Standard/V 2/R 3/Length 128/P -44/O %b/U %b>>" % (key, key),
        trailer=b"/Encrypt 4 0 R /ID[%b %b]" % (key, key),
    )


def test_an_encrypted_pdf() -> None:
    assert refusal(encrypted_pdf()) == "the PDF is encrypted: save it without a password"


def test_a_pdf_without_pages_whatever_was_read_before_it() -> None:
    refusal(encrypted_pdf())  # pdfium's last error outlives the file
    data = raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>")
    assert "no pages" in refusal(data)


@pytest.mark.parametrize("kind", ["pdf", "tiff", "heic"])
def test_too_many_pages_are_refused_before_the_first(kind: str) -> None:
    frames = [picture(cell=64)] * 4
    data = {"pdf": pdf(*[KINDS["jpeg"]] * 4), "tiff": tiff(*frames), "heic": heic(*frames)}[kind]
    assert len(list(pages(data, max_pages=4))) == 4
    with pytest.raises(UnreadableScanError, match="more than 3 pages"):
        next(pages(data, max_pages=3))


def heic_header(width: int, height: int) -> bytes:
    data = heic(picture(cell=64))
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def tiff_header(width: int, height: int, frame: int = 0) -> bytes:
    data = tiff(picture(), picture())
    return tiff_with(tiff_with(data, 256, width, frame), 257, height, frame)


@pytest.mark.parametrize("side", [9_460, 20_000])  # just above the limit, where Pillow only warns, and far above
@pytest.mark.parametrize(
    "header",
    [
        jpeg_header,
        png_header,
        tiff_header,
        heic_header,
        lambda width, height: tiff_header(width, height, frame=1),
        lambda width, height: pdf(jpeg_header(width, height)),
    ],
    ids=["jpeg", "png", "tiff", "heic", "second frame", "image in a PDF"],
)
def test_too_many_pixels_are_refused_from_the_header(header: Callable[[int, int], bytes], side: int) -> None:
    message = refusal(header(side, side))
    assert "more than 89 megapixels: scan it at a lower resolution" in message


@pytest.mark.parametrize("header", [png_header, heic_header])
def test_as_many_pixels_as_are_allowed_pass_the_header(header: Callable[[int, int], bytes]) -> None:
    """9,459 squared is 89,472,681: the refusal is for what is missing behind the header."""
    assert "corrupt" in refusal(header(9_459, 9_459))


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_without_a_known_white_are_refused(mode: str) -> None:
    assert "32 bits" in refusal(saved(picture(mode="L").convert(mode), "TIFF"))


def test_twelve_bits_are_refused_rather_than_turned_black() -> None:
    data = tiff(Image.new("I;16", (4, 4), 4000))
    data = tiff_with(data, 258, 12)
    assert "12 bits" in refusal(data)


def test_a_file_s_own_words_are_in_no_message() -> None:
    for data, _ in OTHERS.values():
        assert SECRET.decode() not in refusal(data)
    for data in KINDS.values():
        assert SECRET.decode() not in refusal(data[:12] + SECRET * 9)


def test_the_switch_that_lets_truncated_images_through_stays_off() -> None:
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
