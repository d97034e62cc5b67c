"""Transcribing a page: what the model is asked, which replies are asked for again, and what is kept of a bad one."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import BrokenRuleError, DoubtfulReplyError, InvalidReplyError, UnparsableReplyError
from aita.models.exam import ExamSpec, Page
from aita.models.transcription import LineKind, PageTranscription, PageWarning, Transcription, WarningKind
from aita.services.calls.conversation import converse
from aita.tasks.json_schema import strict_schema
from aita.tasks.llm_task import LLMTask
from aita.tasks.transcription import (
    FIRST_WORDS,
    UNPARSED_CONFIDENCE,
    TranscriptionTask,
    create_transcription_tasks,
)
from tests.support.fakes import EXAM, text_of

QUESTIONS = ExamSpec.model_validate(EXAM).questions
LINES = ("1a.", "four", "1b.", "seven")

Start = tuple[str, int, float]


def task(**changes: Any) -> TranscriptionTask:
    fields = {"page": 2, "image_key": "k", "image_sha256": "a" * 64, "questions": QUESTIONS}
    return TranscriptionTask(**fields | changes)


WITHOUT_QUESTIONS = task(questions=())


def reply(*starts: Start, lines: Sequence[str] = LINES, of_page: Any = None, **changes: Any) -> str:
    """Return a reply with answers' lines, or with the lines ``of_page``; a field that is ``...`` is left out."""
    names = ("question_id", "line", "top")
    fields = {
        "lines": of_page or [{"text": line, "kind": "answer", "top": 0.5} for line in lines],
        "starts": [dict(zip(names, start, strict=True)) | {"confidence": 0.9} for start in starts],
        "confidence": 0.9,
        "warnings": [],
    }
    return json.dumps({name: value for name, value in (fields | changes).items() if value is not ...})


def starts(found: PageTranscription) -> list[Start]:
    assert found.starts is not None
    return [(start.question_id, start.line, start.top) for start in found.starts]


def texts(found: PageTranscription) -> list[str]:
    return [line.text for line in found.lines]


class TestPrompt:
    def test_the_questions_stand_in_the_message_that_all_pages_share(self) -> None:
        first, second = (task(page=page, image_sha256=str(page) * 64).messages() for page in (1, 2))
        assert first[0] == second[0]
        assert [line for line in first[0].text.splitlines() if line.startswith("Question id: ")] == [
            "Question id: 1a", "Question id: 1b", "Question id: 2",
        ]  # fmt: skip
        assert "What is 2 + 2?" in first[0].text

    def test_only_a_questions_first_words_and_its_page_are_shown(self) -> None:
        question = QUESTIONS[0].model_copy(update={"question_text": "word\n" * 100, "page_number": 3})
        system = task(questions=(question,)).messages()[0].text
        (begins,) = [line for line in system.splitlines() if line.startswith("Begins: ")]
        assert len(begins) == len("Begins: ") + FIRST_WORDS
        assert "Printed on page: 3" in system
        assert "Printed on page" not in text_of(task().messages())

    def test_words_in_a_script_without_spaces_are_shown(self) -> None:
        question = QUESTIONS[0].model_copy(update={"question_text": "細" * 300})
        assert f"Begins: {'細' * FIRST_WORDS}" in task(questions=(question,)).messages()[0].text

    def test_without_questions_it_asks_for_no_starts(self) -> None:
        text = text_of(WITHOUT_QUESTIONS.messages())
        assert "starts" not in text
        assert "Question id" not in text
        assert "starts" in text_of(task().messages())

    @pytest.mark.parametrize("asking", [task(), WITHOUT_QUESTIONS])
    def test_every_kind_is_explained_and_no_value_is_left_open(self, asking: TranscriptionTask) -> None:
        text = text_of(asking.messages())
        assert "$" not in text
        assert all(kind in text for kind in [*LineKind, *WarningKind] if kind is not LineKind.UNKNOWN)

    @pytest.mark.parametrize("hostile", ["$questions", "${starts}", "$$"])
    def test_a_questions_words_are_never_filled_in(self, hostile: str) -> None:
        question = QUESTIONS[0].model_copy(update={"question_text": f"Explain {hostile} now"})
        assert f"Explain {hostile} now" in task(questions=(question,)).messages()[0].text

    def test_the_page_is_shown(self) -> None:
        assert [image.sha256 for image in task().messages()[1].images] == ["a" * 64]

    def test_it_sees_no_key_and_no_rubric(self) -> None:
        own = set(TranscriptionTask.model_fields) - set(LLMTask.model_fields)
        assert own == {"page", "image_key", "image_sha256", "questions"}

    def test_the_schema_is_strict(self) -> None:
        assert task().request().schema_name == "Transcription"
        schema = strict_schema(Transcription)
        assert schema["required"] == ["lines", "starts", "confidence", "warnings"]
        assert schema["$defs"]["AnswerStart"]["required"] == ["question_id", "line", "top", "confidence"]
        assert schema["$defs"]["Line"]["required"] == ["text", "kind", "top"]

    def test_one_task_for_each_page_with_all_questions(self) -> None:
        pages = [Page(page=number, key=f"k{number}", sha256="s", width=1, height=1) for number in (1, 2)]
        made = create_transcription_tasks(pages, QUESTIONS)
        assert [(each.page, each.image_key, each.questions) for each in made] == [
            (1, "k1", QUESTIONS),
            (2, "k2", QUESTIONS),
        ]
        assert [each.questions for each in create_transcription_tasks(pages)] == [(), ()]


