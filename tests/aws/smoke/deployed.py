"""The stack of a smoke test in its account: deployed, looked at, and deleted with all that it leaves."""

import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

from tests.aws.definition import Json
from tests.aws.smoke.commands import Commands

TAG = "aita-smoke"
"""Tag of the stack, and so of all that it has; its value is the stack's name."""


@dataclass(frozen=True)
class DeployedStack:
    """A stack under a name of its own.

    Attributes
    ----------
    commands
        Commands for it.
    parameters
        Parameters of the template, beside those of every smoke test.
    """

    commands: Commands
    parameters: Mapping[str, str]

    @property
    def name(self) -> str:
        """Name of the stack."""
        return self.commands.stack

    @property
    def secret(self) -> str:
        """Name of the secret with its model's key: its own, so that no other stack's key is replaced or deleted."""
        return f"{self.name}/api-key"

    def client(self, service: str) -> Any:
        """Return a client in the region of the default configuration."""
        return boto3.client(service, config=Config(retries={"mode": "standard", "max_attempts": 8}))  # type: ignore[call-overload]  # typed for literal names alone

    def deploy(self) -> None:
        """Build it in a folder of its own, and deploy it."""
        given = {
            "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
            "ApiAccessLog": "Disabled",  # the account's own role for the logs of its APIs stays
            "ApiKeySecretName": self.secret,
            "LogRetentionDays": "1",
        } | dict(self.parameters)
        overrides = ["--parameter-overrides", *(f"{name}={value}" for name, value in given.items())]
        build = self.commands.folder / "build"
        self.commands.sam("build", "--build-dir", str(build), *overrides)
        template = str(build / "template.yaml")
        # What was uploaded under a prefix is deleted with the stack: that of samconfig.toml is another stack's.
        self.commands.sam(
            "deploy", "--template-file", template, "--stack-name", self.name, "--s3-prefix", self.name,
            "--tags", f"{TAG}={self.name}", "--no-progressbar", *overrides,
        )  # fmt: skip

    @cached_property
    def outputs(self) -> dict[str, str]:
        """Outputs of the stack, by name."""
        described = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}

    @cached_property
    def resources(self) -> list[Json]:
        """Resources of the stack, each with its logical and physical id and its type; none if there is no stack."""
        cloudformation = self.client("cloudformation")
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        try:
            return [found for page in pages for found in page["StackResourceSummaries"]]
        except cloudformation.exceptions.ClientError as error:
            if "does not exist" in str(error):
                return []
            raise

    def physical_ids(self, kind: str) -> dict[str, str]:
        """Return the resources of a type: their physical ids by logical ones."""
        return {
            found["LogicalResourceId"]: found["PhysicalResourceId"]
            for found in self.resources
            if found["ResourceType"] == kind
        }

    def put_replies(self, replies: Mapping[str, bytes]) -> None:
        """Put replies into the cache."""
        s3 = self.client("s3")
        for key, body in replies.items():
            s3.put_object(Bucket=self.outputs["BucketName"], Key=key, Body=body)

    def delete(self) -> None:
        """Delete the stack, and then its bucket, table and secret, which outlive a stack on purpose.

        A deploy that failed may have left any of them, or none.
        """
        if not self.resources:
            return
        self.commands.sam("delete", "--stack-name", self.name, "--no-prompts")
        for bucket in self._buckets():
            self._delete_bucket(bucket)
        for table in self._tables():
            self._delete_table(table)
        secrets = self.client("secretsmanager")
        with suppress(secrets.exceptions.ResourceNotFoundException):  # of a deploy that failed
            secrets.delete_secret(SecretId=self.secret, ForceDeleteWithoutRecovery=True)
        shutil.rmtree(self.commands.folder / "build", ignore_errors=True)

    def _delete_table(self, table: str) -> None:
        dynamodb = self.client("dynamodb")
        if dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled"):
            dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
            dynamodb.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 2, "MaxAttempts": 60})
        dynamodb.delete_table(TableName=table)

    def _delete_bucket(self, bucket: str) -> None:
        found = boto3.resource("s3").Bucket(bucket)
        found.object_versions.delete()
        found.delete()

    def left(self) -> list[str]:
        """Return what is still there of the stack: the stack itself, its buckets and its tables."""
        return [*self._stacks(), *self._buckets(), *self._tables()]

    def _stacks(self) -> list[str]:
        cloudformation = self.client("cloudformation")
        try:
            found = cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except cloudformation.exceptions.ClientError as error:
            if "does not exist" in str(error):
                return []
            raise
        return [stack["StackName"] for stack in found if stack["StackStatus"] != "DELETE_COMPLETE"]

    def _buckets(self) -> list[str]:
        there = {bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]}
        return [bucket for bucket in self.physical_ids("AWS::S3::Bucket").values() if bucket in there]

    def _tables(self) -> list[str]:
        """Return the tables that are there, and not on their way out."""
        dynamodb = self.client("dynamodb")
        found = []
        for table in self.physical_ids("AWS::DynamoDB::Table").values():
            with suppress(dynamodb.exceptions.ResourceNotFoundException):
                if dynamodb.describe_table(TableName=table)["Table"]["TableStatus"] != "DELETING":
                    found.append(table)
        return found
