"""The prompts: one text file for each kind of task, in ``aita/prompts``."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template

from aita.tasks.request import Image, Message

_BORDER = "\n---\n"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's two messages, with ``$names`` to fill in. The system's holds what a kind's tasks share."""

    system: Template
    user: Template

    def messages(self, *, images: tuple[Image, ...] = (), **values: str) -> tuple[Message, ...]:
        """Fill in the values and return both messages; the images go with the user's.

        Raises
        ------
        KeyError
            If the prompt has a name that ``values`` lacks.
        """
        system = Message("system", self.system.substitute(values).strip())
        return system, Message("user", self.user.substitute(values).strip(), images)


@cache
def load_prompt(kind: str) -> Prompt:
    """Read the prompt of a kind: the text above the line ``---`` is the system's, below it the user's."""
    text = resources.files("aita").joinpath("prompts", f"{kind}.txt").read_text("utf-8")
    system, user = text.split(_BORDER)
    return Prompt(Template(system), Template(user))
