"""The costs of a class in the documents are those of the tables of prices and of today's prompts."""

from pathlib import Path

from aita.services.runs.aws_price import RECORDED, REGION, Work, bill, total
from tests.support import class_bill
from tests.support.class_costs import tables

DOCS = Path(__file__).parents[2] / "docs"


def test_the_document_has_what_is_computed() -> None:
    text = (DOCS / "models.md").read_text("utf-8")
    for part in tables().split("\n\n"):
        assert part.strip() in text, "put there what `python -m tests.support.class_costs` prints"


def test_the_bill_of_a_whole_class_is_what_is_computed() -> None:
    text = (DOCS / "costs.md").read_text("utf-8")
    for part in class_bill.tables().split("\n\n"):
        assert part.strip() in text, "put there what `python -m tests.support.class_bill` prints"


def test_the_estimate_tells_what_the_document_says_that_aws_costs() -> None:
    found = class_bill.estimate()
    assert found.aws_cost_usd == total(class_bill.aws_lines(found.calls))


def test_a_class_is_billed_at_the_prices_of_1000_pages() -> None:
    text = (DOCS / "costs.md").read_text("utf-8")
    recorded = text[text.index("## 1,000 pages") : text.index("## What waits for Lambda")]
    assert f"List prices of {REGION} as recorded on {RECORDED}" in recorded
    missing = [line.name for line in bill(Work()) if f"| {line.price} per" not in recorded]
    assert missing == []
