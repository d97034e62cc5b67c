"""Annotations and filled fields of a PDF page that PDFium does not draw by itself."""

import ctypes
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

PEN: Final = 2.0
"""Width in points of a stroke whose own width is 0 or unknown: 0.7 mm, a pen's."""

_NOT_SHOWN: Final = pdfium_c.FPDF_ANNOT_FLAG_HIDDEN | pdfium_c.FPDF_ANNOT_FLAG_NOVIEW
_STROKES: Final = {
    pdfium_c.FPDF_ANNOT_INK,
    pdfium_c.FPDF_ANNOT_LINE,
    pdfium_c.FPDF_ANNOT_POLYLINE,
    pdfium_c.FPDF_ANNOT_POLYGON,
}
_MARKS: Final = {pdfium_c.FPDF_ANNOT_STAMP, pdfium_c.FPDF_ANNOT_CARET}
_OFF: Final = {"", "Off"}
_SHOWS: Final = re.compile(r"\bT[jJ]\b|\bDo\b|['\"]")
"""Operators of a content stream that show text, or another stream that may."""

Points = list[tuple[float, float]]
"""Places on a page, in points from its lower left corner."""


def draw_missing(page: pdfium.PdfPage) -> bool:
    """Have PDFium draw more of a page's annotations; return whether all that a viewer shows is drawn then.

    Strokes without an appearance (Ink, Line, PolyLine and Polygon) are given one. Fields in a file without a form are
    drawn as they appear. What can't be drawn is a stamp or a caret without an appearance, and a filled field whose
    appearance does not show the value. Links, popups and hidden annotations are passed over.
    """
    completed = [_complete(annotation, in_form=page.formenv is not None) for annotation in _annotations(page)]
    return all(completed)


