"""Model of an executor in process: behind the caller's client, or behind the environment's endpoint."""

from typing import Annotated, Any

import openai
from pydantic import Field

from aita.errors import SettingsError
from aita.llm.chat import ChatModel, connect
from aita.llm.price_table import table, table_name
from aita.llm.pricing import Prices, read_prices
from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort
from aita.ports import LLM
from aita.settings import DEFAULT_MODEL, Environment, Url

OPENAI = "https://api.openai.com/v1"

_NO_KEY = "none"  # sent to an endpoint that needs no key, as openai's client requires one


class ModelSettings(Environment):
    """Settings of the model: endpoint, key, name, reasoning effort, time-out in seconds, and a file of prices."""

    openai_base_url: Url = OPENAI
    openai_api_key: Annotated[str | None, Field(repr=False)] = None
    model: str = DEFAULT_MODEL
    reasoning_effort: ReasoningEffort = DEFAULT_EFFORT
    llm_timeout: Annotated[float, Field(gt=0, le=600)] = 120.0
    prices: str | None = None


def model_of(client: Any) -> LLM:
    """Return the model behind a client or, if ``client`` is ``None``, behind the environment's endpoint.

    Raises
    ------
    SettingsError
        If there is no key, or the client is of an unsupported type.
    """
    if client is None:
        return _from_environment()
    if isinstance(client, openai.OpenAI):
        return _chat_model(client, ModelSettings.read())
    if callable(getattr(client, "complete", None)) and callable(getattr(client, "price", None)):
        implementation: LLM = client
        return implementation
    raise SettingsError(
        f"llm_client is a {type(client).__name__}: it takes an openai.OpenAI, which is called from threads, "
        "or an object with complete, price, provider and model"
    )


def environment_prices() -> Prices:
    """Return the prices in the file that AITA_PRICES names; none without one.

    Raises
    ------
    SettingsError
        If the file can't be read, or holds something else.
    """
    path = ModelSettings.read().prices
    return {} if path is None else read_prices(path)


def _from_environment() -> ChatModel:
    settings = ModelSettings.read()
    key = settings.openai_api_key
    if key is None:
        if settings.openai_base_url == OPENAI:
            raise SettingsError("OPENAI_API_KEY is not set: set it, or give create_executor a client")
        key = _NO_KEY
    client = connect(settings.openai_base_url, lambda: key, settings.llm_timeout)
    return _chat_model(client, settings)


def _chat_model(client: openai.OpenAI, settings: ModelSettings) -> ChatModel:
    if (name := table_name(str(client.base_url))) is not None:
        table(name)  # once a call is paid, the process may have no file left to open
    return ChatModel(client, settings.model, forget_key=_keep_key, reasoning_effort=settings.reasoning_effort)


def _keep_key() -> None:
    """Keep the key, which is read only once."""
