"""Versions of questions, answer keys and rubrics: listed by whom and when, compared, and restored with guards."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from aita.cli.files.written_change import digest
from aita.cli.files.written_versions import compare_version, restore_version
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import ConflictError, InvalidMaterialError, NotFoundError
from aita.models.api import PresignedPost
from aita.models.file_version import WrittenFile
from tests.integration.in_process import BUCKET, InProcess
from tests.integration.material import exam
from tests.integration.stack import Stack, deployed

FILE = WrittenFile.RUBRICS


class Transfer(InProcess, FileTransfer):
    """The bucket in place of its presigned URLs."""


@pytest.fixture(scope="module")
def module_stack() -> Iterator[Stack]:
    with deployed() as stack:
        stack.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield stack


@pytest.fixture
def transfer(stack: Stack) -> Transfer:
    return Transfer(stack)


@pytest.fixture
def api(transfer: Transfer) -> ApiClient:
    return ApiClient(transfer)


def rubric(words: str, points: float) -> dict[str, Any]:
    return {"total_points": points, "criteria": [{"points": points, "description": words}]}


def put(stack: Stack, assignment: str, *words: str) -> list[str]:
    """Upload the exam, and its rubrics in each wording; return the versions' ids, oldest first."""
    questions = exam(assignment)
    stack.put(f"{assignment}/questions.json", questions)
    first = questions["questions"][0]
    made = []
    for each in words:
        body = json.dumps({first["question_id"]: rubric(each, first["points"])})
        made.append(stack.s3.put_object(Bucket=BUCKET, Key=f"{assignment}/{FILE}", Body=body)["VersionId"])
    return made


def stored(stack: Stack, assignment: str) -> str:
    (found,) = stack.get(f"{assignment}/{FILE}").values()
    return str(found["criteria"][0]["description"])


def test_versions_are_listed_page_by_page(stack: Stack, api: ApiClient, assignment: str) -> None:
    made = put(stack, assignment, *(f"wording {number}" for number in range(45)))
    listed = api.versions(assignment, FILE)
    assert [each.version_id for each in listed] == made[::-1]
    assert [each.is_present for each in listed] == [True] + [False] * 44
    assert [each.version_id for each in api.versions(assignment, FILE, 3)] == made[:-4:-1]
    assert api.versions(assignment, WrittenFile.ANSWER_KEYS) == ()


def test_who_uploaded_it_is_signed_for_and_kept(
    stack: Stack, transfer: Transfer, api: ApiClient, tmp_path: Any
) -> None:
    for session, name in (("arn:aws:sts::1:assumed-role/Staff/bea@x.edu", "bea@x.edu"), ("", "")):
        code, answer = stack.call(
            "POST",
            "/assignments/signed/uploads",
            {"files": [{"name": name, "size": 2} for name in (FILE, "scans/Ada/1.jpg")]},
            identity={"userArn": session} if session else {},
        )
        assert code == 200
        written, scan = (each["fields"] for each in answer["uploads"])
        assert written.get("x-amz-meta-by", "") == name
        assert "x-amz-meta-by" not in scan, "who scans is kept nowhere"
    file = tmp_path / "rubrics.json"
    file.write_text("{}")
    code, answer = stack.call(
        "POST",
        "/assignments/signed/uploads",
        {"files": [{"name": FILE, "size": 2}]},
        identity={"userArn": "arn:aws:iam::123456789012:user/ada"},
    )
    (form,) = answer["uploads"]
    transfer.send(PresignedPost.model_validate(form), file, 2, lambda _: None)
    assert [each.by for each in api.versions("signed", FILE)] == ["ada"]


def test_a_version_is_compared_and_restored_as_a_new_one(
    stack: Stack, transfer: Transfer, api: ApiClient, assignment: str
) -> None:
    old, _ = put(stack, assignment, "isolates x", "finds x")
    found = compare_version(api, transfer, assignment, FILE, old)
    (entry,) = found.changed
    assert [line for line in entry.lines if line[0] != " "] == [
        ("-", "criteria 1 description: finds x"),
        ("+", "criteria 1 description: isolates x"),
    ]
    notes, left = restore_version(api, transfer, assignment, FILE, old, found.seen)
    assert stored(stack, assignment) == "isolates x"
    assert left == digest(stack.s3.get_object(Bucket=BUCKET, Key=f"{assignment}/{FILE}")["Body"].read())
    assert len(api.versions(assignment, FILE)) == 3, "nothing is lost by it"
    assert not compare_version(api, transfer, assignment, FILE, old).differs
    assert isinstance(notes, list)