def _annotations(page: pdfium.PdfPage) -> Iterator[pdfium_c.FPDF_ANNOTATION]:
    """Yield the handles of the annotations that are shown, each open until the next is asked for."""
    for index in range(pdfium_c.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium_c.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        try:
            if not pdfium_c.FPDFAnnot_GetFlags(annotation) & _NOT_SHOWN:
                yield annotation
        finally:
            pdfium_c.FPDFPage_CloseAnnot(annotation)


def _complete(annotation: pdfium_c.FPDF_ANNOTATION, *, in_form: bool) -> bool:
    """Give an annotation the appearance or subtype that it lacks; return whether all of it is drawn then."""
    subtype = pdfium_c.FPDFAnnot_GetSubtype(annotation)
    appearance = _appearance(annotation)
    if subtype == pdfium_c.FPDF_ANNOT_WIDGET:
        if appearance and not in_form:
            # PDFium draws fields with their form alone, and stamps in any file.
            pdfium_c.FPDFAnnot_SetStringValue(annotation, b"Subtype", _wide("Stamp"))
        if _has_text(annotation, in_form=in_form):
            return bool(_SHOWS.search(appearance))
        return bool(appearance) or not _is_on(annotation)
    if appearance or subtype not in _STROKES | _MARKS:
        return True
    return subtype in _STROKES and _draw(annotation, _lines(annotation, subtype))


def _has_text(field: pdfium_c.FPDF_ANNOTATION, *, in_form: bool) -> bool:
    """Return whether a text or a choice was filled in, or may have been."""
    value = pdfium_c.FPDFAnnot_GetValueType(field, b"V")
    if value == pdfium_c.FPDF_OBJECT_ARRAY or (value == pdfium_c.FPDF_OBJECT_STRING and _string(field, b"V")):
        return True
    # The value may be the parent's, which PDFium reads in a form only.
    inherits = not in_form and _has(field, b"Parent") and not _has(field, b"AS")
    return inherits or _has(field, b"RV")


def _is_on(field: pdfium_c.FPDF_ANNOTATION) -> bool:
    """Return whether a button is ticked."""
    return not {_string(field, key) for key in (b"V", b"AS")} <= _OFF


def _has(annotation: pdfium_c.FPDF_ANNOTATION, key: bytes) -> bool:
    return bool(pdfium_c.FPDFAnnot_HasKey(annotation, key))


def _appearance(annotation: pdfium_c.FPDF_ANNOTATION) -> str:
    """Return the content of an annotation's normal appearance; empty if it has none."""
    mode = pdfium_c.FPDF_ANNOT_APPEARANCEMODE_NORMAL
    return _utf16(lambda buffer, size: pdfium_c.FPDFAnnot_GetAP(annotation, mode, buffer, size))


def _string(annotation: pdfium_c.FPDF_ANNOTATION, key: bytes) -> str:
    """Return an entry of an annotation that is a string or a name; empty without one."""
    return _utf16(lambda buffer, size: pdfium_c.FPDFAnnot_GetStringValue(annotation, key, buffer, size))


def _utf16(read: Callable[[Any, int], int]) -> str:
    """Return a text, less white space around it, that a function of PDFium writes into a buffer of some bytes."""
    buffer = (pdfium_c.FPDF_WCHAR * (read(None, 0) // 2))()
    read(buffer, ctypes.sizeof(buffer))
    return bytes(buffer).decode("utf-16-le", errors="replace").strip("\0\t\n\f\r ")


def _wide(text: str) -> Any:
    """Return a text as PDFium takes it."""
    return (pdfium_c.FPDF_WCHAR * (len(text) + 1))(*map(ord, text))


def _lines(annotation: pdfium_c.FPDF_ANNOTATION, subtype: int) -> list[Points]:
    """Return the lines of a stroke, each with its points in points of the page."""
    if subtype == pdfium_c.FPDF_ANNOT_LINE:
        start, end = pdfium_c.FS_POINTF(), pdfium_c.FS_POINTF()
        found = pdfium_c.FPDFAnnot_GetLine(annotation, start, end)
        return [[(start.x, start.y), (end.x, end.y)]] if found else []
    if subtype == pdfium_c.FPDF_ANNOT_INK:
        paths = range(pdfium_c.FPDFAnnot_GetInkListCount(annotation))
        return [_points(partial(pdfium_c.FPDFAnnot_GetInkListPath, annotation, path)) for path in paths]
    vertices = _points(partial(pdfium_c.FPDFAnnot_GetVertices, annotation))
    return [vertices + vertices[:1] if subtype == pdfium_c.FPDF_ANNOT_POLYGON else vertices]


def _points(read: Callable[[Any, int], int]) -> Points:
    """Return points that a function of PDFium writes into an array."""
    count = read(None, 0)
    points = (pdfium_c.FS_POINTF * count)()
    read(points, count)
    return [(point.x, point.y) for point in points]


def _draw(annotation: pdfium_c.FPDF_ANNOTATION, lines: list[Points]) -> bool:
    """Give an annotation an appearance of lines in its colour; return whether there was anything to draw."""
    lines = [line for line in lines if line]
    if not lines:
        return False
    width = _width(annotation)
    xs, ys = zip(*(point for line in lines for point in line), strict=True)
    # The appearance is cut off at the rectangle, and is not taken for an empty one.
    around = pdfium_c.FS_RECTF(min(xs) - width, max(ys) + width, max(xs) + width, min(ys) - width)
    red, green, blue = (level / 255 for level in _colour(annotation))
    content = f"{red:.3f} {green:.3f} {blue:.3f} RG {width:.2f} w 1 J 1 j " + " ".join(map(_path, lines))
    mode = pdfium_c.FPDF_ANNOT_APPEARANCEMODE_NORMAL
    return bool(
        pdfium_c.FPDFAnnot_SetRect(annotation, around) and pdfium_c.FPDFAnnot_SetAP(annotation, mode, _wide(content))
    )


def _path(line: Points) -> str:
    """Return the operators that draw a line; one point becomes a dot."""
    (x, y), *others = line
    return f"{x:.2f} {y:.2f} m " + " ".join(f"{x:.2f} {y:.2f} l" for x, y in others or [(x, y)]) + " S"


def _width(annotation: pdfium_c.FPDF_ANNOTATION) -> float:
    """Return the width of an annotation's lines in points, if PDFium tells it and it is not 0, else ``PEN``."""
    across, down, width = (ctypes.c_float() for _ in range(3))
    pdfium_c.FPDFAnnot_GetBorder(annotation, across, down, width)
    return width.value if width.value > 0 else PEN


def _colour(annotation: pdfium_c.FPDF_ANNOTATION) -> tuple[int, int, int]:
    """Return an annotation's colour as red, green and blue from 0 to 255; black if it has none."""
    red, green, blue, opacity = (ctypes.c_uint() for _ in range(4))
    found = pdfium_c.FPDFAnnot_GetColor(annotation, pdfium_c.FPDFANNOT_COLORTYPE_Color, red, green, blue, opacity)
    return (red.value, green.value, blue.value) if found else (0, 0, 0)
