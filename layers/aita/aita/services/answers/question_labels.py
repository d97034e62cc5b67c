"""Question labels at the beginnings of a transcription's lines, such as ``1a.``, ``2)`` or ``Question 2``.

Labels check a model's marks of the beginnings of answers, and do not replace them: students leave labels out, and
number the steps of an answer like questions.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_TOKEN = re.compile(r"\d+|[^\W\d_]+")
_WORD = r"(?:question|problem|exercise|q)[. ]*"
_LEADING_WORD = re.compile(r"^(?:[^\W\d_]{2,}|q)(?=\d)")
_BETWEEN = r"[ .()]{0,2}"  # separators of a label's parts: 1 a, 1.a, 1(a)
_ENDS = r"\s*[.):\]]+(?!\d)"  # 2. and 2) end a label; 2.5 and 10:30 are numbers
_NOUN = r"(?P<noun>(?:[^\W\d_]{1,20}(?:[. ]+|(?=\d))|[#№]\s*){0,2})"  # in any language: Frage 2, Exercice no. 2, 第2题
_NOUN_BEHIND = r"(?:[\s.):\]]+[^\W\d_]{2,20}|[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3]{1,3})?"  # 2. Aufgabe, 2번
_REMARK = re.compile(  # 2. (5 points), 2. (continued)
    r"\s*(?:\([^()]*(?:\d|[^\W\d_]{4})[^()]*\)|\[[^\[\]]*(?:\d|[^\W\d_]{4})[^\[\]]*\])[\s.:]*$"
)


@dataclass(frozen=True, slots=True)
class LabelPlace:
    """A question's label at the beginning of a line; ``named`` is true after a word such as "Question"."""

    question_id: str
    named: bool


class QuestionLabels:
    """Labels of an exam's questions. Ids that differ only in case and punctuation are ambiguous, and never found.

    The label of an id that begins with a word may lack it: ``2a.`` for Part 2a, unless another id has that number.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        ids = list(ids)
        times = Counter(form for each in ids for form in {fold(each), _number(each)})
        self._ids = {form: each for each in ids for form in (_number(each), fold(each)) if form and times[form] == 1}
        longest_first = sorted(self._ids, key=len, reverse=True)
        label = f"(?P<label>{'|'.join(map(label_pattern, longest_first)) or '(?!)'})"
        self._named = re.compile(rf"\s*{_WORD}\(?{label}\)?(?![^\W_])(?!\.\d)[.):\]]*", re.IGNORECASE)
        self._plain = re.compile(rf"\s*(?P<open>\()?{label}(?:(?P<ends>\)?{_ENDS}|\))|\s*$)", re.IGNORECASE)
        self._copied = re.compile(rf"\s*{_NOUN}[(\[]?{label}{_NOUN_BEHIND}[\s.):\]]*", re.IGNORECASE)

    def copied(self, line: str) -> LabelPlace | None:
        """Return the label that a line consists of, which is known to be copied print; ``None`` if it has other text.

        It may have a noun of any language before or behind it, and a remark in brackets, such as the points.
        """
        found = self._copied.fullmatch(line) or self._copied.fullmatch(_REMARK.sub("", line))
        return found and LabelPlace(self._ids[fold(found["label"])], bool(found["noun"]))

    def marker(self, line: str) -> LabelPlace | None:
        """Return the label at the beginning of a line; ``None`` also for a bare number, which may be an answer."""
        found = self._match(line)
        return found and LabelPlace(self._ids[fold(found["label"])], found.re is self._named)

    def after(self, line: str, question_id: str) -> str | None:
        """Return the text after this question's label on a line; ``None`` if the line does not begin with the label.

        The label of a part may lack the question's number, which is printed above it: ``(a)`` for 1a.
        """
        found = self._match(line)
        if found and self._ids[fold(found["label"])] == question_id:
            return line[found.end() :].strip()
        part = _part_pattern(question_id)
        found = re.match(rf"\s*\(?{part}{_ENDS}", line, re.IGNORECASE) if part else None
        return found and line[found.end() :].strip()

    def within(self, line: str, question_id: str) -> int | None:
        """Return the column of this question's label in a line, after its beginning; ``None`` without it."""
        label = "|".join(filter(None, (label_pattern(_number(question_id)), _part_pattern(question_id))))
        found = re.search(rf"(?<=\s)(?:{_WORD})?\(?(?:{label}){_ENDS}", line, re.IGNORECASE)
        return found and found.start()

    def _match(self, line: str) -> re.Match[str] | None:
        named = self._named.match(line)
        if named:
            return named
        plain = self._plain.match(line)
        bare = plain and not plain["ends"]
        return None if plain is None or (bare and len(_TOKEN.findall(plain["label"])) == 1) else plain


def fold(label: str) -> str:
    """Return a label without case, brackets and spaces, for comparison: 1a for ``1 (A)``, and 1.2 for ``1.2``."""
    folded = ""  # two numbers in a row keep a dot between them
    for token in _TOKEN.findall(label.casefold()):
        folded += f".{token}" if folded[-1:].isdecimal() and token[0].isdecimal() else token
    return folded


def natural_key(label: str) -> tuple[tuple[bool, int, str], ...]:
    """Return the key that sorts labels in natural order, 2 before 10 and 2a before 2b, without a word before them."""
    tokens = _TOKEN.findall(_number(label))
    return tuple((False, int(token), "") if token[0].isdecimal() else (True, 0, token) for token in tokens)


def label_pattern(folded: str) -> str:
    """Return the pattern of a folded label, with the separators that may stand between its parts."""
    parts = [part if part.isdecimal() else _BETWEEN.join(part) for part in _TOKEN.findall(folded)]
    pattern = ""
    for part in parts:
        pattern += (r"\." if pattern and pattern[-1].isdecimal() and part[0].isdecimal() else _BETWEEN) * bool(pattern)
        pattern += part
    return pattern


def _number(question_id: str) -> str:
    """Return a folded id without the word that it begins with."""
    folded = fold(question_id)
    return _LEADING_WORD.sub("", folded)


def _part_pattern(question_id: str) -> str | None:
    tokens = _TOKEN.findall(_number(question_id))
    letters = tokens[1:] if tokens and tokens[0].isdecimal() else []
    return label_pattern("".join(letters)) if letters and not letters[0].isdecimal() else None
