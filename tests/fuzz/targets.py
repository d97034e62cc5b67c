"""What is fuzzed: each parser of what people, models and providers write, with what it is fed and what it may raise."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from aita.errors import InvalidMaterialError, RequestError, TaskError
from aita.llm.headers import limits, retry_after
from aita.memory.objects import MemoryObjects
from aita.models.exam import AnswerKey, Criterion, Page, Question, Rubric
from aita.request_body import read_body
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.roster_csv import read_roster
from aita.services.assignments.task_files import read_lines
from aita.services.exports.csv_safety import csv_bytes
from aita.tasks.answer_key import AnswerKeyGenerationTask
from aita.tasks.chat import ChatTask
from aita.tasks.grading import GradingTask
from aita.tasks.llm_task import LLMTask
from aita.tasks.question_extraction import QuestionExtractionTask
from aita.tasks.rubric import RubricGenerationTask
from aita.tasks.transcription import TranscriptionTask


@dataclass(frozen=True, slots=True)
class Target:
    """A parser. Whatever else than ``allowed`` it raises is a bug."""

    inputs: st.SearchStrategy[Any]
    parse: Callable[[Any], object]
    allowed: tuple[type[Exception], ...] = ()


QUESTION = Question(question_id="1a", question_text="What is g?", points=5, question_type="short_answer")
RUBRIC = Rubric(
    question_id="1a",
    total_points=5,
    criteria=[Criterion(points=3, description="value"), Criterion(points=2, description="unit")],
)
TASKS: dict[str, LLMTask[Any]] = {
    "answer_key": AnswerKeyGenerationTask(question=QUESTION),
    "rubric": RubricGenerationTask(
        question=QUESTION, answer_key=AnswerKey(question_id="1a", correct_answer="9.81 m/s²", grading_notes="")
    ),
    "transcription": TranscriptionTask(page=1, image_key="k", image_sha256="a" * 64, questions=(QUESTION,)),
    "transcription_without_questions": TranscriptionTask(page=1, image_key="k", image_sha256="a" * 64),
    "question_extraction": QuestionExtractionTask(
        pages=(Page(page=1, key="k", sha256="a" * 64, width=10, height=10),), total_pages=1
    ),
    "grading": GradingTask(question=QUESTION, rubric=RUBRIC, answer="9.81 m/s² ~~8~~"),
    "chat": ChatTask.model_validate({"prompt": "x", "schema": {"type": "object"}}),
}

TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["1a", "", "0", "-0", "1e999", "NaN", "\ud800", "\0", "\u202e", "=1+1", "9" * 5000, "~~", "```"]),
)
NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([0, 0.5, 1, 2, 3, 5, 10**400, -1, True]))


def names(schema: Any) -> set[str]:
    """Return the fields' names in a JSON schema."""
    if isinstance(schema, list):
        return {name for each in schema for name in names(each)}
    if not isinstance(schema, dict):
        return set()
    own = schema.get("properties", {})
    return {*own, *(name for each in schema.values() for name in names(each))}


