"""Names and numbers that a model read on the heads of pages."""

from aita.models.base import LenientModel


class ReadName(LenientModel):
    """A student's name and number as they stand on the heads of the first pages; each is empty if it is not there.

    ``heads`` are the digests of the heads' images.
    """

    name: str = ""
    number: str = ""
    heads: tuple[str, ...] = ()
