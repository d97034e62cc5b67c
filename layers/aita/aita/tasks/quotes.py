"""Quotes: whether words stand in an answer, and whether they are evidence of what it earns."""

import re
import unicodedata
from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Self

from aita.tasks.plain_text import STRUCK, STRUCK_END, UNREAD, PlainText, Span, Word, plain, unmarked

_STRIKE = "~~"
_SAYING = frozenset("∞∅")
"""Symbols that are an answer by themselves; others, but for pictures such as a tick, need words beside them."""

_SENTENCE = re.compile(r"(?<=[.?!:;])\s+|(?<=[。？！])|\n")  # noqa: RUF001
_SENTENCE_ENDS = (".", "?", "!", ":", "。", "？", "！")  # noqa: RUF001
_FEWEST, _MOST = 4, 8
"""Words of a printed sentence: fewer are no copy of it, unless they are all; so many always are."""


@dataclass(frozen=True)
class Written:
    """An answer as it was transcribed, in which quotes are looked for.

    A quote stands in it as whole tokens: it cuts no word and no number, with its sign, decimals, exponent and what is
    raised or lowered. White space, Unicode's compatible forms, and kinds of quotation marks, dashes and times signs
    make no difference.

    Words that the student struck out are passed over, unless the quote marks them as the answer does. In a line with
    half a pair of marks nobody knows what is struck out: nothing of it counts.

    Parameters
    ----------
    answer
        The text.
    question
        The printed question's: a passage of the answer that only repeats it is no evidence.
    drawn
        Whether the transcriber's words for a drawing are evidence.
    """

    answer: str
    question: str = ""
    drawn: bool = True

    def holds(self, quote: str) -> bool:
        """Tell whether a quote stands in the answer; an empty one does."""
        return any(map(self._holds, _Quote.readings(quote)))

    def shows(self, quote: str) -> bool:
        """Tell whether a quote stands in the answer and is evidence of something that the student wrote."""
        return any(map(self._shows, _Quote.readings(quote)))

    def _holds(self, quote: "_Quote") -> bool:
        forms = (self._marked,) if quote.strikes else self._kept
        return not quote.marked or any(any(form.places(quote.marked)) for form in forms)

    def _shows(self, quote: "_Quote") -> bool:
        if not self._holds(quote) or not (_says_something(quote.kept) or self._is_symbols(quote.kept)):
            return False
        said = [place for place, character in enumerate(quote.kept) if character.isalnum()]
        before, after = (said[0], len(quote.kept) - 1 - said[-1]) if said else (0, 0)
        return any(
            not _lies_in(spans, start + before, end - after)
            for form, spans in zip(self._kept, self._no_evidence, strict=True)
            for start, end in form.places(quote.kept, whole_lines=quote.struck_at_its_edge)
        )

    @property
    def illegible(self) -> bool:
        """Whether nothing of it could be read, though something is written."""
        return self._unread > 0 and not self._kept[0].words

    @property
    def half_illegible(self) -> bool:
        """Whether at least as many words of it could not be read as could."""
        return 0 < self._unread >= len(self._kept[0].words)

    @property
    def _unread(self) -> int:
        return self._kept[0].text.count(UNREAD) if "illegible" in self.answer.casefold() else 0

    @cached_property
    def _kept(self) -> tuple[PlainText, ...]:
        text = "".join(text for text, struck in _parts(self.answer) if not struck)
        return (plain(text), plain(text, dehyphenated=True)) if "-\n" in text else (plain(text),)

    @cached_property
    def _marked(self) -> PlainText:
        return plain(_mark(_parts(self.answer)))

    @cached_property
    def _no_evidence(self) -> tuple[list[Span], ...]:
        """From where to where each form is print or, unless it counts, the description of a drawing."""
        sentences = [_Sentence.of(text) for text in _SENTENCE.split(self.question)]
        spans = []
        for form in self._kept:
            copied = _merged(span for sentence in sentences for span in sentence.copies(form.words))
            print_ = [(form.words[first].start, form.words[last - 1].end) for first, last in copied]
            spans.append(_merged([*print_, *(() if self.drawn else form.drawn)]))
        return tuple(spans)

    def _is_symbols(self, quote: str) -> bool:
        """Tell whether a quote is a symbol, in an answer that has nothing else."""
        return any(map(_is_symbol, quote)) and not any(map(str.isalnum, self._kept[0].text))


