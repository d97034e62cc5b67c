"""Doubts about a student's answers that only the ink on all pages shows."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from aita.models.answer import Presence, QuestionAnswer
from aita.models.review_flags import Flag, FlagKind
from aita.services.answers.answer_assembly import AssembledStudent
from aita.services.answers.page_owners import AssembledPage
from aita.services.answers.unexplained_ink import InkedText, unexplained
from aita.services.answers.unread_blocks import UnreadBlock, unread_blocks


def with_ink_doubts(
    student: AssembledStudent, ink: Counter[str], drawings: Collection[str], hands: Collection[float]
) -> tuple[QuestionAnswer, ...]:
    """Return a student's answers with flags for ink that no text explains.

    Parameters
    ----------
    ink
        Each answer's own ink, by question id.
    drawings
        Ids of the questions that ask for a drawing.
    hands
        Ink for a character by the lines of the student and of the class, as far as they are known.
    """
    blocks = [block for page in student.pages for block in unread_blocks(page)]
    notes = _notes(student, ink, drawings, hands, blocks)
    flags = {question_id: (Flag(kind=FlagKind.UNEXPLAINED_INK, note=note),) for question_id, note in notes.items()}
    answers = tuple(answer.doubted(*flags.get(answer.question_id, ())) for answer in student.answers)
    return tuple(_beside_unexplained_ink(answers, ink, {*notes, *(block.question_id for block in blocks)}))


def _notes(
    student: AssembledStudent,
    ink: Counter[str],
    drawings: Collection[str],
    hands: Collection[float],
    blocks: Iterable[UnreadBlock],
) -> dict[str, str]:
    """Return a note on each written answer with too much ink: in all, or else in a block."""
    written = {answer.question_id for answer in student.answers if answer.presence is Presence.WRITTEN}
    inked = [
        InkedText(question_id, text, ink[question_id], question_id in drawings)
        for question_id, text in _texts_on_known_ink(student.pages).items()
        if question_id in written
    ]
    notes = {
        question_id: f"{ratio:.1f} times the ink that its text explains"
        for question_id, ratio in unexplained(inked, hands).items()
    }
    for block in blocks:
        if block.question_id in written - notes.keys() and not block.is_drawn:
            place = f"page {block.page}, from {block.top:.0%} to {block.bottom:.0%} of its height"
            notes[block.question_id] = f"{place}: nothing was read there"
    return notes


def _texts_on_known_ink(pages: Iterable[AssembledPage]) -> dict[str, str]:
    """Return the answers' texts on the pages whose ink is known, by question id; empty for one that has none there."""
    texts: dict[str, list[str]] = {}
    for page in pages:
        if page.bands:
            for question_id, _ in page.places:
                texts.setdefault(question_id, [])
            for number, question_id in page.answers.items():
                texts.setdefault(question_id, []).append(page.lines[number - 1].text)
    return {question_id: "\n".join(lines) for question_id, lines in texts.items()}


def _beside_unexplained_ink(
    answers: Sequence[QuestionAnswer], ink: Counter[str], noted: Collection[str]
) -> Iterator[QuestionAnswer]:
    """Yield the answers; a blank one may not be blank if the one above it has ink that its text does not explain.

    Where a beginning was taken to be too low, the ink of an answer that was not read is the answer's above.
    """
    places = sorted((place.page, place.top, answer.question_id) for answer in answers for place in answer.pages)
    unread = {each.question_id for each in answers if not each.raw_text.strip() and ink[each.question_id]}
    above = {
        own: other
        for (page, _, other), (same, _, own) in pairwise(places)
        if page == same and other != own and (other in noted or other in unread)
    }
    for answer in answers:
        other = above.get(answer.question_id)
        if other is None or answer.presence is not Presence.BLANK:
            yield answer
            continue
        note = f"ink in the answer to question {other!r} above it may be its answer"
        yield answer.doubted(Flag(kind=FlagKind.PLACE_DOUBTFUL, note=note))
