"""What an executor is made of: arguments, the environment, and what is refused by name."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import openai
import pytest

import aita
from aita import ParallelExecutionConfig, SettingsError, create_executor
from aita.executor.batch_executor import BatchExecutor
from aita.executor.in_process import InProcessExecutor
from aita.llm.chat import ChatModel
from aita.services.calls.model_identity import effort_of
from aita.services.calls.model_router import ModelRouter
from aita.settings import DEFAULT_MODEL
from tests.support.fake_llm import FakeLLM

TEMPLATE = Path(__file__).parents[3] / "template.yaml"


class TestConfig:
    def test_what_is_not_given_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AITA_MAX_WORKERS", "7")
        monkeypatch.setenv("AITA_BATCH_SIZE", "")
        config = ParallelExecutionConfig(checkpoint_interval=3)
        assert (config.max_workers, config.batch_size, config.checkpoint_interval) == (7, 5, 3)
        assert ParallelExecutionConfig(max_workers=2).max_workers == 2

    def test_the_defaults(self) -> None:
        config = ParallelExecutionConfig()
        assert (config.max_workers, config.rate_limit_rps, config.checkpoint_interval) == (5, 10.0, 10)
        assert config.enable_checkpointing
        assert config.retry_failed_tasks
        assert config.show_progress

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"max_workers": 0}, "AITA_MAX_WORKERS is wrong|max_workers is wrong"),
            ({"rate_limit_rps": -1}, "RATE_LIMIT_RPS|rate_limit_rps"),
            ({"workers": 3}, "no setting 'workers'"),
        ],
    )
    def test_a_wrong_value_is_named(self, given: dict[str, Any], told: str) -> None:
        with pytest.raises(SettingsError, match=told):
            ParallelExecutionConfig(**given)

    def test_a_wrong_variable_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AITA_CHECKPOINT_INTERVAL", "often")
        with pytest.raises(SettingsError, match="AITA_CHECKPOINT_INTERVAL is wrong: it takes a whole number"):
            create_executor(FakeLLM())


VARIABLES = {
    "AITA_MAX_WORKERS": "2",
    "AITA_RATE_LIMIT_RPS": "1.5",
    "AITA_ENABLE_CHECKPOINTING": "false",
    "AITA_SHOW_PROGRESS": "no",
    "AITA_BATCH_SIZE": "1",
    "AITA_CHECKPOINT_INTERVAL": "7",
    "AITA_RATE_LIMIT_TPM": "900",
    "AITA_PREFIX_SCHEDULING": "false",
    "AITA_RETRY_FAILED_TASKS": "false",
}


def chat_model(executor: BatchExecutor) -> ChatModel:
    assert isinstance(executor, InProcessExecutor)
    assert isinstance(executor.llm, ModelRouter)
    assert isinstance(executor.llm.llm, ChatModel)
    return executor.llm.llm


def config_of(executor: BatchExecutor) -> ParallelExecutionConfig:
    assert isinstance(executor, InProcessExecutor)
    return executor.config


class TestCreate:
    def test_what_is_left_out_is_the_environments(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in VARIABLES.items():
            monkeypatch.setenv(name, value)
        config = config_of(create_executor(FakeLLM()))
        assert config == ParallelExecutionConfig()
        assert (config.max_workers, config.rate_limit_rps, config.batch_size) == (2, 1.5, 1)
        assert not any((config.enable_checkpointing, config.show_progress, config.prefix_scheduling))

    def test_what_is_given_counts_instead(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in VARIABLES.items():
            monkeypatch.setenv(name, value)
        config = config_of(create_executor(FakeLLM(), 9, 3, True, None, True))
        assert (config.max_workers, config.rate_limit_rps) == (9, 3)
        assert config.enable_checkpointing
        assert config.show_progress
        assert config_of(create_executor(FakeLLM(), rate_limit=None)).rate_limit_rps == 0
        assert config_of(create_executor(FakeLLM(), rate_limit=0)).rate_limit_rps == 0

    def test_with_nothing_set_and_nothing_given(self) -> None:
        config = config_of(create_executor(FakeLLM()))
        assert (config.max_workers, config.rate_limit_rps) == (5, 10)
        assert config.enable_checkpointing
        assert config.show_progress

    @pytest.mark.parametrize(("value", "effort"), [(None, "none"), ("low", "low"), ("default", "default")])
    def test_the_reasoning_effort_is_the_environments(
        self, monkeypatch: pytest.MonkeyPatch, value: str | None, effort: str
    ) -> None:
        if value is not None:
            monkeypatch.setenv("AITA_REASONING_EFFORT", value)
        executor = create_executor(openai.OpenAI(api_key="k", base_url="http://127.0.0.1:1/v1"))
        assert isinstance(executor, InProcessExecutor)
        assert chat_model(executor).reasoning_effort == effort
        assert effort_of(executor.llm) == effort

    @pytest.mark.parametrize("rate", [-1, float("nan"), "fast"])
    def test_a_wrong_rate(self, rate: Any) -> None:
        with pytest.raises(SettingsError, match="rate_limit is wrong"):
            create_executor(FakeLLM(), rate_limit=rate)

    def test_no_rate(self) -> None:
        executor = create_executor(FakeLLM(), rate_limit=None)
        assert isinstance(executor, InProcessExecutor)
        assert executor.config.rate_limit_rps == 0

    def test_a_client_has_its_own_endpoint_and_the_environments_model(self) -> None:
        executor = create_executor(openai.OpenAI(api_key="k", base_url="http://127.0.0.1:1/v1"))
        assert isinstance(executor, InProcessExecutor)
        assert (executor.llm.provider, executor.llm.model) == ("http://127.0.0.1:1/v1", DEFAULT_MODEL)

    @pytest.mark.parametrize("client", [openai.AsyncOpenAI(api_key="k"), "sk-key", object()])
    def test_a_client_that_can_not_be_used(self, client: Any) -> None:
        with pytest.raises(SettingsError, match=r"it takes an openai\.OpenAI"):
            create_executor(client)

    def test_no_key(self) -> None:
        with pytest.raises(SettingsError, match="OPENAI_API_KEY is not set"):
            create_executor()

    def test_an_endpoint_of_ones_own_needs_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1/")
        monkeypatch.setenv("AITA_MODEL", "mine")
        executor = create_executor()
        assert isinstance(executor, InProcessExecutor)
        assert (executor.llm.provider, executor.llm.model) == ("http://127.0.0.1:1/v1", "mine")

    def test_the_stack_takes_no_client(self) -> None:
        with pytest.raises(SettingsError, match="llm_client is not for backend 'stack'"):
            create_executor(FakeLLM(), backend="stack")

    def test_another_backend(self) -> None:
        with pytest.raises(SettingsError, match="no backend 'cloud'"):
            create_executor(FakeLLM(), backend="cloud")  # type: ignore[arg-type]

    def test_the_model_is_the_templates(self) -> None:
        default = re.search(r"ModelName:\n    Type: String\n    Default: (\S+)", TEMPLATE.read_text())
        assert default is not None
        assert default[1] == DEFAULT_MODEL


class TestPackage:
    def test_every_public_name_is_there_and_documented(self) -> None:
        assert sorted(aita._HOMES) == sorted(aita.__all__)
        for name in aita.__all__:
            assert getattr(aita, name).__doc__, name
        with pytest.raises(AttributeError, match="no attribute 'nothing'"):
            _ = aita.nothing

    def test_importing_it_loads_nothing(self) -> None:
        code = "import sys, aita; print([m for m in sys.modules if m.startswith(('aita.', 'openai', 'pydantic'))])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"
