"""The simulated model: what it knows, what it refuses, and what it puts its callers through."""

import base64
import io
import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pypdfium2
import pytest
from PIL import Image, ImageOps
from pydantic import ValidationError
from starlette.testclient import TestClient
from starlette.types import Scope

from aita.cli.word_picture import WORD, draw
from aita.models.exam import AnswerKey, Rubric
from aita.tasks.json_reply import find_object
from aita_local.simulated_model.app import create_app
from aita_local.simulated_model.fault_injection import Faults, FaultSettings
from aita_local.simulated_model.sample.exam import FARTHEST, TRUTH, SampleExam
from aita_local.simulated_model.sample.page_fingerprint import distance, fingerprint

SCANS = TRUTH.parent / "exam" / "scans"
PAGES: list[dict[str, Any]] = json.loads(TRUTH.read_text("utf-8"))["pages"]
QUESTIONS: list[dict[str, Any]] = json.loads(TRUTH.read_text("utf-8"))["questions"]
CALCULATION = QUESTIONS[2]
CHAT = "/v1/chat/completions"


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Drops:
    """Stands in for the server's way to close a connection."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, scope: Scope) -> None:
        self.count += 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def drops() -> Drops:
    return Drops()


@pytest.fixture
def client(clock: Clock, drops: Drops) -> Iterator[TestClient]:
    app = create_app(SampleExam.load(), Faults(FaultSettings(latency=0), clock), drops)
    with TestClient(app) as client:
        yield client


def scan_files() -> dict[tuple[str, int], Path]:
    """Return the scans that are one JPEG a page."""
    return {
        (folder.name, number): path
        for folder in SCANS.iterdir()
        for number, path in enumerate(sorted(folder.glob("*.jp*g")), 1)
    }


def upright_pages() -> dict[tuple[str, int], Image.Image]:
    """Return every sample page as an upright image; the PDF's are rendered at 200 dpi."""
    pages = {}
    for place, path in scan_files().items():
        with Image.open(path) as image:
            pages[place] = ImageOps.exif_transpose(image).convert("RGB")
    document = pypdfium2.PdfDocument(io.BytesIO((SCANS / "Tobias Wrenfield" / "exam scan.pdf").read_bytes()))
    for number, page in enumerate(document, 1):
        pages["Tobias Wrenfield", number] = page.render(scale=200 / 72).to_pil().convert("RGB")
    document.close()
    return pages


@pytest.fixture(scope="module")
def upright() -> dict[tuple[str, int], Image.Image]:
    return upright_pages()


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def bounded(image: Image.Image, longest: int) -> Image.Image:
    copy = image.copy()
    copy.thumbnail((longest, longest))
    return copy


def through_a_pdf(image: Image.Image) -> Image.Image:
    document = pypdfium2.PdfDocument(io.BytesIO(encoded(image, "PDF", resolution=150)))
    rendered: Image.Image = document[0].render(scale=200 / 72).to_pil().convert("RGB")
    document.close()
    return rendered


def without_header(image: Image.Image) -> Image.Image:
    copy = image.copy()
    copy.paste((255, 255, 255), (0, 0, copy.width, round(copy.height * 0.12)))
    return copy


def image_request(image: bytes, schema: str | None = "Transcription") -> dict[str, Any]:
    url = f"data:image/jpeg;base64,{base64.b64encode(image).decode()}"
    parts = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "Transcribe this page."}]
    return {"model": "gpt", "messages": [{"role": "user", "content": parts}], **as_schema(schema)}


