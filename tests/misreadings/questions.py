"""Questions with what a right answer has, what students write in place of it, and the points of what they wrote."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aita.models.exam import QuestionType

HAS = "The answer has: "
"""Beginning of the description of a criterion that one statement earns."""

NOTHING_ELSE = "Nothing wrong is in the answer"
"""Description of the criterion that an answer earns by having nothing else."""

DRAWN = "[drawing: a sketch, labelled "

_POINTS = 2.0

Statements = tuple[str, ...]
"""What an answer says: its lines or, of a drawing, its labels."""


@dataclass(frozen=True, slots=True)
class MadeUpQuestion:
    """A question.

    Parameters
    ----------
    subject
        Kind of what is asked.
    expected
        Statements of the right answer.
    mistakes
        For each of these, what students write in place of it.
    beside
        Wrong statements that students add; if there are any, they cost points.
    """

    question_id: str
    subject: str
    type: QuestionType
    text: str
    expected: Statements
    mistakes: tuple[Statements, ...]
    beside: Statements = ()

    @property
    def criteria(self) -> list[str]:
        """Descriptions of the rubric's criteria, each of which is worth the same."""
        return [*(f"{HAS}{each}" for each in self.expected), *([NOTHING_ELSE] if self.beside else [])]

    @property
    def points(self) -> float:
        """Points of a full answer."""
        return _POINTS * len(self.criteria)

    def earned(self, statements: Statements) -> float:
        """Return the points that these statements deserve."""
        return _POINTS * sum(bool(quote) for quote in quotes(self.criteria, statements))

    def lines(self, statements: Statements) -> Statements:
        """Return the lines of the answer with these statements."""
        if self.type is QuestionType.DIAGRAM and statements:
            return (f"{DRAWN}{'; '.join(statements)}]",)
        return statements

    def question(self) -> dict[str, Any]:
        """Return the question as ``questions.json`` has it."""
        return {
            "question_id": self.question_id,
            "question_text": self.text,
            "points": self.points,
            "question_type": self.type.value,
        }

    def rubric(self) -> dict[str, Any]:
        """Return the rubric as ``user_rubrics.json`` has it."""
        criteria = [{"points": _POINTS, "description": each} for each in self.criteria]
        return {"total_points": self.points, "criteria": criteria}


def statements_in(lines: Sequence[str]) -> Statements:
    """Return the statements in an answer's lines: of a drawing, its labels."""
    found: list[str] = []
    for line in lines:
        found += line.removeprefix(DRAWN).removesuffix("]").split("; ") if line.startswith(DRAWN) else [line]
    return tuple(each for each in found if each.strip())


def quotes(criteria: Sequence[str], statements: Statements) -> list[str]:
    """Return for each criterion the statement that earns it; empty if none does."""
    said = {_folded(each): each for each in statements}
    expected = [each.removeprefix(HAS) for each in criteria if each.startswith(HAS)]
    found = [said.get(_folded(each), "") for each in expected]
    if NOTHING_ELSE in criteria:
        is_clean = said.keys() <= {_folded(each) for each in expected}
        found.append(statements[0] if statements and is_clean else "")
    return found


