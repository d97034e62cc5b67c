"""Make what version 0.1.0 leaves behind, ``tests/upgrade/0_1_0.tar.xz``. It was run once, and is kept to show how.

Version 0.1.0 is commit 304fdb4, which has all that is needed but this folder, and by whose names modules are
imported here::

    git worktree add ../0.1.0 304fdb4
    cp -r tests/upgrade ../0.1.0/tests/
    cd ../0.1.0 && PYTHONPATH=layers/aita:. python -m tests.upgrade.make_0_1_0

The archive has the bucket's objects as files under ``bucket/``, the table's items as JSON Lines in ``table.jsonl``, an
executor's checkpoint under ``checkpoints/``, and in ``expected.json`` what 0.1.0 told of them and made of them next.

Made again it holds the same assignments, answers, points and ends of runs. Ids, times, which of the halted run's tasks
were done, and the order in which tasks were, differ.
"""

import io
import json
import lzma
import os
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image, ImageOps

from aita.executor.create import create_executor
from aita.observability import UnexpectedError
from aita.services.pipelines import PIPELINES
from aita.version import VERSION
from tests.integration.material import kind
from tests.integration.provider import Answer
from tests.integration.stack import Stack
from tests.sample_exam import EXAM
from tests.upgrade import checkpoint
from tests.upgrade.stack import BUCKET, TABLE, calls, resume, stack_at, start
from tests.upgrade.told import (
    GRADED,
    HALTED,
    PROMPTS,
    READERS,
    RESUMABLE,
    STATES,
    STOPPED,
    THRICE,
    WAITING,
    get,
    grades_by_folder,
    run_of,
)

ARCHIVE = Path(__file__).with_name("0_1_0.tar.xz")
STUDENTS = ("Leopold Quist", "Priya Castellane", "ines munoz tarres")
"""One whose answer speaks to the grader, one whose answers are doubtful, and one with a blank answer."""

LONGEST_SIDE, QUALITY = 512, 30
"""Of the scans: as small as the simulated model still knows them."""

GRADINGS = 6
"""How many gradings the provider answers before it refuses the key."""

Ask = Callable[[dict[str, Any]], Answer]


def main() -> None:
    assert VERSION == "0.1.0", f"this is {VERSION}"
    os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    with stack_at(datetime(2026, 11, 26, 9, tzinfo=UTC)) as stack:
        grade(stack)
        grade_thrice(stack)
        halt(stack)
        wait(stack)
        fail(stack)
        ask_prompts(stack)
        stored = {**dict(objects(stack)), "table.jsonl": table(stack), **dict(checkpoints())}
        expected = {name: read(stack) for name, read in READERS.items()} | {"names": names(), "resumed": resumed(stack)}
        pack(stored | {"expected.json": json.dumps(expected, indent=1, ensure_ascii=False).encode()})


def upload(stack: Stack, assignment: str, *students: str) -> None:
    """Give an assignment the sample exam, without the questions, which are read from its pages."""
    for path in sorted(EXAM.rglob("*")):
        name = path.relative_to(EXAM).as_posix()
        if not path.is_file() or name == "questions.json":
            continue
        if name.startswith("scans/") and path.parent.name not in (students or STUDENTS):
            continue
        stack.put(f"{assignment}/{name}", small(path) if name.startswith("scans/") else path.read_bytes())


def small(scan: Path) -> bytes:
    with Image.open(scan) as opened:
        image = ImageOps.exif_transpose(opened).convert("L")
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=QUALITY)
    return data.getvalue()


def run(stack: Stack, assignment: str, pipeline: str, status: str, **options: Any) -> str:
    run_id = start(stack, assignment, pipeline, **options)
    ended = stack.wait(run_id)
    assert ended["status"] == status, ended
    return run_id


