"""Two small PDF files, written byte by byte so that they never change between runs: printed pages and scanned pages."""

from rendering.layout import HEADER_BOTTOM, LEFT, PAGE_HEIGHT, PAGE_WIDTH, RIGHT, RULE_SPACING, PageLayout

_REGULAR = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_BOLD = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>"


def printed_pdf(pages: list[PageLayout]) -> bytes:
    """Return the blank exam: print in Helvetica, and thin grey rules and frames to answer on."""
    objects: list[bytes] = [b"", b"", _REGULAR, _BOLD]
    kids = []
    for page in pages:
        content = "\n".join([*_strokes(page), *_texts(page)]).encode("cp1252")
        kids.append(
            _add_page(objects, b"/Font << /F1 3 0 R /F2 4 0 R >>", _stream(content, b""), (PAGE_WIDTH, PAGE_HEIGHT))
        )
    return _file(objects, kids)


def scanned_pdf(jpegs: list[bytes], size: tuple[int, int], dpi: int) -> bytes:
    """Return a PDF as a scanner writes it: each page is one colour JPEG of ``size`` pixels."""
    objects: list[bytes] = [b"", b""]
    kids = []
    width, height = size[0] * 72 / dpi, size[1] * 72 / dpi
    for jpeg in jpegs:
        objects.append(
            _stream(
                jpeg,
                f"/Type /XObject /Subtype /Image /Width {size[0]} /Height {size[1]} /ColorSpace /DeviceRGB "
                "/BitsPerComponent 8 /Filter /DCTDecode".encode(),
            )
        )
        content = f"q {width:.2f} 0 0 {height:.2f} 0 0 cm /Scan Do Q".encode()
        resources = f"/XObject << /Scan {len(objects)} 0 R >>".encode()
        kids.append(_add_page(objects, resources, _stream(content, b""), (width, height)))
    return _file(objects, kids)


def _strokes(page: PageLayout) -> list[str]:
    strokes = ["0.6 w 0.72 G", _line(LEFT + 40, 88, RIGHT - 150), _line(LEFT, HEADER_BOTTOM, RIGHT)]
    for space in page.answers.values():
        strokes += [_line(LEFT, space.y + RULE_SPACING * rule, RIGHT) for rule in range(space.rules)]
        if space.height:
            bottom = PAGE_HEIGHT - space.y - space.height
            strokes.append(f"{LEFT} {bottom:.2f} {RIGHT - LEFT} {space.height} re S")
    return strokes


def _line(left: float, y: float, right: float) -> str:
    return f"{left} {PAGE_HEIGHT - y:.2f} m {right} {PAGE_HEIGHT - y:.2f} l S"


def _texts(page: PageLayout) -> list[str]:
    texts = []
    for line in page.lines:
        escaped = line.text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        font = "F2" if line.bold else "F1"
        texts.append(f"BT 0.1 g /{font} {line.size} Tf {line.x} {PAGE_HEIGHT - line.y:.2f} Td ({escaped}) Tj ET")
    return texts


def _stream(content: bytes, entries: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def _add_page(objects: list[bytes], resources: bytes, content: bytes, size: tuple[float, float]) -> int:
    """Append a page's content and the page; return the page's object number."""
    objects.append(content)
    box = f"[0 0 {size[0]:.2f} {size[1]:.2f}]".encode()
    objects.append(
        b"<< /Type /Page /Parent 2 0 R /MediaBox %s /Resources << %s >> /Contents %d 0 R >>"
        % (box, resources, len(objects))
    )
    return len(objects)


def _file(objects: list[bytes], kids: list[int]) -> bytes:
    """Put the objects together; the first two are the catalog and the list of pages ``kids``."""
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (listed, len(kids))
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
