"""Generator of classes: an exam, students who sit it, and their pages; all follow from a seed."""

import random
from dataclasses import replace

from aita.models.exam import QuestionType
from tests.adversary.classes import ExamClass, Item, Sitter
from tests.adversary.handwriting import GAP, PRINT, RULED_TOP, Hand, fitting, room
from tests.adversary.marking import CHOICES, Schemes
from tests.adversary.pages import PITCH, Kind, Line, Page, Space
from tests.adversary.vocabulary import FIRST, LAST, TOPICS, Sentences

_IDS = (
    ("1", "2", "3", "4", "5", "6"),
    ("1a", "1b", "2", "3a", "3b", "4"),
    ("1", "2a", "2b", "2c", "3", "4"),
    ("1.1", "1.2", "2.1", "2.2", "3.1", "3.2"),
)
_LABELS = ("{}.", "{})", "Question {}", "({})")
_WORTHS: tuple[tuple[float, ...], ...] = (
    (1.0,),
    (2.0,),
    (3.0, 2.0),
    (2.0, 2.0),
    (2.5, 2.5),
    (4.0, 3.0, 3.0),
    (5.0, 3.0),
    (3.0,),
    (6.0, 2.0, 2.0),
)
_KINDS = (
    QuestionType.MULTIPLE_CHOICE,
    QuestionType.SHORT_ANSWER,
    QuestionType.LONG_ANSWER,
    QuestionType.LONG_ANSWER,
    QuestionType.CALCULATION,
    QuestionType.DIAGRAM,
)
_FOLDERS = ("{first} {last}", "{last}, {first}", "{number} {first} {last}", "{first}_{last}")
_HEADS = (("{name}",), ("Name: {name}",), ("{name}, {number}",), ("{name}", "{number}"), ("{name}  12 March",))

BLANK = 0.1
"""Share of answers that are left out."""

EXTRA_SHEET = 0.03
"""Share of students who go on with an answer on a sheet of their own."""


def generate(seed: int) -> ExamClass:
    """Return a class of three to six students without a mishap, whose scans are clean."""
    return _Generator(seed).exam_class()


