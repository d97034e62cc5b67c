"""Prompts: one text file for each kind of task, in ``aita/prompts``."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template

from aita.tasks.request import Image, Message

_BORDER = "\n---\n"


@dataclass(frozen=True, slots=True)
class Prompt:
    """The two messages of a prompt, with ``$names`` to fill in. The system message holds the part that tasks share."""

    system: Template
    user: Template

    def messages(self, *, images: tuple[Image, ...] = (), **values: str) -> tuple[Message, ...]:
        """Return both messages with the values filled in; the images belong to the user message.

        Raises
        ------
        KeyError
            If the prompt has a name that ``values`` lacks.
        """
        system = Message("system", self.system.substitute(values).strip())
        return system, Message("user", self.user.substitute(values).strip(), images)


@cache
def load_prompt(kind: str) -> Prompt:
    """Return the prompt of a kind: the text above the line ``---`` is the system message, below it the user message."""
    text = resources.files("aita").joinpath("prompts", f"{kind}.txt").read_text("utf-8")
    system, user = text.split(_BORDER)
    return Prompt(Template(system), Template(user))