def test_a_change_that_came_meanwhile_is_kept(
    stack: Stack, transfer: Transfer, api: ApiClient, assignment: str
) -> None:
    old, _ = put(stack, assignment, "isolates x", "finds x")
    seen = compare_version(api, transfer, assignment, FILE, old).seen
    put(stack, assignment, "a colleague's")
    with pytest.raises(ConflictError, match="was changed since it was fetched"):
        restore_version(api, transfer, assignment, FILE, old, seen)
    assert stored(stack, assignment) == "a colleague's"


def test_a_version_whose_sums_no_longer_fit_is_refused(
    stack: Stack, transfer: Transfer, api: ApiClient, assignment: str
) -> None:
    old, _ = put(stack, assignment, "isolates x", "finds x")
    seen = compare_version(api, transfer, assignment, FILE, old).seen
    questions = exam(assignment)
    questions["questions"][0]["points"] += 1
    stack.put(f"{assignment}/questions.json", questions)
    with pytest.raises(InvalidMaterialError, match="total_points"):
        restore_version(api, transfer, assignment, FILE, old, seen)
    assert stored(stack, assignment) == "finds x"


def test_a_deleted_file_can_be_had_back(stack: Stack, transfer: Transfer, api: ApiClient, assignment: str) -> None:
    (old,) = put(stack, assignment, "isolates x")
    stack.s3.delete_object(Bucket=BUCKET, Key=f"{assignment}/{FILE}")
    (listed,) = api.versions(assignment, FILE)
    assert not listed.is_present
    restore_version(api, transfer, assignment, FILE, old, "")
    assert stored(stack, assignment) == "isolates x"


def test_a_version_of_another_file_is_not_found(
    stack: Stack, transfer: Transfer, api: ApiClient, assignment: str
) -> None:
    (old,) = put(stack, assignment, "isolates x")
    with pytest.raises(NotFoundError, match=r"questions.json has no version"):
        compare_version(api, transfer, assignment, WrittenFile.QUESTIONS, old)


@pytest.mark.parametrize("query", ["file=students.json", "file=user_rubrics.json&limit=21", "limit=3"])
def test_no_other_file_has_versions_here(stack: Stack, assignment: str, query: str) -> None:
    code, error = stack.call("GET", f"/assignments/{assignment}/versions?{query}")
    assert (code, error["error"]) == (400, "RequestError")


@pytest.mark.parametrize(
    "broken",
    [
        "{broken",
        "[]",
        '{"questions": ["1"]}',
        '{"questions": null}',
        '{"questions": {"1": 2}}',
        "[" * 100_000,
        r'{"exam_name": "\ud800"}',
    ],
)
def test_a_broken_file_is_compared_by_its_text_and_a_version_takes_its_place(
    stack: Stack, transfer: Transfer, api: ApiClient, assignment: str, broken: str
) -> None:
    key = f"{assignment}/{WrittenFile.QUESTIONS}"
    whole = json.dumps(exam(assignment))
    old = stack.s3.put_object(Bucket=BUCKET, Key=key, Body=whole)["VersionId"]
    wrong = stack.s3.put_object(Bucket=BUCKET, Key=key, Body=broken)["VersionId"]
    found = compare_version(api, transfer, assignment, WrittenFile.QUESTIONS, old)
    (entry,) = found.changed
    assert (entry.question_id, entry.lines) == ("", (("-", broken), ("+", whole)))
    restore_version(api, transfer, assignment, WrittenFile.QUESTIONS, old, found.seen)
    assert stack.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() == whole
    seen = compare_version(api, transfer, assignment, WrittenFile.QUESTIONS, wrong).seen
    with pytest.raises(InvalidMaterialError):
        restore_version(api, transfer, assignment, WrittenFile.QUESTIONS, wrong, seen)
    assert stack.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode() == whole


def test_another_order_of_the_questions_is_a_difference(
    stack: Stack, transfer: Transfer, api: ApiClient, assignment: str
) -> None:
    questions = exam(assignment)
    key = f"{assignment}/{WrittenFile.QUESTIONS}"
    made = stack.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(questions, indent=1))["VersionId"]
    stack.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(questions))
    assert compare_version(api, transfer, assignment, WrittenFile.QUESTIONS, made).changed == (), "it says the same"
    turned = questions | {"questions": questions["questions"][::-1]}
    stack.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(turned))
    assert compare_version(api, transfer, assignment, WrittenFile.QUESTIONS, made).changed
