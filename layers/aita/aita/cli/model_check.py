"""What the doctor asks the model: an answer as long as a real one may be, a schema, and the word on a picture."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from aita.cli.word_picture import WORD, draw
from aita.errors import InvalidReplyError, ProviderBusy, StackError
from aita.executor.chat_runs import ChatRuns, LineReply
from aita.models.api import RunOptions, RunView
from aita.models.base import StrictModel
from aita.models.names import DOCTOR
from aita.models.run import RunStatus
from aita.services.assignments import object_keys
from aita.tasks.chat import ChatTask
from aita.tasks.llm_task import LLMTask
from aita.tasks.request import Image, LLMRequest, Message
from aita.tasks.simple import SimpleLLMTask

_CALL = RunOptions(enable_checkpointing=False)  # else a reply from the cache would do
_PATIENCE = 3
"""How often a question is sent to wait for the provider before the doctor says so."""

_LITTLE = 256
"""Tokens of reply that every model takes."""

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
    """Asks the deployed model, in runs of the assignment ``DOCTOR``.

    ``notes`` are what it lacks and aita does without; ``problems`` what it can't and aita needs.
    """

    runs: ChatRuns
    model: str = ""
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def examine(self) -> None:
        """Ask all there is to ask.

        Raises
        ------
        StackError
            If the stack can't be reached, or the model does not answer.
        """
        self.runs.watched = self._look
        plain, in_schema = self._ask(_PLAIN, _IN_SCHEMA.request())
        if plain.result is None:
            raise StackError(self._silence(plain))
        seen = self._ask_about_picture()
        lacks = {*plain.lacks, *in_schema.lacks, *seen.lacks}
        self.notes += [_without(each) for each in sorted(lacks - {"json_schema", "json_object"})]
        self._judge_schema(in_schema, len(lacks & {"json_schema", "json_object"}))
        if seen.result is None:
            self.problems.append(f"does not see pictures ({_reason(seen)})")
        elif WORD.casefold() not in seen.result.text.casefold():
            self.problems.append("does not see pictures (of one with a word on it, it gave another)")

    def told(self) -> str:
        """Return what was found, in a sentence."""
        tokens = f"{self.model} answers with up to {_PLAIN.parameters.max_output_tokens:,} tokens"
        return "; ".join([tokens, *self.problems, *([] if self.problems else ["sees pictures"]), *self.notes])

    def _judge_schema(self, answer: LineReply, lacks: int) -> None:
        if answer.result is None:
            self.problems.append(f"does not answer where a schema is asked for ({_reason(answer)})")
        elif lacks:
            self.notes.append(_WITHOUT_SCHEMA[lacks])
        elif not _fits(answer.result.text):
            self.notes.append("takes a schema and does not keep to it: what is wrong is asked for again")

    def _silence(self, answer: LineReply) -> str:
        """Return why there is no answer; where a short one is given, that is the reason."""
        short = replace(_PLAIN, parameters=replace(_PLAIN.parameters, max_output_tokens=_LITTLE))
        if answer.line and self._ask(short)[0].result is not None:
            tokens = f"{_PLAIN.parameters.max_output_tokens:,} tokens of reply, which its work needs"
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
        """Return what came of each request; one without an end has the run's reason, and no line."""
        lines = [ChatTask.line(request) for request in requests]
        answers: Mapping[int, LineReply] = {}
        try:
            view, answers = self.runs.ask(lines, images or {}, _CALL, lambda _: None)
            reason = _end(view)
        except ProviderBusy as busy:
            self.runs.api.cancel(self.runs.running)
            reason = str(busy)
        return [answers.get(place, LineReply(line=0, task_id="", error=reason)) for place in range(len(lines))]

    def _look(self, view: RunView) -> None:
        """Give up waiting for a model that does not answer: a run is patient for hours."""
        self.model = view.model
        if view.status is RunStatus.RUNNING and view.waits >= _PATIENCE:
            raise ProviderBusy(view.wait_reason)


def _end(view: RunView) -> str:
    return view.reason or f"its run is {view.status}: check the key ('aita key set'), ModelBaseUrl and ModelName"


def _reason(answer: LineReply) -> str:
    """Return why there is no reply, without the error's class."""
    return answer.error.partition(": ")[2] if answer.line else answer.error


def _fits(text: str) -> bool:
    try:
        _IN_SCHEMA.parse(text)
    except InvalidReplyError:
        return False
    return True


def _without(lack: str) -> str:
    name, _, value = lack.partition(" ")
    if value:
        return f"refuses {name} {value}: asked with another; deploy with a ReasoningEffort that it takes"
    return f"refuses {name}: asked without"
