"""Dialect of an endpoint: the forms of a request that it takes, learnt from its refusals."""

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any

from aita.llm.ceilings import Ceiling, lower_ceiling, refuses_name
from aita.llm.refused import says_no_eyes
from aita.llm.schema_forms import plain_schema
from aita.models.call_limits import CallLimits
from aita.models.effort import EFFORTS, NOT_SENT, ReasoningEffort, room_for_thoughts
from aita.models.names import LONG_REPLIES
from aita.tasks.request import LLMRequest

RESPONSE_FORMATS = ("json_schema", "json_object", "text")
"""Response formats, from the strictest to the one that every endpoint supports. If one is refused, the next is sent."""

LIMITS = ("max_completion_tokens", "max_tokens")
"""Names of the limit of a reply's tokens. If both are refused, none is sent."""

SYSTEM = "the system role"
DETAIL = "the detail of pictures"
STRICT = "the schema's strict"

# Patterns are texts, of lower case: they are compiled when a refusal is read, and not at a function's cold start.
_DISPENSABLE = {
    "temperature": r"\btemperature\b",
    "reasoning_effort": (
        r"reasoning.?effort|\breasoning (?:is mandatory|value)"
        r"|\bthinking(?:[_ .](?:config|budget|mode)\b| is | can(?:'t|not) be )|\bnot support (?:thinking|reasoning)\b"
    ),
    "stream_options": r"\bstream_options\b",
    "stream": r"\bstream(ing)?\b",
    DETAIL: r"image_url\b.{0,20}\bdetail\b|['\"`]detail['\"`]",
    STRICT: (
        r"\b(?:unknown|unrecogni[sz]ed|unexpected|unsupported|invalid|extra)\b.{0,60}['\"`._ ]strict\b(?! mode)"
        r"|\bstrict\b(?! mode).{0,30}(?:not (?:a valid|support|permit|allow)|n't support|unsupported|unknown)"
    ),
    SYSTEM: (
        r"\b(?:system|developer)\b.{0,20}\b(?:role|message|prompt|instruction)s?\b.{0,30}\b(?:not|unsupported|invalid)\b"
        r"|\broles? .{0,40}\b(?:system|developer)\b|\brole\b.{0,30}\bnot support\b|roles must alternate|must alternate"
        r"|\b(?:unsupported|unknown|unexpected|invalid)\b.{0,20}\brole\b|only .{0,30}\buser\b.{0,30}\broles?\b"
        r"|\brole\b.{0,20}\b(?:must|should) be.{0,20}\buser\b|['\"]system['\"] is not one of|expected user role"
        r"|(?:not|n't) support.{0,20}\b(?:system|developer)\b.{0,10}(?:role|message|prompt|instruction)"
    ),
}
"""Parts of requests that later calls leave out once an endpoint refuses them by name; ``upstream`` does not name
``stream``. Without the system role its text begins the first message of the user."""

_MUST_THINK = r"mandatory|can(?:'t|not) be disabled|only works in thinking"
_QUOTED = r"['\"`](\w+)['\"`]"

_OF_FORMAT = (
    r"schema|grammar|response.?format|structured|json.?(?:mode|object|output)|additional_?properties|\$(?:ref|defs)"
    r"|guided|regex|outlines|any_?of|one_?of|all_?of|prefix_?items|pattern_?properties|(?:min|max)items"
)
_OF_SCHEMA = (
    r"invalid\W{0,3}(?:json.?)?schema|schema\W{1,2}(?:error|conver|compil|contain|too|must|at)\w*|grammar|features"
    r"|compile (?:the )?(?:json.?)?schema|schema (?:is|was) (?!not |un)|unsupported (?:json )?schema|too many states"
    r"|\$(?:ref|defs)|keyword|additional_?properties|any_?of|one_?of|all_?of|unrecognized type|unsupported type"
    r"|unknown name|unimplemented|propert(?!y \W?response)|recursi|nullable|\bconst\b|\benum\b|regex"
    r"|prefix_?items|(?:min|max)items"
)
"""Refusals of one schema."""
_FAILED_GENERATION = r"json_validate_failed|failed_generation|failed to (?:generate|validate) json"

_PLAIN = "plain schema"
_FORMS = ("json_schema", _PLAIN, "json_object", "text")


