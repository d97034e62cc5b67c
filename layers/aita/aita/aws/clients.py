"""Clients of boto3 with one configuration. Region, endpoint and credentials come from the environment."""

import os
from typing import Any

import boto3
from botocore.config import Config


def make_client(service: str) -> Any:
    """Return a client for a service.

    Presigned URLs must name the bucket's own regional host, which s3v4 with virtual addressing
    gives; an emulator at an IP address has no host for each bucket, and takes botocore's choice.
    """
    emulated = "AWS_ENDPOINT_URL" in os.environ
    config = Config(
        retries={"mode": "standard", "max_attempts": 5},
        connect_timeout=5,
        read_timeout=30,
        max_pool_connections=32,
        signature_version="s3v4" if service == "s3" else "v4",
        s3={"addressing_style": "auto" if emulated else "virtual"},
    )
    return boto3.client(service, config=config)  # type: ignore[call-overload]  # the stubs want literals
