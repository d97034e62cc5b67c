"""Marking schemes: the points of each line of each student's answer, by which truth and grader count alike.

A line that is lost costs its points, and a line of somebody else's answer to the same question adds to them. So an
answer that is cut, swapped or joined with another's gets another number than it deserves.
"""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aita.models.exam import QuestionType

CHOICES = "ABCDE"
"""Options of a multiple choice."""


class Scheme(NamedTuple):
    """Scheme of a question's points: the form of its text, the rubric, and the rule of its instructions.

    ``rubric`` is empty for the one that a model writes, else the name of the instructor's own.
    """

    form: int = 0
    rubric: str = ""
    rule: str = ""


class Mark(NamedTuple):
    """Points of a line for a criterion, and the number of the answer that it is a line of."""

    criterion: int
    points: float
    answer: int = 0


@dataclass(frozen=True, slots=True)
class Marking:
    """Points of each known line of the answers to one question.

    An answer of which some lines are missing earns a step less than the others are worth: no line is there in vain.
    """

    worth: tuple[float, ...]
    step: float
    lines: Mapping[str, Mark]

    def earned(self, lines: Iterable[str]) -> tuple[float, ...]:
        """Return the points of a text's lines for each criterion, none above the criterion's."""
        texts = {folded(line) for line in lines}
        found = [0.0] * len(self.worth)
        present: dict[int, int] = {}
        for line, mark in self.lines.items():
            if line in texts:
                found[mark.criterion] = min(self.worth[mark.criterion], found[mark.criterion] + mark.points)
                present[mark.answer] = present.get(mark.answer, 0) + 1
        lengths = Counter(mark.answer for mark in self.lines.values())
        for answer, count in present.items():
            earning = next((number for number, points in enumerate(found) if points), None)
            if count < lengths[answer] and earning is not None:
                found[earning] -= self.step
        return tuple(found)

    def evidence(self, lines: Iterable[str], criterion: int) -> str:
        """Return the first line that earns points for a criterion; empty without one."""
        marked = ((line, self.lines.get(folded(line))) for line in lines)
        return next((line for line, mark in marked if mark and mark.criterion == criterion and mark.points), "")

    def total(self, lines: Iterable[str]) -> float:
        """Return the points of a text's lines."""
        return sum(self.earned(lines))


def folded(line: str) -> str:
    """Return a line in the form in which lines are compared."""
    return " ".join(line.casefold().split())


def make_marking(
    kind: QuestionType,
    worth: Sequence[float],
    step: float,
    answers: Sequence[tuple[str, ...]],
    seed: str,
    avoided: Sequence[float] = (),
) -> Marking:
    """Return a marking of a question's answers, by which students with different answers earn different points.

    Parameters
    ----------
    worth
        Points of each criterion.
    answers
        Lines of each student's answer.
    avoided
        Points of each student by another scheme, which differ from those by this one where possible.
    """
    random_ = random.Random(seed)
    if kind is QuestionType.MULTIPLE_CHOICE:
        key = folded(random_.choice(CHOICES))
        return Marking(tuple(worth), step, {key: Mark(0, worth[0])})
    whole = round(sum(worth) / step)
    free = list(range(1, whole)) or [whole]
    random_.shuffle(free)
    taken: list[int] = []
    lines: dict[str, Mark] = {}
    for number, answer in enumerate(answers):
        if not answer:
            continue
        unlike = round(avoided[number] / step) if number < len(avoided) else None
        steps = next((each for each in free if each not in taken and each != unlike), None)
        if steps is None:
            steps = next(each for each in (*free, whole, 0) if each != unlike)
        if random_.random() < 0.12:
            steps = random_.choice([whole, 0])
            steps = whole - steps if steps == unlike else steps
        taken.append(steps)
        shared = _shared(answer, steps, worth, step, random_)
        lines |= {text: Mark(criterion, points, number) for text, (criterion, points) in shared.items()}
    return Marking(tuple(worth), step, lines)


def _shared(
    answer: tuple[str, ...], steps: int, worth: Sequence[float], step: float, random_: random.Random
) -> dict[str, tuple[int, float]]:
    """Return an answer's lines with its points, each criterion's shared between lines of its own."""
    most = [round(each / step) for each in worth]
    pool = [criterion for criterion, count in enumerate(most) for _ in range(count)]
    earned = [random_.sample(pool, steps).count(criterion) for criterion in range(len(worth))]
    earning = [criterion for criterion, count in enumerate(earned) if count]
    lines = {folded(line): (0, 0.0) for line in answer}
    if not earning:
        return lines
    texts = list(lines)
    if len(texts) < len(earning):  # a line counts for one criterion
        first = earning[: len(texts)]
        rest = sum(earned) - sum(earned[each] for each in first)
        for each in first:
            more = min(rest, most[each] - earned[each])
            earned[each], rest = earned[each] + more, rest - more
        earning = first
    owners = earning + [random_.choice(earning) for _ in texts[len(earning) :]]
    for criterion in earning:
        mine = [text for text, owner in zip(texts, owners, strict=True) if owner == criterion]
        parts = [earned[criterion] // len(mine)] * len(mine)
        for extra in range(earned[criterion] - sum(parts)):
            parts[extra] += 1
        lines |= {text: (criterion, part * step) for text, part in zip(mine, parts, strict=True)}
    return lines


@dataclass(slots=True)
class Schemes:
    """Markings of one question by its schemes, made when they are first asked for."""

    seed: str
    kind: QuestionType
    worth: tuple[float, ...]
    step: float
    answers: tuple[tuple[str, ...], ...]
    made: dict[Scheme, Marking] = field(default_factory=dict)

    def marking(self, scheme: Scheme) -> Marking:
        """Return the marking by a scheme."""
        if scheme not in self.made:
            base = Scheme()
            avoided = [] if scheme == base else [self.marking(base).total(answer) for answer in self.answers]
            self.made[scheme] = make_marking(
                self.kind, self.worth, self.step, self.answers, f"{self.seed} {scheme}", avoided
            )
        return self.made[scheme]
