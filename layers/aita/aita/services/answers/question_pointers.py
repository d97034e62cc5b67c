"""Pointers to other questions within an answer's text, such as ``-> 3:``, ``see 2`` or ``zu 3)``.

They say that an answer stands in another's space. Numbers have many other uses, so they count only where the other
question has no answer of its own.
"""

import re
from collections.abc import Iterable

from aita.services.answers.question_labels import fold, label_pattern

_ENDS = r"\s*[:)](?!\d)"
_ARROW = r"(?:[-=]+>|[→⇒➔➜])\s*(?:to\s+|zu\s+)?\(?"
_NOUNS = r"question|problem|exercise|frage|aufgabe|answer\s+(?:to|for)|antwort\s+(?:auf|zu)|q|nr|no"
_NOUN = rf"\b(?:{_NOUNS})(?![^\W\d_])[.\s]*#?\(?"
_VERB = r"\b(?:see|siehe|vgl|cf|ad|re)\b[.\s]+\(?"
_PREPOSITION = r"\b(?:for|to|zu|für|fuer|pour|para)\s+\(?"
_WITHIN = r"(?<=[^\s])\s+\(?"  # a label in the middle of a line


class QuestionPointers:
    """Pointers to the questions of an exam.

    Parameters
    ----------
    ids
        The ids of the exam's questions.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        labels = {each: label_pattern(fold(each)) for each in ids if fold(each)}
        self._patterns = {each: _pointer(label) for each, label in labels.items()}
        self._named = {each: re.compile(_named(label), re.IGNORECASE) for each, label in labels.items()}

    def found(self, text: str, own: str) -> tuple[str, ...]:
        """Return the ids of the other questions that a text points to, in the exam's order.

        Parameters
        ----------
        own
            Question that the text answers.
        """
        others = (each for each in self._patterns.items() if each[0] != own)
        return tuple(question_id for question_id, pattern in others if pattern.search(text))

    def named(self, text: str) -> frozenset[str]:
        """Return the ids of the questions that a text points to by a noun or a verb."""
        return frozenset(question_id for question_id, pattern in self._named.items() if pattern.search(text))


def _pointer(label: str) -> re.Pattern[str]:
    ended = rf"(?:{_ARROW}|{_PREPOSITION}){label}{_ENDS}|{_WITHIN}{label}[:)](?=\s+\S)"
    return re.compile(f"{ended}|{_named(label)}", re.IGNORECASE)


def _named(label: str) -> str:
    return rf"(?:{_NOUN}|{_VERB}){label}(?![^\W_])(?!\.\d)"
