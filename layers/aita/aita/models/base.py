"""The two bases of all models. A model is built when it is first used: no function uses all of them."""

from pydantic import BaseModel, ConfigDict


class StrictModel(BaseModel):
    """An immutable model that refuses unknown fields and never puts its input into an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


class LenientModel(BaseModel):
    """What people or models write: unknown fields are passed over, so that older files import unchanged."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, allow_inf_nan=False, defer_build=True
    )
