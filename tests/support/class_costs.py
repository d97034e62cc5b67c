"""What a class costs with each model of docs/models.md: `python -m tests.support.class_costs` prints its tables.

The tokens are those that `aita estimate` expects of the sample exam's questions, handed in by a whole class.
"""

import sys
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aita.llm.price_table import table
from aita.llm.pricing import highest_cost
from aita.models.api import Estimate, StartRunRequest
from aita.models.run import RunSettings
from aita.models.second_look import See
from aita.services.runs.cost_estimate import Estimator
from tests.support.fakes import MODEL, Harness
from tests.support.sample_exam import EXAM

STUDENTS, PAGES = 100, 3
AS_OF = date.fromisoformat(table("google")["as_of"])
READING = ("extract_questions", "transcribe", "read_again")

OPENAI, OPENROUTER = "https://api.openai.com/v1", "https://openrouter.ai/api/v1"
GOOGLE, ANTHROPIC = "https://generativelanguage.googleapis.com/v1beta/openai", "https://api.anthropic.com/v1"

MODELS = {
    "OpenAI": (OPENAI, ("gpt-6-luna", "gpt-5.6-luna", "gpt-6.1-terra", "gpt-6-sol")),
    "OpenRouter": (OPENROUTER, ("openai/gpt-6-luna", "google/gemini-3.8-flash")),
    "Google": (GOOGLE, ("gemini-3.5-flash-lite", "gemini-3.8-flash")),
    "Anthropic": (ANTHROPIC, ("claude-haiku-5-5", "claude-sonnet-5-5")),
    "Mistral": ("https://api.mistral.ai/v1", ("mistral-medium-3-5",)),
    "Amazon Bedrock": ("bedrock", ("amazon.nova-lite-v1:0", "us.anthropic.claude-haiku-4-5-20251001-v1:0")),
}
"""Models by provider, with its base URL."""

PAIRS = (("gpt-6-luna", "gpt-6-sol"), ("gpt-6-sol", "gpt-6-luna"), ("gpt-6-luna", "gpt-6.1-terra"))
"""Readers and graders of OpenAI's."""


@dataclass(frozen=True)
class Tokens:
    """Input and output tokens of each call's stage, summed."""

    calls: int
    sent: int
    received: int

    def cost(self, base_url: str, model: str) -> Decimal:
        """Return their cost, as that of calls that are each far below the limits of dearer long calls."""
        share = highest_cost(self.sent // self.calls, self.received // self.calls, base_url, model, on=AS_OF)
        assert share is not None, f"the price of {model} is not known"
        return share * self.calls


def expected() -> dict[bool, Tokens]:
    """Return the tokens that a class takes: those of reading under true, those of grading under false."""
    harness = Harness()
    for name in ("questions.json", "blank_exam.pdf"):
        harness.put(name, (EXAM / name).read_bytes())
    for student in range(STUDENTS):
        for page in range(PAGES):
            harness.put(f"scans/student {student}/{page}.jpg", b"x")
    defaults = RunSettings(model=MODEL, max_workers=5, see=See.DOUBTFUL)
    estimator = Estimator(harness.objects, defaults, lambda *_: Decimal(0), harness.decisions)
    found: Estimate = estimator.estimate(StartRunRequest(assignment="midterm", pipeline="exam"))
    return {
        reads: Tokens(
            sum(each.calls for each in found.stages if (each.stage in READING) is reads),
            sum(each.input_tokens for each in found.stages if (each.stage in READING) is reads),
            sum(each.output_tokens for each in found.stages if (each.stage in READING) is reads),
        )
        for reads in (True, False)
    }


def tables() -> str:
    """Return the tables, in Markdown."""
    tokens = expected()
    lines = ["| | calls | tokens in | tokens out |", "|---|---|---|---|"]
    for reads, name in ((True, "reading"), (False, "keys, rubrics, grading")):
        each = tokens[reads]
        lines.append(f"| {name} | {each.calls:,} | {each.sent:,} | {each.received:,} |")
    lines += ["", "| provider | model | reading | grading | together, USD |", "|---|---|---|---|---|"]
    for provider, (base_url, models) in MODELS.items():
        for model in models:
            read, graded = (tokens[reads].cost(base_url, model) for reads in (True, False))
            lines.append(f"| {provider} | `{model}` | {read:.2f} | {graded:.2f} | {read + graded:.2f} |")
    lines += ["", "| `ReaderModel` | `GraderModel` | together, USD |", "|---|---|---|"]
    for reader, grader in PAIRS:
        cost = tokens[True].cost(OPENAI, reader) + tokens[False].cost(OPENAI, grader)
        lines.append(f"| `{reader}` | `{grader}` | {cost:.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(tables())
