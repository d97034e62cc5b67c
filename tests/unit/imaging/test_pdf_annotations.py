"""Annotations and fields of PDFs: those that PDFium leaves out are drawn, or the page is told to lack something."""

from functools import partial
from io import BytesIO

import pytest
from PIL import Image

from aita.imaging.isolated import pages_apart
from aita.imaging.pages import PageImage, pages

SIZE = (200, 100)  # points
POINTS = b"20 20 60 80 100 20 140 80 180 20"
BLUE = b"/C[0 0 1]"


def stream(entries: bytes, data: bytes) -> bytes:
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (entries, len(data), data)


def page_with(annotation: bytes, *others: bytes, form: bytes = b"", page: bytes = b"") -> bytes:
    """Return a PDF of a page with an annotation, object 4; other objects begin with number 5."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R%b>>" % form,
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Annots[4 0 R]%b>>" % (*SIZE, page),
        b"<</Type/Annot%b>>" % annotation,
        *others,
    ]
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return out + trailer % (size, table, size, len(out))


def drawn(data: bytes) -> tuple[PageImage, Image.Image]:
    """Return a PDF's page, and its image with a pixel for each point."""
    (page,) = pages(data)
    image = Image.open(BytesIO(page.jpeg)).convert("RGB")
    upright = image if image.width > image.height else image.transpose(Image.Transpose.ROTATE_90)
    return page, upright.resize(SIZE, Image.Resampling.BOX)


def inked(image: Image.Image) -> float:
    """Return the share of an image that is not white."""
    return sum(level < 200 for level in image.convert("L").tobytes()) / (image.width * image.height)


def is_blue(image: Image.Image, x: int, y: int) -> bool:
    """Return whether a point, counted from the page's lower left corner, is blue."""
    red, green, blue = image.crop((x, SIZE[1] - y - 1, x + 1, SIZE[1] - y)).tobytes()
    return blue - max(red, green) > 60


STROKES = {
    "PolyLine": b"/Subtype/PolyLine/Rect[20 20 180 80]/Vertices[%b]" % POINTS,
    "Polygon": b"/Subtype/Polygon/Rect[20 20 180 80]/Vertices[%b]" % POINTS,
    "Line": b"/Subtype/Line/Rect[20 20 60 80]/L[20 20 60 80]",
    "Ink": b"/Subtype/Ink/Rect[20 20 180 80]/InkList[[%b]]" % POINTS,
    "Ink of width 0": b"/Subtype/Ink/Rect[20 20 180 80]/Border[0 0 0]/InkList[[%b]]" % POINTS,
    "Ink of width 0 by its style": b"/Subtype/Ink/Rect[20 20 180 80]/BS<</W 0>>/InkList[[%b]]" % POINTS,
    "Ink of two strokes": b"/Subtype/Ink/Rect[20 20 180 80]/Border[0 0 0]/InkList[[180 20 140 80][20 20 60 80]]",
    "without a rectangle": b"/Subtype/PolyLine/Rect[0 0 0 0]/Vertices[%b]" % POINTS,
    "in too small a rectangle": b"/Subtype/PolyLine/Rect[30 30 31 31]/Vertices[%b]" % POINTS,
    "with an empty appearance": b"/Subtype/PolyLine/Rect[20 20 180 80]/AP<<>>/Vertices[%b]" % POINTS,
    "with an appearance that is not there": b"/Subtype/PolyLine/Rect[20 20 180 80]/AP<</N 9 0 R>>/Vertices[%b]"
    % POINTS,
}


class TestStrokes:
    @pytest.mark.parametrize("rotation", [0, 90])
    @pytest.mark.parametrize("stroke", STROKES.values(), ids=STROKES)
    def test_it_is_drawn_where_it_stands_in_its_colour(self, stroke: bytes, rotation: int) -> None:
        turned = b"/Rotate %d" % rotation if rotation else b""
        page, image = drawn(page_with(stroke + BLUE, page=turned))
        assert not page.undrawn
        assert is_blue(image, 40, 50)
        assert inked(image) < 0.1

    def test_a_polygon_is_closed(self) -> None:
        _, image = drawn(page_with(STROKES["Polygon"] + BLUE))
        assert is_blue(image, 80, 20)

    def test_a_point_is_a_dot(self) -> None:
        _, image = drawn(page_with(b"/Subtype/Ink/Rect[50 50 50 50]/Border[0 0 0]/InkList[[50 50]]" + BLUE))
        assert 0 < inked(image) < 0.001

    def test_without_a_colour_it_is_black(self) -> None:
        _, image = drawn(page_with(STROKES["Line"]))
        assert max(image.crop((40, 49, 41, 50)).tobytes()) < 100

    def test_as_wide_as_its_border(self) -> None:
        _, thin = drawn(page_with(STROKES["PolyLine"] + b"/Border[0 0 1]"))
        _, thick = drawn(page_with(STROKES["PolyLine"] + b"/Border[0 0 9]"))
        assert inked(thick) > 4 * inked(thin)

    def test_one_with_an_appearance_is_drawn_by_it(self) -> None:
        appearance = stream(b"/Type/XObject/Subtype/Form/BBox[0 0 200 100]", b"0 0 1 rg 0 0 10 10 re f")
        _, image = drawn(page_with(b"/Subtype/Ink/Rect[0 0 200 100]/InkList[[%b]]/AP<</N 5 0 R>>" % POINTS, appearance))
        assert is_blue(image, 5, 5)
        assert inked(image) == pytest.approx(0.005, abs=0.001)

    @pytest.mark.parametrize("flags", [2, 32, 34], ids=["hidden", "not viewed", "both"])
    @pytest.mark.parametrize("subtype", [STROKES["PolyLine"], b"/Subtype/Stamp/Rect[20 20 180 80]"])
    def test_what_a_viewer_does_not_show_is_passed_over(self, subtype: bytes, flags: int) -> None:
        page, image = drawn(page_with(subtype + b"/F %d" % flags))
        assert (page.undrawn, inked(image)) == (False, 0)


