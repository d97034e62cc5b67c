"""The secret of the model's key, where Secrets Manager refuses to write it."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from aita.client.api_key_secret import store_api_key
from aita.client.stack_target import StackTarget
from aita.errors import StackError

KEY = {"SecretId": "exams/api-key", "SecretString": "sk-given"}


def refusing(monkeypatch: pytest.MonkeyPatch, operation: str, code: str, expected: dict[str, Any]) -> None:
    client = boto3.client("secretsmanager", "us-east-1")
    stub = Stubber(client)
    stub.add_client_error(operation, code, "as AWS says it", expected_params=expected)
    stub.activate()
    monkeypatch.setattr(StackTarget, "client", lambda *_: client)


def test_one_that_is_being_deleted_can_be_brought_back(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(monkeypatch, "put_secret_value", "InvalidRequestException", KEY)
    with pytest.raises(StackError) as told:
        store_api_key(StackTarget("exams", "us-east-1"), "exams/api-key", "sk-given")
    assert "aws secretsmanager restore-secret --secret-id exams/api-key" in str(told.value)
    assert "sk-given" not in str(told.value)


def test_another_refusal_is_aws_own(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(monkeypatch, "put_secret_value", "LimitExceededException", KEY)
    with pytest.raises(StackError, match="AWS answers LimitExceededException: as AWS says it"):
        store_api_key(StackTarget("exams", "us-east-1"), "exams/api-key", "sk-given")
