"""Identity of a model, part of each reply's digest: provider, name and reasoning effort."""

from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort, is_plain
from aita.models.model_role import ModelRole
from aita.models.run import RunSettings
from aita.ports import LLM
from aita.tasks.request import DEFAULT_MAX_OUTPUT_TOKENS, DEFAULT_TEMPERATURE, Parameters


def effort_of(llm: LLM) -> ReasoningEffort:
    """Return a model's reasoning effort; the default for an implementation of ``LLM`` that has none."""
    effort: ReasoningEffort = getattr(llm, "reasoning_effort", DEFAULT_EFFORT)
    return effort


def defaults_of(llm: LLM) -> Parameters:
    """Return the parameters of requests without any; none for an implementation of ``LLM`` that has none."""
    defaults: Parameters = getattr(llm, "defaults", Parameters())
    return defaults


def changed_model(settings: RunSettings, llm: LLM, role: ModelRole | None = None) -> tuple[str, str, str] | None:
    """Return the first difference between a run's model of a role and the deployed one; ``None`` if there is none.

    Returns
    -------
    tuple of str or None
        Name of the property, its value in the run's settings, and its present value.
    """
    if (model := settings.model_of(role)) != llm.model:
        return "model", model, llm.model
    before, now = settings.reasoning_effort, effort_of(llm)
    if before == now or (is_plain(before) and is_plain(now)):
        return None
    return "reasoning effort", before, now


def identity(llm: LLM, parameters: Parameters = Parameters()) -> tuple[str, ...]:  # noqa: B008 - it is immutable
    """Return provider, model and, if it makes the model reason, the effort: other reasoning may bring other grades.

    Without reasoning, the identity is the one of versions that had no effort, so that their cached replies are found.

    Parameters
    ----------
    parameters
        Parameters of the task. Its own model replaces the executor's, and the executor's temperature and limit of
        tokens count where the task has none.
    """
    effort = effort_of(llm)
    known_by = [llm.provider, parameters.model or llm.model, *([] if is_plain(effort) else [f"effort {effort}"])]
    defaults = defaults_of(llm)
    if parameters.temperature is None and defaults.temperature not in (None, DEFAULT_TEMPERATURE):
        known_by.append(f"temperature {defaults.temperature}")
    if parameters.max_output_tokens is None and defaults.max_output_tokens not in (None, DEFAULT_MAX_OUTPUT_TOKENS):
        known_by.append(f"max_output_tokens {defaults.max_output_tokens}")
    return tuple(known_by)
