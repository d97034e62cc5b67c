"""Differences between two readings of one answer that may count, unlike differences of spelling and notation.

White space, line breaks, the order of lines that are more than a letter or a number, the punctuation of sentences and
ways to write the same formula make no difference.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from aita.models.exam import Question, QuestionType
from aita.models.second_look import ReadLine
from aita.services.grading.meaning_words import has_opposites
from aita.services.grading.reading_atoms import Atom, ReadText
from aita.tasks.printed_text import PrintedText
from aita.tasks.second_reading import MOST_LONGER, SPARE

LEAST_LIKE = 2 / 3
"""Likeness of two words below which they are no spellings of one: "oxidation" and "reduction" are alike by half."""

_LONG, _LONG_UNSPACED = 4, 2
"""Letters from which on a word counts that the other reading has nothing like; of a script without spaces, in a row."""


def differences(question: Question, transcribed: str, read: str) -> tuple[ReadLine, ...]:
    """Return the lines of two readings of an answer that differ in a way that may count; none if they do not.

    It counts if one reading has a digit, a sign, a unit, a letter alone, a negation or a line that the other lacks, a
    word of the opposite meaning, or a word of four letters or more that the other has nothing like. Which of the two
    comes first makes no difference. What is struck out, drawings, and copied print and labels are not compared; in
    multiple choice, print may be the answer.
    """
    if transcribed.split() == read.split():
        return ()
    if transcribed <= read:
        return tuple(_differences(question, ReadText(transcribed), ReadText(read)))
    swapped = _differences(question, ReadText(read), ReadText(transcribed))  # an alignment may depend on the order
    return tuple(ReadLine(transcribed=each.read, read=each.transcribed) for each in swapped)


def _differences(question: Question, one: ReadText, other: ReadText) -> Iterator[ReadLine]:
    if _keys(one.atoms()) == _keys(other.atoms()):
        return
    is_choice = question.question_type is QuestionType.MULTIPLE_CHOICE
    printed = None if is_choice else PrintedText(question.question_text, question.question_id)
    left, right = one.atoms(printed), other.atoms(printed)
    if _keys(left) == _keys(right):
        return
    left, right = _without_equal_lines(left, right)
    if _is_far_longer(left, right) or _is_far_longer(right, left):
        everything = slice(None)
        lines = _shown(one, left, everything, is_missing=True), _shown(other, right, everything, is_missing=True)
        yield ReadLine(transcribed=lines[0], read=lines[1])
        return
    found = {}
    for here, there in _blocks(left, right):
        its, others = left[here], right[there]
        if _differ(its, others) or _adds(its, others, left) or _adds(others, its, right):
            lines = (
                _shown(one, left, here, is_missing=_has_line(others, right)),
                _shown(other, right, there, is_missing=_has_line(its, left)),
            )
            found[lines] = ReadLine(transcribed=lines[0], read=lines[1])
    yield from found.values()


def _is_far_longer(atoms: Sequence[Atom], others: Sequence[Atom]) -> bool:
    """Tell whether a reading is so much longer that nothing is to be learned from an alignment, which takes long."""
    return len(atoms) > MOST_LONGER * len(others) + SPARE


def _keys(atoms: Iterable[Atom]) -> list[str]:
    return [atom.key for atom in atoms]


def _without_equal_lines(left: Sequence[Atom], right: Sequence[Atom]) -> tuple[list[Atom], list[Atom]]:
    """Return the atoms of the lines that have no equal among those of the other reading, wherever it stands there.

    Lines of one letter or number stay, as of a list of choices their order may be the answer.
    """
    of_left, of_right = _by_line(left), _by_line(right)
    equal = Counter(map(_content, of_left)) & Counter(map(_content, of_right))
    alone = {_content(line) for line in of_left if len(line) == 1 and line[0].is_exact}
    equal = Counter({content: count for content, count in equal.items() if content not in alone})
    return _without(of_left, equal.copy()), _without(of_right, equal)


def _by_line(atoms: Iterable[Atom]) -> list[list[Atom]]:
    return [list(line) for _, line in groupby(atoms, lambda atom: atom.line)]


def _content(line: Iterable[Atom]) -> tuple[str, ...]:
    return tuple(_keys(line))


def _without(lines: Iterable[list[Atom]], equal: Counter[tuple[str, ...]]) -> list[Atom]:
    left = []
    for line in lines:
        if equal[_content(line)]:
            equal[_content(line)] -= 1
        else:
            left += line
    return left


def _blocks(left: Sequence[Atom], right: Sequence[Atom]) -> Iterator[tuple[slice, slice]]:
    """Yield the places of the atoms that stand between those that are alike in both readings."""
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 - functions that compare no readings start without

    codes = Levenshtein.opcodes(_keys(left), _keys(right))
    for is_equal, run in groupby(codes, lambda code: code.tag == "equal"):
        if not is_equal:
            first, *others = run
            last = others[-1] if others else first
            yield slice(first.src_start, last.src_end), slice(first.dest_start, last.dest_end)


def _differ(one: Sequence[Atom], other: Sequence[Atom]) -> bool:
    """Tell whether atoms that must be the same differ, or words are opposite."""
    exact, others = ([atom.key for atom in atoms if atom.is_exact] for atoms in (one, other))
    return exact != others or has_opposites(_words(one), _words(other))


def _adds(one: Sequence[Atom], other: Sequence[Atom], reading: Sequence[Atom]) -> bool:
    """Tell whether atoms have a long word, or a whole line of their reading, that the other ones have nothing like."""
    words = _words(other)
    known = [*words, "".join(words)]
    if "".join(_words(one)) == known[-1]:  # written together or apart
        return False
    if any(is_long and not _has_like(word, known) for word, is_long in _words_with_length(one)):
        return True
    return any(not any(_has_like(word, known) for word in _words(line)) for line in _whole_lines(one, reading))


def _has_line(atoms: Sequence[Atom], reading: Sequence[Atom]) -> bool:
    return any(_whole_lines(atoms, reading))


def _whole_lines(atoms: Sequence[Atom], reading: Sequence[Atom]) -> Iterator[list[Atom]]:
    sizes = Counter(atom.line for atom in reading)
    return (line for line in _by_line(atoms) if len(line) == sizes[line[0].line])


def _words(atoms: Iterable[Atom]) -> list[str]:
    return [word for word, _ in _words_with_length(atoms)]


def _words_with_length(atoms: Iterable[Atom]) -> list[tuple[str, bool]]:
    """Return the words among atoms, and whether they are long; characters of an unspaced script in a row are one."""
    found = []
    for is_unspaced, run in groupby(atoms, lambda atom: atom.is_unspaced):
        words = [atom.key for atom in run if atom.key[0].isalpha()]
        if is_unspaced:
            found.append(("".join(words), len(words) >= _LONG_UNSPACED))
        else:
            found += [(word, len(word) >= _LONG) for word in words]
    return [(word, is_long) for word, is_long in found if word]


def _has_like(word: str, words: Sequence[str]) -> bool:
    from rapidfuzz import process  # noqa: PLC0415 - as above
    from rapidfuzz.distance import Indel  # noqa: PLC0415 - as above

    scorer = Indel.normalized_similarity
    return process.extractOne(word, words, scorer=scorer, score_cutoff=LEAST_LIKE) is not None


def _shown(reading: ReadText, atoms: Sequence[Atom], place: slice, *, is_missing: bool) -> str:
    """Return the lines with these atoms; if there are none, the line in which something is missing."""
    found = list(atoms[place])
    if not found and not is_missing:
        found = list(atoms[max(0, place.start - 1) :][:1])
    return "\n".join(reading.lines[line] for line in dict.fromkeys(atom.line for atom in found))