class TestLines:
    def test_they_keep_their_kinds_and_places(self) -> None:
        lines = [{"text": "Ada", "kind": "page_head", "top": 0.04}, {"text": "four", "kind": "answer", "top": None}]
        found = task().parse(reply(of_page=lines))
        assert [(line.text, line.kind, line.top) for line in found.lines] == [
            ("Ada", LineKind.PAGE_HEAD, 0.04),
            ("four", LineKind.ANSWER, None),
        ]
        assert (found.page, found.text, found.confidence, found.flagged) == (2, "Ada\nfour", 0.9, False)

    @pytest.mark.parametrize("kind", ["doodle", "ANSWER", "", None, 7, ["answer"], {}])
    def test_a_kind_that_nobody_knows_fails_no_page(self, kind: Any) -> None:
        found = task().parse(reply(of_page=[{"text": "four", "kind": kind, "top": 0.5}]))
        assert [(line.text, line.kind) for line in found.lines] == [("four", LineKind.UNKNOWN)]

    def test_a_page_without_handwriting_has_none(self) -> None:
        found = task().parse(reply(("1a", 0, 0.1), lines=()))
        assert (found.lines, found.text) == ((), "")

    def test_a_line_break_makes_the_numbers_doubtful(self) -> None:
        broken = reply(("1a", 1, 0.1), ("1b", 2, 0.5), lines=("1a.\nfour", "1b.\nseven"))
        with pytest.raises(DoubtfulReplyError, match="line 1 has a line break in it"):
            task().parse(broken)
        kept = said(task(), broken, broken)
        assert texts(kept) == ["1a.", "four", "1b.", "seven"]
        assert starts(kept) == [("1a", 1, 0.1), ("1b", 3, 0.5)]
        assert (kept.flagged, kept.confidence) == (True, UNPARSED_CONFIDENCE)
        assert [line.top for line in kept.lines] == [0.5, None, 0.5, None]

    def test_without_questions_no_number_is_in_doubt(self) -> None:
        found = WITHOUT_QUESTIONS.parse(reply(lines=("a\nb\r\n", "\u2028", "c")))
        assert texts(found) == ["a", "b", "", "c"]
        assert not found.flagged


class TestWarnings:
    def test_they_are_kept(self) -> None:
        found = task().parse(reply(warnings=[{"kind": "cut_off", "note": "the left edge"}]))
        assert found.warnings == (PageWarning(kind=WarningKind.CUT_OFF, note="the left edge"),)

    @pytest.mark.parametrize("kind", ["CUT_OFF", "cut off", "Cut-off", " cut_off "])
    def test_a_known_kind_that_is_spelled_otherwise_has_its_consequence(self, kind: str) -> None:
        found = task().parse(reply(warnings=[{"kind": kind, "note": "the left edge"}]))
        assert found.warnings == (PageWarning(kind=WarningKind.CUT_OFF, note="the left edge"),)

    @pytest.mark.parametrize(
        ("given", "note"), [({"kind": "torn", "note": "at the top"}, "torn: at the top"), ({"kind": "torn"}, "torn")]
    )
    def test_one_of_another_kind_keeps_its_words(self, given: dict[str, str], note: str) -> None:
        assert task().parse(reply(warnings=[given])).warnings == (PageWarning(kind=WarningKind.OTHER, note=note),)


