"""Checks of the model by ``aita doctor``: a full-length reply, one by a schema, a long prompt, a picture, the price."""

import hashlib
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from aita.cli.model_retirement import retirement
from aita.cli.word_picture import WORD, draw
from aita.errors import InvalidReplyError, ProviderBusy, StackError
from aita.executor.chat_runs import ChatRuns, LineReply
from aita.models.api import RunOptions, RunView
from aita.models.base import StrictModel
from aita.models.names import DOCTOR, LONG_REPLIES
from aita.models.run import RunStatus, Usage
from aita.services.assignments import object_keys
from aita.tasks.chat import ChatTask
from aita.tasks.llm_task import LLMTask
from aita.tasks.request import Image, LLMRequest, Message
from aita.tasks.simple import SimpleLLMTask

_CALL = RunOptions(enable_checkpointing=False)  # else a reply from the cache would count
_MOST_WAITS = 3
"""Waits for the provider after which a run is cancelled and its reason reported."""

_LONG_PROMPT = 6_000
"""Words of the long prompt: more than fit into the context that Ollama has by default, 4,096 tokens."""

_FEWEST_TOKENS = 0.8
"""Fewest tokens of a common English word with any model: fewer in all were not all read."""

_SHORT_REPLY = 256
"""Limit of output tokens that every model accepts."""

_WITHOUT_SCHEMA = {
    1: "takes no schema: JSON mode is used",
    2: "takes neither a schema nor JSON mode: JSON is asked for in words",
}


class Word(StrictModel):
    """What the schema asks for, by a name that the question does not tell."""

    only_in_the_schema: str


class _InSchema(LLMTask[Word]):
    response_model: ClassVar[type[BaseModel]] = Word

    def messages(self) -> tuple[Message, ...]:
        return (Message("user", "Give the name of a colour as JSON."),)


_PLAIN = SimpleLLMTask(prompt="Answer with the word yes.").request()
_IN_SCHEMA = _InSchema()


