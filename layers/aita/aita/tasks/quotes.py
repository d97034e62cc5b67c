"""Quotes: whether words stand in an answer, and whether they are evidence for its points."""

import re
import unicodedata
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from math import inf

from aita.tasks.plain_text import PlainText, Span, Word, plain, says_something
from aita.tasks.printed_text import PrintedText
from aita.tasks.transcription_marks import STRUCK, STRUCK_END, UNREAD, MarkedText, read_marks

_ELISION = re.compile(r" ?(?:\[\.{3,}\]|\(\.{3,}\)|(?<![\d.])\.{3,}|(?<=\d)\.{3,}(?= )) ?")
_SENTENCE_CASE = re.compile(r"[^\W\d_](?:[^\W\d_]{2,}|[^\W\d_](?= [^\W\d_]{2}))(?![\w(=^])")
"""A word that may begin a sentence; a letter by itself, and two at a sign, are a formula's."""

_BRACKETS = ("[", "(", "<", "{")
_NOTHING = frozenset(("nothing", "blank", "none", "empty", "noanswer", "noquote", "noevidence", "na", "n/a"))


@dataclass(frozen=True)
class Written:
    """Transcribed answer in which quotes are looked for.

    A quote stands in it as whole tokens: it cuts no word and no number, including its sign, decimals, exponent and
    indices. White space and different notations in Unicode, LaTeX and on a keyboard make no difference, nor does the
    case of the first letter if the quote begins like a sentence. The passages between elisions must stand in the answer
    in the quote's order.

    Words that the student struck out are passed over, unless the quote marks them as the answer does. In a line with
    half a pair of marks the extent of the striking is unknown: nothing of it counts, nor of lines between two such.

    Parameters
    ----------
    answer
        Text of the answer.
    question
        Text of the printed question: a passage of the answer that only copies it is no evidence.
    label
        Label of the question on the page: at the beginning of a line it is no evidence either.
    drawn
        Whether the transcriber's description of a drawing is evidence.
    """

    answer: str
    question: str = ""
    label: str = ""
    drawn: bool = True

    def holds(self, quote: str) -> bool:
        """Tell whether a quote stands in the answer; an empty one does."""
        return any(map(self._holds, _readings(quote)))

    def shows(self, quote: str) -> bool:
        """Tell whether a quote stands in the answer and is evidence of something that the student wrote."""
        return any(self._holds(each) and any(map(self._shows, each)) for each in _readings(quote))

    def _holds(self, quote: Sequence["_Passage"]) -> bool:
        forms = (self._marked,) if any(each.strikes for each in quote) else self._kept
        return any(_stand_in_order([each.marked for each in quote], form) for form in forms)

    def _shows(self, passage: "_Passage") -> bool:
        if self._is_symbols(passage.kept):
            return True
        return any(
            _has_word(own, start, end)
            for form, own in zip(self._kept, self._own, strict=True)
            for text in _cases(passage.kept)
            for start, end in form.places(text, whole_lines=passage.struck_at_its_edge)
        )

    @property
    def has_unread(self) -> bool:
        """Whether a part of the answer that is not struck out could not be read."""
        return self._unread > 0

    @property
    def illegible(self) -> bool:
        """Whether something is written, and none of the student's own words could be read."""
        return self._unread > 0 and not self._own[0]

    @property
    def half_illegible(self) -> bool:
        """Whether at least half of the student's own words could not be read."""
        return 0 < self._unread >= len(self._own[0])

    @property
    def only_printed(self) -> bool:
        """Whether all that was read is print, a label, or a note in brackets that there is nothing."""
        if self.answer.strip()[:1] in _BRACKETS and says_nothing(self.answer):
            return True
        form, printed = self._kept[0], PrintedText(self.question, self.label)
        return bool(form.words) and not _outside(form.words, [*printed.copies(form), *printed.labels(form)])

    @cached_property
    def _unread(self) -> int:
        return self._read.kept.count(UNREAD)

    @cached_property
    def _read(self) -> MarkedText:
        return read_marks(self.answer)

    @cached_property
    def _kept(self) -> tuple[PlainText, ...]:
        text = self._read.kept
        return (plain(text), plain(text, dehyphenated=True)) if "-\n" in text else (plain(text),)

    @cached_property
    def _marked(self) -> PlainText:
        return plain(self._read.text)

    @cached_property
    def _own(self) -> tuple[tuple[Word, ...], ...]:
        """The student's own words in each form; a label counts as one if it may be all of the answer."""
        printed, own = PrintedText(self.question, self.label), []
        for form in self._kept:
            others = [*printed.copies(form), *(() if self.drawn else form.drawn)]
            labels = printed.labels(form)
            words = _outside(form.words, [*others, *labels])
            if not words and not others and UNREAD not in form.text:
                words = form.words
            own.append(words)
        return tuple(own)

    def _is_symbols(self, quote: str) -> bool:
        """Tell whether a quote is a symbol, in an answer without words."""
        return any(map(_is_symbol, quote)) and not self._kept[0].words and not says_something(quote)