class TestStarts:
    @pytest.mark.parametrize(
        "given",
        [
            (),
            (("1a", 2, 0.1), ("1b", 4, 0.5)),
            (("1a", 2, 0.1), ("1b", 0, 0.3), ("2", 4, 0.5)),
            (("1a", 2, 0.1), ("1b", 2, 0.1)),
            (("2", 0, 0.0), ("1a", 4, 1.0)),
        ],
    )
    def test_right_ones(self, given: tuple[Start, ...]) -> None:
        assert starts(task().parse(reply(*given))) == [*given]

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ((("9", 1, 0.1),), "start 1 has a question_id that is none of the exam's"),
            ((("1A", 1, 0.1),), "start 1 has a question_id that is none of the exam's"),
            ((("1a", 1, 0.1), ("1a", 3, 0.5)), "starts 1 and 2 are of the same question"),
            ((("1a", 5, 0.1),), "start 1 has a line that is not there: there are 4"),
            ((("1a", 4, 0.1), ("1b", 2, 0.5)), "start 2 has a line before that of an earlier start"),
            ((("1a", 4, 0.1), ("1b", 0, 0.2), ("2", 2, 0.5)), "start 3 has a line before"),
        ],
    )
    def test_wrong_ones_are_asked_for_again_by_their_place(self, given: tuple[Start, ...], told: str) -> None:
        with pytest.raises(BrokenRuleError, match=told) as raised:
            task().parse(reply(*given))
        assert "four" not in raised.value.feedback

    @pytest.mark.parametrize(
        "start", [("1a", -1, 0.1), ("1a", 1, 1.5), ("1a", 1, -0.1), ("", 1, 0.1), ("x" * 41, 1, 0.1)]
    )
    def test_what_is_out_of_its_bounds_has_the_wrong_shape(self, start: Start) -> None:
        with pytest.raises(UnparsableReplyError):
            task().parse(reply(start))

    @pytest.mark.parametrize("missing", [..., None])
    def test_missing_ones_are_not_taken_for_none(self, missing: Any) -> None:
        with pytest.raises(BrokenRuleError, match="starts is missing"):
            task().parse(reply(starts=missing))

    @pytest.mark.parametrize("given", [..., None, [], [{"question_id": "9", "line": 7, "top": 0, "confidence": 1}]])
    def test_without_questions_they_are_unknown(self, given: Any) -> None:
        assert WITHOUT_QUESTIONS.parse(reply(starts=given)).starts is None

    def test_the_recorded_reason_quotes_nothing(self) -> None:
        with pytest.raises(BrokenRuleError) as raised:
            task().parse(reply(("SECRET", 1, 0.1)))
        assert "SECRET" not in str(raised.value)

    def test_a_page_in_columns_is_asked_for_once_more_and_then_kept(self) -> None:
        columns = reply(("1a", 2, 0.6), ("1b", 4, 0.1))
        with pytest.raises(DoubtfulReplyError):
            task().parse(columns)
        kept = said(task(), columns, columns)
        assert (starts(kept), kept.flagged) == ([("1a", 2, 0.6), ("1b", 4, 0.1)], False)

    @pytest.mark.parametrize("given", [(("9", 1, 0.1),), (("1a", 2, 0.6), ("9", 4, 0.1))])
    def test_those_that_stay_wrong_are_unknown_and_the_lines_are_kept(self, given: tuple[Start, ...]) -> None:
        kept = said(task(), *[reply(*given)] * 6)
        assert (texts(kept), kept.starts) == ([*LINES], None)
        assert (kept.flagged, kept.confidence) == (True, UNPARSED_CONFIDENCE)
        assert "where answers begin" in kept.warnings[0].note


