"""HTTP application of the simulated model: OpenAI's routes, Amazon Bedrock's, and two for statistics and control."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, Field, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from aita_local.simulated_model import converse, streaming
from aita_local.simulated_model.batches import Batches
from aita_local.simulated_model.chat_completion import CHARACTERS_PER_TOKEN, completion, cut
from aita_local.simulated_model.chat_request import ChatRequest
from aita_local.simulated_model.errors import BadRequestError, NotInSampleExamError, ServerError, SimulatedModelError
from aita_local.simulated_model.fault_injection import Faults, FaultSettings
from aita_local.simulated_model.prompt_cache import PrefixCache
from aita_local.simulated_model.replies import dispatch
from aita_local.simulated_model.replies.request_kind import kind_of
from aita_local.simulated_model.sample.exam import SampleExam
from aita_local.simulated_model.sample.page_recognition import PageRecognition
from aita_local.simulated_model.statistics import Statistics

Drop = Callable[[Scope], Awaitable[None]]
"""Function that closes a request's connection without a response."""

Parse = Callable[[bytes], ChatRequest]


class Respond(Protocol):
    """Function that returns the response with a completion, in the form of an API."""

    def __call__(self, chat: ChatRequest, content: dict[str, Any], *, is_cut: bool) -> Response:
        """Return the response."""
        ...


_DROPPED = 0


class _ControlCommands(BaseModel):
    """Fields of ``POST /control`` beside those of the settings."""

    down_for: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    reset_stats: bool = False


def create_app(exam: SampleExam, faults: Faults, drop: Drop) -> Starlette:
    """Return the ASGI app; ``drop`` closes a connection without a response."""
    model = SimulatedModel(exam, faults, drop)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        model.reader.close()

    routes = [
        Route("/v1/chat/completions", model.chat_completions, methods=["POST"]),
        Route(converse.PATH, model.converse, methods=["POST"]),
        Route("/v1/models", model.models),
        Route("/stats", model.show_stats),
        Route("/control", model.control, methods=["POST"]),
        *model.batches.routes(),
    ]
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={SimulatedModelError: _error_response})


