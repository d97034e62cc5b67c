"""The costs of a class in docs/models.md are those of the tables of prices and of today's prompts."""

from pathlib import Path

from tests.support.class_costs import tables

MODELS = Path(__file__).parents[2] / "docs" / "models.md"


def test_the_document_has_what_is_computed() -> None:
    text = MODELS.read_text("utf-8")
    for part in tables().split("\n\n"):
        assert part.strip() in text, "put there what `python -m tests.support.class_costs` prints"
