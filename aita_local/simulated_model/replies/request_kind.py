"""Kind of the reply that a request asks for."""

from typing import Literal, cast, get_args

from aita_local.simulated_model.chat_request import ChatRequest
from aita_local.simulated_model.errors import NotInSampleExamError

Kind = Literal[
    "Transcription",
    "StripTranscription",
    "NameReading",
    "ExtractedQuestions",
    "AnswerKey",
    "AnswerKeys",
    "Rubric",
    "Grading",
    "StripGrading",
    "Word",
]

_WORDS: tuple[tuple[str, Kind], ...] = (
    ("you transcribe a student's", "StripTranscription"),
    ("you read who handed in", "NameReading"),
    ("transcribe", "Transcription"),
    ("questions out of an exam", "ExtractedQuestions"),
    ("you grade", "Grading"),
    ("rubric", "Rubric"),
    ("answer key", "AnswerKey"),
    ("answer with the word", "Word"),
)


def kind_of(chat: ChatRequest) -> Kind:
    """Return the kind of the required reply: the schema's name or, without a schema, that of the prompt's first words.

    Raises
    ------
    NotInSampleExamError
        If the simulated model does not know the kind.
    """
    if chat.schema_name is not None:
        if chat.schema_name not in get_args(Kind):
            raise NotInSampleExamError(f"a reply with the schema {chat.schema_name!r} is asked for")
        return cast("Kind", chat.schema_name)
    prompt = chat.text.lower()
    found = [(place, kind) for words, kind in _WORDS if (place := prompt.find(words)) >= 0]
    if not found:
        raise NotInSampleExamError("the prompt asks for nothing that it knows, such as a rubric or a transcription")
    kind = min(found)[1]
    return "AnswerKeys" if kind == "AnswerKey" and "answer_keys" in prompt else kind