def grade(stack: Stack) -> None:
    """An exam from its scans to its reports, with people's decisions: one changed, one accepted, one of a graded cell.

    Leopold Quist's last answer stays open.
    """
    upload(stack, GRADED)
    run(stack, GRADED, "exam", "SUCCEEDED")
    folders = {each["student_id"]: each["folder"] for each in stack.get(f"{GRADED}/students.json")["students"]}
    listed = get(stack, f"/assignments/{GRADED}/reviews?closed=true")["cells"]
    found = {(folders[cell["student_id"]], cell["question_id"]): cell for cell in listed}
    doubtful, accepted, graded = (
        found[place] for place in (("Priya Castellane", "4"), ("Priya Castellane", "5"), ("ines munoz tarres", "2"))
    )
    decide(stack, doubtful, action="set", points=1, why="the unit stands in the margin")
    decide(stack, doubtful, action="set", points=1.5, why="half a point more for the sketch")
    decide(stack, accepted, action="accept")
    decide(stack, graded, action="set", points=graded["points"] - 0.5, why="the last step lacks its reason")
    run(stack, GRADED, "report", "SUCCEEDED")


def decide(stack: Stack, cell: dict[str, Any], **decision: Any) -> None:
    path = f"/assignments/{GRADED}/reviews/{cell['cell_id']}"
    identity = {"userArn": "arn:aws:iam::123456789012:user/instructor"}
    code, answer = stack.call("POST", path, {"by": "Instructor", "basis": cell["basis"], **decision}, identity=identity)
    assert code == 201, answer


def grade_thrice(stack: Stack) -> None:
    """The exam of one student, by three graders."""
    upload(stack, THRICE, "Priya Castellane")
    run(stack, THRICE, "exam", "SUCCEEDED", graders=3)


def wait(stack: Stack) -> None:
    """The exam of one student with the first page alone, whose run waits for a person to see the rubrics."""
    upload(stack, WAITING, "ines munoz tarres")
    for page in ("scan_002.jpg", "scan_003.jpg"):
        stack.s3.delete_object(Bucket=BUCKET, Key=f"{WAITING}/scans/ines munoz tarres/{page}")
    run(stack, WAITING, "exam", "WAITING_FOR_REVIEW", review=True)


def halt(stack: Stack) -> None:
    """The exam of one student by three graders, halted in the middle: some tasks done, some failed, some left.

    One of those that failed was refused by the provider, and the function of another died each time.
    """
    upload(stack, HALTED, "Leopold Quist")
    answer, stack.provider.answer = stack.provider.answer, halting(stack.provider.answer)
    stack.before = dying()
    run_id = run(stack, HALTED, "exam", "HALTED", graders=3)
    stack.provider.answer, stack.before = answer, lambda function, event: None
    failed = stack.tasks(run_id, "FAILED")
    assert {task["error_type"] for task in failed} == {"Refused", "UnexpectedError"}, failed
    assert len([task for task in stack.tasks(run_id, "SUCCEEDED") if task["stage"] == "grade"]) >= 2
    assert len(stack.tasks(run_id, "PENDING")) >= 3


def halting(answer: Ask) -> Ask:
    """Refuse one grading, answer some, and then refuse the key."""
    gradings = 0

    def say(request: dict[str, Any]) -> Answer:
        nonlocal gradings
        if kind(request) != "Grading":
            return answer(request)
        gradings += 1
        if gradings == 2:
            return Answer(status=400, code="content_filter")
        return answer(request) if gradings <= GRADINGS else Answer(status=401, code="invalid_api_key")

    return say


def dying() -> Callable[[str, dict[str, Any]], None]:
    """Let the function die that runs the first item to be graded, each time that it does."""
    chosen = ""

    def before(function: str, event: dict[str, Any]) -> None:
        nonlocal chosen
        if function == "task" and event["stage"] == "grade":
            chosen = chosen or event["item"]["task_id"]
            if event["item"]["task_id"] == chosen:
                raise UnexpectedError

    return before


