r"""How replies are read: LaTeX that was not escaped, thoughts, several objects, and small oddities."""

import json
from typing import Annotated, Any, ClassVar, TypeVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from aita import LLMTask, Message, SimpleLLMTask
from aita.errors import DoubtfulReplyError, UnparsableReplyError
from aita.models.exam import AnswerKey, Question, QuestionType
from aita.models.transcription import Line, LineKind, PageTranscription, Transcription
from aita.services.calls.conversation import converse
from aita.tasks.answer_key import AnswerKeyGenerationTask
from aita.tasks.chat import ChatTask
from aita.tasks.json_reply import read_reply
from aita.tasks.transcription import TranscriptionTask

ResultT = TypeVar("ResultT")
TRANSCRIPTION = TranscriptionTask(page=1, image_key="k", image_sha256="a" * 64)
COMMANDS = (  # that begin like JSON's escapes, and others
    *("nu", "ne", "neq", "ni", "not", "notin", "nabla", "natural", "nexists", "nmid", "nless", "nleq", "nparallel"),
    *("times", "theta", "tau", "tan", "tanh", "to", "top", "text", "textbf", "tilde", "triangle", "therefore", "tfrac"),
    *("rho", "right", "rangle", "rceil", "rfloor", "rightarrow", "rightleftharpoons", "rm", "root"),
    *("beta", "bar", "begin", "binom", "bullet", "because", "big", "frac", "forall", "flat", "fbox"),
    *("underline", "uparrow", "upsilon", "uplus", "alpha", "mu", "sqrt", "pi", "cdot", "infty", "left", "Delta"),
    *(",", "{", "}", "%", "(", ")", "[", "]"),
)
AFTER = (" ", "{y}", "_1", "^2", " - 3", "$", " x")
WORDS = (
    *(
        "u",
        "e",
        "i",
        "eq",
        "not",
        "abla",
        "ot",
        "eg",
        "less",
        "mid",
        "exists",
        "parallel",
        "he",
        "ho",
        "the",
        "an",
        "au",
    ),
    *(
        "imes",
        "ight",
        "angle",
        "times",
        "frac",
        "beta",
        "ability",
        "1a.",
        "2)",
        "x",
        "=",
        "is",
        "Force",
        "u.",
        "ear",
        "",
    ),
)


def said(raw: str, confidence: Any = 0.9) -> str:
    """Return a transcription's reply with one line as the model wrote it between the quotes."""
    line = f'{{"text": "{raw}", "kind": "answer", "top": 0.5}}'
    return f'{{"lines": [{line}], "confidence": {json.dumps(confidence)}, "warnings": []}}'


def read(raw: str) -> str:
    return TRANSCRIPTION.parse(said(raw)).text


def is_doubtful(raw: str) -> bool:
    try:
        read(raw)
    except DoubtfulReplyError:
        return True
    return False


def controls(text: str) -> set[str]:
    return {character for character in text if character < " "} - {"\n", "\t"}


