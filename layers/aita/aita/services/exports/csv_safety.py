"""CSV whose cells stay what they are: numbers numbers, and text text in whatever spreadsheet opens it."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal

CellValue = str | Decimal

SIGNS = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
"""What a formula begins with, as a regular expression; in some languages the full-width signs do it too."""

GAP = r'[\s"\x00-\x1f\x7f-\x9f]'
"""A character that a spreadsheet may pass over before such a sign."""

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FORMULA = re.compile(rf"(?<!{GAP})(?P<gap>{GAP}*+)(?={SIGNS})")  # whole gaps only: a long one is read once
_OTHER_DELIMITERS = re.compile(r"[\t\r\n]")


def csv_bytes(rows: Iterable[Sequence[CellValue]], *, mark: bool = False) -> bytes:
    r"""Return rows as CSV in UTF-8: text in quotes and made safe, numbers as they are, lines ended by ``\r\n``.

    Parameters
    ----------
    mark
        Whether the file begins with a byte order mark, without which Excel reads UTF-8 as Windows-1252.
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([cell if isinstance(cell, Decimal) else safe(cell) for cell in row] for row in rows)
    return written.getvalue().encode("utf-8-sig" if mark else "utf-8")


def safe(text: str) -> str:
    """Return text of which no spreadsheet makes a formula: an apostrophe stands before what would begin one.

    That is a sign at its start, as OWASP advises (the page "CSV Injection"), but for a plain number; a control
    character there; and a sign behind a semicolon, tab or line end, as a spreadsheet whose delimiter is not the
    comma begins another cell in the middle of a quoted one.
    """
    if _NUMBER.fullmatch(text):
        return text
    guarded = _FORMULA.sub(_guard, text)
    return f"'{guarded}" if unicodedata.category(text[:1] or " ") == "Cc" else guarded


def _guard(found: re.Match[str]) -> str:
    begins = found.start() == 0 or found.string[found.start() - 1] == ";" or _OTHER_DELIMITERS.search(found["gap"])
    return f"{found['gap']}'" if begins else found["gap"]
