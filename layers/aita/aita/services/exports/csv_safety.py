"""CSV whose text no spreadsheet reads as formulas, and whose numbers stay numbers."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal

CellValue = str | Decimal

SIGNS = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
"""Signs at the beginning of a formula, as a regular expression; some languages also accept the full-width signs."""

GAP = r'[\s"\x00-\x1f\x7f-\x9f]'
"""Characters that a spreadsheet may ignore before such a sign, as a regular expression."""

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_FORMULA = re.compile(rf"(?<!{GAP})(?P<gap>{GAP}*+)(?={SIGNS})")  # whole gaps only: a long one is read once
_OTHER_DELIMITERS = re.compile(r"[\t\r\n]")


def csv_bytes(rows: Iterable[Sequence[CellValue]], *, mark: bool = False) -> bytes:
    r"""Return rows as CSV in UTF-8: quoted and safe text, unchanged numbers, lines ended by ``\r\n``.

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
    """Return text with an apostrophe before each possible beginning of a formula.

    A formula may begin with a sign at the start of the text, except in a plain number (OWASP, page "CSV Injection");
    with a control character there; or with a sign behind a semicolon, tab or line end, as a spreadsheet with a
    delimiter other than the comma begins a new cell there, even inside quotes.
    """
    if _NUMBER.fullmatch(text):
        return text
    guarded = _FORMULA.sub(_guard, text)
    return f"'{guarded}" if unicodedata.category(text[:1] or " ") == "Cc" else guarded


def _guard(found: re.Match[str]) -> str:
    begins = found.start() == 0 or found.string[found.start() - 1] == ";" or _OTHER_DELIMITERS.search(found["gap"])
    return f"{found['gap']}'" if begins else found["gap"]
