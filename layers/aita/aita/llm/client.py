"""Model of an executor in process: behind the caller's client, or behind the environment's endpoint.

openai is imported where a model is behind it, boto3 where it is one of Amazon Bedrock: neither is needed for the other.
"""

from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable

from pydantic import Field

from aita.errors import SettingsError
from aita.llm.price_table import Price, table, table_name
from aita.llm.pricing import Prices, read_prices
from aita.models.call_limits import ALL, DEFAULT_TIMEOUT, CallLimits, ReplyTokens, Timeouts
from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort
from aita.ports import LLM
from aita.settings import BEDROCK, DEFAULT_MODEL, BaseUrl, Environment

if TYPE_CHECKING:
    import openai

    from aita.llm.bedrock import BedrockModel
    from aita.llm.chat import ChatModel

OPENAI = "https://api.openai.com/v1"

_NO_KEY = "none"  # sent to an endpoint that needs no key, as openai's client requires one


class ModelSettings(Environment):
    """Settings of the model: endpoint, key, name, reasoning effort, limits of calls by kind, and a file of prices."""

    openai_base_url: BaseUrl = OPENAI
    openai_api_key: Annotated[str | None, Field(repr=False)] = None
    model: str = DEFAULT_MODEL
    reasoning_effort: ReasoningEffort = DEFAULT_EFFORT
    llm_timeout: Timeouts = Field(default={ALL: DEFAULT_TIMEOUT})
    reply_tokens: ReplyTokens = Field(default={})
    prices: str | None = None


@runtime_checkable
class EndpointModel(LLM, Protocol):
    """Model of aita's own, whose price can be given; not one behind a caller's implementation of ``LLM``."""

    given_price: Price | None

    def with_model(self, model: str, price: Price | None = None) -> "EndpointModel":
        """Return another model at the same endpoint."""
        ...


def model_of(client: Any) -> LLM:
    """Return the model behind a client or, if ``client`` is ``None``, behind the environment's endpoint.

    Raises
    ------
    SettingsError
        If there is no key, or the client is of an unsupported type.
    """
    if client is None:
        settings = ModelSettings.read()
        return _bedrock_model(settings) if settings.openai_base_url == BEDROCK else _from_environment(settings)
    import openai  # noqa: PLC0415 - as above

    if isinstance(client, openai.OpenAI):
        settings = ModelSettings.read()
        return _chat_model(client, settings, CallLimits({}, settings.reply_tokens))  # the time-out is the client's
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


def _from_environment(settings: ModelSettings) -> "ChatModel":
    from aita.llm.chat import connect  # noqa: PLC0415 - as above

    key = settings.openai_api_key
    if key is None:
        if settings.openai_base_url == OPENAI:
            raise SettingsError("OPENAI_API_KEY is not set: set it, or give create_executor a client")
        key = _NO_KEY
    limits = CallLimits(settings.llm_timeout, settings.reply_tokens)
    client = connect(settings.openai_base_url, lambda: key, limits.longest)
    return _chat_model(client, settings, limits)


def _bedrock_model(settings: ModelSettings) -> "BedrockModel":
    from aita.llm.bedrock import BedrockModel  # noqa: PLC0415 - as above
    from aita.llm.bedrock_client import BedrockClient  # noqa: PLC0415

    _load_prices(BEDROCK)
    limits = CallLimits(settings.llm_timeout, settings.reply_tokens)
    return BedrockModel(
        BedrockClient(limits.longest),
        settings.model,
        reasoning_effort=settings.reasoning_effort,
        call_limits=limits,
    )


def _load_prices(base_url: str) -> None:
    """Read an endpoint's table of prices: once a call is paid, the process may have no file left to open."""
    if (name := table_name(base_url)) is not None:
        table(name)


def _chat_model(client: "openai.OpenAI", settings: ModelSettings, limits: CallLimits) -> "ChatModel":
    from aita.llm.chat import ChatModel  # noqa: PLC0415 - as above

    _load_prices(str(client.base_url))
    return ChatModel(
        client,
        settings.model,
        forget_key=_keep_key,
        reasoning_effort=settings.reasoning_effort,
        call_limits=limits,
    )


def _keep_key() -> None:
    """Keep the key, which is read only once."""
