"""Settings: each variable right, wrong and empty."""

from decimal import Decimal
from typing import Any, ClassVar

import pytest

from aita.errors import SettingsError
from aita.models.model_role import ROLES
from aita.settings import (
    ApiSettings,
    Environment,
    Place,
    PlanSettings,
    SplitSettings,
    StackSettings,
    TaskSettings,
    UserSettings,
)

EFFORTS = "none, minimal, low, medium, high, xhigh, max"
STACK = {"AITA_TABLE": "table", "AITA_BUCKET": "bucket", "AITA_MODEL": "gpt-5"}
API = STACK | {
    "AITA_STATE_MACHINE_ARN": "arn:machine",
    "AITA_BATCH_FUNCTION_ARN": "arn:batch",
    "AITA_MODEL_BASE_URL": "https://x.test/v1",
    "AITA_MAX_WORKERS": "10",
}
PLAN = STACK | {f"AITA_{name.upper()}_FUNCTION_ARN": f"arn:{name}" for name in ("task", "names", "split", "report")}
TASK = STACK | {"AITA_MODEL_BASE_URL": "https://x.test/v1", "AITA_API_KEY_SECRET": "secret"}

ALL: list[tuple[type[Environment], dict[str, str]]] = [
    (UserSettings, {}),
    (StackSettings, STACK),
    (ApiSettings, API),
    (PlanSettings, PLAN),
    (SplitSettings, STACK),
    (TaskSettings, TASK),
]


@pytest.mark.parametrize(("settings", "given"), ALL)
def test_what_must_be_set_suffices(settings: type[Environment], given: dict[str, str]) -> None:
    settings.read(given | {"PATH": "/bin", "AITA_SOMETHING_NEW": "1"})


@pytest.mark.parametrize(("settings", "given"), [each for each in ALL if each[1]])
def test_a_missing_or_empty_variable_is_named(settings: type[Environment], given: dict[str, str]) -> None:
    for name in given:
        for values in ({other: value for other, value in given.items() if other != name}, given | {name: ""}):
            with pytest.raises(SettingsError, match=rf"^{name} is not set$"):
                settings.read(values)