@dataclass(frozen=True, slots=True)
class Form:
    """Form of one call.

    Parameters
    ----------
    ceiling
        Limit of the reply's tokens, thoughts included.
    limit
        Index of the limit's name in ``LIMITS``; their number for none.
    effort
        Reasoning effort.
    schema
        Form of the reply's schema: a response format, or a schema for smaller dialects.
    lacks
        Parts that are left out.
    """

    ceiling: int
    limit: int
    effort: ReasoningEffort
    schema: str
    lacks: frozenset[str]

    @property
    def response_format(self) -> str:
        """Response format."""
        return "json_schema" if self.schema == _PLAIN else self.schema

    def schema_of(self, request: LLMRequest) -> dict[str, Any]:
        """Return the schema to send."""
        schema = request.schema or {}
        return plain_schema(schema) or schema if self.schema == _PLAIN else schema


@dataclass(slots=True)
class Dialect:
    """What an endpoint has refused. Threads may share the object: each learns the same from the same refusal.

    A call adapts a copy, so that an input that is refused in every form, or a refusal that quotes the prompt, teaches
    nothing. Once another form of it was answered, the object itself adapts to the same refusals.

    A refused schema is remembered by itself. Only a refusal of the response format, or of two schemas where none has
    been taken, holds for all.

    Parameters
    ----------
    reasoning_effort
        Wanted reasoning effort.
    response_format
        Index of the first response format to send.
    call_limits
        Limits of replies' tokens, by kind of task.
    """

    reasoning_effort: ReasoningEffort = NOT_SENT
    response_format: int = 0
    call_limits: CallLimits = field(default_factory=CallLimits)
    _lacks: set[str] = field(default_factory=set)
    _limit: int = 0
    _most: int | None = None
    _refused_efforts: set[str] = field(default_factory=set)
    _effort: ReasoningEffort | None = None  # sent instead of a refused effort
    _schemas: dict[str, str] = field(default_factory=dict)  # forms of schemas that were refused
    _takes_schemas: bool = False
    _sees: bool = False

    def copy(self) -> "Dialect":
        """Return a copy that learns by itself."""
        return replace(
            self,
            _lacks=set(self._lacks),
            _refused_efforts=set(self._refused_efforts),
            _schemas=dict(self._schemas),
        )

    @property
    def sees(self) -> bool:
        """Whether a call with pictures has been answered."""
        return self._sees

    def ceiling(self, request: LLMRequest) -> int:
        """Return the token limit of a reply, reasoning included.

        What is learnt counts from the next call on, as this much was committed for the present one.
        """
        wanted = self._wanted(request)
        return wanted if self._most is None else min(wanted, self._most)

    def _wanted(self, request: LLMRequest) -> int:
        reply = self.call_limits.reply_tokens(request.kind, request.max_output_tokens)
        return reply + room_for_thoughts(self._effort or self.reasoning_effort)

    def first_form(self, request: LLMRequest) -> Form:
        """Return the form in which a request is sent first."""
        effort = self._effort or self.reasoning_effort
        return Form(self.ceiling(request), self._limit, effort, self._schema_form(request), frozenset(self._lacks))

    def left_out(self, form: Form, request: LLMRequest) -> tuple[str, ...]:
        """Return the refused parts, efforts, lengths and response formats that a form does without."""
        efforts = {f"reasoning_effort {effort}" for effort in tuple(self._refused_efforts)}
        if "reasoning_effort" in form.lacks:
            efforts.clear()
        if self._most is not None and self._most < self._wanted(request):
            efforts.add(f"{LONG_REPLIES} {form.ceiling} tokens")
        formats = RESPONSE_FORMATS[: RESPONSE_FORMATS.index(form.response_format)]
        return (*sorted({*form.lacks, *efforts, *LIMITS[: form.limit]}), *formats)

    def record_answer(self, form: Form, request: LLMRequest) -> None:
        """Record that a request was answered in a form."""
        self._sees = self._sees or request.has_images
        if request.schema is not None and form.response_format == "json_schema":
            self._takes_schemas = True

    def adapt(self, text: str, form: Form, request: LLMRequest, sent: set[str]) -> Form | None:
        """Return another form of a refused request, and remember what the endpoint refuses; ``None`` if none is left.

        The refusal is compared with the form of its own call, not with the present state: of several concurrent calls
        each is refused in the same way, and each is repeated.

        Parameters
        ----------
        text
            Diagnostic text of the refusal.
        sent
            Parts that were sent, by the names of ``LLMRequest``'s parameters, ``SYSTEM``, ``DETAIL`` and ``STRICT``.
        """
        text = text.lower()
        if re.search(_FAILED_GENERATION, text):  # chance, as another reply may fit the schema: nothing to remember
            return replace(form, schema=_less(form.response_format)) if "response_format" in sent else None
        for name, pattern in _DISPENSABLE.items():
            if name not in sent or not re.search(pattern, text):
                continue
            if name == "reasoning_effort" and (effort := self._replace_effort(form.effort, text)):
                return replace(form, effort=effort)
            return self._without(name, form)
        if request.has_images and says_no_eyes(text):
            return None
        for number, name in enumerate(LIMITS):
            if name in sent and refuses_name(text, name):
                self._limit = max(self._limit, number + 1)
                return replace(form, limit=number + 1)
        if sent & {*LIMITS} and (ceiling := lower_ceiling(text, form.ceiling)) is not None:
            return self._lowered(form, ceiling)
        if "response_format" in sent and re.search(_OF_FORMAT, text):
            return self._with_less_schema(text, form, request)
        return None

    def _without(self, name: str, form: Form) -> Form:
        self._lacks.add(name)
        return replace(form, lacks=form.lacks | {name})

    def _lowered(self, form: Form, ceiling: Ceiling) -> Form | None:
        """Return a form with a lower limit; the one that a prompt's length leaves is this call's alone."""
        if ceiling.tokens is None:
            return None
        if ceiling.of_model:
            self._most = ceiling.tokens if self._most is None else min(self._most, ceiling.tokens)
        return replace(form, ceiling=ceiling.tokens)

    def _replace_effort(self, refused: str, text: str) -> ReasoningEffort | None:
        """Return the nearest effort that a model accepts in place of a refused one; ``None`` if there is none.

        The refusal names the accepted efforts, or says that the model must reason. Leaving the effort out comes last,
        as a model then uses its default, which is more than none or little.
        """
        self._refused_efforts.add(refused)
        quoted = EFFORTS if re.search(_MUST_THINK, text) else re.findall(_QUOTED, text)
        named = [effort for effort in EFFORTS if effort in quoted and effort not in self._refused_efforts]
        if not named:
            return None
        wanted = EFFORTS.index(self.reasoning_effort)
        self._effort = min(named, key=lambda each: abs(EFFORTS.index(each) - wanted))
        return self._effort

    def _with_less_schema(self, text: str, form: Form, request: LLMRequest) -> Form:
        of_schema = re.search(_OF_SCHEMA, text) is not None
        if form.response_format == "json_schema" and (self._takes_schemas or of_schema):
            later = self._next(form, request)
            others = [schema for key, schema in tuple(self._schemas.items()) if key != _key(request)]
            self._schemas[_key(request)] = later
            if later != _PLAIN and not self._takes_schemas and any(schema != _PLAIN for schema in others):
                self._lower_format("json_schema")
            return replace(form, schema=later)
        self._lower_format(form.response_format)
        return replace(form, schema=_less(form.response_format))

    def _lower_format(self, refused: str) -> None:
        self.response_format = max(self.response_format, RESPONSE_FORMATS.index(refused) + 1)

    def _schema_form(self, request: LLMRequest) -> str:
        least = RESPONSE_FORMATS[self.response_format]
        if not self._schemas or request.schema is None:
            return least
        return max(least, self._schemas.get(_key(request), least), key=_FORMS.index)

    @staticmethod
    def _next(form: Form, request: LLMRequest) -> str:
        following = _FORMS[_FORMS.index(form.schema) + 1]
        return "json_object" if following == _PLAIN and plain_schema(request.schema or {}) is None else following


def _less(response_format: str) -> str:
    return RESPONSE_FORMATS[RESPONSE_FORMATS.index(response_format) + 1]


def _key(request: LLMRequest) -> str:
    return json.dumps(request.schema, sort_keys=True)
