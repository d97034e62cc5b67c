"""The template gives each function the variables that its settings read, and no others of ours."""

import pytest

from aita.settings import ApiSettings, Environment, PlanSettings, SplitSettings, StackSettings, TaskSettings
from tests.template.conftest import Json
from tests.template.test_resources import variables

SETTINGS: dict[str, type[Environment]] = {
    "ApiFunction": ApiSettings,
    "PlanFunction": PlanSettings,
    "SplitFunction": SplitSettings,
    "TaskFunction": TaskSettings,
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
            "AITA_MODEL_BASE_URL": parameters["ModelBaseUrl"]["Default"],
            "AITA_RATE_LIMIT_TPM": parameters["RateLimitTpm"]["Default"],
            "AITA_MODEL": parameters["ModelName"]["Default"],
            "AITA_MAX_WORKERS": str(parameters["MaxConcurrency"]["Default"]),
            "AITA_RATE_LIMIT_RPS": parameters["RateLimitRps"]["Default"],
            "AITA_RETENTION_DAYS": str(parameters["RetentionDays"]["Default"]),
        }
    )