def fitting(schema: Any, whole: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one for each type
    """Values that fit a JSON schema, as far as strict schemas go: what breaks rules and not shapes."""
    if "$ref" in schema:
        return fitting(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    if "anyOf" in schema:
        return st.one_of([fitting(each, whole) for each in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object":
            return st.fixed_dictionaries(
                {name: fitting(each, whole) for name, each in schema.get("properties", {}).items()}
            )
        case "array":
            return st.lists(fitting(schema["items"], whole), max_size=3)
        case "string":
            return TEXTS
        case "integer":
            return st.integers(-1, 10)
        case "number":
            return st.one_of(st.sampled_from([0, 0.25, 0.5, 1, 2, 3, 5]), NUMBERS)
        case "boolean":
            return st.booleans()
    return st.none()


def documents(fields: set[str], schema: Any = None) -> st.SearchStrategy[Any]:
    """JSON with these names in it, whole or damaged, as models send it; some of it fits the schema, if there is one."""
    keys = st.one_of(st.sampled_from(sorted(fields | {"x"})), TEXTS)
    values = st.recursive(
        st.one_of(st.none(), NUMBERS, TEXTS),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=6)),
        max_leaves=20,
    )
    shaped = st.fixed_dictionaries(dict.fromkeys(sorted(fields), values))
    fit = [] if schema is None else [fitting(schema, schema)] * 2
    written = st.one_of(*fit, shaped, values).map(json.dumps)
    fenced = written.map(lambda text: f"Here:\n```json\n{text}\n```")
    cut = st.tuples(written, st.integers(0, 200)).map(lambda both: both[0][: both[1]])
    nested = st.integers(1, 3000).map(lambda depth: '{"x":' * depth)
    return st.one_of(written, fenced, cut, nested, TEXTS)


def unicode_bytes(texts: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Texts in the encodings that files come in, and bytes in none."""
    encoded = st.tuples(texts, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-16-le"])).map(
        lambda both: both[0].encode(both[1], "replace")
    )
    return st.one_of(encoded, st.binary(max_size=200))


ROWS = st.lists(
    st.lists(
        st.one_of(st.sampled_from(["Name", "ID", "SIS User ID", "Email", "Section", "Points Possible", '"']), TEXTS),
        max_size=5,
    ),
    max_size=6,
)
CSV = st.tuples(ROWS, st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n", "\r"])).map(
    lambda made: made[2].join(made[1].join(row) for row in made[0])
)
VALUES = st.one_of(
    TEXTS,
    st.from_regex(r"\A[0-9.hms:+-]{1,20}\Z"),
    st.datetimes().map(str),
    st.sampled_from(["Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 99 Oct 2026 99:28:00 GMT", "1e400", "inf", "6m0s"]),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["retry-after", "retry-after-ms"]
        + [f"x-ratelimit-{what}-{kind}" for what in ("limit", "remaining", "reset") for kind in ("requests", "tokens")]
    ),
    VALUES,
)


def _headers(headers: dict[str, str]) -> None:
    for limited in (False, True):
        wait = retry_after(headers, limited=limited)
        assert wait is None or 0 < wait <= 3600
    assert all(
        rate is None or rate > 0 for rate in (limits(headers).requests_per_second, limits(headers).tokens_per_minute)
    )


def _csv(rows: list[list[str]]) -> None:
    text = csv_bytes([[cell.encode("utf-8", "replace").decode() for cell in row] for row in rows]).decode()
    for row in csv.reader(io.StringIO(text, newline="")):
        assert all(not cell.lstrip().startswith(("=", "+", "@")) for cell in row), "a formula"


def _reply(task: LLMTask[Any]) -> Callable[[str], object]:
    def read(reply: str) -> None:
        try:
            task.parse(reply)
        finally:
            task.salvage(reply)

    return read


TARGETS = {
    **{
        f"reply of {kind}": Target(
            documents(names(task.request().schema), task.request().schema), _reply(task), (TaskError,)
        )
        for kind, task in TASKS.items()
    },
    "roster": Target(unicode_bytes(CSV), read_roster, (InvalidMaterialError,)),
    "questions": Target(
        unicode_bytes(documents({"questions", "question_id", "question_text", "points", "question_type"})),
        lambda data: AssignmentFiles(MemoryObjects(data={"a/questions.json": data}), "a").exam(),
        (InvalidMaterialError,),
    ),
    "lines of tasks": Target(
        unicode_bytes(documents({"prompt", "messages", "role", "text", "images", "schema"})),
        lambda data: read_lines(ChatTask, data, "tasks/chat.jsonl"),
        (InvalidMaterialError,),
    ),
    "request's body": Target(documents({"assignment", "pipeline", "options"}), read_body, (RequestError,)),
    "provider's headers": Target(HEADERS, _headers),
    "CSV export": Target(ROWS, _csv),
}
