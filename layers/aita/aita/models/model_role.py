"""Roles of a stack's models: one reads what is on pages, one writes keys and rubrics and grades."""

from typing import Literal, Protocol, get_args

ModelRole = Literal["reader", "grader"]

ROLES: tuple[ModelRole, ...] = get_args(ModelRole)


class Models(Protocol):
    """Names of a stack's models; that of a role without a model of its own is empty."""

    @property
    def model(self) -> str:
        """Name of the model of tasks without a role."""

    @property
    def reader_model(self) -> str:
        """Name of the reader."""

    @property
    def grader_model(self) -> str:
        """Name of the grader."""


def model_in(role: ModelRole | None, of: Models) -> str:
    """Return the name of the model in a role."""
    return {"reader": of.reader_model, "grader": of.grader_model, None: ""}[role] or of.model
