"""Models that their provider switches off, with the day. ``docs/costs.md`` has the source."""

import re
from datetime import date

_OFF = {
    date(2026, 10, 23): ("gpt-4.1-nano",),
    date(2026, 12, 11): ("gpt-5", "gpt-5-mini", "gpt-5-nano"),
    date(2027, 1, 14): ("gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini"),
}

RETIREMENTS = {model: day for day, models in _OFF.items() for model in models}
"""Last day of each model."""

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def retirement(model: str) -> date | None:
    """Return the day on which a model is switched off; ``None`` if none is known.

    A gateway's prefix and a snapshot's date do not matter.
    """
    return RETIREMENTS.get(_SNAPSHOT.sub("", model.rpartition("/")[2]))