class SimulatedModel:
    """Handlers of the routes, with their shared state."""

    def __init__(self, exam: SampleExam, faults: Faults, drop: Drop) -> None:
        self.reader = PageRecognition(exam)
        self._exam = exam
        self._faults = faults
        self._drop = drop
        self._stats = Statistics()
        self._cache = PrefixCache(CHARACTERS_PER_TOKEN)
        self._changed = asyncio.Event()
        self.batches = Batches(faults, self._batched_reply, self._dropped)

    async def chat_completions(self, request: Request) -> Response:
        """Answer a request of OpenAI's API subject to the faults, and count it."""
        return await self._counted(request, ChatRequest.parse, self._chat_response)

    async def converse(self, request: Request) -> Response:
        """Answer a request of Amazon Bedrock's API subject to the same faults, and count it."""
        return await self._counted(request, converse.parse, self._converse_response)

    async def _counted(self, request: Request, parse: Parse, respond: Respond) -> Response:
        arrived = time.monotonic()
        self._stats.begin(time.time())
        status = _DROPPED
        try:
            response = await self._answer(request, arrived, parse, respond)
        except SimulatedModelError as error:
            status = error.status
            error.headers |= self._faults.rate_headers()
            if self._faults.settings.plain_limit:
                error.headers.pop("retry-after-ms", None)
            raise
        else:
            if response is None:
                return await self._dropped(request)
            status = response.status_code
            return response
        finally:
            self._stats.end(status)

    async def models(self, _: Request) -> Response:
        """List the one model."""
        model = {"id": "simulated", "object": "model", "created": 0, "owned_by": "aita"}
        return JSONResponse({"object": "list", "data": [model]})

    async def show_stats(self, _: Request) -> Response:
        """Return the counts and the current settings."""
        return JSONResponse(
            {**self._stats.as_dict(), **self.batches.statistics(), "settings": self._faults.settings.model_dump()}
        )

    async def control(self, request: Request) -> Response:
        """Change settings, go down for a while, reset the counts; return the current settings."""
        try:
            body = json.loads(await request.body())
            commands = _ControlCommands.model_validate(body)
            changes = {name: value for name, value in body.items() if name not in _ControlCommands.model_fields}
            settings = FaultSettings.model_validate({**self._faults.settings.model_dump(), **changes})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise BadRequestError(f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from error
        except ValueError as error:
            raise BadRequestError("the body is not JSON") from error
        if changes:
            self._cache = PrefixCache(CHARACTERS_PER_TOKEN)
            self._faults.change(settings)
            self._changed.set()
            self._changed = asyncio.Event()
        if commands.down_for is not None:
            self._faults.go_down(commands.down_for)
        if commands.reset_stats:
            self._stats = self._stats.renewed()
        return JSONResponse(settings.model_dump())

    async def _dropped(self, request: Request) -> Response:
        await self._drop(request.scope)
        return Response(status_code=499)  # the client is gone

    async def _answer(self, request: Request, arrived: float, parse: Parse, respond: Respond) -> Response | None:
        """Return the response, or ``None`` if the connection is to be dropped."""
        body = await request.body()
        self._faults.admit()
        fault = self._faults.draw_fault()
        chat = parse(body)
        content = await self._reply(chat) if fault != "error" else None
        await self._delay(arrived)
        if content is None:
            raise ServerError
        if fault == "drop":
            return None
        if self._faults.settings.prefix_cache:
            self._cache.add(chat.text)
        self._stats.add_usage(content["usage"])
        if fault == "cut":
            self._stats.cut += 1
        return respond(chat, content, is_cut=fault == "cut")

    def _chat_response(self, chat: ChatRequest, content: dict[str, Any], *, is_cut: bool) -> Response:
        if is_cut:
            message = content["choices"][0]["message"]
            message["content"] = cut(message["content"])
        headers = self._faults.rate_headers()
        if chat.stream:
            events = streaming.events(content, with_usage=chat.with_usage)
            return StreamingResponse(events, media_type="text/event-stream", headers=headers)
        return JSONResponse(content, headers=headers)

    def _converse_response(self, chat: ChatRequest, content: dict[str, Any], *, is_cut: bool) -> Response:
        """Return the response; a cut one is half of its body, as a tool's input can't be half of its JSON."""
        text = json.dumps(converse.answer(chat, content))
        return Response(cut(text) if is_cut else text, media_type="application/json")

    async def _delay(self, arrived: float) -> None:
        """Wait for the latency since the arrival; a change of it counts for calls in flight, too."""
        while (left := self._faults.settings.latency - (time.monotonic() - arrived)) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left)

    async def _reply(self, chat: ChatRequest) -> dict[str, Any]:
        cacheable = chat.text if chat.cacheable is None else chat.text[: chat.cacheable]
        cached = self._cache.cached(cacheable) if self._faults.settings.prefix_cache else 0
        try:
            text = await self._known_reply(chat)
        except NotInSampleExamError:
            if not self._faults.settings.anything:
                raise
            text = dispatch.improvised(chat)
        return completion(chat, text, cached)

    async def _batched_reply(self, body: bytes) -> dict[str, Any]:
        return await self._reply(ChatRequest.parse(body))

    async def _known_reply(self, chat: ChatRequest) -> str:
        kind = kind_of(chat)
        if kind == "StripTranscription":
            return dispatch.strip_transcription(chat, await self.reader.read_strips(chat.images))
        if kind == "NameReading":
            return dispatch.name_reading(chat, await self.reader.read_heads(chat.images))
        # A graded answer is found by its text, so the image of its drawing need not be known; a word is on no page.
        pages = (
            [await self.reader.read(url) for url in chat.images]
            if kind not in ("Grading", "StripGrading", "Word")
            else []
        )
        return dispatch.reply(chat, kind, self._exam, pages, self._faults.omits)


async def _error_response(request: Request, error: Exception) -> Response:
    if not isinstance(error, SimulatedModelError):
        raise error
    if request.url.path.endswith("/converse"):
        status, headers, body = converse.refusal(error)
        return JSONResponse(body, status_code=status, headers=headers)
    return JSONResponse(error.body(), status_code=error.status, headers=error.headers)
