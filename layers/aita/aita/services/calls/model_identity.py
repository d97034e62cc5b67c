"""What replies are known by beside their request: the model that gave them, and how long it was told to think."""

from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort, is_plain
from aita.models.run import RunSettings
from aita.ports import LLM


def effort_of(llm: LLM) -> ReasoningEffort:
    """Return a model's reasoning effort; one of somebody's own need not know any."""
    effort: ReasoningEffort = getattr(llm, "reasoning_effort", DEFAULT_EFFORT)
    return effort


def changed(settings: RunSettings, llm: LLM) -> tuple[str, str, str] | None:
    """Return what of a run's model is another by now: its name, what it was and what it is; ``None`` if nothing is."""
    if settings.model != llm.model:
        return "model", settings.model, llm.model
    before, now = settings.reasoning_effort, effort_of(llm)
    if before == now or (is_plain(before) and is_plain(now)):
        return None
    return "reasoning effort", before, now


def identity(llm: LLM) -> tuple[str, ...]:
    """Return provider and model, and the effort if it asks for thoughts: other thoughts may bring other grades.

    Without thoughts it is what it was before there was an effort, so that what was paid for then is used.
    """
    effort = effort_of(llm)
    return (llm.provider, llm.model) if is_plain(effort) else (llm.provider, llm.model, f"effort {effort}")