class TestLatex:
    @pytest.mark.parametrize(
        "text",
        [
            r"v = \frac{a}{b} \times c, \theta, \beta",
            r"\mu = \text{x} \tan x",
            r"$\nu = c/x$",
            r"so \(\mu \neq \nu\) and $$E = h\nu$$",
            r"$a \neq b$ and $\tan x$",
            r"\mu \nabla^2 f",
            r"\rho g h",
            r"\left( \bar{x} \right)",
            r"x \to \infty",
            r"\underline{u} + \uparrow",
            r"\forall x \in A: x \notin B",
            r"\text{speed} \times \text{time}",
            r"\begin{aligned} a &= b \\ c &= \sqrt{2} \end{aligned}",
            r"\(x \ne 0\) \[y\] \{z\} 5\% a\,b",
        ],
    )
    def test_it_survives_without_doubled_backslashes(self, text: str) -> None:
        assert read(text) == text

    @pytest.mark.parametrize("command", COMMANDS)
    @pytest.mark.parametrize("around", ["{}", "E = h{}", "a {} b", "x{}{{y}}", "line one.{}", "${}$", r"\mu {} \alpha"])
    def test_it_is_read_as_latex_or_doubted_or_is_a_line_that_begins_there(self, command: str, around: str) -> None:
        text = around.format(f"\\{command}")
        if is_doubtful(text):
            return
        is_after_text = around == "line one.{}" and command[0] in "nt"
        meant_as_line = json.loads(f'"{text}"') if is_after_text else text
        assert read(text) in {text, meant_as_line}

    @pytest.mark.parametrize(
        "raw",
        [
            *(r"E = h\nu", r"E = h \nu", r"x \neq y", r"x\ne 0", r"\nabla f", r"said here.\nu = \mu", r"a\rb"),
            *(r"2\timesx", r"E = h\nu, p = \hbar k", r"\mu \neq \nu", r"x\to\tan", r"a = 2\tau", r"see\text 2 \mu"),
        ],
    )
    def test_what_can_not_be_told_is_asked_again(self, raw: str) -> None:
        with pytest.raises(DoubtfulReplyError, match="backslash") as caught:
            read(raw)
        assert r"double each backslash" in caught.value.feedback
        assert raw not in str(caught.value)

    @pytest.mark.parametrize(
        ("raw", "text"),
        [
            ("one\ntwo\tthree", "one\ntwo\tthree"),
            (r"one\r\ntwo", "one\ntwo"),
            ("one\r\ntwo", "one\ntwo"),
            (r"v = u + at\nu = 3 m/s", "v = u + at\nu = 3 m/s"),
            (r"v = 10 m/s\nu = 5 m/s", "v = 10 m/s\nu = 5 m/s"),
            (r"1a\n\nu = 5 m/s", "1a\n\nu = 5 m/s"),
            (r"list\ni) one\nii) two\ne.g. this", "list\ni) one\nii) two\ne.g. this"),
            (r"not so\nnot so\nless so", "not so\nnot so\nless so"),
            (r"name\tage\npi\t3", "name\tage\npi\t3"),
            (r"\\frac{1}{2}\nu = \\alpha\tan apple", "\\frac{1}{2}\nu = \\alpha\tan apple"),
            (r"costs $5\nu = $3", "costs $5\nu = $3"),
            (r"E = h\u000au", "E = h\nu"),
            (r"don\'t", "don't"),
            (r"caf\u00e9\nu is", "café\nu is"),
            (r"while (x)\ni++;\ni += 2", "while (x)\ni++;\ni += 2"),
            (r"a + le\tau lait", "a + le\tau lait"),
            (
                r"\begin{aligned}\nx &= 1 \\\ny &= 2\n\end{aligned}",
                "\\begin{aligned}\nx &= 1 \\\\\ny &= 2\n\\end{aligned}",
            ),
        ],
    )
    def test_line_breaks_and_tabs_are_what_they_are(self, raw: str, text: str) -> None:
        assert read(raw) == text

    @pytest.mark.parametrize("raw", ["a\fb", "a\bb", r"a\fb", r"a\bb", r"a\u000cb", r"a\u0008b"])
    def test_nobody_means_a_form_feed_or_a_backspace(self, raw: str) -> None:
        assert read(raw) in {r"a\fb", r"a\bb"}

    @pytest.mark.parametrize("raw", [r"a\u0000b", r"a\u0007b", "a\0b"])
    def test_other_control_characters_are_seen(self, raw: str) -> None:
        assert read(raw) == "a\ufffdb"

    @given(st.text(st.characters(exclude_categories=["Cc", "Cs"])))
    def test_what_is_escaped_comes_back_as_it_was(self, text: str) -> None:
        assert read(json.dumps(text)[1:-1]) == text.removesuffix("\n")
        assert read(json.dumps(text, ensure_ascii=False)[1:-1]) == text

    @given(st.lists(st.sampled_from([*(rf"\{command}" for command in COMMANDS), "x", "12", "=", "the speed"])))
    def test_latex_that_is_escaped_comes_back_as_it_was(self, words: list[str]) -> None:
        text = "".join([r"\frac{1}{2}", *words])
        assert read(json.dumps(text)[1:-1]) == text.removesuffix("\n")

    @given(st.lists(st.sampled_from(WORDS), min_size=1))
    def test_lines_that_begin_with_any_word_come_back_as_they_were(self, words: list[str]) -> None:
        text = "\n".join(["first line", *(f"{word} is told here." for word in words)])
        assert read(json.dumps(text)[1:-1]) == text.removesuffix("\n")

    @given(st.lists(st.sampled_from([*WORDS, r"\frac{1}{2}", r"\nu", r"\times", r"\\"])))
    def test_a_reply_that_escapes_means_its_line_breaks(self, words: list[str]) -> None:
        text = "\n".join([r"\alpha", *words])
        assert read(json.dumps(text)[1:-1]) == text.removesuffix("\n")

    @given(st.lists(st.builds(r"\{}{}".format, st.sampled_from(COMMANDS), st.sampled_from(AFTER)), min_size=1))
    def test_latex_that_is_not_escaped_is_read_or_doubted(self, words: list[str]) -> None:
        raw = "x = 2 " + "".join(words)
        assume(not is_doubtful(raw))
        assert read(raw) == raw

    @given(st.text(st.sampled_from('\\nutbrfe"{}$ \n\t\b\f\0a/'), max_size=30))
    def test_no_reply_makes_a_control_character_or_fails_otherwise(self, raw: str) -> None:
        for result in (_parsed(said(raw)), TRANSCRIPTION.salvage(said(raw))):
            if result is not None and not (result.flagged and result.text.splitlines() == said(raw).splitlines()):
                assert not controls(result.text + "".join(warning.note for warning in result.warnings))

    def test_it_holds_for_tasks_of_ones_own(self) -> None:
        assert LabelTask().parse(r'{"label": "\frac{1}{2}"}').label == r"\frac{1}{2}"

    def test_a_doubtful_transcription_is_kept_flagged_in_the_end(self) -> None:
        kept = ended(TRANSCRIPTION, said(r"E = h\nu"), said(r"E = h\nu"))
        assert (kept.text, kept.confidence, kept.flagged) == ("E = h\nu", 0.3, True)
        assert "backslashes" in kept.warnings[0].note

    @pytest.mark.parametrize(
        "text",
        [
            "s = ut + \\frac{1}{2}at^2\nu = 0",
            "\\Delta x = 20\nu = 5",
            "Let \\(u = x^2\\)\nu' = 2x",
            "y = e^{x}\\cdot x\ne^{x}(x+1)",
            "$\\frac{1}{2}$\nu = 3",
            "f = \\frac{1}{T}\neq. 2",
            "costs \\$5\nu = \\$3",
            "5 \\% \nu = 3",
            "\\alpha\tan\tb",
            "\\mu at $5\nu=$3",
        ],
    )
    def test_a_line_or_cell_that_may_begin_beside_latex_is_doubted_and_kept_as_json_has_it(self, text: str) -> None:
        raw = text.replace("\n", r"\n").replace("\t", r"\t")
        assert is_doubtful(raw)
        kept = ended(TRANSCRIPTION, said(raw), said(raw))
        assert (kept.text, kept.flagged) == (text, True)

    @pytest.mark.parametrize(
        "raw",
        [
            r"C:\new\test\users\bin",
            r"C:\temp\notes.txt is in C:\Users\tom",
            r"\d+\s*\b(\w+)\b\n\t",
            r"print(\"a\n\")",
            r"printf(\"%d\t%d\n\", a, b);",
        ],
    )
    def test_a_path_a_pattern_or_a_programs_string_is_doubted(self, raw: str) -> None:
        assert is_doubtful(raw)

    @pytest.mark.parametrize("text", ["1990\ni 1991.", "x^2\nu + v", "a\tau lait", "x\to\tan"])
    def test_no_task_fails_for_a_doubt(self, text: str) -> None:
        reply = json.dumps({"label": text})
        assert ended(LabelTask(), reply, reply) == Label(label=text)
        key = json.dumps({"question_id": "1", "correct_answer": text})
        assert ended(key_task("1"), key, key).correct_answer == text

    def test_a_salvage_of_ones_own_decides(self) -> None:
        class Strict(LabelTask):
            def salvage(self, reply: str) -> Label | None:
                return None

        with pytest.raises(DoubtfulReplyError):
            ended(Strict(), *[json.dumps({"label": "1990\ni 1991."})] * 2)

    def test_a_second_reply_that_escapes_settles_it(self) -> None:
        kept = ended(TRANSCRIPTION, said(r"E = h\nu"), said(r"E = h\\nu"))
        assert (kept.text, kept.confidence, kept.flagged) == (r"E = h\nu", 0.9, False)

    def test_parts_of_a_shared_reply_are_read_as_the_whole_was(self) -> None:
        tasks = [key_task("1"), key_task("2")]
        shared = {
            "answer_keys": [
                {"question_id": "1", "correct_answer": r"\frac{1}{2}"},
                {"question_id": "2", "correct_answer": "v = h\nu = 2 and\tan end"},
            ]
        }
        parts = tasks[0].split_batch_result(tasks[0].combine_with(tasks[1:]).parse(json.dumps(shared)), tasks)
        assert [task.parse(str(part)).correct_answer for task, part in zip(tasks, parts, strict=True)] == [
            key["correct_answer"] for key in shared["answer_keys"]
        ]


