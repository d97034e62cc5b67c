"""Second reading: an answer as a grader reads it on the page, where that differs from the transcription."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from aita.models.second_look import ReadLine
from aita.tasks.plain_text import plain
from aita.tasks.transcription_marks import read_marks

MOST_LONGER = 2
"""Ratio of a reading's length to the transcription's from which on it may be invented."""

SPARE = 100
"""Characters that a reading may have beyond that: a line that was left out of a short answer."""

_SENTENCE = re.compile(
    r"…|[。、।،؟](?!\d)|;(?!(?<=[0-9];)[0-9.+-])|\?(?!(?<=[0-9]\?)[0-9])"
    r"|(?<=[^\W\d_]{2})[.,:](?![0-9])|[.,:](?!\w)|(?<=[^\W\d_]{2})!(?!=)"
    r"|(?<![\w)\]}])(?<![\w)\]}]')(?<![\w)\]}]'')['\"]|(?<=[^\W\d_]{2})['\"]"
    r"|(?<=[^\W\d_]{2}')'"
)
"""Punctuation of sentences: not the point of a number, nor signs of ``n!``, ``f'``, ``f''``, ``a.b`` and ``1;2``."""

_SEMICOLON = re.compile(r" ?; ?")

_DASH = re.compile(r"(?<=[^\W\d_]{3})[ ]?-[ ]?(?=[^\W\d_]{3})")
"""Hyphen or dash between words; beside a digit, a bracket or few letters, as in ``ma - mg``, it may be a minus."""

_SPACE = re.compile(r"(?<![0-9]) | (?![0-9])")
"""White space, except between two digits."""

_ROOT = re.compile(r"(?:\\sqrt|(?<![A-Za-z\\])sqrt|√)[{(]([\w.]*[^\W\d_][\w.]+|[\w.]+[^\W\d_][\w.]*)[)}]")
_BELOW = re.compile(r"\\[dt]?frac\{(?:[^{}]|\{[^{}]*\})*\}\{(\d[\w.]*[^\W\d_])\}")
"""Term under a root, and below a stroke, whose end the plain form does not tell, as in ``1/2x``."""


@dataclass(frozen=True)
class SecondReading:
    """Reading of an answer beside its transcription.

    Parameters
    ----------
    answer
        Transcription of the answer.
    lines
        Lines that the grader reads otherwise.
    """

    answer: str
    lines: tuple[ReadLine, ...]

    @cached_property
    def text(self) -> str:
        """The answer with these lines in place of the transcribed ones; lines that it lacks stand at its end."""
        left = list(self._read)
        lines = []
        for line in self.answer.splitlines():
            other = next(
                (each for each in left if each.transcribed and _one_line(each.transcribed) == _one_line(line)), None
            )
            if other is None:
                lines.append(line)
                continue
            left.remove(other)
            lines.append(other.read)
        return "\n".join(filter(None, [*lines, *(each.read for each in left if not each.transcribed)]))

    @property
    def differing(self) -> tuple[ReadLine, ...]:
        """The lines whose difference may count: not of white space or punctuation alone."""
        return tuple(each for each in self._read if _content(each.transcribed) != _content(each.read))

    @property
    def unknown(self) -> int:
        """Number of lines that are said to be transcribed, and are not."""
        said = Counter(_one_line(each.transcribed) for each in self._read if each.transcribed)
        return (said - Counter(map(_one_line, self.answer.splitlines()))).total()

    @property
    def is_invented(self) -> bool:
        """Whether much more was read than was transcribed."""
        return len(self.text) > MOST_LONGER * len(self.answer) + SPARE

    @property
    def _read(self) -> Sequence[ReadLine]:
        return [each for each in self.lines if each.transcribed.strip() or each.read.strip()]


def punctuation(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of a plain text that are punctuation of sentences, or a hyphen between words."""
    for pattern in (_SENTENCE, _DASH):
        yield from (found.span() for found in pattern.finditer(text))


def with_extents(text: str, end: str) -> str:
    """Return a text with a sign at the end of each term under a root or below a stroke that the plain form merges."""
    return _BELOW.sub(rf"\g<0>{end}", _ROOT.sub(rf"\g<0>{end}", text))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _content(text: str) -> tuple[str, ...]:
    """Return a line's content: without white space, punctuation and struck-out words; terms with their end."""
    kept = read_marks(text).kept
    form = _SEMICOLON.sub(";", _DASH.sub(" ", plain(kept).text))
    unspaced = "".join(kept.split())
    terms = [found[1] for pattern in (_ROOT, _BELOW) for found in pattern.finditer(unspaced)]
    return (_SPACE.sub("", _one_line(_SENTENCE.sub("", form))), *terms)