def as_schema(name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    return {"response_format": {"type": "json_schema", "json_schema": {"name": name, "schema": {}}}}


def question_request(text: str, schema: str | None = None) -> dict[str, Any]:
    return {"model": "gpt", "messages": [{"role": "user", "content": text}], **as_schema(schema)}


RUBRIC = question_request(f"Question id: 2\nPoints: 8\n\n{CALCULATION['question_text']}", "Rubric")


def content_of(client: TestClient, request: dict[str, Any]) -> str:
    response = client.post(CHAT, json=request)
    assert response.status_code == 200, response.text
    return str(response.json()["choices"][0]["message"]["content"])


RE_ENCODINGS: dict[str, Callable[[Image.Image], bytes]] = {
    "jpeg quality 85": lambda image: encoded(image, quality=85),
    "jpeg quality 30": lambda image: encoded(image, quality=30),
    "png": lambda image: encoded(bounded(image, 1200), "PNG", compress_level=1),
    "grey": lambda image: encoded(image.convert("L")),
    "1000 pixels": lambda image: encoded(bounded(image, 1000)),
    "pdf at 200 dpi, 2048 pixels": lambda image: encoded(bounded(through_a_pdf(image), 2048), quality=85),
    "without header": lambda image: encoded(without_header(image)),
}


@pytest.mark.parametrize("way", RE_ENCODINGS)
def test_every_page_is_recognised_after(way: str, upright: dict[tuple[str, int], Image.Image]) -> None:
    exam = SampleExam.load()
    for page in PAGES:
        image = RE_ENCODINGS[way](upright[page["student"], page["page"]])
        assert distance(fingerprint(image), int(page["fingerprint"], 16)) <= FARTHEST // 2
        known = exam.page(fingerprint(image))
        assert known is not None
        assert list(known.lines) == page["lines"]


def test_files_as_they_are_match_the_truth_exactly() -> None:
    files = scan_files()
    for page in PAGES:
        if path := files.get((page["student"], page["page"])):
            assert fingerprint(path.read_bytes()) == int(page["fingerprint"], 16)


def test_different_pages_are_far_apart() -> None:
    prints = [int(page["fingerprint"], 16) for page in PAGES]
    nearest = min(distance(one, other) for one, other in itertools.combinations(prints, 2))
    assert nearest >= 1.5 * FARTHEST


def test_a_page_is_transcribed(client: TestClient) -> None:
    page = PAGES[0]
    image = scan_files()[page["student"], page["page"]].read_bytes()
    reply = json.loads(content_of(client, image_request(image)))
    assert reply == {name: page[name] for name in ("lines", "confidence", "warnings")}
    assert content_of(client, image_request(image)) == content_of(client, image_request(image))


def test_several_pages_in_one_request_are_transcribed_in_order(client: TestClient) -> None:
    first, second = (image_request(path.read_bytes()) for path in list(scan_files().values())[:2])
    first["messages"] += second["messages"]
    one = json.loads(content_of(client, second))["lines"]
    assert json.loads(content_of(client, first))["lines"][-len(one) :] == one


def test_another_image_is_refused(client: TestClient) -> None:
    response = client.post(CHAT, json=image_request(encoded(Image.linear_gradient("L").resize((1240, 1754)))))
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["code"] == "simulated_model_knows_only_the_sample_exam"
    assert error["type"] == "invalid_request_error"
    assert "set OPENAI_API_KEY and run `aita local up` to use a real one" in error["message"]


@pytest.mark.parametrize(
    "request_",
    [
        image_request(b"not an image"),
        question_request("What is the capital of France? Write a rubric."),
        question_request(CALCULATION["question_text"]),
        question_request(CALCULATION["question_text"], "Grade"),
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://a.test/b"}}]}]},
    ],
    ids=["no image", "another question", "no kind", "another schema", "image by address"],
)
def test_anything_else_is_refused(client: TestClient, request_: dict[str, Any]) -> None:
    response = client.post(CHAT, json=request_)
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "simulated_model_knows_only_the_sample_exam"


def test_who_asks_whether_it_answers_is_told_that_it_is_simulated(client: TestClient) -> None:
    """As aita doctor asks."""
    assert content_of(client, question_request("Answer with the word yes.")) == "simulated"


def test_who_asks_for_the_word_on_a_picture_is_told_the_one_that_it_knows(client: TestClient) -> None:
    """As aita doctor asks; it looks at the picture, and says that it is simulated."""

    def ask(image: bytes) -> dict[str, Any]:
        request = image_request(image, None)
        request["messages"][-1]["content"][-1]["text"] = "Answer with the word that is written on this picture."
        return request

    said = content_of(client, ask(draw()))
    assert WORD in said
    assert "simulated" in said
    scan = next(iter(scan_files().values())).read_bytes()
    assert [client.post(CHAT, json=ask(image)).status_code for image in (scan, b"no image")] == [422, 422]


def test_who_asks_for_a_word_in_a_schema_gets_it_there(client: TestClient) -> None:
    schema = {"type": "object", "properties": {"only_here": {"type": "string"}}}
    request = question_request("Give the name of a colour as JSON.", "Word")
    request["response_format"]["json_schema"]["schema"] = schema
    assert json.loads(content_of(client, request)) == {"only_here": "simulated"}


def test_a_page_with_another_schema_is_refused(client: TestClient) -> None:
    image = next(iter(scan_files().values())).read_bytes()
    assert client.post(CHAT, json=image_request(image, "Grade")).status_code == 422


@pytest.mark.parametrize("known", QUESTIONS, ids=lambda known: str(known["answer_key"]["question_id"]))
@pytest.mark.parametrize("points", [1, 2.5, 7, 10, 33.33])
def test_id_and_points_are_those_of_the_prompt(client: TestClient, known: dict[str, Any], points: float) -> None:
    prompt = f"Question id: old\nPoints: 99\nQuestion id: variant 7\nPoints: {points}\n\n{known['question_text']}"
    rubric = Rubric.model_validate_json(content_of(client, question_request(prompt, "Rubric")))
    assert rubric.question_id == "variant 7"
    assert rubric.problem(points) is None
    key = AnswerKey.model_validate_json(content_of(client, question_request(prompt, "AnswerKey")))
    assert key.question_id == "variant 7"
    assert key.correct_answer == known["answer_key"]["correct_answer"]


def test_a_question_is_found_however_it_is_wrapped_and_the_last_one_counts(client: TestClient) -> None:
    wrapped = CALCULATION["question_text"].replace(" ", "\n  ")
    prompt = f"{QUESTIONS[0]['question_text']}\n{wrapped}"
    key = json.loads(content_of(client, question_request(prompt, "AnswerKey")))
    assert key == CALCULATION["answer_key"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ("You write answer keys for exams, for use in a rubric.", "correct_answer"),
        ("You write a rubric from the question and its answer key.", "criteria"),
    ],
)
def test_without_a_schema_the_words_tell_and_the_json_is_fenced(client: TestClient, words: str, field: str) -> None:
    content = content_of(client, question_request(f"{words}\n{CALCULATION['question_text']}"))
    assert "```json\n" in content
    assert field in json.loads(find_object(content))


