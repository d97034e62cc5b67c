"""Ink that the text does not explain: an answer with much more ink than its characters have in this student's hand."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import median_low

from aita.models.scan import BANDS
from aita.models.transcription import Line
from aita.services.answers.ink_runs import LINE

MOST_INK = 1.8
"""Ratio of an answer's ink to what its text explains from which on it is a doubt.

Of the sample exam's 25 written answers without drawings, the one that is mostly an unreadable scrawl has 5.0, and the
others have 0.5 to 1.3. A student's median is 15 to 20 for a character there.
"""

SPARE_INK = 40
"""Ink that is added to what the text explains: a line below a result, a stroke or a dot."""

FEWEST_UNREAD = 5
"""Number of characters whose ink an answer must have beyond what its text explains: a circle around a letter has less
than a word that was not read."""

LEAST_CHARACTERS = 8
"""Least number of characters in a line or an answer that tell the hand: a letter is written large, and circled."""

_DRAWING = re.compile(r"\[\s*drawing", re.IGNORECASE)
_MARKS = re.compile(r"~~|\[illegible\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class InkedText:
    """An answer's text, and the sum of the ink in its places.

    ``drawn`` is true if the question asks for a drawing, whose ink no text explains.
    """

    question_id: str
    text: str
    ink: int
    drawn: bool = False

    @property
    def characters(self) -> int:
        """Number of its characters on paper."""
        return count_characters(self.text)

    @property
    def has_drawing(self) -> bool:
        """Whether a part of it is drawn."""
        return self.drawn or has_drawing(self.text)


def count_characters(text: str) -> int:
    """Return the number of a text's characters on paper, without spaces and the transcriber's marks."""
    return len("".join(_MARKS.sub("", text).split()))


def has_drawing(text: str) -> bool:
    """Return whether a text describes a drawing."""
    return bool(_DRAWING.search(text))


def explained_ink(text: str, hand: float) -> float:
    """Return the most ink that a text explains; 0 without a character.

    Parameters
    ----------
    hand
        Ink for a character.
    """
    characters = count_characters(text)
    return MOST_INK * (characters * hand + SPARE_INK) if characters else 0.0


class Hand:
    """Ink that a character has on a class's or a student's pages, by the lines whose height is known."""

    def __init__(self) -> None:
        self._per_character: list[float] = []

    def add(self, bands: Sequence[int], lines: Sequence[Line]) -> None:
        """Add a page. A line without ink at its height tells nothing: it was read at a wrong one."""
        for line in lines:
            characters = count_characters(line.text)
            if line.top is not None and characters >= LEAST_CHARACTERS and not has_drawing(line.text):
                band = round(line.top * BANDS)
                if ink := sum(bands[band : band + LINE]):
                    self._per_character.append(ink / characters)

    def median(self) -> float | None:
        """Return the median of the ink for a character; ``None`` without a line that tells it."""
        return median_low(self._per_character) if self._per_character else None


def unexplained(answers: Iterable[InkedText], hands: Collection[float] = ()) -> dict[str, float]:
    """Return, by question id, how many times the explained ink an answer has, for those with too much.

    The measure is the student's own median of ink for a character, so that a broad pen or a small hand is no doubt. Of
    a student with few answers of more than some letters, the lines' ink has a say.

    Parameters
    ----------
    answers
        A student's answers with text and with known ink.
    hands
        Ink for a character by the lines of the student and of the class, as far as they are known.
    """
    written = [answer for answer in answers if not answer.has_drawing]
    per_character = [_hand(answer, hands) for answer in written if answer.characters]
    if not per_character:
        return {}
    hand = median_low([*per_character, *hands])
    expected = {answer.question_id: answer.characters * hand + SPARE_INK for answer in written}
    return {
        answer.question_id: answer.ink / expected[answer.question_id]
        for answer in written
        if answer.ink >= MOST_INK * expected[answer.question_id]
        and answer.ink - expected[answer.question_id] >= FEWEST_UNREAD * hand
    }


def _hand(answer: InkedText, hands: Collection[float]) -> float:
    """Return the ink for a character of an answer; some letters tell no broader hand than lines do."""
    own = answer.ink / answer.characters
    return own if answer.characters >= LEAST_CHARACTERS else min([own, *hands])
