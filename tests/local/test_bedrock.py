"""The sample exam through Converse, as a stack whose models are Amazon Bedrock's has it: no key, and each fault."""

from collections.abc import Iterator

import pytest

from aita.settings import BEDROCK
from aita_local.deploy import client
from aita_local.stack import LocalSettings
from aita_local.state_dir import StateDir
from tests.local.stack import MAX_WORKERS, SAMPLES, TRUTH, Json, LocalStack, true_texts

ASSIGNMENT = "converse"


@pytest.fixture(scope="module")
def on_bedrock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of its own, whose model fails now and then in each way; it enforces the functions' roles."""
    home = StateDir(tmp_path_factory.mktemp("bedrock") / "home")
    made = LocalStack(home, LocalSettings(max_workers=MAX_WORKERS, rate_limit_rps=0, base_url=BEDROCK))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AUTH", "true")
        try:
            made.up()
            client("s3", made.endpoint_url).delete_bucket_policy(Bucket=made.deployed.bucket)  # TLS only; here is none
            secrets = client("secretsmanager", made.endpoint_url)
            secrets.delete_secret(SecretId="aita/api-key", ForceDeleteWithoutRecovery=True)
            faults = {"cut_rate": 0.05, "error_rate": 0.05, "drop_rate": 0.02, "rps": 4, "burst": 1}
            made.model.control(latency=0.05, prefix_cache=True, **faults)
            yield made
        finally:
            made.down()


@pytest.fixture(scope="module")
def graded(on_bedrock: LocalStack) -> Json:
    on_bedrock.run("upload", str(SAMPLES / "exam"), "--assignment", ASSIGNMENT)
    return on_bedrock.run("exam", "--assignment", ASSIGNMENT)


def test_the_exam_is_read_and_graded_as_it_is_true(on_bedrock: LocalStack, graded: Json) -> None:
    assert graded["status"] == "SUCCEEDED"
    assert all(stage["failed"] == 0 for stage in graded["stages"]), "0 lost"
    assert on_bedrock.texts(ASSIGNMENT) == true_texts(), "each page's picture was sent"
    keys = on_bedrock.artifact(ASSIGNMENT, "answer_keys.json")
    for known in TRUTH["questions"]:
        key = known["answer_key"]
        assert keys[key["question_id"]].items() >= key.items()
    assert on_bedrock.artifact(ASSIGNMENT, "grades.json")


def test_every_fault_was_played_and_outlived(on_bedrock: LocalStack, graded: Json) -> None:
    stats = on_bedrock.model.stats()
    assert stats["cut"] > 0
    assert stats["server_errors"] > 0
    assert stats["dropped"] > 0
    assert stats["rate_limited"] > 0
    assert stats["rejected"] == 0, "each request had Converse's form"


def test_cached_prefixes_are_counted(on_bedrock: LocalStack, graded: Json) -> None:
    assert graded["usage"]["cached_input_tokens"] > 0
    assert on_bedrock.model.stats()["cached_tokens"] >= graded["usage"]["cached_input_tokens"]


def test_no_function_needed_a_key(on_bedrock: LocalStack, graded: Json) -> None:
    logs = on_bedrock.function_logs()
    assert len(logs["/aws/lambda/aita-task"]) > 40
    refused = [line for lines in logs.values() for line in lines if "AccessDenied" in line or "secret" in line.lower()]
    assert not refused, refused


def test_the_doctor_finds_it_well(on_bedrock: LocalStack, graded: Json) -> None:
    on_bedrock.model.control(cut_rate=0, error_rate=0, drop_rate=0, rps=0)
    checks = {check["check"]: check for check in on_bedrock.run("doctor")["checks"]}
    assert checks["key"]["found"].startswith("none is needed")
    assert checks["model"]["ok"]
    assert "sees pictures" in checks["model"]["found"]
