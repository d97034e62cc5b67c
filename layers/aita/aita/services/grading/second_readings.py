"""Second readings: flags of answers whose second reading, on their strips, differs from the transcription."""

from collections.abc import Collection, Iterable, Mapping

from aita.models.exam import Question
from aita.models.review_flags import Flag, FlagKind
from aita.models.second_look import AnswerReading, Strip
from aita.services.grading.grade_inputs import AnswerToGrade, GradeInputs
from aita.services.grading.reading_differences import differences
from aita.services.grading.second_looks import NOT_CUT
from aita.tasks.injection import suspicious

Readings = Mapping[str, Iterable[AnswerReading]]
"""Second readings by student id."""

_FAILED = Flag(kind=FlagKind.READ_ONCE, note="its second reading failed")
_NOT_CUT = Flag(kind=FlagKind.READ_ONCE, note=NOT_CUT)


def read_on(strips: Iterable[Strip]) -> tuple[str, ...]:
    """Return the digests of strips, by which a reading of them is known."""
    return tuple(strip.sha256 for strip in strips)


def compared(inputs: GradeInputs, readings: Readings, kept: Mapping[str, Collection[str]]) -> GradeInputs:
    """Return the inputs of a grading with two readings, with each answer's second reading compared with its text.

    Parameters
    ----------
    inputs
        Inputs with strips that are cut.
    kept
        Ids of the questions, by student id, whose cells of an earlier run still count: these were compared before.
    """
    if inputs.readings == 1:
        return inputs
    questions = {question.question_id: question for question in inputs.exam.questions}
    answers = {}
    for student_id, each in inputs.answers.items():
        found = {reading.strips: reading for reading in readings.get(student_id, ())}
        answers[student_id] = {
            question_id: answer
            if question_id in kept.get(student_id, ())
            else _compared(questions[question_id], answer, found)
            for question_id, answer in each.items()
        }
    return inputs.model_copy(update={"answers": answers})


def _compared(
    question: Question, answer: AnswerToGrade, found: Mapping[tuple[str, ...], AnswerReading]
) -> AnswerToGrade:
    look = answer.second_look
    if look is None:
        return answer
    if not answer.strips:
        return answer.model_copy(update={"reading_flags": (_NOT_CUT,)}) if look.missing == NOT_CUT else answer
    reading = found.get(read_on(answer.strips))
    if reading is None:
        return answer.model_copy(update={"reading_flags": (_FAILED,)})
    lines = differences(question, answer.text, reading.text)
    look = look.model_copy(update={"read_twice": True, "second_reading": lines})
    flags: tuple[Flag, ...] = ()
    if lines:
        differs = Flag(kind=FlagKind.READING_DIFFERS, note=f"a second reading differs in {len(lines)} of its places")
        flags = (differs, *suspicious("\n".join(line.read for line in lines)))
    return answer.model_copy(update={"second_look": look, "reading_flags": flags})