def says_nothing(quote: str) -> bool:
    """Tell whether a quote only says, in a grader's words, that there is nothing to be quoted."""
    return "".join(plain(quote).text.casefold().split()).strip("()[]<>{}\"'.-*") in {"", *_NOTHING}


@dataclass(frozen=True, slots=True)
class _Passage:
    """Plain text of a passage: with its struck-out words between marks, and without them."""

    marked: str
    kept: str

    @property
    def strikes(self) -> bool:
        return STRUCK in self.marked

    @property
    def struck_at_its_edge(self) -> bool:
        return self.marked.startswith(STRUCK) or self.marked.endswith(STRUCK_END)


def _readings(quote: str) -> Iterator[list[_Passage]]:
    """Yield the readings of a quote: as it is, without outer quotation marks and final points, and cut at its elisions.

    A quote with half a pair of marks has none.
    """
    read = read_marks(quote)
    if not read.whole:
        return
    marked, kept = plain(read.text).text, plain(read.kept).text
    yield [_Passage(marked, kept)] if marked else []
    yield [_Passage(_bare(marked), _bare(kept))] if _bare(marked) else []
    if STRUCK not in marked and _ELISION.search(marked):
        yield [_Passage(part, part) for part in map(_bare, _ELISION.split(marked)) if part]


def _bare(quote: str) -> str:
    before = None
    while quote != before:
        before, quote = quote, quote.strip("\"' ").rstrip(".,;:")
    return quote


def _cases(passage: str) -> tuple[str, ...]:
    """Return a passage, and if it may begin a sentence, also the passage with its first letter in the other case."""
    first = _SENTENCE_CASE.match(passage)
    if not first or not first[0][1:].islower():
        return (passage,)
    return (passage, passage[0].swapcase() + passage[1:])


def _stand_in_order(passages: Sequence[str], form: PlainText) -> bool:
    place = 0
    for passage in passages:
        found = chain.from_iterable(form.places(text, place) for text in _cases(passage))
        place = next((end for _, end in found), -1)
        if place < 0:
            return False
    return True


def _is_symbol(character: str) -> bool:
    return character == "-" or unicodedata.category(character)[0] == "S"


def _outside(words: Sequence[Word], spans: Sequence[Span]) -> tuple[Word, ...]:
    """Return the words that lie outside of all spans."""
    merged = _merged(spans)
    return tuple(each for each in words if not _lies_in(merged, each.start, each.end))


def _has_word(words: Sequence[Word], start: int, end: int) -> bool:
    """Tell whether one of the words, which are in order, overlaps a span."""
    at = bisect(words, start, key=lambda word: word.end)
    return at < len(words) and words[at].start < end


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, with touching ones merged."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _lies_in(spans: list[Span], start: int, end: int) -> bool:
    """Tell whether one of the spans, which are in order and disjoint, covers the span from start to end."""
    at = bisect(spans, (start, inf)) - 1
    return at >= 0 and end <= spans[at][1]
