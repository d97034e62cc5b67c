"""List prices of what a run asks of AWS.

Prices are those of us-east-1 in USD, without free tiers, as recorded from the services' pricing pages
(https://aws.amazon.com/step-functions/pricing/, .../lambda/pricing/, .../dynamodb/pricing/on-demand/ and
.../s3/pricing/). docs/costs.md shows them for one page and for a class.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

REGION = "us-east-1"
RECORDED = "2026-11-23"
"""Day on which the prices were recorded."""

SECONDS_PER_CALL = 10
"""Assumed duration of a call of the model, in seconds, which its function waits for and pays."""

IMAGE_SECONDS = Decimal("0.1")
"""Measured duration of making one page's image, or of cutting one strip, in seconds."""

TASK_GB, SPLIT_GB, REPORT_GB = Decimal(512) / 1024, Decimal(2048) / 1024, Decimal(1769) / 1024
"""Memory of the functions in GB; template.yaml has it in MB."""

_TRANSITIONS, _WRITES = 4, 3  # of one task: tests/integration/test_transcribe.py counts them; META takes two units
_GB_SECOND = Decimal("0.0000166667")


@dataclass(frozen=True, slots=True)
class Work:
    """What a run does, as far as AWS bills it.

    Parameters
    ----------
    tasks
        Tasks of all functions.
    calls
        Those that ask the model.
    pages, strips, reports
        Images of pages and of answers, and reports, that are made.
    """

    tasks: int = 0
    calls: int = 0
    pages: int = 0
    strips: int = 0
    reports: int = 0

    def __add__(self, other: Self) -> "Work":
        return Work(
            self.tasks + other.tasks,
            self.calls + other.calls,
            self.pages + other.pages,
            self.strips + other.strips,
            self.reports + other.reports,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A line of AWS's bill: an amount, and the price in USD for so many of its unit."""

    name: str
    amount: Decimal
    unit: str
    price: Decimal
    per: int = 1

    @property
    def cost(self) -> Decimal:
        """The cost in USD."""
        return self.amount * self.price / self.per


def bill(work: Work) -> list[Line]:
    """Return the lines of AWS's bill of a run by calls, at the default rate limit.

    Each call is a task as docs/costs.md counts it ("Requests for one task"), which waits for the model, and takes its
    turn at the rate limiter by one write. With the provider's batches it waits for nothing, and costs less.
    """
    waiting = work.calls * SECONDS_PER_CALL * TASK_GB
    images = (work.pages + work.strips) * IMAGE_SECONDS * SPLIT_GB + work.reports * REPORT_GB  # a second for a report
    images_and_replies = 2 * work.calls + work.pages + work.strips
    return [
        Line("Step Functions, transitions", Decimal(_TRANSITIONS * work.tasks), "", Decimal("0.025"), 1_000),
        Line("Lambda, waiting for the model", waiting, "GB-s", _GB_SECOND),
        Line("Lambda, pages, strips and reports", images, "GB-s", _GB_SECOND),
        Line("Lambda, requests", Decimal(work.tasks), "", Decimal("0.20"), 1_000_000),
        Line("DynamoDB, write units", Decimal(_WRITES * work.tasks + work.calls), "", Decimal("0.625"), 1_000_000),
        Line("S3, PUT", Decimal(images_and_replies + work.reports), "", Decimal("0.005"), 1_000),
        Line("S3, GET", Decimal(images_and_replies), "", Decimal("0.0004"), 1_000),
    ]


def total(lines: Iterable[Line]) -> Decimal:
    """Return the sum of a bill in USD."""
    return sum((line.cost for line in lines), Decimal(0))