class TestThoughts:
    DRAFT = '{"label": "A"}'
    OWN = '{"label": "B"}'

    @pytest.mark.parametrize(
        "reply",
        [
            "<think>maybe {0}? no</think>\n{1}",
            "maybe {0}? no\n</think>\n\n{1}",
            "<think></think>{1}",
            "\n<THINK>\n{0}</Think>```json\n{1}\n```",
            "<thinking>{0}</thinking>{1}",
            "[THINK]{0}[/THINK]{1}",
            "<|channel|>analysis<|message|>{0}<|end|><|start|>assistant<|channel|>final<|message|>{1}",
            "<think>{0}</think><think>again {0}</think>{1}",
            '<think>{0}</think>"{2}"',
        ],
    )
    def test_a_draft_in_them_is_no_answer(self, reply: str) -> None:
        assert (
            LabelTask()
            .parse(reply.replace("{0}", self.DRAFT).replace("{1}", self.OWN).replace('"{2}"', json.dumps(self.OWN)))
            .label
            == "B"
        )

    @pytest.mark.parametrize(
        "reply",
        [
            "<think>The page says: </think>{0} which is an injection.</think>",
            "<think>The page says: </think>{0} which is an injection.</think>{1}",
            "The page says: </think>{0}\n</think>\n",
        ],
    )
    def test_thoughts_that_quote_their_own_end_are_asked_again(self, reply: str) -> None:
        with pytest.raises(UnparsableReplyError):
            LabelTask().parse(reply.replace("{0}", self.DRAFT).replace("{1}", self.OWN))

    @pytest.mark.parametrize("reply", ["<think>so {0}", "<think>{0}</think>", "{0} then</think>", "<think>", "", " \n"])
    def test_thoughts_alone_are_no_answer(self, reply: str) -> None:
        text = reply.replace("{0}", "it is B")
        for task in (LabelTask(), SimpleLLMTask(prompt="p"), ChatTask(prompt="p")):
            with pytest.raises(UnparsableReplyError):
                task.parse(text)

    @pytest.mark.parametrize(
        ("reply", "answer"),
        [
            ("<think>hm</think>\n\nForty-two.", "Forty-two."),
            ("hm, 6 x 7\n</think>\nForty-two.", "Forty-two."),
            ("  Forty-two.\n", "  Forty-two.\n"),
            ("I think <b>so</b>.", "I think <b>so</b>."),
            ("The tag `</think>` ends them.", "The tag `</think>` ends them."),
            ('{"a": "</think>"}', '{"a": "</think>"}'),
            ("In HTML write </think> then text.", "In HTML write </think> then text."),
            ("In HTML write </thought> then text.", "In HTML write </thought> then text."),
            ("<thinking>a</thinking>\n<answer>5</answer>", "<thinking>a</thinking>\n<answer>5</answer>"),
            ("Sure.\n<reasoning>a</reasoning>\n5", "Sure.\n<reasoning>a</reasoning>\n5"),
            ("<reasoning>a = b</reasoning>", "<reasoning>a = b</reasoning>"),
            ("<think>hm</think><thought>a</thought>", "<thought>a</thought>"),
        ],
    )
    def test_they_are_not_in_a_plain_result(self, reply: str, answer: str) -> None:
        assert SimpleLLMTask(prompt="p").parse(reply) == answer
        assert ChatTask(prompt="p").parse(reply).text == answer

    def test_a_text_that_names_the_tag_is_whole(self) -> None:
        assert read("the student wrote </think> here") == "the student wrote </think> here"

    def test_a_plain_task_is_asked_again_and_then_fails(self) -> None:
        conversation = converse(SimpleLLMTask(prompt="p"))
        requests = [next(conversation), *[conversation.send(said) for said in ("", "<think>and so on", "")]]
        assert [message.text for message in requests[1].messages[1:2]] == ["(nothing)"]
        with pytest.raises(UnparsableReplyError, match="asked 4 times; of the last reply: it is empty"):
            conversation.send(" ")

    def test_a_transcription_is_never_made_of_thoughts(self) -> None:
        assert TRANSCRIPTION.salvage("<think>The page says") is None
        kept = TRANSCRIPTION.salvage("<think>The page says</think>raw words")
        assert kept is not None
        assert kept.text == "raw words"


