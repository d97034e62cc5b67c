"""Masking: the top of a page, where students write their names, painted white."""

import math
from dataclasses import replace
from io import BytesIO

from PIL import Image

from aita.imaging.decode_errors import reading
from aita.models.scan import PageImage


def masked(page: PageImage, fraction: float) -> PageImage:
    """Return a page with its top painted white.

    The rest changes next to nothing: it is encoded with the page's own compression tables.

    Parameters
    ----------
    page
        The page, upright.
    fraction
        Share of the page's height, from 0 to 0.5; a row that is partly in it is painted too.
    """
    with reading("a page"):
        image = Image.open(BytesIO(page.jpeg), formats=("JPEG",))
        image.paste("white", (0, 0, page.width, math.ceil(page.height * fraction)))
        out = BytesIO()
        image.save(out, "JPEG", quality="keep", comment=b"")
    return replace(page, jpeg=out.getvalue())
