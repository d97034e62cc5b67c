"""Chat with the model that grades, as ``aita doctor`` checks it."""

from typing import ClassVar

from aita.models.model_role import ModelRole
from aita.tasks.chat import ChatTask
from aita.tasks.registry import register


@register("grader_chat")
class GraderChatTask(ChatTask):
    """Any request to the grader, with a reply that is not validated."""

    model_role: ClassVar[ModelRole | None] = "grader"