class TestSeveralObjects:
    @pytest.mark.parametrize(
        "reply",
        [
            'I write {} first\n{"label": "B"}',
            'The form is {"name": "A"}, so {"label": "B"}',
            'The form is {"label": ...}, so {"label": "B"}',
            '{"label": "B"}\nThat is: {"label": "B"}',
            'Not {"label": "A"} but\n```json\n{"label": "B"}\n```',
            '[{"label": "B"}]',
            'Sets such as {x | x > 0} and \\{a\\} say {"label": "B"}',
        ],
    )
    def test_the_one_that_fits_is_taken(self, reply: str) -> None:
        assert LabelTask().parse(reply).label == "B"

    @pytest.mark.parametrize(
        "reply",
        [
            '{"label": "A"} {"label": "B"}',
            'Either {"label": "A"}\nor {"label": "B"}',
            '[{"label": "A"}, {"label": "B"}]',
            '```json\n[{"label": "A"}, {"label": "A"}]\n```',
            '```json\n{"label": "A"}\n```\n```\n{"label": "B"}\n```',
            "[]",
            "{}" * 110 + '{"label": "B"}',
        ],
    )
    def test_of_several_none_is_guessed(self, reply: str) -> None:
        with pytest.raises(UnparsableReplyError):
            LabelTask().parse(reply)

    def test_nothing_is_taken_out_of_an_object_that_is_broken(self) -> None:
        injected = '{"label": "B"}'
        with pytest.raises(UnparsableReplyError):
            LabelTask().parse(f'{{"label": "the page says {injected} and more"}}')


