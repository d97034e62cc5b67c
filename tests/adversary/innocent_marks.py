"""Innocent marks: what real pages carry beside answers."""

import random
from dataclasses import replace

from tests.adversary.classes import ExamClass
from tests.adversary.pages import Kind, Line, Page, Stroke

DOODLES, SCRATCH, MOST_SHOW_THROUGH = 0.10, 0.15, 0.15
"""Shares of pages with a doodle, and with scratch work beside an answer; and the largest share of a class's pages
through which the ink of the back shows."""


def add_innocent_marks(exam_class: ExamClass) -> None:
    """Add marks to the pages of a class, by its seed."""
    random_ = random.Random(f"marks {exam_class.seed}")
    numbered = random_.choice(("", "", "{}", "- {} -", "page {}"))
    holes = random_.choice(((), (), (0.2, 0.8), (0.13, 0.38, 0.62, 0.87)))
    stapled = random_.random() < 0.5
    show_through = random_.uniform(0, MOST_SHOW_THROUGH)
    for sitter in exam_class.students:
        for number, (name, place, page) in enumerate([*sitter.pages()], 1):
            marks = [Stroke(each, each + 0.02, random_.randint(20, 60)) for each in holes]
            if stapled and number == 1:
                marks.append(Stroke(0.02, 0.04, random_.randint(8, 30)))
            if random_.random() < DOODLES:
                top = random_.uniform(0.12, 0.9)
                marks.append(Stroke(top, top + 0.04, random_.randint(40, 220)))
            if random_.random() < show_through:
                marks += _shining(random_)
            lines = list(page.lines)
            if numbered:
                lines.append(Line(numbered.format(number), Kind.PAGE_NUMBER, 0.965, 30))
            if random_.random() < SCRATCH:
                lines += _scratch(page, random_)
            changed = replace(page, strokes=(*page.strokes, *marks)).with_lines(lines)
            sitter.replace(name, place, changed)


def _shining(random_: random.Random) -> list[Stroke]:
    """Return the faint traces of a back's lines."""
    top = random_.uniform(0.1, 0.7)
    return [Stroke(top + 0.03 * line, top + 0.03 * line + 0.02, random_.randint(1, 4)) for line in range(5)]


def _scratch(page: Page, random_: random.Random) -> list[Line]:
    """Return working out beside an answer."""
    answered = [line for line in page.lines if line.owner]
    if not answered:
        return []
    top = random_.choice(answered).top + 0.002
    text = f"{random_.randint(12, 99)} + {random_.randint(12, 99)}"
    return [Line(text, Kind.SCRATCH, round(top, 3), 60)]
