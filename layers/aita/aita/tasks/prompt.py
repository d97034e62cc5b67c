"""Prompts: text files in ``aita/prompts``, one for each kind of task and for each section that a kind has at times."""

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
    system, user = _text(kind).split(_BORDER)
    return Prompt(Template(system), Template(user))


@cache
def load_section(name: str) -> Template:
    """Return a section of prompts by its name."""
    return Template(_text(name))


def _text(name: str) -> str:
    return resources.files("aita").joinpath("prompts", f"{name}.txt").read_text("utf-8")