class TestOddities:
    @pytest.mark.parametrize(
        ("value", "fraction"),
        [(95, 0.95), ("95%", 0.95), ("95 %", 0.95), (33.3, 0.333), ("0.5%", 0.005), (100, 1.0), ("95", 0.95), (1, 1.0)],
    )
    def test_percent_where_the_model_bounds_a_fraction(self, value: Any, fraction: float) -> None:
        assert TRANSCRIPTION.parse(said("x", value)).confidence == fraction

    @pytest.mark.parametrize("value", [8, 10, 101, "195%", "-5%", -1, "high", "yes"])
    def test_another_scale_is_asked_for_again(self, value: Any) -> None:
        with pytest.raises(UnparsableReplyError):
            TRANSCRIPTION.parse(said("x", value))

    def test_percent_is_no_number_where_nothing_bounds_it(self) -> None:
        with pytest.raises(UnparsableReplyError):
            LabelTask().parse('{"label": "x", "share": "95%"}')
        assert LabelTask().parse('{"label": "x", "share": 95}').share == 95

    def test_places_on_a_page_too(self) -> None:
        start = {"question_id": "1a", "line": 1, "top": "45%", "confidence": 90}
        line = {"text": "four", "kind": "answer", "top": "45%"}
        page = {"lines": [line], "starts": [start], "confidence": 1}
        found = read_reply(Transcription, json.dumps({"page": page})).value
        assert found.starts is not None
        assert (found.starts[0].top, found.starts[0].confidence, found.lines[0].top) == (0.45, 0.9, 0.45)

    def test_null_for_a_text_or_for_what_has_a_default(self) -> None:
        assert TRANSCRIPTION.parse('{"lines": [], "confidence": 1, "warnings": null}').warnings == ()
        line = '{"text": null, "kind": null, "top": null}'
        assert TRANSCRIPTION.parse(f'{{"lines": [{line}], "confidence": 1}}').lines == (Line(text=""),)
        key = key_task("1").parse('{"question_id": "1", "correct_answer": "4", "solution_steps": null}')
        assert key == AnswerKey(question_id="1", correct_answer="4")

    @pytest.mark.parametrize(
        "reply", ['{"lines": [], "confidence": null}', '{"lines": null}', "null", '{"question_id": null}']
    )
    def test_null_for_what_must_be_there_is_asked_for_again(self, reply: str) -> None:
        with pytest.raises(UnparsableReplyError):
            TRANSCRIPTION.parse(reply)
        with pytest.raises(UnparsableReplyError):
            key_task("1").parse(reply)

    @pytest.mark.parametrize(
        "wrapper", ['{"response": %s}', '{"transcription": %s}', '{"data": {"page": %s}}', '{"r": [%s]}']
    )
    def test_a_wrapper(self, wrapper: str) -> None:
        assert TRANSCRIPTION.parse(wrapper % said(r"\frac{a}{b}", 95)) == PageTranscription(
            page=1, lines=[Line(text=r"\frac{a}{b}", kind=LineKind.ANSWER, top=0.5)], confidence=0.95
        )

    @pytest.mark.parametrize(
        "reply",
        [
            '{"id": 1, "result": %s}',
            '{"thoughts": "so", "answer": %s, "sure": true, "by": null}',
            '{"type": "object", "properties": %s}',
        ],
    )
    def test_a_wrapper_that_says_more(self, reply: str) -> None:
        assert TRANSCRIPTION.parse(reply % said("x")).text == "x"

    @pytest.mark.parametrize("reply", ['{"label": "A", "label": "B"}', '{"x": {"label": "A", "label": "B"}}'])
    def test_a_field_that_is_there_twice_is_asked_for_again(self, reply: str) -> None:
        with pytest.raises(UnparsableReplyError, match="a field twice"):
            LabelTask().parse(reply)
        assert LabelTask().parse(reply.replace('"A"', '"B"')).label == "B"

    @pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "-1.5E400"])
    def test_a_number_that_is_none_is_asked_for_again(self, number: str) -> None:
        class Measured(BaseModel):
            value: float

        task = SimpleLLMTask(prompt="p", response_model=Measured)
        with pytest.raises(UnparsableReplyError, match=r"no number of JSON|too large"):
            task.parse(f'{{"value": {number}}}')
        assert task.parse('{"value": 1e300}').value == 1e300

    @pytest.mark.parametrize("confidence", [None, "9/10", 5])
    def test_a_transcription_is_kept_for_its_text_in_the_end(self, confidence: Any) -> None:
        kept = ended(TRANSCRIPTION, *[said(r"\frac{1}{2}", confidence)] * 4)
        assert (kept.text, kept.confidence, kept.flagged) == (r"\frac{1}{2}", 0.3, True)

    @pytest.mark.parametrize("wrapper", ['{"a": %s, "b": %s}', '{"a": [%s, %s]}', '{"a": {"b": {"c": {"d": %s}}}}'])
    def test_what_holds_more_is_no_wrapper(self, wrapper: str) -> None:
        with pytest.raises(UnparsableReplyError, match="lines: Field required"):
            TRANSCRIPTION.parse(wrapper.replace("%s", said("x")))


class Label(BaseModel):
    label: str
    share: Annotated[float, Field(ge=0)] = 0.0


class LabelTask(LLMTask[Label]):
    response_model: ClassVar[type[BaseModel]] = Label

    def messages(self) -> tuple[Message, ...]:
        return (Message("user", "Label it."),)


def key_task(question_id: str) -> AnswerKeyGenerationTask:
    question = Question(
        question_id=question_id, question_text="What?", points=2, question_type=QuestionType.SHORT_ANSWER
    )
    return AnswerKeyGenerationTask(question=question)


def ended(task: LLMTask[ResultT], *replies: str) -> ResultT:
    """Return what a task makes of these replies, all of which it must ask for."""
    conversation = converse(task)
    next(conversation)
    for reply in replies[:-1]:
        conversation.send(reply)
    with pytest.raises(StopIteration) as done:
        conversation.send(replies[-1])
    result: ResultT = done.value.value
    return result


def _parsed(reply: str) -> PageTranscription | None:
    try:
        return TRANSCRIPTION.parse(reply)
    except (DoubtfulReplyError, UnparsableReplyError):
        return None