class _Generator:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = random.Random(f"class {seed}")
        self.noise = random.Random(f"noise {seed}")
        self.sentences = Sentences(self.random)
        self.labels = self.random.random() < 0.75
        self.label = self.random.choice(_LABELS)
        self.heads = self.random.choice(_HEADS)
        self.named_pages = self.random.random() < 0.7
        self.file_a_page = self.random.random() < 0.5

    def exam_class(self) -> ExamClass:
        ids = self.random.choice(_IDS)[: self.random.randint(3, 6)]
        kinds = {question_id: self.random.choice(_KINDS) for question_id in ids}
        blank_exam = self._blank_exam(ids)
        students = self._people(self.random.randint(3, 6), self.random.randint(0, 2))
        absent = [each for each in students if not each.folder]
        students = [each for each in students if each.folder]
        for sitter in students:
            self._sit(sitter, kinds, blank_exam)
        step = self.random.choice((0.5, 0.5, 0.5, 0.25, 1.0))
        topics = self.random.sample(TOPICS, len(ids))
        items = [
            self._item(question_id, kinds[question_id], topic, step, students)
            for question_id, topic in zip(ids, topics, strict=True)
        ]
        return ExamClass(
            seed=self.seed,
            items=items,
            blank_exam=blank_exam,
            students=students,
            absent=absent,
            step=step,
            graders=self.random.choice((1, 1, 1, 2, 3)),
            has_roster=self.random.random() < 0.9,
        )

    def _item(self, question_id: str, kind: QuestionType, topic: str, step: float, students: list[Sitter]) -> Item:
        is_choice = kind is QuestionType.MULTIPLE_CHOICE
        parts = self.random.choice(((1.0,), (2.0,), (3.0,)) if is_choice else _WORTHS)
        worth = tuple(max(step, round(each / step) * step) for each in parts)
        answers = tuple(sitter.answers[question_id] for sitter in students)
        schemes = Schemes(f"{self.seed} {question_id}", kind, worth, step, answers)
        return Item(question_id, kind, topic, worth, schemes, has_own_rubric=self.random.random() < 0.3)

    def _people(self, present: int, absent: int) -> list[Sitter]:
        count = present + absent
        numbers = self.random.sample(range(100_000, 999_999), count)
        form = self.random.choice(_FOLDERS)
        people: list[Sitter] = []
        for first, last, number in zip(
            self.random.sample(FIRST, count), self.random.sample(LAST, count), numbers, strict=True
        ):
            folder = form.format(first=first, last=last, number=number) if len(people) < present else ""
            people.append(Sitter(f"{first} {last}", str(number), f"s{number}@school.test", folder, {}))
        return people

    def _blank_exam(self, ids: tuple[str, ...]) -> tuple[Page, ...]:
        """Return the exam's pages: one to three questions on each, and behind some a ruled page without any."""
        pages: list[Page] = []
        rest = list(ids)
        while rest:
            count = self.random.randint(1, min(3, len(rest)))
            here, rest = rest[:count], rest[count:]
            top = self.random.uniform(0.13, 0.16) if self.random.random() < 0.7 else self.random.uniform(0.16, 0.2)
            each = (0.97 - top) / count
            spaces = tuple(
                Space(question_id, round(top + place * each, 3), self.label.format(question_id))
                for place, question_id in enumerate(here)
            )
            pages.append(Page(len(pages) + 1, spaces, labels=self.labels))
            if self.random.random() < 0.3:
                pages.append(Page(len(pages) + 1, labels=self.labels))
        return tuple(pages)

    def _sit(self, sitter: Sitter, kinds: dict[str, QuestionType], blank_exam: tuple[Page, ...]) -> None:
        hand = Hand(self.random, self.random.uniform(6, 11))
        pages: list[Page] = []
        sheets: list[Page] = []
        going_on: list[Line] = []
        for place, blank in enumerate(blank_exam):
            lines = [*self._head(sitter, hand, place), *going_on]
            going_on = []
            is_followed = place + 1 < len(blank_exam) and not blank_exam[place + 1].spaces
            for space in blank.spaces:
                question_id, height = space.question_id, room(blank, space)
                texts = self._answer(kinds[question_id], height)
                fit = len(texts)
                if texts and kinds[question_id] in (QuestionType.LONG_ANSWER, QuestionType.CALCULATION):
                    if is_followed and space is blank.spaces[-1] and self.random.random() < 0.5:
                        fit = fitting([""] * 40, height)
                        count = fit + self.random.randint(1, 4)
                        texts += [self.sentences.words() for _ in range(count - len(texts))]
                        going_on = hand.lines(texts[fit:], RULED_TOP, question_id)
                    elif not sheets and len(texts) > 1 and self.random.random() < EXTRA_SHEET:
                        fit -= 1
                        sheets.append(self._extra_sheet(hand, space, texts[fit:]))
                sitter.answers[question_id] = tuple(texts)
                lines += hand.lines(texts[:fit], space.top + PRINT, question_id)
            pages.append(blank.with_lines(lines))
        self._scan(sitter, [*pages, *sheets])

    def _answer(self, kind: QuestionType, height: float) -> list[str]:
        """Return an answer's lines, no more than fit into the height; none if it is left out."""
        if self.random.random() < BLANK:
            return []
        match kind:
            case QuestionType.MULTIPLE_CHOICE:
                return [self.random.choice(CHOICES)]
            case QuestionType.SHORT_ANSWER:
                texts = [self.sentences.name()] if self.random.random() < 0.5 else [self.sentences.words()]
            case QuestionType.CALCULATION:
                texts = [self.sentences.sum() for _ in range(self.random.randint(1, 4))]
            case QuestionType.DIAGRAM:
                texts = [self.sentences.drawing(), *(self.sentences.name() for _ in range(self.random.randint(0, 2)))]
            case _:
                texts = [self.sentences.words() for _ in range(self.random.randint(2, 6))]
        return texts[: max(1, fitting(texts, height))]

    def _extra_sheet(self, hand: Hand, space: Space, texts: list[str]) -> Page:
        label = self.label.format(space.question_id)
        lines = [hand.line(label, 0.1, Kind.LABEL), *hand.lines(texts, 0.1 + GAP, space.question_id)]
        return Page(None, (Space(space.question_id, 0.1, label, printed=False),), tuple(lines), labels=self.labels)

    def _head(self, sitter: Sitter, hand: Hand, place: int) -> list[Line]:
        if place and not self.named_pages:
            return []
        top = 0.035 + self.random.uniform(-0.005, 0.005)
        texts = [each.format(name=sitter.name, number=sitter.number) for each in self.heads]
        return [hand.line(text, top + n * PITCH, Kind.PAGE_HEAD, bold=1.3) for n, text in enumerate(texts)]

    def _scan(self, sitter: Sitter, written: list[Page]) -> None:
        pages = [replace(page, noise=self.noise.getrandbits(32)) for page in written]
        if self.file_a_page:
            sitter.files = {f"scan_{number:02}.jpg": (page,) for number, page in enumerate(pages, 1)}
        else:
            sitter.files = {"exam.pdf": tuple(pages)}
