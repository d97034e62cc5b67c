"""The two base classes of all models. Pydantic builds a model at its first use, as no function uses all of them."""

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """Immutable model that refuses unknown fields and keeps its input out of error messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


class LenientModel(BaseModel):
    """Immutable model of input from people and models. It ignores unknown fields, so that older files stay readable."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, allow_inf_nan=False, defer_build=True
    )
