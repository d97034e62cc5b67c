"""QR codes on a page, such as those of printed covers."""

from io import BytesIO

import zxingcpp
from PIL import Image

from aita.imaging.decode_errors import reading
from aita.models.scan import PageImage

_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def read_codes(page: PageImage) -> tuple[str, ...]:
    """Return the texts of a page's QR codes, each once, in alphabetical order.

    A code is read however the page is turned. A text is what the code says: anybody may have printed it.

    Raises
    ------
    UnreadableScanError
        If the page is no JPEG.
    """
    with reading("a page"):
        image = Image.open(BytesIO(page.jpeg), formats=("JPEG",)).convert("L")
    codes = zxingcpp.read_barcodes(image, formats=_QR, try_invert=False)
    return tuple(sorted({code.text for code in codes}))