class TestSalvage:
    @pytest.mark.parametrize(
        ("bad", "lines"),
        [
            ('{"text": "four\\nfive", "confidence": 0.9, "notes": ""}', ["four", "five"]),
            ('{"text": "", "confidence": 0.9, "notes": ""}', []),
            ("four\nfive", ["four", "five"]),
            ('{"lines": [{"text": "four"}, {"text": "five", "kind": "answer"}]}', ["four", "five"]),
            (reply(("1a", -1, 0.1), lines=("four", "five")), ["four", "five"]),
            (reply(confidence="high", lines=("four",)), ["four"]),
        ],
    )
    @pytest.mark.parametrize("asking", [task(), WITHOUT_QUESTIONS])
    def test_one_of_another_form_keeps_its_text(self, asking: TranscriptionTask, bad: str, lines: list[str]) -> None:
        kept = said(asking, *[bad] * 4)
        assert (texts(kept), kept.starts, kept.page) == (lines, None, 2)
        assert (kept.flagged, kept.confidence) == (True, UNPARSED_CONFIDENCE)
        assert kept.warnings[0].kind is WarningKind.OTHER

    def test_text_of_the_old_form_is_of_unknown_kind(self) -> None:
        kept = said(task(), *['{"text": "four", "confidence": 0.9, "notes": ""}'] * 4)
        assert [(line.kind, line.top) for line in kept.lines] == [(LineKind.UNKNOWN, None)]


class TestStored:
    OLD = {"text": "four\n\nfive", "confidence": 0.8, "notes": "faint", "page": 3, "flagged": True}

    def test_one_of_an_older_version_has_lines_of_unknown_kind_and_no_known_starts(self) -> None:
        found = PageTranscription.model_validate(self.OLD)
        assert [(line.text, line.kind, line.top) for line in found.lines] == [
            ("four", LineKind.UNKNOWN, None), ("", LineKind.UNKNOWN, None), ("five", LineKind.UNKNOWN, None),
        ]  # fmt: skip
        assert found.warnings == (PageWarning(kind=WarningKind.OTHER, note="faint"),)
        assert (found.text, found.starts, found.page, found.flagged) == ("four\n\nfive", None, 3, True)

    def test_without_notes_it_has_no_warning(self) -> None:
        assert PageTranscription.model_validate(self.OLD | {"notes": ""}).warnings == ()

    def test_a_start_beyond_its_lines_is_refused(self) -> None:
        stored = task().parse(reply(("1a", 4, 0.1))).model_dump(mode="json")
        with pytest.raises(ValueError, match="a line that is not there"):
            PageTranscription.model_validate(stored | {"lines": stored["lines"][:3]})


def said(asking: TranscriptionTask, *replies: str) -> PageTranscription:
    """Return the result of a conversation in which the model says these."""
    conversation = converse(asking)
    next(conversation)
    try:
        for each in replies:
            conversation.send(each)
    except StopIteration as done:
        result: PageTranscription = done.value
        return result
    raise AssertionError("it was asked again")


GIVEN = st.lists(st.tuples(st.sampled_from(["1a", "1b", "2", "3"]), st.integers(0, 6), st.floats(0, 1)), max_size=5)

TEXTS = st.lists(st.text("a1. é\n\u2028", max_size=9), max_size=5)


@given(GIVEN, TEXTS)
def test_whatever_is_taken_keeps_the_rules(given: list[Start], lines: list[str]) -> None:
    try:
        taken = task().parse(reply(*given, lines=lines))
    except InvalidReplyError:
        return
    written = [start.line for start in taken.starts or () if start.line]
    assert written == sorted(written)
    assert max(written, default=0) <= len(taken.lines)
    tops = [start.top for start in taken.starts or ()]
    assert tops == sorted(tops)
    ids = [start.question_id for start in taken.starts or ()]
    assert len(set(ids)) == len(ids)
    assert set(ids) <= {"1a", "1b", "2"}


@given(GIVEN, TEXTS)
def test_whatever_is_kept_in_the_end_has_every_line(given: list[Start], lines: list[str]) -> None:
    kept = task().salvage(reply(*given, lines=lines))
    assert kept is not None
    assert texts(kept) == [part for line in lines for part in line.splitlines() or [""]]
    for start in kept.starts or ():
        if start.line:
            asked = next(each for each in given if each[0] == start.question_id)[1]
            assert kept.lines[start.line - 1].text == (lines[asked - 1].splitlines() or [""])[0]
