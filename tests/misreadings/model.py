"""A reader who errs on order, and a grader who grades truthfully what it believes and often looks well.

The grader knows nothing of whose answer it grades or of what was misread: it has the rubric and the text of its prompt,
and on the strips what they show.
"""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from aita.tasks.request import LLMRequest
from tests.adversary import reader
from tests.adversary.pages import INK_HEIGHT, Kind, Misreading, Page
from tests.adversary.reading import read
from tests.misreadings.questions import DRAWN, quotes, statements_in
from tests.support.fakes import answer_of, question_of, worth_of

SEES = 0.9
"""Share of the answers that the grader reads rightly on the page; of the others it sees what was transcribed."""

RESTYLES = 0.15
"""Share of the answers of which it writes a line that it reads alike in another notation, and names it."""

HEIGHT = 1100
"""Height of a page's image."""

INVENTED = "as I was told on the way home"
"""Quote that stands in no answer."""

_HALF = INK_HEIGHT / 2

_ROWS = re.compile(rb"rows (\d+) to (\d+) of ")
_CRITERION = re.compile(r"^Criterion \d+ \(.* points\): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Model:
    """A model that reads pages and grades.

    Parameters
    ----------
    readings
        What the reader does to each page, by the page's noise.
    sees
        Share of the answers that the grader reads rightly on the page.
    invents
        Share of the answers for which the grader gives all points with a quote of its own.
    """

    readings: Mapping[int, tuple[Misreading, ...]]
    sees: float = SEES
    invents: float = 0.0

    def reply(self, request: LLMRequest, images: Mapping[str, bytes]) -> str:
        """Return the reply to a request."""
        if request.schema_name in reader.FORMS:
            return reader.reply(request, {key: self._as_read(each) for key, each in images.items()}, {})
        strips = [_shown(image) for image in images.values()]
        if request.schema_name == "StripTranscription":
            return json.dumps({"lines": self._read_again(strips)})
        question_id, transcribed = question_of(request), tuple(answer_of(request).splitlines())
        seen = tuple(dict.fromkeys(line for page, *rows in strips for line in _lines(page, question_id, *rows)))
        owner = strips[0][0].noise if strips else "\n".join(transcribed)
        looks_well = strips and _chance("look", owner, question_id).random() < self.sees
        believed = seen if looks_well else transcribed
        said = graded(request, believed)
        if _chance("invent", owner, question_id).random() < self.invents:
            for entry, worth in zip(said["criteria"], worth_of(request), strict=True):
                entry |= {"quote": INVENTED, "points": worth}
        if request.schema_name == "StripGrading":
            said["reading"] = differences(transcribed, believed, _chance("style", owner, question_id))
        return json.dumps(said)

    def _as_read(self, image: bytes) -> bytes:
        return self._misread(Page.of_image(image)).image()

    def _misread(self, page: Page) -> Page:
        for misreading in self.readings.get(page.noise, ()):
            page = page.misread(misreading.name, misreading.argument)
        return page

    def _read_again(self, strips: list["Shown"]) -> list[str]:
        """Return the answers on strips as they are read a second time: as often rightly as by a grader, else alike."""
        found = []
        for page, top, bottom in strips:
            looks_well = _chance("again", page.noise, top).random() < self.sees
            lines = read(page if looks_well else self._misread(page)).lines
            found += [each.text for each in lines if each.kind is Kind.ANSWER and top <= each.top + _HALF <= bottom]
        return found


Shown = tuple[Page, float, float]
"""A page with the rows of it that an image shows, as fractions of its height."""


def rows_of(page: Page, question_id: str) -> list[float]:
    """Return the middles of an answer's lines on a page, as fractions of its height."""
    return [line.top + line.height / 2 for line in page.of(question_id)]


def _shown(image: bytes) -> Shown:
    match = _ROWS.match(image)
    if match is None:
        return Page.of_image(image), 0.0, 1.0
    return Page.of_image(image[match.end() :]), int(match[1]) / HEIGHT, int(match[2]) / HEIGHT


def _lines(page: Page, question_id: str, top: float, bottom: float) -> list[str]:
    middles = zip(page.of(question_id), rows_of(page, question_id), strict=True)
    return [line.text for line, middle in middles if top <= middle <= bottom]


def graded(request: LLMRequest, believed: tuple[str, ...]) -> dict[str, Any]:
    """Return the right grading of the lines that the grader believes, by the rubric of its prompt."""
    found = quotes(_CRITERION.findall(request.messages[0].text), statements_in(believed))
    criteria = [
        {"criterion": number, "quote": quote, "reason": "by the rubric", "points": worth if quote else 0.0}
        for number, (quote, worth) in enumerate(zip(found, worth_of(request), strict=True), 1)
    ]
    return {"criteria": criteria, "feedback": "Graded.", "addresses_grader": False}


def differences(transcribed: tuple[str, ...], read: tuple[str, ...], chance: random.Random) -> list[dict[str, str]]:
    """Return the lines that are read otherwise, but for drawings; at times one that is only written otherwise."""
    found: list[dict[str, str]] = []
    alike: list[str] = []
    for tag, first, end, other, other_end in SequenceMatcher(None, transcribed, read, autojunk=False).get_opcodes():
        was, now = transcribed[first:end], read[other:other_end]
        if tag == "equal":
            alike += was
            continue
        for place in range(max(len(was), len(now))):
            pair = was[place] if place < len(was) else "", now[place] if place < len(now) else ""
            if not any(each.startswith(DRAWN) for each in pair):
                found.append({"transcribed": pair[0], "read": pair[1]})
    if alike and chance.random() < RESTYLES:
        line = chance.choice(alike)
        if not line.startswith(DRAWN):
            found.append({"transcribed": line, "read": restyled(line, chance)})
    return found


def restyled(line: str, chance: random.Random) -> str:
    """Return the same line in another notation."""
    ways = [
        f"  {line}",
        line.replace(" = ", "="),
        line.replace(" - ", " − "),  # noqa: RUF001 - a minus
        line.replace("²", "^2"),
        line.removesuffix(".") if line.endswith(".") else f"{line}.",
        f"${line}$" if "=" in line else line,
    ]
    return chance.choice([each for each in ways if each != line])


def _chance(*names: object) -> random.Random:
    """Return a chance that is the same each time that the same is asked."""
    return random.Random(repr(names))
