"""The simulated model in process, behind the client that calls real ones."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import openai
from starlette.testclient import TestClient
from starlette.types import Scope

from aita.llm.chat import RESPONSE_FORMATS, ChatModel
from aita_local.simulated_model.app import create_app
from aita_local.simulated_model.fault_injection import Faults, FaultSettings
from aita_local.simulated_model.sample.exam import SampleExam

URL = "http://model.test/v1"


@contextmanager
def simulated_model(form: str = "json_schema", **settings: object) -> Iterator[ChatModel]:
    """Yield the simulated model under these settings; replies come in the form that is named."""
    app = create_app(SampleExam.load(), Faults(FaultSettings.model_validate({"latency": 0, **settings})), drop)
    with TestClient(app) as server:

        def answer(request: httpx2.Request) -> httpx2.Response:
            headers = {name: value for name, value in request.headers.items() if name == "content-type"}
            answered = server.request(
                request.method, str(request.url.raw_path.decode()), content=request.read(), headers=headers
            )
            kind = {"content-type": answered.headers["content-type"]}
            return httpx2.Response(answered.status_code, content=answered.content, headers=kind)

        http = httpx2.Client(transport=httpx2.MockTransport(answer))
        client = openai.OpenAI(base_url=URL, api_key="none", max_retries=0, http_client=http)
        yield ChatModel(client, "simulated", forget_key=lambda: None, _format=RESPONSE_FORMATS.index(form))


async def drop(_: Scope) -> None:
    raise AssertionError("no call was to be dropped")