class TestUndrawn:
    @pytest.mark.parametrize("subtype", [b"Stamp", b"Caret", b"PolyLine"])
    def test_a_mark_without_an_appearance_or_points(self, subtype: bytes) -> None:
        page, image = drawn(page_with(b"/Subtype/%b/Rect[20 20 180 80]" % subtype))
        assert (page.undrawn, inked(image)) == (True, 0)

    @pytest.mark.parametrize("subtype", [b"Link", b"Popup", b"Highlight"])
    def test_what_is_no_mark_is_passed_over(self, subtype: bytes) -> None:
        page, _ = drawn(page_with(b"/Subtype/%b/Rect[20 20 180 80]" % subtype))
        assert not page.undrawn

    def test_it_is_known_beyond_the_process_apart(self) -> None:
        data = page_with(b"/Subtype/Stamp/Rect[20 20 180 80]")
        (page,) = pages_apart(data, partial(pages, longest_side=100))
        assert page.undrawn
        (other,) = pages_apart(page_with(STROKES["Line"]), partial(pages, longest_side=100))
        assert not other.undrawn


FIELD = b"/Subtype/Widget/Rect[20 20 180 80]/T(a)"
TEXT_FIELD = FIELD + b"/FT/Tx/DA(/Helv 40 Tf 0 0 1 rg)"
FORM = b"/AcroForm<</Fields[4 0 R]/DA(/Helv 0 Tf 0 g)>>"
TYPED = stream(b"/Type/XObject/Subtype/Form/BBox[0 0 160 60]", b"BT /Helv 50 Tf 0 0 1 rg 0 5 Td (42) Tj ET")
NOTHING = stream(b"/Type/XObject/Subtype/Form/BBox[0 0 160 60]", b"/Tx BMC EMC")
TICK = stream(b"/Type/XObject/Subtype/Form/BBox[0 0 160 60]", b"0 0 160 60 re f")


class TestFields:
    """Fields of a file without a form are what is left where a filled form was taken apart into pages."""

    @pytest.mark.parametrize("form", [b"", FORM], ids=["no form", "form"])
    def test_a_value_with_an_appearance_is_drawn(self, form: bytes) -> None:
        page, image = drawn(page_with(TEXT_FIELD + b"/V(42)/AP<</N 5 0 R>>", TYPED, form=form))
        assert not page.undrawn
        assert inked(image) > 0.01

    def test_a_value_without_an_appearance_is_drawn_in_a_form(self) -> None:
        page, image = drawn(page_with(TEXT_FIELD + b"/V(42)", form=FORM))
        assert not page.undrawn
        assert inked(image) > 0.01

    @pytest.mark.parametrize(
        "field",
        [
            TEXT_FIELD + b"/V(42)",
            TEXT_FIELD + b"/V(42)/AP<</N 5 0 R>>",
            TEXT_FIELD + b"/RV(<body><p>42</p></body>)",
            TEXT_FIELD + b"/Parent 6 0 R",
            FIELD + b"/FT/Ch/Opt[(A)(B)]/V(B)",
            FIELD + b"/FT/Ch/Opt[(A)(B)]/V[(A)(B)]",
            FIELD + b"/FT/Btn/V/Yes/AS/Yes",
        ],
        ids=["no appearance", "an older appearance", "rich text", "the parent's value", "choice", "choices", "a tick"],
    )
    def test_a_value_that_is_not_shown_is_undrawn(self, field: bytes) -> None:
        page, _ = drawn(page_with(field, NOTHING, b"<</V(42)/Kids[4 0 R]>>"))
        assert page.undrawn

    def test_an_older_appearance_is_no_value_in_a_form_either(self) -> None:
        page, _ = drawn(page_with(TEXT_FIELD + b"/V(42)/AP<</N 5 0 R>>", NOTHING, form=FORM))
        assert page.undrawn

    @pytest.mark.parametrize("form", [b"", FORM], ids=["no form", "form"])
    @pytest.mark.parametrize(
        "field",
        [TEXT_FIELD, TEXT_FIELD + b"/V()", TEXT_FIELD + b"/V( )", FIELD + b"/FT/Btn/V/Off/AS/Off", FIELD + b"/FT/Sig"],
        ids=["nothing", "an empty text", "a space", "no tick", "no signature"],
    )
    def test_an_empty_field_is_no_loss(self, field: bytes, form: bytes) -> None:
        page, _ = drawn(page_with(field, form=form))
        assert not page.undrawn

    @pytest.mark.parametrize("form", [b"", FORM], ids=["no form", "form"])
    @pytest.mark.parametrize(("state", "ink"), [(b"Yes", True), (b"Off", False)])
    def test_a_tick_is_drawn_by_its_state(self, form: bytes, state: bytes, *, ink: bool) -> None:
        states = b"/V/%b/AS/%b/AP<</N<</Yes 5 0 R/Off 6 0 R>>>>" % (state, state)
        page, image = drawn(page_with(FIELD + b"/FT/Btn" + states, TICK, NOTHING, form=form))
        assert (page.undrawn, inked(image) > 0.1) == (False, ink)

    @pytest.mark.parametrize("form", [b"", FORM], ids=["no form", "form"])
    def test_a_hidden_field_is_passed_over(self, form: bytes) -> None:
        page, image = drawn(page_with(TEXT_FIELD + b"/V(42)/F 2/AP<</N 5 0 R>>", TYPED, form=form))
        assert (page.undrawn, inked(image)) == (False, 0)