def test_json_object_is_bare_json(client: TestClient) -> None:
    request = question_request(f"A rubric, please. {CALCULATION['question_text']}")
    request["response_format"] = {"type": "json_object"}
    assert "criteria" in json.loads(content_of(client, request))


def test_the_reply_says_what_it_is_and_what_it_used(client: TestClient) -> None:
    reply = client.post(CHAT, json=RUBRIC).json()
    assert reply["model"] == "simulated"
    assert reply["choices"][0]["finish_reason"] == "stop"
    assert reply["usage"]["prompt_tokens"] == len(RUBRIC["messages"][0]["content"]) // 4
    assert reply["usage"]["total_tokens"] == reply["usage"]["prompt_tokens"] + reply["usage"]["completion_tokens"]
    assert reply["usage"]["prompt_tokens_details"]["cached_tokens"] == 0
    assert client.post(CHAT, json=RUBRIC).json()["id"] == reply["id"]
    assert [model["id"] for model in client.get("/v1/models").json()["data"]] == ["simulated"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"messages": 1}', b'{"messages": [{"content": [1]}]}', b"\xff"])
def test_a_body_that_is_no_request_is_a_400(client: TestClient, body: bytes) -> None:
    response = client.post(CHAT, content=body)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_a_stream_is_the_reply_in_pieces(client: TestClient) -> None:
    whole = client.post(CHAT, json=RUBRIC).json()
    request = {**RUBRIC, "stream": True, "stream_options": {"include_usage": True}}
    lines = client.post(CHAT, json=request).text.split("\n\n")
    assert lines[-2:] == ["data: [DONE]", ""]
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    pieces = [chunk["choices"][0]["delta"].get("content", "") for chunk in chunks if chunk["choices"]]
    assert "".join(pieces) == whole["choices"][0]["message"]["content"]
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert chunks[-1]["usage"] == whole["usage"]


