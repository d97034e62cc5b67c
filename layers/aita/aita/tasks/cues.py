"""Cues: words and phrases by which a sentence may steer whoever reads or grades it, weighed together.

No cue is enough alone: customers want full credit, rubrics have criteria, and juries disregard evidence. Each sentence
has a score for each kind of attempt, the sum of the weights of its cues in one language.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

_MARKS = re.compile("[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u064b-\u065f\u0670\u1ab0-\u1aff\u20d0-\u20ff]")
"""Accents, and vowels that scripts may leave out; not the vowels of India's scripts."""

_ALIKE = str.maketrans("łøđıیکىہھ", "lodiيكيهه")  # noqa: RUF001 - the very letters
"""Letters that are typed as another one, and letters of Persian and Urdu by those of Arabic."""

_SENTENCE_END = re.compile(
    r"(?<=[.!?…])(?<![Dd]r\.)(?<![Pp]rof\.)\s+"
    "|(?<=[。！？।॥؟])"  # noqa: RUF001 - the very signs
    "|\n(?=[ \t\r]{0,99}[\n0-9A-ZÀ-ÞΑ-ΩА-Я])"
)

_WORD = re.compile(
    "[\u0900-\u0963\u0966-\u0dff]+"  # India's scripts, with their vowels
    "|[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]"  # scripts without spaces: each character is a word
    "|[^\\W\\d_\u0900-\u0dff\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]+|\\d+"
)

_BREAK = re.compile(r"[^\w\s'’-]|\n|\s['’-]")  # noqa: RUF001 - the very signs
"""Between two words: the second begins a clause or a line."""

_LABEL = re.compile(r"[\"'*`\s]{0,4}[:=]")
"""After a word: it names the value that follows."""

SHORT = 5
"""Most words of a short sentence."""

_MOST_OPENERS = 8
"""Most openers before an order, as a long row of them would take quadratic time. With 4 and with 40, as many texts of
the corpora are attempts."""

_REMEMBERED = 4096
"""Number of words of which the phrases that begin with them are remembered."""

_YOU, _INFINITIVE = ("you", "u"), "to"
"""Words before the verb of an order: after others, it tells of somebody else's doing or of an aim."""

WINDOW = 40
"""Most words of which the cues are weighed together; a longer sentence is weighed in parts that overlap by half."""


class Cue(NamedTuple):
    """A cue of a language, by its name in the lexicon."""

    language: str
    name: str


class _Node:
    """Node of the tree of phrases: the cues that end here, and the nodes of the words, or beginnings, that follow."""

    __slots__ = ("cues", "lengths", "words")

    def __init__(self) -> None:
        self.cues: tuple[Cue, ...] = ()
        self.lengths: tuple[int, ...] = ()
        self.words: dict[str, _Node] | None = None  # most nodes of thousands have none

    def after(self, word: str) -> list["_Node"]:
        """Return the nodes that a word leads to."""
        if self.words is None:
            return []
        keys = [
            "#" if word.isdigit() else word,
            *(f"{word[:length]}*" for length in self.lengths if length <= len(word)),
        ]
        return [self.words[key] for key in keys if key in self.words]

    def add(self, phrase: str, cue: Cue) -> None:
        """Add a folded phrase, in the notation of the lexicon."""
        nodes = [self]
        for part in phrase.split():
            alternatives = [_words(each) for each in part.split("/")]
            ends = [node._end(words) for node in nodes for words in alternatives]
            nodes = [*nodes, *ends] if "?" in part else ends
        for node in nodes:
            if node is not self and cue not in node.cues:
                node.cues += (cue,)

    def _end(self, words: list[str]) -> "_Node":
        """Return the node that words lead to, and make those that are not there."""
        node = self
        for word in words:
            node.words = {} if node.words is None else node.words
            if word not in node.words:
                node.words[word] = _Node()
                if word.endswith("*"):
                    node.lengths = tuple({*node.lengths, len(word) - 1})
            node = node.words[word]
        return node


