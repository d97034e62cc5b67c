"""Chat with the model that reads, as ``aita doctor`` checks it."""

from typing import ClassVar

from aita.models.model_role import ModelRole
from aita.tasks.chat import ChatTask
from aita.tasks.registry import register


@register("reader_chat")
class ReaderChatTask(ChatTask):
    """Any request to the reader, with a reply that is not validated."""

    model_role: ClassVar[ModelRole | None] = "reader"
