"""Lines of totals below the students of a roster, which spreadsheets and reports have."""

import re
from collections.abc import Mapping

from aita.services.assignments.roster_headers import fold

_TOTALS = frozenset(
    {
        "total", "totals", "totalstudents", "count", "studentcount", "numberofstudents", "sum", "average", "mean",
        "median", "classaverage", "overallaverage", "standarddeviation", "summe", "gesamt", "anzahl",
        "anzahlstudierende", "anzahlteilnehmer", "durchschnitt", "mittelwert", "moyenne", "moyennegenerale", "nombre",
        "promedio", "promediogeneral", "media", "totale", "totaal", "gemiddelde",
    }
)  # fmt: skip
"""Names in such a line, folded and without digits; a person of such a name has an id or an address."""

_ADDRESSES = ("email", "login", "canvas_id")


def is_of_totals(row: Mapping[str, str], students: int) -> bool:
    """Return whether a line below some students is of totals: it has no address, and no number but theirs together."""
    is_person = any(row.get(field) for field in _ADDRESSES) or row.get("number", "") not in ("", str(students))
    return students > 0 and not is_person and re.sub(r"\d", "", fold(row["name"])) in _TOTALS
