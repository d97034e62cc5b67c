"""The commands that messages name, as a person would paste them, and what is wrong with them."""

import re
from collections.abc import Iterator

from tests.support.documents import problem_of_line, subcommands

_ENDS = {"'": "'", "(": ")", "`": "`", '"': '"'}
_PLACEHOLDERS = {r"\bUSD\b": "1", r"--points P\b": "--points 1", r"\bFILE\.jsonl\b": re.escape(__file__)}
"""Words that a person replaces by a number or by a file that is there."""


def commands_in(text: str) -> Iterator[str]:
    """Yield each command of a text: to the quote or parenthesis that it began with, or to the end of its line."""
    names = "|".join(subcommands())
    options = r"(?:--(?:local|json) |--(?:stack|region) (?:'[^']*'|\S+) )*"
    for found in re.finditer(rf"(?<![\w./-])aita {options}(?:{names})(?![\w.-]*\w)", text):
        before = text[found.start() - 1] if found.start() else ""
        line = text[found.start() :].partition("\n")[0]
        if not text[: found.start()].rpartition("\n")[2].lower().strip().startswith("usage:"):
            yield re.split(r" {2,}|, | \(", line.partition(_ENDS.get(before, "\n"))[0])[0].rstrip(".;:")


def unusable(text: str) -> dict[str, str]:
    """Return the commands of a text that the command line does not take, each with what it says."""
    found = {}
    for command in commands_in(text):
        line = command
        for placeholder, value in _PLACEHOLDERS.items():
            line = re.sub(placeholder, value, line)
        if problem := problem_of_line(line):
            found[command] = problem
    return found