def fail(stack: Stack) -> None:
    """A run whose Plan dies: it is the state machine that writes how it ended."""
    stack.put(f"{STOPPED}/blank_exam.pdf", (EXAM / "blank_exam.pdf").read_bytes())

    def before(function: str, event: dict[str, Any]) -> None:
        if function == "plan":
            raise UnexpectedError

    stack.before = before
    run(stack, STOPPED, "extract-questions", "FAILED")
    stack.before = lambda function, event: None


def ask_prompts(stack: Stack) -> None:
    """A run of a kind, one of whose prompts is refused, on a provider that tells its limits and is busy once."""
    lines = [{"prompt": f"Explain {word}."} for word in ("entropy", "osmosis", "nothing")]
    stack.put(f"{PROMPTS}/tasks/chat.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    answer, asked = stack.provider.answer, 0

    def say(request: dict[str, Any]) -> Answer:
        nonlocal asked
        asked += 1
        if asked == 1:
            return Answer(status=429, headers=LIMITS | {"retry-after-ms": "20"})
        if "nothing" in request["messages"][-1]["content"]:
            return Answer(status=400, code="content_filter")
        return Answer(answer(request).text, headers=LIMITS)

    stack.provider.answer = say
    run(stack, PROMPTS, "kind.chat", "PARTIAL")
    stack.provider.answer = answer


LIMITS = {
    "x-ratelimit-limit-requests": "9600",
    "x-ratelimit-remaining-requests": "600",
    "x-ratelimit-reset-requests": "60s",
    "x-ratelimit-limit-tokens": "4000000",
    "x-ratelimit-remaining-tokens": "100000",
    "x-ratelimit-reset-tokens": "60s",
}
"""150 requests a second, and 3,900,000 tokens a minute."""


def names() -> dict[str, list[str]]:
    """Return the names under which states are kept."""
    return {each.__name__: [str(name) for name in each] for each in STATES} | {"pipelines": list(PIPELINES)}


def resumed(stack: Stack) -> dict[str, Any]:
    """Return what 0.1.0 itself makes of the runs that go on: the calls that it pays, and what comes of them."""
    found = {}
    for assignment, pipeline in RESUMABLE:
        before = calls(stack)
        ended = resume(stack, run_of(stack, assignment, pipeline))
        found[assignment] = {
            "calls": calls(stack) - before,
            "status": ended["status"],
            "usage": ended["usage"],
            "stages": [{name: stage[name] for name in ("stage", "total", "succeeded")} for stage in ended["stages"]],
            "grades": grades_by_folder(stack, assignment) if pipeline == "exam" else {},
        }
    return found


def objects(stack: Stack) -> Iterator[tuple[str, bytes]]:
    for key in stack.keys(""):
        yield f"bucket/{key}", stack.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def table(stack: Stack) -> bytes:
    pages = stack.dynamodb.get_paginator("scan").paginate(TableName=TABLE)
    items = sorted(
        (item for page in pages for item in page["Items"]), key=lambda item: (item["pk"]["S"], item["sk"]["S"])
    )
    assert any("learnt_rps" in item and "lowered" in item for item in items), "the limiter's row"
    return "".join(json.dumps(item, sort_keys=True, ensure_ascii=False) + "\n" for item in items).encode()


def checkpoints() -> Iterator[tuple[str, bytes]]:
    """A batch of tasks in process that stopped: some are done, one failed, and the rest were not run."""
    with TemporaryDirectory() as folder:
        executor = create_executor(checkpoint.Model(stops=True), config=checkpoint.CONFIG, checkpoint_dir=folder)
        batch = executor.execute_batch(checkpoint.tasks(), checkpoint.NAME)
        assert batch.stopped
        for file in Path(folder).iterdir():
            yield f"checkpoints/{file.name}", file.read_bytes()


def pack(files: dict[str, bytes]) -> None:
    """Write an archive that is the same for the same files: without times and owners, and like beside like."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files, key=lambda name: (name.rpartition(".")[2], name)):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            archive.addfile(entry, io.BytesIO(files[name]))
    ARCHIVE.write_bytes(lzma.compress(packed.getvalue(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main()
