"""The two base classes of all models. Pydantic builds a model at its first use, as no function uses all of them."""

from threading import RLock
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

_BUILDING: Final = RLock()
"""Held while a model is built."""


class _BuiltLater(BaseModel):
    """Model that is built at its first use, by one thread.

    Pydantic's own ``model_rebuild`` is not safe in threads, as its source says: meanwhile a model has its parent's
    schema and validator, so that a request would ask for an empty object, and a reply be read as one.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, defer_build=True)

    @classmethod
    def model_rebuild(
        cls,
        *,
        force: bool = False,
        raise_errors: bool = True,
        _parent_namespace_depth: int = 2,
        _types_namespace: Any = None,
    ) -> bool | None:
        """Build the model, unless it is built."""
        with _BUILDING:
            return super().model_rebuild(
                force=force,
                raise_errors=raise_errors,
                _parent_namespace_depth=_parent_namespace_depth + 1,
                _types_namespace=_types_namespace,
            )

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the model's JSON schema; the model is built before it is looked at."""
        cls.model_rebuild(_parent_namespace_depth=3)
        return super().model_json_schema(*args, **options)


class StrictModel(_BuiltLater):
    """Immutable model that refuses unknown fields and keeps its input out of error messages."""

    model_config = ConfigDict(extra="forbid")


class LenientModel(_BuiltLater):
    """Immutable model of input from people and models. It ignores unknown fields, so that older files stay readable."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)