@dataclass
class ModelCheck:
    """Check of the deployed model, in runs of the assignment ``DOCTOR``.

    ``notes`` are missing features that aita can do without, and warnings; ``problems`` are missing features that it
    needs.
    """

    runs: ChatRuns
    model: str = ""
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def examine(self) -> None:
        """Make all calls, and set the findings.

        Raises
        ------
        StackError
            If the stack can't be reached, or the model does not answer.
        """
        self.runs.watched = self._check_waits
        plain, in_schema = self._ask(_PLAIN, _IN_SCHEMA.request())
        if plain.result is None:
            raise StackError(self._explain_silence(plain))
        picture = self._ask_about_picture()
        (long,) = self._ask(_long_prompt())
        lacks = {*plain.lacks, *in_schema.lacks, *long.lacks, *picture.lacks}
        self.notes += [_note(each) for each in sorted(lacks - {"json_schema", "json_object"})]
        self._judge_schema(in_schema, len(lacks & {"json_schema", "json_object"}))
        if picture.result is None:
            self.problems.append(f"does not see pictures ({_reason(picture)})")
        elif WORD.casefold() not in picture.result.text.casefold():
            self.problems.append("does not see pictures (of one with a word on it, it gave another)")
        self._judge_long_prompt(long)
        self._judge_price(plain.usage)
        if (day := retirement(self.model)) is not None:
            self.notes.append(f"its provider switches it off on {day:%d %B %Y}: deploy with another ModelName before")

    def summary(self) -> str:
        """Return the findings in a sentence."""
        tokens = f"{self.model} answers with up to {_PLAIN.max_output_tokens:,} tokens"
        return "; ".join([tokens, *self.problems, *([] if self.problems else ["sees pictures"]), *self.notes])

    def _judge_schema(self, answer: LineReply, lacks: int) -> None:
        if answer.result is None:
            self.problems.append(f"does not answer where a schema is asked for ({_reason(answer)})")
        elif lacks:
            self.notes.append(_WITHOUT_SCHEMA[lacks])
        elif not _fits(answer.result.text):
            self.notes.append("takes a schema and does not keep to it: what is wrong is asked for again")

    def _judge_long_prompt(self, answer: LineReply) -> None:
        """Add a problem if a long prompt is refused, or if fewer tokens were read than it has."""
        read = answer.usage.input_tokens
        if answer.result is None:
            self.problems.append(f"does not take a prompt of {_LONG_PROMPT:,} words ({_reason(answer)})")
        elif 0 < read < _LONG_PROMPT * _FEWEST_TOKENS:
            self.problems.append(
                f"read {read:,} tokens of a prompt of {_LONG_PROMPT:,} words, by its own count: it leaves out what is "
                "too long for its context and does not say so. Give it a larger one (Ollama: OLLAMA_CONTEXT_LENGTH)"
            )

    def _judge_price(self, usage: Usage) -> None:
        if not usage.unpriced_calls:
            return
        if usage.input_tokens:
            self.notes.append("its price is not known: nor are costs, and no cap on them can be kept")
        else:
            self.notes.append("tells no tokens: costs are not known")

    def _explain_silence(self, answer: LineReply) -> str:
        """Return the reason for a missing answer: the limit of tokens, if a short reply is given, else its error."""
        short = replace(_PLAIN, parameters=replace(_PLAIN.parameters, max_output_tokens=_SHORT_REPLY))
        if answer.line and self._ask(short)[0].result is not None:
            tokens = f"{_PLAIN.max_output_tokens:,} tokens of reply, which its work needs"
            return f"{self.model} answers, but does not take {tokens} ({_reason(answer)})"
        return f"{self.model} did not answer: {_reason(answer)}"

    def _ask_about_picture(self) -> LineReply:
        picture = draw()
        sha256 = hashlib.sha256(picture).hexdigest()
        name = object_keys.task_image(sha256, "png")
        question = "Answer with the word that is written on this picture."
        message = Message("user", question, (Image(object_keys.material(DOCTOR, name), sha256),))
        with tempfile.TemporaryDirectory(prefix="aita-") as folder:
            file = Path(folder) / "picture.png"
            file.write_bytes(picture)
            return self._ask(replace(_PLAIN, messages=(message,)), images={name: file})[0]

    def _ask(self, *requests: LLMRequest, images: Mapping[str, Path] | None = None) -> list[LineReply]:
        """Return the reply to each request; an unanswered one has the run's reason, and no line."""
        lines = [ChatTask.line(request) for request in requests]
        answers: Mapping[int, LineReply] = {}
        try:
            view, answers = self.runs.ask(lines, images or {}, _CALL, lambda _: None)
            reason = _end_reason(view)
        except ProviderBusy as busy:
            self.runs.api.cancel(self.runs.running)
            reason = str(busy)
        return [answers.get(place, LineReply(line=0, task_id="", error=reason)) for place in range(len(lines))]

    def _check_waits(self, view: RunView) -> None:
        """Raise ProviderBusy after ``_MOST_WAITS`` waits of a run, which itself would wait for hours."""
        self.model = view.model_of(self.runs.role)
        if view.status is RunStatus.RUNNING and view.waits >= _MOST_WAITS:
            raise ProviderBusy(view.wait_reason)


def _end_reason(view: RunView) -> str:
    return view.reason or f"its run is {view.status}: check the key ('aita key set'), ModelBaseUrl and ModelName"


def _reason(answer: LineReply) -> str:
    """Return the reason for a missing reply, without the error's class."""
    return answer.error.partition(": ")[2] if answer.line else answer.error


def _fits(text: str) -> bool:
    try:
        _IN_SCHEMA.parse(text)
    except InvalidReplyError:
        return False
    return True


def _long_prompt() -> LLMRequest:
    """Return a request with a long prompt, whose beginning is a new one, as it must not come out of a cache."""
    words = (
        "the",
        "house",
        "by",
        "the",
        "river",
        "is",
        "old",
        "and",
        "has",
        "a",
        "red",
        "roof",
        "and",
        "some",
        "trees",
    )
    number = secrets.randbelow(10**6)
    text = " ".join(words[place % len(words)] for place in range(_LONG_PROMPT))
    return replace(_PLAIN, messages=(Message("user", f"{number} {text}.\n\nAnswer with the word yes."),))


def _note(lack: str) -> str:
    name, _, value = lack.partition(" ")
    if name == "max_completion_tokens":
        return f"refuses {name}: asked with max_tokens"
    if lack.startswith(LONG_REPLIES):
        return f"refuses {lack}: longer ones fail"
    if value and name == "reasoning_effort":
        return f"refuses {name} {value}: asked with another; deploy with a ReasoningEffort that it takes"
    return f"refuses {name}: asked without"