def stands_in(quote: str, answer: str) -> bool:
    """Tell whether a quote stands in an answer, as ``Written.holds`` does."""
    return Written(answer).holds(quote)


def is_evidence(quote: str) -> bool:
    """Tell whether a quote holds something that was written, can be read and was not struck out."""
    return any(_says_something(each.kept) for each in _Quote.readings(quote))


@dataclass(frozen=True, slots=True)
class _Quote:
    """A quote's plain text: as it is, with marks for what is struck out, and without what is."""

    marked: str
    kept: str

    @property
    def strikes(self) -> bool:
        return STRUCK in self.marked

    @property
    def struck_at_its_edge(self) -> bool:
        return self.marked.startswith(STRUCK) or self.marked.endswith(STRUCK_END)

    @classmethod
    def readings(cls, quote: str) -> Iterator[Self]:
        """Yield a quote as it is, then without quotation marks around it and points after it.

        There is none of a quote with half a pair of marks.
        """
        if quote.count(_STRIKE) % 2:
            return
        parts = _parts(quote)
        marked, kept = plain(_mark(parts)).text, plain("".join(text for text, struck in parts if not struck)).text
        yield cls(marked, kept)
        yield cls(_bare(marked), _bare(kept))


def _parts(text: str) -> list[tuple[str, bool]]:
    """Return a text's parts in order, each with whether it is struck out."""
    text = unmarked(text)
    if text.count(_STRIKE) % 2:
        return [part for line in text.splitlines(keepends=True) for part in _line_parts(line)]
    return [(part, place % 2 == 1) for place, part in enumerate(text.split(_STRIKE))]


def _line_parts(line: str) -> list[tuple[str, bool]]:
    if line.count(_STRIKE) % 2:
        return [(line.replace(_STRIKE, " ").rstrip("\r\n"), True), ("\n", False)]
    return [(part, place % 2 == 1) for place, part in enumerate(line.split(_STRIKE))]


def _mark(parts: list[tuple[str, bool]]) -> str:
    return "".join(f"{STRUCK}{text}{STRUCK_END}" if struck else text for text, struck in parts)


def _bare(quote: str) -> str:
    before = None
    while quote != before:
        before, quote = quote, quote.strip("\"' ").rstrip(".,;:")
    return quote


def _says_something(quote: str) -> bool:
    return any(each.isalnum() or each in _SAYING or unicodedata.category(each) == "So" for each in quote)


def _is_symbol(character: str) -> bool:
    return character == "-" or unicodedata.category(character)[0] == "S"


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of the printed question, and how many words of it make a copy.

    All of it do, or half of it and at least four, or eight. Fewer are a student's way to begin an answer, or the answer
    itself, such as one of two things to choose from. A short line that is no sentence may be a choice too.
    """

    words: tuple[Word, ...]
    copied: float

    @classmethod
    def of(cls, text: str) -> Self:
        words = plain(text).words
        whole = sum(word.weight for word in words)
        copied = max(_FEWEST, min(_MOST, whole / 2))
        if len(words) > 1 and text.rstrip().endswith(_SENTENCE_ENDS):
            copied = min(copied, whole)
        return cls(words, copied)

    def copies(self, words: Iterable[Word]) -> Iterator[Span]:
        """Yield from which to which of some words the sentence is copied."""
        places: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            places.setdefault(word.text, []).append(place)
        runs: dict[int, tuple[int, float]] = {}  # by their next word in the sentence: where they begin, their weight
        for at, found in enumerate([*(places.get(word.text, []) for word in words), []]):
            longer = {}
            for place in found:
                begin, weight = runs.pop(place, (at, 0.0))
                longer[place + 1] = begin, weight + self.words[place].weight
            yield from ((begin, at) for begin, weight in runs.values() if weight >= self.copied)
            runs = longer


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that touch put together."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _lies_in(spans: list[Span], start: int, end: int) -> bool:
    """Tell whether one of some spans, in order and apart from each other, holds a place."""
    at = bisect(spans, (start, inf)) - 1
    return at >= 0 and end <= spans[at][1]
