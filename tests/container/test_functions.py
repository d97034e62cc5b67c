"""Each function in Lambda's container with AWS's layers, in a run's order: each finds what the last left."""

import io
import json
from typing import Any

import pytest
from PIL import Image

from aita.models.run import ItemAnswer, Outcome, Run
from aita.version import VERSION
from tests.container.conftest import PHOTO
from tests.container.sam_local import EVENTS, Json, SamLocal, get
from tests.container.servers import ARN, BUCKET, Servers
from tests.local.stack import TRUTH

SUCCEEDED = ItemAnswer(outcome=Outcome.SUCCEEDED).model_dump(mode="json")


def event(name: str) -> Any:
    return json.loads((EVENTS / name).read_text())


def test_plan_lists_each_scan(sam: SamLocal, servers: Servers, run: Run) -> None:
    answer = sam.invoke("PlanFunction", "plan.json")
    key = f"runs/{run.run_id}/split/manifest.json"
    assert answer == event("plan.json") | {
        "count": 2,
        "manifest": {"bucket": BUCKET, "key": key},
        "function": f"{ARN}split",
        "expires_at": answer["expires_at"],
    }
    listed = [event("split_photo.json")["item"], event("split_pdf.json")["item"]]
    assert servers.read_json(key) == listed, "other scans or other ids? then the events must have them too"


@pytest.mark.parametrize(("name", "pages"), [("photo", 1), ("pdf", 3)])
def test_split_makes_pages(sam: SamLocal, servers: Servers, run: Run, name: str, pages: int) -> None:
    """The photo lies on its side, so that Pillow turns it; the PDF is pypdfium2's."""
    item = event(f"split_{name}.json")["item"]
    assert sam.invoke("SplitFunction", f"split_{name}.json") == SUCCEEDED
    made = servers.read_json(f"runs/{run.run_id}/split/results/{item['task_id']}.json")["result"]["pages"]
    assert [page["page"] for page in made] == list(range(1, pages + 1))
    for page in made:
        with Image.open(io.BytesIO(servers.read(page["key"]))) as image:
            assert (image.format, image.size) == ("JPEG", (page["width"], page["height"]))
            assert image.height > image.width, "upright"


def test_split_takes_the_largest_page_within_its_memory(sam: SamLocal, servers: Servers, run: Run) -> None:
    item = event("split_photo.json")["item"]
    largest = io.BytesIO()
    Image.new("RGB", (9459, 9459), "gray").save(largest, "JPEG", progressive=True)
    servers.write(f"sample/scans/{PHOTO}", largest.getvalue())
    assert sam.invoke("SplitFunction", "split_photo.json") == SUCCEEDED
    (page,) = servers.read_json(f"runs/{run.run_id}/split/results/{item['task_id']}.json")["result"]["pages"]
    assert (page["width"], page["height"]) == (2048, 2048)


def test_collect_counts_them_and_names_the_next_stage(sam: SamLocal, servers: Servers, run: Run) -> None:
    answer = sam.invoke("CollectFunction", "collect.json")
    assert answer == event("collect.json") | {"stage": "transcribe", "status": "RUNNING", "reason": ""}
    pages = servers.read_json("sample/pages.json")
    assert sorted(len(some) for some in pages.values()) == [1, 3]


def test_task_asks_the_model(sam: SamLocal, servers: Servers, run: Run) -> None:
    item = event("task.json")["item"]
    assert sam.invoke("TaskFunction", "task.json") == SUCCEEDED
    result = servers.read_json(f"runs/{run.run_id}/transcribe/results/{item['task_id']}.json")["result"]
    assert result["text"] == TRUTH["pages"][0]["text"]


def test_report_renders_the_class(sam: SamLocal, servers: Servers, run: Run) -> None:
    assert sam.invoke("ReportFunction", "report.json") == SUCCEEDED
    assert "Priya Castellane" in servers.read("sample/reports/class.html").decode()


def test_api_answers_an_event(sam: SamLocal, servers: Servers) -> None:
    answer = sam.invoke("ApiFunction", "api_openapi.json")
    assert answer["statusCode"] == 200
    assert "/runs/{run_id}" in json.loads(answer["body"])["paths"]


def test_the_api_is_served(sam: SamLocal, servers: Servers, run: Run) -> None:
    with sam.api(servers.home.port("sam-api")) as url:
        status, body = get(f"{url}/openapi.json")
        document: Json = json.loads(body)
        assert (status, document.get("info", document)) == (200, {"title": "aita", "version": VERSION})
        status, body = get(f"{url}/runs/01ARZ3NDEKTSV4RRFFQ69G5FAV")
        assert (status, json.loads(body)["error"]) == (404, "NotFound")
        status, body = get(f"{url}/runs/{run.run_id}")
        assert (status, json.loads(body)["assignment"]) == (200, "sample")