RIGHT: list[tuple[type[Environment], dict[str, str], str, str, Any]] = [
    (UserSettings, {}, "AITA_MAX_WORKERS", "1", 1),
    (UserSettings, {}, "AITA_MAX_WORKERS", "10000", 10000),
    (UserSettings, {}, "AITA_RATE_LIMIT_RPS", "0", 0.0),
    (UserSettings, {}, "AITA_RATE_LIMIT_RPS", "0.5", 0.5),
    (UserSettings, {}, "AITA_RATE_LIMIT_TPM", "90000", 90000.0),
    (UserSettings, {}, "AITA_BATCH_SIZE", "1", 1),
    (UserSettings, {}, "AITA_PREFIX_SCHEDULING", "false", False),
    (UserSettings, {}, "AITA_MAX_COST_USD", "2.50", Decimal("2.50")),
    (UserSettings, {}, "AITA_ENABLE_CHECKPOINTING", "false", False),
    (UserSettings, {}, "AITA_CHECKPOINT_INTERVAL", "25", 25),
    (UserSettings, {}, "AITA_RETRY_FAILED_TASKS", "0", False),
    (UserSettings, {}, "AITA_SHOW_PROGRESS", "no", False),
    (UserSettings, {}, "AITA_MODEL", "gpt-5", "gpt-5"),
    (UserSettings, {}, "OPENAI_BASE_URL", "http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
    (UserSettings, {}, "OPENAI_API_KEY", "sk-x", "sk-x"),
    (UserSettings, {}, "AITA_REASONING_EFFORT", "none", "none"),
    (ApiSettings, API, "AITA_REASONING_EFFORT", "high", "high"),
    (TaskSettings, TASK, "AITA_REASONING_EFFORT", "default", "default"),
    (StackSettings, STACK, "AITA_RETENTION_DAYS", "30", 30),
    (ApiSettings, API, "AITA_RATE_LIMIT_RPS", "2", 2.0),
    (SplitSettings, STACK, "AITA_LONGEST_SIDE", "1024", 1024),
    (SplitSettings, STACK, "AITA_MASK_HEADER", "0.12", 0.12),
    (UserSettings, {}, "AITA_MASK_HEADER", "0.5", 0.5),
    (TaskSettings, TASK, "AITA_LLM_TIMEOUT", "30", {"": 30.0}),
    (TaskSettings, TASK, "AITA_LLM_TIMEOUT", "60, grading=30", {"": 60.0, "grading": 30.0}),
    (TaskSettings, TASK, "AITA_REPLY_TOKENS", "grading=4096", {"grading": 4096}),
]


@pytest.mark.parametrize(("settings", "given", "name", "value", "expected"), RIGHT)
def test_a_right_value(
    settings: type[Environment], given: dict[str, str], name: str, value: str, expected: Any
) -> None:
    field = name.lower() if name.startswith("OPENAI") else name.removeprefix("AITA_").lower()
    assert getattr(settings.read(given | {name: value}), field) == expected


@pytest.mark.parametrize(("settings", "given", "name"), [(s, g, n) for s, g, n, _, _ in RIGHT if n not in g])
def test_an_empty_value_is_as_if_not_set(settings: type[Environment], given: dict[str, str], name: str) -> None:
    assert settings.read(given | {name: ""}) == settings.read(given)


@pytest.mark.parametrize(
    ("settings", "given", "name", "value", "takes"),
    [
        (UserSettings, {}, "AITA_MAX_WORKERS", "0", "a whole number from 1 to 10000"),
        (UserSettings, {}, "AITA_MAX_WORKERS", "10001", "a whole number from 1 to 10000"),
        (UserSettings, {}, "AITA_MAX_WORKERS", "2.5", "a whole number from 1 to 10000"),
        (UserSettings, {}, "AITA_MAX_WORKERS", "many", "a whole number from 1 to 10000"),
        (UserSettings, {}, "AITA_MAX_WORKERS", " ", "a whole number from 1 to 10000"),
        (UserSettings, {}, "AITA_MODEL", "m ", "the name of a model, without blanks around it"),
        (UserSettings, {}, "AITA_READER_MODEL", "  ", "the name of a model, without blanks around it"),
        (TaskSettings, TASK, "AITA_READER_MODEL", "  ", "the name of a model, without blanks around it"),
        (TaskSettings, TASK, "AITA_GRADER_MODEL", "m\n", "the name of a model, without blanks around it"),
        (UserSettings, {}, "AITA_RATE_LIMIT_RPS", "-1", "a number from 0 to 10000; 0 is none"),
        (UserSettings, {}, "AITA_RATE_LIMIT_RPS", "nan", "a number from 0 to 10000; 0 is none"),
        (UserSettings, {}, "AITA_RATE_LIMIT_RPS", "inf", "a number from 0 to 10000; 0 is none"),
        (UserSettings, {}, "AITA_ENABLE_CHECKPOINTING", "maybe", "true or false"),
        (UserSettings, {}, "AITA_CHECKPOINT_INTERVAL", "0", "a whole number from 1 up"),
        (UserSettings, {}, "AITA_RETRY_FAILED_TASKS", "2", "true or false"),
        (UserSettings, {}, "AITA_SHOW_PROGRESS", "x", "true or false"),
        (
            UserSettings,
            {},
            "OPENAI_BASE_URL",
            "api.openai.com",
            "a URL that starts with http:// or https://, or bedrock",
        ),
        (TaskSettings, TASK, "AITA_REASONING_EFFORT", "much", f"{EFFORTS}, or default, which leaves it to the model"),
        (UserSettings, {}, "AITA_REASONING_EFFORT", "Low", f"{EFFORTS}, or default, which leaves it to the model"),
        (StackSettings, STACK, "AITA_RETENTION_DAYS", "0", "a whole number of days from 1 up"),
        (ApiSettings, API, "AITA_MAX_WORKERS", "0", "a whole number from 1 to 10000"),
        (ApiSettings, API, "AITA_RATE_LIMIT_RPS", "x", "a number from 0 to 10000; 0 is none"),
        (SplitSettings, STACK, "AITA_LONGEST_SIDE", "255", "a whole number of pixels from 256 to 8192"),
        (SplitSettings, STACK, "AITA_LONGEST_SIDE", "8193", "a whole number of pixels from 256 to 8192"),
        (SplitSettings, STACK, "AITA_MASK_HEADER", "12", "a part of the page's height, from 0 (none) to 0.5"),
        (UserSettings, {}, "AITA_MASK_HEADER", "-0.1", "a part of the page's height, from 0 (none) to 0.5"),
        (
            TaskSettings,
            TASK,
            "AITA_MODEL_BASE_URL",
            "ftp://x",
            "a URL that starts with http:// or https://, or bedrock",
        ),
        (
            TaskSettings,
            TASK,
            "AITA_LLM_TIMEOUT",
            "0",
            "a number of seconds, more than 0 and at most 600, and others by kind: 120,transcription=300",
        ),
        (
            TaskSettings,
            TASK,
            "AITA_LLM_TIMEOUT",
            "601",
            "a number of seconds, more than 0 and at most 600, and others by kind: 120,transcription=300",
        ),
        (
            TaskSettings,
            TASK,
            "AITA_LLM_TIMEOUT",
            "nan",
            "a number of seconds, more than 0 and at most 600, and others by kind: 120,transcription=300",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_it_takes(
    settings: type[Environment], given: dict[str, str], name: str, value: str, takes: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.read(given | {name: value})
    assert str(caught.value) == f"{name} is wrong: it takes {takes}"


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SettingsError, match=r"AITA_TABLE is not set; .*AITA_RETENTION_DAYS is wrong"):
        StackSettings.read({"AITA_BUCKET": "b", "AITA_MODEL": "m", "AITA_RETENTION_DAYS": "x"})


@pytest.mark.parametrize("name", ["model", "max_workers", "MODEL", "aita_model"])
def test_only_the_variables_own_name_counts(name: str) -> None:
    assert UserSettings.read({name: "7"}) == UserSettings()


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITA_MODEL", "from-the-process")
    assert UserSettings.read().model == "from-the-process"


def test_the_key_is_never_shown() -> None:
    assert "sk-secret" not in repr(UserSettings.read({"OPENAI_API_KEY": "sk-secret"}))


class TestRoles:
    OWN: ClassVar[dict[str, str]] = TASK | {"AITA_READER_BASE_URL": "https://reader.test/v1"}

    def test_one_without_anything_of_its_own_is_the_model(self) -> None:
        settings = TaskSettings.read(TASK)
        places = {settings.place_of(role) for role in (None, *ROLES)}
        assert places == {Place("https://x.test/v1", "gpt-5")}
        assert {settings.key_secret_of(role) for role in (None, *ROLES)} == {"secret"}

    def test_one_of_another_name_has_the_endpoint_and_its_key(self) -> None:
        settings = TaskSettings.read(TASK | {"AITA_GRADER_MODEL": "g", "AITA_GRADER_KEY_SECRET": "unused"})
        assert settings.place_of("grader") == Place("https://x.test/v1", "g")
        assert settings.place_of("reader").model == "gpt-5"
        assert settings.key_secret_of("grader") == "secret"

    def test_another_endpoint_never_gets_the_models_key(self) -> None:
        settings = TaskSettings.read(self.OWN | {"AITA_READER_KEY_SECRET": "own"})
        assert settings.place_of("reader") == Place("https://reader.test/v1", "gpt-5")
        assert (settings.key_secret_of("reader"), settings.key_secret_of("grader")) == ("own", "secret")
        with pytest.raises(SettingsError, match="AITA_READER_KEY_SECRET is not set"):
            TaskSettings.read(self.OWN).key_secret_of("reader")
