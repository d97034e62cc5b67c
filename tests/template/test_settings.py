"""The template gives each function the variables that its settings read, and no others of ours."""

import re
from typing import get_args

import pytest

from aita.errors import SettingsError
from aita.llm.pricing import listed_prices
from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort
from aita.settings import ApiSettings, Environment, PlanSettings, SplitSettings, StackSettings, TaskSettings
from tests.template.conftest import Json
from tests.template.test_resources import variables

SETTINGS: dict[str, type[Environment]] = {
    "ApiFunction": ApiSettings,
    "PlanFunction": PlanSettings,
    "SplitFunction": SplitSettings,
    "TaskFunction": TaskSettings,
    "NamesFunction": TaskSettings,
    "BatchFunction": TaskSettings,
    "ReportFunction": StackSettings,
    "CollectFunction": StackSettings,
}


@pytest.mark.parametrize("function", SETTINGS)
def test_each_function_gets_what_its_settings_read(resources: Json, function: str) -> None:
    read = SETTINGS[function].model_fields
    given = {name for name in variables(resources[function]) if name.startswith("AITA_")}
    required = {f"AITA_{name.upper()}" for name, field in read.items() if field.is_required()}
    assert required <= given
    assert given <= {f"AITA_{name.upper()}" for name in read}


def test_a_default_of_the_template_is_one_that_the_settings_take(template: Json) -> None:
    parameters = template["Parameters"]
    ApiSettings.read(
        {
            "AITA_TABLE": "t",
            "AITA_BUCKET": "b",
            "AITA_STATE_MACHINE_ARN": "a",
            "AITA_BATCH_FUNCTION_ARN": "a",
            "AITA_MODEL_BASE_URL": parameters["ModelBaseUrl"]["Default"],
            "AITA_RATE_LIMIT_TPM": parameters["RateLimitTpm"]["Default"],
            "AITA_MODEL": parameters["ModelName"]["Default"],
            "AITA_MAX_WORKERS": str(parameters["MaxConcurrency"]["Default"]),
            "AITA_RATE_LIMIT_RPS": parameters["RateLimitRps"]["Default"],
            "AITA_RETENTION_DAYS": str(parameters["RetentionDays"]["Default"]),
            "AITA_REASONING_EFFORT": parameters["ReasoningEffort"]["Default"],
        }
    )


def test_the_template_takes_the_reasoning_efforts_that_the_settings_take(template: Json, resources: Json) -> None:
    parameter = template["Parameters"]["ReasoningEffort"]
    assert (parameter["AllowedValues"], parameter["Default"]) == (list(get_args(ReasoningEffort)), DEFAULT_EFFORT)
    reads = {name for name in SETTINGS if "AITA_REASONING_EFFORT" in variables(resources[name])}
    assert reads == {"ApiFunction", "TaskFunction", "NamesFunction", "BatchFunction"}


@pytest.mark.parametrize(
    "value",
    [
        "",
        "m=1/2",
        "a/b:7b=0.1/0.5/0.01/0.125",
        "a=1/2,b=3/4",
        "a=1/2, b=3/4",
        "m",
        "m=1",
        "m=1/2/3/4/5",
        "m=x/2",
        "=1/2",
    ],
)
def test_the_template_takes_the_prices_that_the_functions_take(template: Json, value: str) -> None:
    try:
        listed_prices(value)
        taken = True
    except SettingsError:
        taken = False
    assert bool(re.match(template["Parameters"]["ModelPrices"]["AllowedPattern"], value)) == taken


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("120", True),
        ("120,transcription=300", True),
        ("grading=90.5", True),
        ("120,", False),
        ("a-b=3", False),
        ("x", False),
    ],
)
def test_the_template_takes_the_limits_of_calls_that_the_task_function_takes(
    template: Json, value: str, taken: bool
) -> None:
    task = {"AITA_TABLE": "t", "AITA_BUCKET": "b", "AITA_MODEL": "m", "AITA_MODEL_BASE_URL": "https://model.test"}
    task |= {"AITA_API_KEY_SECRET": "s"}
    for parameter, variable in (("CallTimeout", "AITA_LLM_TIMEOUT"), ("ReplyTokens", "AITA_REPLY_TOKENS")):
        if variable == "AITA_REPLY_TOKENS" and "." in value:
            continue
        assert bool(re.match(template["Parameters"][parameter]["AllowedPattern"], value)) is taken
        try:
            TaskSettings.read(task | {variable: value})
        except SettingsError:
            assert not taken
        else:
            assert taken
        TaskSettings.read(task | {variable: template["Parameters"][parameter]["Default"]})


@pytest.mark.parametrize(
    "value", ["0", "0.12", ".12", "0.5", "0.50", "0.07", "0.51", "0.6", "1", "12", "12%", "-0.1", ""]
)
def test_the_template_takes_the_masks_that_split_takes(template: Json, value: str) -> None:
    pattern = template["Parameters"]["MaskHeader"]["AllowedPattern"]
    stack = {"AITA_TABLE": "t", "AITA_BUCKET": "b", "AITA_MODEL": "m"}
    try:
        SplitSettings.read(stack | {"AITA_MASK_HEADER": value})
        taken = value != ""
    except SettingsError:
        taken = False
    assert bool(re.match(pattern, value)) == taken