def _folded(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def exam(chance: random.Random) -> list[MadeUpQuestion]:
    """Return an exam with a question of each subject, in another order and with other numbers each time.

    No answer looks like a question's label.
    """
    makers = [*_MAKERS]
    chance.shuffle(makers)
    return [make(f"{1 + place // 3}{'abc'[place % 3]}", chance) for place, make in enumerate(makers)]


def _sums(question_id: str, chance: random.Random) -> MadeUpQuestion:
    a, b, c = chance.randint(120, 890), chance.randint(13, 97), chance.randint(3, 9)
    s, d = a + b, a + b - 10 * c
    return MadeUpQuestion(
        question_id,
        "arithmetic",
        QuestionType.CALCULATION,
        "Add the two numbers on the board, then take off the tens, step by step.",
        (f"{a} + {b} = {s}", f"{s} - {10 * c} = {d}"),
        ((f"{a} + {b} = {s - 10}", f"{a} + {b} = {s + 1}", f"{a} - {b} = {a - b}"), (f"{s} - {10 * c} = {d + 10}",)),
    )


def _number(question_id: str, chance: random.Random) -> MadeUpQuestion:
    year = str(chance.choice((1648, 1789, 1815, 1848, 1918, 1949)))
    wrong = tuple(str(int(year) + off) for off in (-1, 1, 10, -30))
    text = "In which year was the treaty signed? The year is enough."
    return MadeUpQuestion(question_id, "a number alone", QuestionType.SHORT_ANSWER, text, (year,), (wrong,))


def _roots(question_id: str, chance: random.Random) -> MadeUpQuestion:
    p, q = chance.sample(range(2, 10), 2)
    return MadeUpQuestion(
        question_id,
        "algebra",
        QuestionType.CALCULATION,
        "Factor the left side of the equation on the board and give both of its roots.",
        (f"(x - {p})(x + {q}) = 0", f"one root = {p}", f"other root = -{q}"),
        (
            (f"(x + {p})(x - {q}) = 0",),
            (f"one root = -{p}", f"one root = {p + 1}"),
            (f"other root = {q}", f"other root = -{q + 1}"),
        ),
    )


def _motion(question_id: str, chance: random.Random) -> MadeUpQuestion:
    m, a, t = chance.randint(2, 9), chance.randint(2, 9), chance.randint(3, 8)
    force, v = m * a, a * t
    return MadeUpQuestion(
        question_id,
        "physics",
        QuestionType.CALCULATION,
        "A cart is pulled along a smooth track. Find its acceleration, its speed at the end and its energy.",
        (f"a = F/m = {force} N / {m} kg = {a}.0 m/s²", f"v = at = {v}.0 m/s", f"E = {m * v * v // 2} J"),
        (
            (f"a = F/m = {force} N / {m} kg = {a}.0 m/s", f"a = F m = {force * m} N kg"),
            (f"v = at = {v}.0 m/s²", f"v = at = {v + 1}.0 m/s", f"v = at = -{v}.0 m/s"),
            (f"E = {m * v * v // 2} kJ", f"E = {m * v * v} J"),
        ),
    )


_THEORIES = (
    ("The period does not depend on the mass.", "The period does depend on the mass."),
    ("A longer pendulum is slower.", "A longer pendulum is not slower."),
    ("Plants do not breathe in carbon dioxide at night.", "Plants do breathe in carbon dioxide at night."),
    ("The seller is bound by the offer until it lapses.", "The seller is not bound by the offer until it lapses."),
    ("The demand was not elastic in the short run.", "The demand was elastic in the short run."),
    ("Sound cannot travel through empty space.", "Sound can travel through empty space."),
    ("The catalyst is not used up in the reaction.", "The catalyst is used up in the reaction."),
    ("Real wages were falling while prices rose.", "Real wages were not falling while prices rose."),
    ("The author does share the view of the narrator.", "The author does not share the view of the narrator."),
    ("Heat can flow from the warm body to the cold one.", "Heat cannot flow from the warm body to the cold one."),
)


_OBSERVATIONS = (
    ("The pressure rises with the temperature.", "The pressure falls with the temperature."),
    ("Iron is denser than water.", "Iron is lighter than water."),
    ("The heart pumps blood into the aorta.", "The heart pumps blood into the vena cava."),
    ("Exports grew because the currency fell.", "Exports grew because the currency rose."),
    ("The narrator is older than the hero.", "The narrator is younger than the hero."),
    ("Light is bent towards the normal.", "Light is bent away from the normal."),
    ("The parties were bound by the settlement.", "The parties were freed by the settlement."),
    ("Leaves take in carbon dioxide by day.", "Leaves give off carbon dioxide by day."),
)


def _denied(question_id: str, chance: random.Random) -> MadeUpQuestion:
    return _prose(question_id, "prose with negations", _THEORIES, chance)


def _plain(question_id: str, chance: random.Random) -> MadeUpQuestion:
    return _prose(question_id, "plain prose", _OBSERVATIONS, chance)


def _prose(
    question_id: str, subject: str, statements: tuple[tuple[str, str], ...], chance: random.Random
) -> MadeUpQuestion:
    chosen = chance.sample(statements, 3)
    return MadeUpQuestion(
        question_id,
        subject,
        QuestionType.LONG_ANSWER,
        "Explain in a few sentences which of the theories of this term hold, and why.",
        tuple(right for right, _ in chosen),
        tuple((wrong,) for _, wrong in chosen),
        tuple(wrong for _, wrong in statements if wrong not in {each for _, each in chosen})[:2],
    )


_LISTS = (
    (("helium", "neon", "argon"), ("oxygen", "fluorine", "nitrogen")),
    (("Portugal", "Estonia", "Slovenia"), ("Norway", "Serbia", "Albania")),
    (("mitosis", "osmosis", "diffusion"), ("meiosis", "symbiosis", "mimosis")),
    (("rent", "wages", "insurance"), ("profit", "dividends", "cash")),
    (("a cell wall", "a large vacuole", "green plastids"), ("a cell membrane", "a small vacuole", "a nucleus")),
    (("price of the input", "state of technology", "number of sellers"), ("price of the good", "income", "taste")),
    (("the Danube", "the river Inn", "the upper Rhine"), ("the Volga", "the river Po", "the lower Don")),
)


def _list(question_id: str, chance: random.Random) -> MadeUpQuestion:
    right, wrong = chance.choice(_LISTS)
    text = "Name three of those that we had in class, each on a line of its own."
    mistakes = tuple((each,) for each in wrong)
    return MadeUpQuestion(question_id, "a list", QuestionType.SHORT_ANSWER, text, right, mistakes, ("none of these",))


def _letter(question_id: str, chance: random.Random) -> MadeUpQuestion:
    return _choice(question_id, "ABCDE", chance)


def _numbered(question_id: str, chance: random.Random) -> MadeUpQuestion:
    return _choice(question_id, "12345", chance)


def _choice(question_id: str, options: str, chance: random.Random) -> MadeUpQuestion:
    right = chance.choice(options)
    others = tuple(each for each in options if each != right)
    printed = " ".join(f"({each})" for each in options)
    text = f"Which statement is true? {printed}"
    return MadeUpQuestion(question_id, "multiple choice", QuestionType.MULTIPLE_CHOICE, text, (right,), (others,))


def _sketch(question_id: str, chance: random.Random) -> MadeUpQuestion:
    angle, length = chance.choice((30, 45, 60, 75)), chance.randint(2, 9)
    return MadeUpQuestion(
        question_id,
        "a drawing",
        QuestionType.DIAGRAM,
        "Draw the experiment, and label its parts and measures.",
        ("lens", f"{angle}°", f"{length} cm", "not to scale"),
        (("mirror", "prism"), (f"{angle + 15}°", f"-{angle}°"), (f"{length} mm", f"{length + 1} cm"), ("to scale",)),
    )


_MAKERS: tuple[Callable[[str, random.Random], MadeUpQuestion], ...] = (
    _sums,
    _number,
    _roots,
    _motion,
    _denied,
    _plain,
    _list,
    _letter,
    _numbered,
    _sketch,
)


def answer(question: MadeUpQuestion, chance: random.Random) -> Statements:
    """Return a student's answer: of each statement the right one, a mistake or none, and at least one."""
    said = tuple(_said(question, chance))
    return said or question.expected


def _said(question: MadeUpQuestion, chance: random.Random) -> Iterator[str]:
    for right, wrong in zip(question.expected, question.mistakes, strict=True):
        drawn = chance.random()
        if drawn < 0.6:
            yield right
        elif drawn < 0.88:
            yield chance.choice(wrong)
    if question.beside and chance.random() < 0.15:
        yield chance.choice(question.beside)