@dataclass(frozen=True, slots=True)
class Sentence:
    """The words of a sentence, folded, and the text before each word and after the last one."""

    words: list[str]
    gaps: list[str]

    @classmethod
    def of(cls, folded: str) -> "Sentence":
        """Return the parts of a folded sentence."""
        matches = [*_WORD.finditer(folded)]
        edges = [0, *(edge for match in matches for edge in match.span()), len(folded)]
        gaps = [folded[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
        return cls([match[0] for match in matches], gaps)

    def opens(self, number: int) -> bool:
        """Return whether a word begins a clause or a line."""
        return number == 0 or _BREAK.search(self.gaps[number]) is not None

    def labels(self, number: int) -> bool:
        """Return whether a word names the value after it."""
        return _LABEL.match(self.gaps[number + 1]) is not None


def fold(text: str) -> str:
    """Return a text without case and accents, in the form in which cues are looked for."""
    if text.isascii():
        return text.lower()
    plain = _MARKS.sub("", unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold()))
    return unicodedata.normalize("NFC", plain).translate(_ALIKE)


class Lexicon:
    """Cues of all languages, and the scores that they add up to.

    Parameters
    ----------
    languages
        By language, the phrases of each cue, parted by commas: ``/`` parts alternatives, ``?`` ends words that may be
        missing, ``*`` the beginning of a word, ``_`` joins the words of an alternative, and ``#`` is a number.
        Cues ``..._order`` and ``..._opening`` count at the beginning of a clause only, or after ``openers``, in
        languages that have these; cues ``..._label`` count before a colon or an equals sign only.
    scores
        By the note of a kind of attempt, the cues of each weight; ``core`` has those of which one must be there.
    covers
        By cue, those that do not count beside it.
    shapes
        By cue, its regular expression, in all languages.
    threshold
        Least score of an attempt.
    """

    def __init__(
        self,
        languages: Mapping[str, Mapping[str, str]],
        scores: Mapping[str, Mapping[str, str]],
        covers: Mapping[str, str],
        shapes: Mapping[str, str],
        threshold: int,
    ) -> None:
        self._root = _Node()
        self._begun = lru_cache(_REMEMBERED)(self._root.after)
        self._openers: dict[str, frozenset[str]] = {}
        self.words: dict[str, set[str]] = {}
        for language, cues in languages.items():
            self._openers[language] = frozenset(_WORD.findall(fold(cues.get("openers", ""))))
            self.words[language] = {*_WORD.findall(fold(" ".join(cues.values())))}
            for name, phrases in cues.items():
                for phrase in fold(phrases).split(","):
                    if name != "openers":
                        self._root.add(phrase, Cue(language, name))
        self._weights = {
            note: {cue: int(weight) for weight in each.keys() - {"core"} for cue in _names(each[weight])}
            for note, each in scores.items()
        }
        self._cores = {note: {*_names(each["core"])} for note, each in scores.items()}
        self._covers = {cue: _names(covered) for cue, covered in covers.items()}
        self._shapes = {name: re.compile(shape) for name, shape in shapes.items()}
        self._threshold = threshold

    def notes(self, text: str) -> set[str]:
        """Return the notes of the kinds of attempts of which a part of a text reaches the threshold."""
        return {note for note, score in self.scores(text).items() if score >= self._threshold}

    def scores(self, text: str) -> dict[str, int]:
        """Return the highest score of a text's parts for each kind of attempt that it has a core of."""
        highest: dict[str, int] = {}
        for cues in self.cues(text):
            for note, weights in self._weights.items():
                if not self._cores[note].isdisjoint(cues):
                    score = sum(weights.get(cue, 0) for cue in cues)
                    highest[note] = max(highest.get(note, 0), score)
        return highest

    def cues(self, text: str) -> Iterator[set[str]]:
        """Yield the cues that stand together: of a sentence or a part of it, and of one language."""
        for part in map(fold, _SENTENCE_END.split(text)):
            sentence = Sentence.of(part)
            shapes = {name for name, shape in self._shapes.items() if shape.search(part)}
            if len(sentence.words) <= SHORT:
                shapes.add("short")
            found = [
                [*self._beginning_at(first, sentence)] if self._begun(word) else []
                for first, word in enumerate(sentence.words)
            ]
            for start in range(0, max(len(found) - WINDOW // 2, 1), WINDOW // 2):
                inside = chain.from_iterable(found[start : start + WINDOW])
                yield from (self._uncovered(names | shapes) for names in _by_language(inside))

    def _uncovered(self, names: set[str]) -> set[str]:
        return names.difference(*(self._covers.get(name, ()) for name in names))

    def _beginning_at(self, first: int, sentence: Sentence) -> Iterator[Cue]:
        """Yield the cues of a sentence that begin with one of its words."""
        nodes = self._begun(sentence.words[first])
        for last in range(first, len(sentence.words)):
            if not nodes:
                return
            for cue in chain.from_iterable(node.cues for node in nodes):
                if self._counts(cue, sentence, first, last):
                    yield cue
            following = sentence.words[last + 1 : last + 2]
            nodes = [each for node in nodes for word in following for each in node.after(word)]

    def _counts(self, cue: Cue, sentence: Sentence, first: int, last: int) -> bool:
        """Return whether a cue counts, by where its first and last words stand."""
        match cue.name.rpartition("_")[2]:
            case "label":
                return sentence.opens(first) and sentence.labels(last)
            case "order":
                return not sentence.labels(last) and self._opens(cue.language, sentence, first)
            case "opening":
                return self._opens(cue.language, sentence, first)
            case _:
                return True

    def _opens(self, language: str, sentence: Sentence, first: int) -> bool:
        """Return whether a word begins a clause, but for openers; in a language that has none, any word does."""
        openers, number = self._openers[language], first
        while openers and not sentence.opens(number):
            if first - number == _MOST_OPENERS:
                return False
            number -= 1
            if sentence.words[number] in _YOU:
                return True
            if sentence.words[number] not in openers:
                return False
        return number == first or sentence.words[number] != _INFINITIVE


def _by_language(cues: Iterable[Cue]) -> Collection[set[str]]:
    """Return the names of the cues of each language; an empty set if there are none."""
    names: dict[str, set[str]] = {}
    for cue in cues:
        names.setdefault(cue.language, set()).add(cue.name)
    return names.values() or [set()]


def _words(alternative: str) -> list[str]:
    """Return the words of an alternative of a phrase; the last one ends in ``*`` if it is a beginning."""
    *words, last = _WORD.findall(alternative) or ["#"]
    return [*words, f"{last}*" if "*" in alternative else last]


def _names(text: str) -> list[str]:
    return text.split(", ")
