"""Instructions to the reader or grader of a page that stand on it beside the answer that is graded.

A model sees more than an answer's text: the grader of a drawing sees whole pages, and a transcriber reads all that is
on a page, of which some belongs to no answer.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping

from aita.models.answer import Presence, QuestionAnswer
from aita.models.review_flags import Flag, FlagKind
from aita.models.transcription import PageTranscription
from aita.tasks.injection import suspicious

Notes = frozenset[str]


def with_page_instructions(
    answers: Collection[QuestionAnswer], pages: Iterable[PageTranscription], drawings: Collection[str]
) -> tuple[QuestionAnswer, ...]:
    """Return a student's answers, with a flag on each that the instructions on a page may have affected.

    Those in an answer's own text are left to its grading. All others on a page affect each drawing there; if they are
    in no answer, they affect every answer on the page or, if there is none, on the nearest page before and after it.
    A blank answer is shown to no model.

    Parameters
    ----------
    drawings
        Ids of the questions whose graders see whole pages.
    """
    shown = [answer for answer in answers if answer.presence is not Presence.BLANK]
    own = {answer.question_id: _notes(answer.raw_text) for answer in shown}
    doubts: dict[str, list[str]] = {}
    for page in pages:
        if found := _notes(page.text):
            for question_id, note in _doubts(page.page, found, shown, own, drawings):
                doubts.setdefault(question_id, []).append(note)
    return tuple(_flagged(answer, doubts.get(answer.question_id, [])) for answer in answers)


def _doubts(
    page: int,
    found: Notes,
    answers: Collection[QuestionAnswer],
    own: Mapping[str, Notes],
    drawings: Collection[str],
) -> Iterator[tuple[str, str]]:
    """Yield the question id and the note of each answer that instructions on a page may have affected."""
    here = [answer.question_id for answer in answers if page in _pages(answer)]
    outside = found.difference(*(own[question_id] for question_id in here))
    for question_id in here or _beside(page, answers):
        beside = found - own[question_id] if question_id in drawings and here else outside
        if beside:
            place = "outside the answers" if beside == outside else "beside this answer"
            yield question_id, f"page {page}, {place}: {', '.join(sorted(beside))}"


def _beside(page: int, answers: Collection[QuestionAnswer]) -> list[str]:
    """Return the ids of the answers on the nearest pages with any, before and after a page without one."""
    written = {each for answer in answers for each in _pages(answer)}
    before, after = [each for each in written if each < page], [each for each in written if each > page]
    nearest = {*sorted(before)[-1:], *sorted(after)[:1]}
    return [answer.question_id for answer in answers if nearest & _pages(answer)]


def _pages(answer: QuestionAnswer) -> set[int]:
    return {place.page for place in answer.pages}


def _notes(text: str) -> Notes:
    return frozenset(flag.note for flag in suspicious(text))


def _flagged(answer: QuestionAnswer, doubts: list[str]) -> QuestionAnswer:
    if not doubts:
        return answer
    flag = Flag(kind=FlagKind.INSTRUCTION, note="; ".join(doubts))
    return answer.model_copy(update={"flags": (*answer.flags, flag)})
