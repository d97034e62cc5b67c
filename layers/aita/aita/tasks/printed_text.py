"""Printed text: words of an answer that only copy the page's print, or are a label such as "Answer:"."""

import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from aita.tasks.plain_text import PlainText, Span, Word, plain
from aita.tasks.transcription_marks import PICTURE

_ENDS = ".?!:;؟؛۔।॥։።…"  # noqa: RUF001 - the very signs
_WIDE_ENDS = "。？！｡"  # noqa: RUF001 - the very signs
_LINES = re.compile(rf"(?<=[{_ENDS}])\s+|(?<=[{_WIDE_ENDS}])|\n")
_SENTENCES = re.compile(rf"(?<=[{_ENDS}])\s+|(?<=[{_WIDE_ENDS}])")
_FEWEST, _MOST = 4, 8
"""Words of a printed sentence: fewer than four are no copy of it, unless they are all; eight always are."""

_SHORTEST = 3
"""Letters of the shortest word that is a question by itself."""

_WORTH = r"\d{1,3}(?:[.,]\d{1,2})? ?(?:points?|pts?\.?|marks?|punkte?|puntos?|punti|pkt\.?|分)"
_POINTS = re.compile(
    rf"[(\[]/?{_WORTH}[)\]]"
    r"|[(\[]\d{1,3}(?:[.,]\d{1,2})? ?p\.?[)\]]",
    re.IGNORECASE,
)
_BEFORE_PRINT = re.compile(r"\W{0,3}[^\W_]{1,3}\W{0,3}")
_AFTER_PRINT = re.compile(rf"[.?!:]? ?(?:{_WORTH}|/ ?\d{{1,3}})(?!\w)", re.IGNORECASE)
"""A label to the left of copied print, and its points to the right."""

_NUMBER = re.compile(r"\A\s*\(?(?:\d{1,2}[a-z]?|[a-z])[.)]\s+")
_DRAWING = re.compile(rf"\[{PICTURE}(?:of|:)", re.IGNORECASE)
_QUESTION = r"(?:question|problem|exercise|task|part|aufgabe|frage|pregunta|ejercicio|no\.|q\.?|nr\.)"
_ANSWER = (
    r"(?:answer|ans|solution|sol|antwort|lösung|réponse|respuesta|solución|risposta|resposta|ответ|решение"
    r"|答案|答|解|回答|جواب|الجواب|उत्तर)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class PrintedText:
    """Print that belongs to an answer.

    Parameters
    ----------
    question
        Text of the question.
    label
        Label of the question on the page.
    """

    question: str
    label: str = ""

    def copies(self, form: PlainText) -> list[Span]:
        """Return the spans of a text that copy the question or its number of points."""
        if not self.question.strip():
            return []
        words, lines = form.words, sorted(form.lines)
        copies = (
            (words[first].start, words[last - 1].end)
            for sentence in self._sentences()
            for first, last in sentence.copies(words)
        )
        worth = (found.span() for found in _POINTS.finditer(form.text))
        return [*worth, *(_with_label_and_worth(form.text, lines, each) for each in copies)]

    def labels(self, form: PlainText) -> list[Span]:
        """Return the spans of labels at the beginning of lines, such as "1a." or "Answer:"."""
        label = re.escape(plain(self.label).text)
        own = rf"|{_QUESTION} ?\(?{label}(?!\w)|\(?{label}[.):](?!\d)" if label else ""
        pattern = re.compile(rf"(?:(?:{_ANSWER}{own})[.:)= -]{{0,3}}){{1,3}}", re.IGNORECASE)
        found = (pattern.match(form.text, start) for start in form.lines)
        return [*(each.span() for each in found if each), *(each.span() for each in _DRAWING.finditer(form.text))]

    def _sentences(self) -> Iterator["_Sentence"]:
        """Yield the question, its sentences, and its lines, which may be choices."""
        text = _POINTS.sub("", _NUMBER.sub("", self.question, count=1))
        parts = {(text.strip(), True)}
        for pattern in (_SENTENCES, _LINES):
            parts |= {(each.strip(), place == 0) for place, each in enumerate(pattern.split(text))}
        for part, begins in parts:
            yield _Sentence.of(part, begins=begins)


def _with_label_and_worth(text: str, lines: Sequence[int], span: Span) -> Span:
    start, end = span
    line = lines[bisect(lines, start) - 1]
    worth = _AFTER_PRINT.match(text, end)
    return line if _BEFORE_PRINT.fullmatch(text, line, start) else start, worth.end() if worth else end


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of the printed question, and the number of its words that make a copy.

    A copy has all of its words, or half of them and at least four, or eight. Fewer may be the beginning of an answer,
    or the answer itself, such as one of two choices. A short line that is no sentence may be a choice, too, unless it
    is the first one, in which the question begins.
    """

    words: tuple[Word, ...]
    copied: float

    @classmethod
    def of(cls, text: str, *, begins: bool) -> Self:
        words = plain(text).words
        whole = sum(word.weight for word in words)
        copied = max(_FEWEST, min(_MOST, whole / 2))
        is_sentence = len(words) > 1 and text.rstrip().endswith(tuple(_ENDS + _WIDE_ENDS))
        if is_sentence or (begins and words and (len(words) > 1 or len(words[0].text) >= _SHORTEST)):
            copied = min(copied, whole)
        return cls(words, copied)

    def copies(self, words: Iterable[Word]) -> Iterator[Span]:
        """Yield start and end, as indices of ``words``, of each copy of the sentence."""
        places: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            places.setdefault(word.text, []).append(place)
        runs: dict[int, tuple[int, float]] = {}  # start and weight, by the place of the next word in the sentence
        for at, found in enumerate([*(places.get(word.text, []) for word in words), []]):
            longer = {}
            for place in found:
                begin, weight = runs.pop(place, (at, 0.0))
                longer[place + 1] = begin, weight + self.words[place].weight
            yield from ((begin, at) for begin, weight in runs.values() if weight >= self.copied)
            runs = longer
