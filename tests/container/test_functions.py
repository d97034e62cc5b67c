"""Each function in Lambda's container with AWS's layers, in a run's order: each finds what the last left."""

import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from aita.imaging.decode_errors import MAX_PIXELS
from aita.models.run import ItemResponse, Outcome, Run
from aita.version import VERSION
from tests.container.conftest import PHOTO, SCANS, UPRIGHT
from tests.container.sam_local import EVENTS, IMAGE, RUNTIME, Functions, Json, SamLocal, docker, get
from tests.container.servers import ARN, BUCKET, Servers
from tests.local.stack import TRUTH
from tests.system.hostile_files import FILES

FUNCTIONS = ("Plan", "Split", "Task", "Report", "Collect", "Api")
MADE = ("/tmp/", "/var/rapid/")
"""Where files may come from: functions, and sam's runtime emulator."""

SUCCEEDED = ItemResponse(outcome=Outcome.SUCCEEDED).model_dump(mode="json")


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
        "provider_batch": False,
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


def test_collect_counts_them_and_names_the_next_stage(sam: SamLocal, servers: Servers, run: Run) -> None:
    answer = sam.invoke("CollectFunction", "collect.json")
    assert answer == event("collect.json") | {"stage": "transcribe", "status": "RUNNING", "reason": ""}
    pages = servers.read_json("sample/pages.json")
    assert sorted(len(some) for some in pages.values()) == [1, 3]


def test_task_asks_the_model(sam: SamLocal, servers: Servers, run: Run) -> None:
    item = event("task.json")["item"]
    assert sam.invoke("TaskFunction", "task.json") == SUCCEEDED
    result = servers.read_json(f"runs/{run.run_id}/transcribe/results/{item['task_id']}.json")["result"]
    assert result["lines"] == TRUTH["pages"][0]["lines"]


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
        assert (status, json.loads(body)["error"]) == (404, "NotFoundError")
        status, body = get(f"{url}/runs/{run.run_id}")
        assert (status, json.loads(body)["assignment"]) == (200, "sample")


@pytest.fixture(scope="module")
def warm(sam: SamLocal, servers: Servers, run: Run) -> Iterator[Functions]:
    """All functions after each has done its work, split also the largest page, and one that ends its reader."""
    with sam.functions(servers.home.port("sam-lambda")) as functions:
        functions.invoke("PlanFunction", event("plan.json"))
        for name in ("split_photo", "split_pdf"):
            assert functions.invoke("SplitFunction", event(f"{name}.json")) == SUCCEEDED
        servers.write(f"sample/scans/{PHOTO}", FILES["PDF form that draws itself"]())
        assert functions.invoke("SplitFunction", event("split_photo.json"))["outcome"] == Outcome.FAILED
        servers.write(f"sample/scans/{PHOTO}", largest_page())
        assert functions.invoke("SplitFunction", event("split_photo.json")) == SUCCEEDED
        functions.invoke("CollectFunction", event("collect.json"))
        assert functions.invoke("TaskFunction", event("task.json")) == SUCCEEDED
        assert functions.invoke("ReportFunction", event("report.json")) == SUCCEEDED
        assert functions.invoke("ApiFunction", event("api_openapi.json"))["statusCode"] == 200
        yield functions


def largest_page() -> bytes:
    """Return a page of nearly as many pixels as are taken, in the form that needs the most memory."""
    data = io.BytesIO()
    with Image.open(SCANS / UPRIGHT) as page:
        factor = math.sqrt(0.999 * MAX_PIXELS / (page.width * page.height))
        page.resize((int(page.width * factor), int(page.height * factor))).save(
            data, "JPEG", progressive=True, subsampling=0
        )
    return data.getvalue()


def test_the_largest_page_is_split_and_compared_in_the_templates_memory(
    warm: Functions, sam: SamLocal, servers: Servers, run: Run
) -> None:
    """The container is ended where it takes more."""
    task_id = event("split_photo.json")["item"]["task_id"]
    (page,) = servers.read_json(f"runs/{run.run_id}/split/results/{task_id}.json")["result"]["pages"]
    assert max(page["width"], page["height"]) == 2048
    assert page["ink"]["exam_page"] == 1, "it was compared with the blank exam, too"
    for function, container in warm.containers().items():
        memory = int(docker("inspect", "--format", "{{.HostConfig.Memory}}", container).stdout)
        assert memory == sam.resources[function]["Properties"]["MemorySize"] * 2**20, function


def test_nothing_stays_in_a_containers_tmp(warm: Functions) -> None:
    containers = warm.containers()
    assert len(containers) == len(FUNCTIONS)
    for function, container in containers.items():
        assert inside(container, "import os; print(os.listdir('/tmp'))") == "[]", function


def test_no_file_is_made_or_changed_elsewhere(warm: Functions) -> None:
    """AWS has all but /tmp read-only; sam has only the code so."""
    for function, container in warm.containers().items():
        changed = [each[2:] for each in docker("diff", container).stdout.splitlines()]
        assert [each for each in changed if not f"{each}/".startswith(MADE)] == [], function


def test_no_process_is_left_beside_the_function(warm: Functions) -> None:
    names = "import glob; print(*(open(each).read().strip() for each in glob.glob('/proc/[0-9]*/comm')))"
    for function, container in warm.containers().items():
        pythons = [each for each in inside(container, names).split() if each.startswith("python")]
        assert len(pythons) == 2, f"{function}: its own, and the one that looks"


def test_what_is_compiled_in_the_layers_loads(sam: SamLocal, servers: Servers) -> None:
    """With all that it links to, at once: glibc's version is a wheel's tag, and nothing more until then."""
    mounts, files = [], []
    for layer in ("AitaLayer", "ImagingLayer"):
        mounts.append(f"{sam.layer(layer)}:/opt/{layer}:ro")
        files += [f"/opt/{layer}/{file.relative_to(sam.layer(layer))}" for file in sam.layer(layer).rglob("*.so*")]
    assert len(files) > 10
    # AWS's images have glibc whole; one that was made elsewhere may lack its vector functions, which libx265 uses.
    first = "libmvec.so.1"
    if found := next(Path("/lib").glob(f"*/{first}"), None):
        mounts.append(f"{found.resolve()}:/mnt/{first}:ro")
    code = (
        f"import ctypes, os; [ctypes.CDLL(file) for file in ['/mnt/{first}'] if os.path.exists(file)]; "
        f"[ctypes.CDLL(file) for file in {sorted(files)}]"
    )
    volumes = [argument for mount in mounts for argument in ("--volume", mount)]
    done = docker("run", "--rm", "--entrypoint", f"/var/lang/bin/{RUNTIME}", *volumes, IMAGE, "-c", code)
    assert done.returncode == 0, done.stderr[-2000:]


def inside(container: str, code: str) -> str:
    """Return what Python code says in a container."""
    done = docker("exec", container, f"/var/lang/bin/{RUNTIME}", "-B", "-c", code)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()
