"""Words of made-up exams: names that are not alike, and sentences each of which occurs once in a class."""

import random

FIRST = (
    "Adaeze", "Björn", "Catalina", "Dmitri", "Eleni", "Fergus", "Giulia", "Hiroshi", "Ingrid", "Jakub", "Keanu",
    "Lucía", "Mehmet", "Nasrin", "Oksana", "Pavel", "Quentin", "Rashida", "Sven", "Thandiwe", "Ulrike", "Vikram",
)  # fmt: skip
LAST = (
    "Abernathy", "Bouchard", "Czerny", "Delacroix", "Eriksson", "Fontaine", "Grimaldi", "Holloway", "Ivanova",
    "Jorgensen", "Kowalczyk", "Lindqvist", "Mbeki", "Nakamura", "Okonkwo", "Papadakis", "Quispe", "Rosenthal",
    "Szabo", "Takahashi", "Underwood", "Vasquez",
)  # fmt: skip
TOPICS = (
    "cell", "lever", "market", "treaty", "sonnet", "river", "circuit", "enzyme", "glacier", "census", "vector",
    "harbour", "planet", "alloy", "senate", "fossil",
)  # fmt: skip

_ONSETS = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "st", "kl", "pr")
_VOWELS = ("a", "e", "i", "o", "u")
_VERBS = ("carries", "bends", "joins", "moves", "holds", "warms", "feeds", "splits", "covers", "drains")
_THINGS = ("wall", "layer", "edge", "stream", "field", "core", "shell", "flow", "bond", "plane")


class Sentences:
    """Source of sentences; each one has a made-up word or a number of its own."""

    def __init__(self, random_: random.Random) -> None:
        self._random = random_
        self._used: set[str] = set()

    def words(self) -> str:
        """Return a sentence of two to six words."""
        verb, thing = self._random.choice(_VERBS), self._random.choice(_THINGS)
        return self._random.choice(
            (
                f"the {self._word()} {verb} the {thing}",
                f"{self._word()} {thing}",
                f"as the {thing} {verb} every {self._word()}",
                f"so each {thing} {verb} its {self._word()}",
                f"because {self._word()} {verb} it",
            )
        )

    def name(self) -> str:
        """Return a name of a thing, of two words."""
        return f"{self._word()} {self._random.choice(_THINGS)}"

    def sum(self) -> str:
        """Return a line of a calculation."""
        while True:
            one, other = self._random.randint(12, 98), self._random.randint(102, 989)
            line = f"{one} * {other} = {one * other}"
            if line not in self._used:
                self._used.add(line)
                return line

    def drawing(self) -> str:
        """Return the description of a drawing."""
        return f"[drawing: a {self._random.choice(_THINGS)} around a {self._word()}]"

    def _word(self) -> str:
        while True:
            word = "".join(
                self._random.choice(_ONSETS) + self._random.choice(_VOWELS) for _ in range(self._random.randint(3, 4))
            )
            if word not in self._used:
                self._used.add(word)
                return word
