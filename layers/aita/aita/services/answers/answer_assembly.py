"""Assembly of a student's answers from the pages' transcriptions and the beginnings of answers on them.

Doubts become flags, and the presence of each answer is decided here, once. A lost page never makes an answer look
blank: it is flagged on each answer without text, and on each answer that may continue on the page. Answers that are
complete on other pages are not affected. Lines that are given to no answer stay, for the student's ledger.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from aita.models.answer import QuestionAnswer
from aita.models.transcription import Line
from aita.services.answers.answer_draft import AnswerDraft, StudentPage
from aita.services.answers.answer_walk import AnswerWalk
from aita.services.answers.blank_detection import with_presence
from aita.services.answers.cut_doubts import label_styles
from aita.services.answers.exam_questions import ExamQuestions
from aita.services.answers.missing_pages import missing_pages
from aita.services.answers.page_owners import AssembledPage
from aita.services.answers.page_segments import CutPage, cut_page


@dataclass(frozen=True, slots=True)
class AssembledStudent:
    """A student's answers, and the pages with the answers' lines and places, both in the exam's order."""

    answers: tuple[QuestionAnswer, ...]
    pages: tuple[AssembledPage, ...]


def assemble(
    questions: ExamQuestions, pages: Sequence[StudentPage], unreadable: int = 0, largest: int = 0, usual: int = 0
) -> AssembledStudent:
    """Return a student's answers: one for each question.

    An answer extends from its beginning to the next beginning on the page. The last answer of a page extends to the
    page's end and, if text goes on there, to the first beginning on the next page.

    Parameters
    ----------
    pages
        All pages of the student, in the order of the scans. Pages that were found in the blank exam are read in the
        exam's order, as scans may be out of order.
    unreadable
        Number of the student's files without a readable page.
    largest
        Largest exam page in the class; 0 if it is unknown.
    usual
        Number of pages that most students have; 0 if it is unknown.
    """
    ordered = _in_exam_order(pages)
    cuts = {
        page.page: cut_page(_lines_of_answers(page), page.transcription.starts, questions.labels)
        for page in ordered
        if page.transcription is not None and page.transcription.starts is not None
    }
    segments = [segment for cut in cuts.values() for segment in cut.segments]
    walk = AnswerWalk(
        questions=questions,
        labelled={segment.start.question_id for segment in segments if segment.label and segment.text},
        styles=label_styles((page.lines, cuts[page.page]) for page in ordered if page.page in cuts),
        missing=missing_pages((page.ink for page in pages), largest),
        unreadable=unreadable,
        has_fewer_pages=len(pages) < usual and not any(page.ink and page.ink.exam_page for page in pages),
    )
    for page in ordered:
        if page.is_empty_sheet:
            continue
        if page.page in cuts:
            walk.add(page, cuts[page.page])
        else:
            walk.lose(page)
    for page in ordered:
        walk.warn(page)
    ink = {page.page: page.ink_of_answers for page in pages}
    answers = tuple(with_presence(answer, ink) for answer in walk.finish())
    first = next((page.page for page in ordered if any(page.page in draft.lines for draft in walk.drafts.values())), 0)
    covers = {page.page for page in takewhile(lambda page: page.page != first, ordered)}
    assembled = (_assembled(page, walk.drafts, cuts.get(page.page), is_cover=page.page in covers) for page in ordered)
    return AssembledStudent(answers, tuple(assembled))


def _in_exam_order(pages: Iterable[StudentPage]) -> list[StudentPage]:
    """Return the pages in the blank exam's order; a page that is not found there stays behind the one before it."""
    place = 0
    placed = []
    for page in pages:
        place = (page.ink and page.ink.exam_page) or place
        placed.append((place, page))
    return [page for _, page in sorted(placed, key=lambda each: each[0])]


def _lines_of_answers(page: StudentPage) -> list[Line]:
    """Return a page's lines, with empty ones in place of those that are in no answer's text."""
    return [
        line.model_copy(update={"text": ""}) if number in page.left_out else line
        for number, line in enumerate(page.lines, 1)
    ]


def _assembled(
    page: StudentPage, drafts: Mapping[str, AnswerDraft], cut: CutPage | None, *, is_cover: bool
) -> AssembledPage:
    printed = _printed(page.lines, cut) if cut else frozenset()
    excluded = printed | page.left_out
    answers = {
        number: draft.question_id
        for draft in reversed([*drafts.values()])
        for number in draft.lines.get(page.page, ())
        if number not in excluded
    }
    places = [
        (question_id, place)
        for question_id, draft in drafts.items()
        for place in draft.places
        if place.page == page.page
    ]
    return AssembledPage(
        page=page.page,
        sha256=page.sha256,
        lines=page.lines,
        ink=page.ink,
        furniture=page.furniture,
        answers=answers,
        printed=printed,
        left_out=page.left_out,
        is_cut=cut is not None,
        is_cover=is_cover,
        places=tuple(sorted(places, key=lambda each: each[1].top)),
    )


def _printed(lines: Sequence[Line], cut: CutPage) -> frozenset[int]:
    """Return the numbers of the lines that are nothing but the label of the answer that begins there."""
    return frozenset(
        number
        for segment in cut.segments
        for number in segment.lines
        if segment.label and lines[number - 1].text.strip() == segment.label
    )