class TestAnything:
    SCHEMA: ClassVar = {
        "type": "object",
        "properties": {
            "level": {"type": "integer"},
            "kind": {"enum": ["a", "b"]},
            "parts": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "$defs": {"Part": {"type": "object", "properties": {"done": {"type": "boolean"}}}},
    }

    def test_off_unless_told(self, client: TestClient) -> None:
        assert client.post(CHAT, json=question_request("Who are you?")).status_code == 422

    def test_a_schema_gets_an_instance(self, client: TestClient) -> None:
        client.post("/control", json={"anything": True})
        form = {"type": "json_schema", "json_schema": {"name": "Any", "schema": self.SCHEMA}}
        content = content_of(client, question_request("Who are you?") | {"response_format": form})
        assert json.loads(content) == {"level": 1, "kind": "a", "parts": [{"done": True}], "note": "simulated"}

    def test_text_is_plainly_simulated_and_the_same_for_the_same(self, client: TestClient) -> None:
        client.post("/control", json={"anything": True})
        said = [content_of(client, question_request(text)) for text in ("One?", "Two?", "One?")]
        assert all(text.startswith("simulated reply ") for text in said)
        assert said[0] == said[2] != said[1]

    def test_an_unknown_image_too(self, client: TestClient) -> None:
        client.post("/control", json={"anything": True})
        assert "simulated" in content_of(client, image_request(b"no image", schema=None))


def several(questions: list[str], schema: str | None = "AnswerKeys") -> dict[str, Any]:
    text = "answer key, answer_keys\n" + "\n".join(f"Question id: q{n}\n{q}" for n, q in enumerate(questions))
    return question_request(text, schema)


@pytest.mark.parametrize("schema", ["AnswerKeys", None])
def test_several_questions_get_an_answer_key_each(client: TestClient, schema: str | None) -> None:
    known = json.loads(TRUTH.read_text())["questions"][:3]
    content = content_of(client, several([q["question_text"] for q in known], schema))
    keys = json.loads(content[content.index("{") : content.rindex("}") + 1])["answer_keys"]
    assert [key["question_id"] for key in keys] == ["q0", "q1", "q2"]
    assert [key["correct_answer"] for key in keys] == [q["answer_key"]["correct_answer"] for q in known]


def test_parts_are_left_out_at_their_rate(client: TestClient) -> None:
    client.post("/control", json={"omit_rate": 1})
    content = content_of(client, several([q["question_text"] for q in json.loads(TRUTH.read_text())["questions"][:2]]))
    assert json.loads(content) == {"answer_keys": []}


def test_a_prefix_is_cached_once_it_was_answered(client: TestClient) -> None:
    client.post("/control", json={"anything": True, "prefix_cache": True})

    def cached(text: str) -> int:
        usage = client.post(CHAT, json=question_request(text)).json()["usage"]
        return int(usage["prompt_tokens_details"]["cached_tokens"])

    assert [cached("x" * 6000 + "a"), cached("x" * 6000 + "b"), cached("x" * 4000), cached("y" * 6000)] == [
        0,
        1408,
        0,
        0,
    ]
    assert client.get("/stats").json()["cached_tokens"] == 1408


def test_a_plain_limit_tells_whole_seconds_and_nothing_else(client: TestClient) -> None:
    client.post("/control", json={"rps": 20, "burst": 1, "plain_limit": True})
    answers = [client.post(CHAT, json=RUBRIC) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["retry-after"] == "1"
    assert not [name for answer in answers for name in answer.headers if "ratelimit" in name or name.endswith("-ms")]


def test_the_status_that_it_was_told(client: TestClient) -> None:
    client.post("/control", json={"status": 401, "code": "invalid_api_key"})
    answer = client.post(CHAT, json=RUBRIC)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
    client.post("/control", json={"status": None})
    assert client.post(CHAT, json=RUBRIC).status_code == 200


def test_over_the_limit_is_a_429_that_says_when(client: TestClient, clock: Clock) -> None:
    client.post("/control", json={"rps": 0.5, "burst": 2})
    first = client.post(CHAT, json=RUBRIC)
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert first.headers["x-ratelimit-remaining-requests"] == "1"
    assert first.headers["x-ratelimit-reset-requests"] == "2000ms"
    assert client.post(CHAT, json=RUBRIC).status_code == 200
    refused = client.post(CHAT, json=RUBRIC)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "2"
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert refused.json()["error"]["code"] == "rate_limit_exceeded"
    clock.now += 2
    assert client.post(CHAT, json=RUBRIC).status_code == 200


def test_no_limit_has_no_headers(client: TestClient) -> None:
    assert not [name for name in client.post(CHAT, json=RUBRIC).headers if name.startswith("x-ratelimit")]


def test_down_for_a_while(client: TestClient, clock: Clock) -> None:
    client.post("/control", json={"down_for": 30})
    response = client.post(CHAT, json=RUBRIC)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "30"
    assert client.get("/stats").status_code == 200
    clock.now += 31
    assert client.post(CHAT, json=RUBRIC).status_code == 200


def test_error_rate(client: TestClient) -> None:
    client.post("/control", json={"error_rate": 1})
    response = client.post(CHAT, json=RUBRIC)
    assert response.status_code == 500
    assert response.json()["error"]["type"] == "server_error"


def test_cut_rate(client: TestClient) -> None:
    whole = content_of(client, RUBRIC)
    client.post("/control", json={"cut_rate": 1})
    content = content_of(client, RUBRIC)
    assert whole.startswith(content)
    with pytest.raises(json.JSONDecodeError):
        json.loads(content)


def test_drop_rate(client: TestClient, drops: Drops) -> None:
    client.post("/control", json={"drop_rate": 1})
    client.post(CHAT, json=RUBRIC)
    assert drops.count == 1
    assert client.get("/stats").json()["dropped"] == 1


def test_faults_come_in_the_order_of_the_seed(client: TestClient) -> None:
    def statuses(seed: int) -> list[int]:
        client.post("/control", json={"error_rate": 0.5, "seed": seed})
        return [client.post(CHAT, json=RUBRIC).status_code for _ in range(20)]

    first = statuses(1)
    assert set(first) == {200, 500}
    assert statuses(1) == first
    assert statuses(2) != first


def test_stats_count_each_end(client: TestClient) -> None:
    client.post(CHAT, json=RUBRIC)
    client.post(CHAT, json=question_request("hello"))
    client.post("/control", json={"error_rate": 1})
    client.post(CHAT, json=RUBRIC)
    client.post("/control", json={"error_rate": 0, "rps": 0.001})
    client.post(CHAT, json=RUBRIC)
    client.post(CHAT, json=RUBRIC)
    stats = client.get("/stats").json()
    counted = {name: stats[name] for name in ("requests", "replies", "rejected", "server_errors", "rate_limited")}
    assert counted == {"requests": 5, "replies": 2, "rejected": 1, "server_errors": 1, "rate_limited": 1}
    assert stats["in_flight"] == 0
    assert stats["most_in_flight"] == 1
    assert len(stats["starts"]) == 5
    client.post("/control", json={"reset_stats": True})
    assert client.get("/stats").json()["requests"] == 0


def test_a_changed_latency_counts_for_a_call_in_flight(client: TestClient) -> None:
    client.post("/control", json={"latency": 120})
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(client.post, CHAT, json=RUBRIC)
        while client.get("/stats").json()["in_flight"] == 0:
            assert not held.done()
        client.post("/control", json={"latency": 0})
        assert held.result(60).status_code == 200


@pytest.mark.parametrize(
    ("orders", "named"),
    [({"latency": -1}, "latency"), ({"error_rate": 2}, "error_rate"), ({"speed": 1}, "speed"), ([], "body")],
)
def test_wrong_orders_are_named_and_change_nothing(client: TestClient, orders: object, named: str) -> None:
    before = client.get("/stats").json()["settings"]
    response = client.post("/control", json=orders)
    assert response.status_code == 400
    assert named in response.json()["error"]["message"]
    assert client.get("/stats").json()["settings"] == before


def test_rates_are_shares_of_one_whole() -> None:
    with pytest.raises(ValidationError, match="at most 1"):
        FaultSettings(error_rate=0.6, drop_rate=0.6)
