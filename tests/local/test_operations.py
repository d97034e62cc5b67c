"""The commands of docs/operations.md that are marked for the emulator: run there, in their order."""

import shlex
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from aita_local.emulator import CREDENTIALS, Emulator, no_proxy
from aita_local.state_dir import StateDir
from tests.support.aws_commands import AwsCommand
from tests.support.documents import ROOT, Block, Document

NAMES = {"BUCKET": "bucket-of-the-stack", "TABLE": "table-of-the-stack"}
KEY = "midterm/rubrics.json"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An emulator that is AWS for this process, with what a stack leaves: bucket, table and secret."""
    emulator = Emulator(StateDir(tmp_path_factory.mktemp("operations") / "home"))
    emulator.start()
    with pytest.MonkeyPatch.context() as patched:
        environ = CREDENTIALS | {"AWS_ENDPOINT_URL": emulator.endpoint_url, "NO_PROXY": no_proxy()}
        for name, value in environ.items():
            patched.setenv(name, value)
        try:
            make()
            yield
        finally:
            emulator.stop()


def make() -> None:
    boto3.client("cloudformation").create_stack(
        StackName="aita",
        TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"BucketName": {"Value": "b"}}}',
    )
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=NAMES["BUCKET"])
    s3.put_bucket_versioning(Bucket=NAMES["BUCKET"], VersioningConfiguration={"Status": "Enabled"})
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName=NAMES["TABLE"],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    dynamodb.update_continuous_backups(
        TableName=NAMES["TABLE"], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    boto3.client("secretsmanager").create_secret(Name="aita/api-key", SecretString="sk-test")


def blocks(heading: str) -> list[Block]:
    """Return the section's blocks for the emulator."""
    path = ROOT / "docs" / "operations.md"
    text = path.read_text("utf-8")
    section = text[text.index(f"## {heading}\n") :].partition("\n## ")[0]
    found = [block for block in Document(section, path).blocks() if block.label == "emulator"]
    assert found
    return found


def run(block: Block, **names: str) -> list[dict[str, Any]]:
    """Run a block with the names of this account, and return what its commands of AWS answered."""
    text = block.text
    for name, value in (NAMES | names).items():
        text = text.replace(name, value)
    if block.language == "python":
        exec(compile(text, "docs/operations.md", "exec"), {})
        return []
    answers = []
    for line in text.splitlines():
        program, *words = shlex.split(line)
        assert program == "aws", line
        command = AwsCommand.read(words)
        assert command is not None, line
        answers.append(command.run(boto3.client(command.service)))  # type: ignore[call-overload]  # typed for literal names alone
    return answers


def rows() -> list[dict[str, Any]]:
    return sorted(boto3.client("dynamodb").scan(TableName=NAMES["TABLE"])["Items"], key=lambda row: row["sk"]["S"])


@pytest.mark.usefixtures("account")
def test_a_table_and_a_file_are_restored_by_the_documents_commands() -> None:
    outputs, restore, copy, clean, versions = blocks("Back up and restore")
    (described,) = run(outputs)
    assert described["Stacks"][0]["Outputs"]
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    kept = [{"pk": {"S": "REVIEW"}, "sk": {"S": f"{n:03}"}, "points": {"N": str(n)}} for n in range(60)]
    for row in kept:
        dynamodb.put_item(TableName=NAMES["TABLE"], Item=row)
    run(restore)
    for row in kept[:50]:
        dynamodb.delete_item(TableName=NAMES["TABLE"], Key={name: row[name] for name in ("pk", "sk")})
    dynamodb.put_item(TableName=NAMES["TABLE"], Item=kept[55] | {"points": {"N": "0"}})
    later = {"pk": {"S": "REVIEW"}, "sk": {"S": "900"}}
    dynamodb.put_item(TableName=NAMES["TABLE"], Item=later)
    run(copy)
    assert rows() == [*kept, later]
    run(clean)
    assert dynamodb.list_tables()["TableNames"] == [NAMES["TABLE"]]

    right = s3.put_object(Bucket=NAMES["BUCKET"], Key=KEY, Body=b"right")["VersionId"]
    s3.put_object(Bucket=NAMES["BUCKET"], Key=KEY, Body=b"wrong")
    s3.delete_object(Bucket=NAMES["BUCKET"], Key=KEY)
    listed, _ = run(versions, VERSION=right)
    assert right in [version["VersionId"] for version in listed["Versions"]]
    assert s3.get_object(Bucket=NAMES["BUCKET"], Key=KEY)["Body"].read() == b"right"


@pytest.mark.usefixtures("account")
def test_nothing_is_left_after_the_documents_uninstall() -> None:
    boto3.client("s3").put_object(Bucket=NAMES["BUCKET"], Key="midterm/scans/a.png", Body=b"1")
    for block in blocks("Uninstall"):
        run(block)
    assert boto3.client("dynamodb").list_tables()["TableNames"] == []
    assert boto3.client("s3").list_buckets()["Buckets"] == []
    assert boto3.client("secretsmanager").list_secrets()["SecretList"] == []


@pytest.mark.parametrize("name", ["operations.md", "access.md"])
def test_every_block_is_run_here_or_marked_as_needing_aws(name: str) -> None:
    blocks = Document.of(ROOT / "docs" / name).blocks()
    assert {block.label for block in blocks} <= {"emulator", "aws"}, "say which: ```sh emulator, or ```sh aws"
