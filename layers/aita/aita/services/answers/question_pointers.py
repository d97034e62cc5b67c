"""Pointers to other questions within an answer's text, such as ``-> 3:``, ``see 2`` or ``zu 3)``.

They say that an answer stands in another's space. Numbers have many other uses, so they count only where the other
question has no answer of its own. A heading above other lines, such as ``2 continued``, ``rest of 2:`` or ``2.`` alone,
has hardly any other use: the lines below it may be a part of the other answer, even if that has text elsewhere.
"""

import re
from collections.abc import Iterable
from itertools import pairwise

from aita.services.answers.question_labels import fold, label_pattern

_ENDS = r"\s*[:)](?!\d)"
_ARROW = r"(?:[-=]+>|[→⇒➔➜])\s*(?:to\s+|zu\s+)?\(?"
_NOUNS = r"question|problem|exercise|frage|aufgabe|answer\s+(?:to|for)|antwort\s+(?:auf|zu)|q|nr|no"
_NOUN = rf"\b(?:{_NOUNS})(?![^\W\d_])[.\s]*#?\(?"
_VERB = r"\b(?:see|siehe|vgl|cf|ad|re)\b[.\s]+\(?"
_PREPOSITION = r"\b(?:for|to|zu|für|fuer|pour|para)\s+\(?"
_WITHIN = r"(?<=[^\s])\s+\(?"  # a label in the middle of a line
_CONTINUED = (
    r"continu(?:ed|es|ation|ing)|cont\b\.?|cont['\u2019]?d\b\.?|forts(?:etzung|\.)|suite|continuación|segue|vervolg"
)
_REST = r"rest|remainder|end|part|continuation|reste|fin|resto|ende|teil|fortsetzung|suite|continuación|seguito|vervolg"
_LEADS = (
    rf"(?:the\s+)?(?:{_REST})\s+(?:of|from|to|for|von|zu|de|del|di|van)\s+(?:(?:the\s+)?(?:{_NOUNS})[.\s]+)?"
    rf"|(?:{_CONTINUED})[\s:]+(?:from\s+|of\s+|von\s+|zu\s+|de\s+)?(?:(?:{_NOUNS})[.\s]+)?"
    r"|(?:this|das|dies|that|it)\s+(?:is|ist|belongs|goes|gehört)(?:\s+(?:for|to|with|zu|the))?(?:\s+answer)?(?:\s+(?:to|for))?\s+"
    rf"|(?:answer|ans|antwort|lösung|solution|réponse|respuesta|risposta|antwoord)\b[.\s]*"
    rf"(?:(?:to|for|auf|zu|à|a|de)\s+)?(?:(?:the\s+)?(?:{_NOUNS})\b[.\s]*)?"
    rf"|(?:{_NOUNS}|number|ex|exercice|ejercicio|pregunta|esercizio|domanda|opgave|vraag|übung)\b[.\s]*"
    r"|[#№]\s*"
)
_LONGEST_HEADING = 200  # characters of a line in which a heading is looked for
_NUMBER = re.compile(r"\W*\d*\W*")
_ALONE = r"(?:for|to|zu|für|fuer|pour|para|re|ad)\s+|[-=]+>\s*|[→⇒➔➜]\s*"


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
        self._headings = {each: re.compile(_heading(label), re.IGNORECASE) for each, label in labels.items()}

    def found(self, text: str, own: str) -> tuple[str, ...]:
        """Return the ids of the other questions that a text points to, in the exam's order.

        Parameters
        ----------
        own
            Question that the text answers.
        """
        others = (each for each in self._patterns.items() if each[0] != own)
        return tuple(question_id for question_id, pattern in others if pattern.search(text))

    def headed(self, text: str, own: str) -> tuple[str, ...]:
        """Return the ids of the other questions that a text has headings of, in the exam's order.

        A heading is at the beginning of a line, and has text behind a colon, or in the line below it one that is more
        than a number, as in a list of numbers.

        Parameters
        ----------
        own
            Question that the text answers.
        """
        lines = [line.strip()[: _LONGEST_HEADING + 1] for line in text.split("\n") if line.strip()]
        found = {
            question_id
            for line, below in pairwise([*lines, ""])
            for question_id, heading in self._headings.items()
            if (match := heading.fullmatch(line))
            and (match["text"] or (len(line) <= _LONGEST_HEADING and not _NUMBER.fullmatch(below)))
        }
        return tuple(each for each in self._headings if each in found - {own})

    def named(self, text: str) -> frozenset[str]:
        """Return the ids of the questions that a text points to by a noun or a verb."""
        return frozenset(question_id for question_id, pattern in self._named.items() if pattern.search(text))


def _pointer(label: str) -> re.Pattern[str]:
    ended = rf"(?:{_ARROW}|{_PREPOSITION}){label}{_ENDS}|{_WITHIN}{label}[:)](?=\s+\S)"
    return re.compile(f"{ended}|{_named(label)}", re.IGNORECASE)


def _heading(label: str) -> str:
    whole = rf"[(\[]?(?:{_LEADS}){label}|[(\[]?{label}[\s).,:\]]+\(?(?:{_CONTINUED})"
    alone = rf"[(\[]?(?:{_ALONE}){label}|[(\[]?{label}(?:[).:\]]+|\s*(?:[-=]+>|[→⇒➔➜]))"
    return rf"\s*(?:(?:{whole})(?![^\W_])[\s).\]]*(?::(?!\d)\s*(?P<text>\S.*)?|\W*)|(?:{alone})[\s).:\]]*)"


def _named(label: str) -> str:
    return rf"(?:{_NOUN}|{_VERB}){label}(?![^\W_])(?!\.\d)"
