"""The whole bill of one class in docs/costs.md: `python -m tests.support.class_bill` prints its tables.

Calls, tokens and AWS's part are those that `aita estimate exam` expects.
"""

import json
import sys
from decimal import Decimal
from pathlib import Path

from aita.models.api import Estimate, StageEstimate, StartRunRequest
from aita.models.run import RunSettings
from aita.models.second_look import See
from aita.services.runs.aws_price import SECONDS_PER_CALL, Line, Work, bill, total
from aita.services.runs.cost_estimate import Estimator
from tests.support.class_costs import MODELS, Tokens
from tests.support.fakes import MODEL, Harness

STUDENTS, PAGES, QUESTIONS = 180, 8, 10
AT_ONCE = (5, 50)
TEMPLATE = Path(__file__).parents[2] / "template.yaml"
STAGES = {"transcribe": "reading", "answer_key": "answer keys", "rubric": "rubrics", "grade": "grading"}
WITH_BATCHES = "OpenAI"
"""The one provider of the table that is known to take half for the batches that aita speaks."""


def estimate() -> Estimate:
    """Return what `aita estimate exam` expects of the class: questions are given, and there is no blank exam."""
    harness = Harness()
    questions = [
        {
            "question_id": str(number),
            "question_text": "x" * 300,
            "points": 10,
            "question_type": "long_answer",
            "page_number": 1 + number % PAGES,
        }
        for number in range(1, QUESTIONS + 1)
    ]
    exam = {"exam_name": "Exam", "total_pages": PAGES, "questions": questions}
    harness.put("questions.json", json.dumps(exam).encode())
    for student in range(STUDENTS):
        for page in range(PAGES):
            harness.put(f"scans/student {student}/{page}.jpg", b"x")
    defaults = RunSettings(model=MODEL, max_workers=5, see=See.DOUBTFUL)
    estimator = Estimator(harness.objects, defaults, lambda *_: Decimal(0), harness.decisions)
    return estimator.estimate(StartRunRequest(assignment="midterm", pipeline="exam"))


def model_tables(found: Estimate) -> str:
    """Return the calls and tokens by stage, and the price of them with each model."""
    asked = [stage for stage in found.stages if stage.calls]
    lines = ["| | calls | tokens in | tokens out |", "|---|---|---|---|"]
    lines += [_row(STAGES[each.stage], each) for each in asked]
    lines.append(_row("**together**", found))
    lines += ["", "| provider | model | at once, USD | in batches, USD |", "|---|---|---|---|"]
    for provider, (base_url, models) in MODELS.items():
        for model in models:
            cost = sum(
                (Tokens(each.calls, each.input_tokens, each.output_tokens).cost(base_url, model) for each in asked),
                Decimal(0),
            )
            batch = f"{cost / 2:.2f}" if provider == WITH_BATCHES else "-"
            lines.append(f"| {provider} | `{model}` | {cost:.2f} | {batch} |")
    return "\n".join(lines) + "\n"


def _row(name: str, each: Estimate | StageEstimate) -> str:
    return f"| {name} | {each.calls:,} | {each.input_tokens:,} | {each.output_tokens:,} |"


def aws_lines(calls: int) -> list[Line]:
    """Return AWS's bill of the run: a task for each call, page, student's strips and report, and the class's report."""
    pages, strips, reports = STUDENTS * PAGES, STUDENTS * QUESTIONS, STUDENTS + 1
    tasks = calls + pages + STUDENTS + reports
    return bill(Work(tasks=tasks, calls=calls, pages=pages, strips=strips, reports=reports))


def standing_lines() -> list[Line]:
    """Return what a stack costs in a month in which nobody uses it, with one class's pages in it."""
    alarms = TEMPLATE.read_text("utf-8").count("Type: AWS::CloudWatch::Alarm")
    stored = Decimal(STUDENTS * PAGES) * Decimal("0.3") / 1_000
    return [
        Line("alarms", Decimal(alarms), "", Decimal("0.10")),
        Line("the secret of the model's key", Decimal(1), "", Decimal("0.40")),
        Line("the class's pages in S3", stored, "GB", Decimal("0.023")),
    ]


def bill_table(lines: list[Line]) -> str:
    """Return lines of a bill and their sum, in Markdown."""
    head = ["| | amount | price, USD | USD |", "|---|---|---|---|"]
    return "\n".join([*head, *map(_line, lines), f"| **together** | | | **{total(lines):.2f}** |"]) + "\n"


def _line(line: Line) -> str:
    amount = f"{line.amount:,.2f}".removesuffix(".00")
    per = "" if line.per == 1 else f" per {line.per:,}"
    return f"| {line.name} | {f'{amount} {line.unit}'.strip()} | {line.price}{per} | {line.cost:.4f} |"


def time_table(found: Estimate) -> str:
    """Return how long the calls take if as many as the stack makes at once are always under way."""
    asked = [stage for stage in found.stages if stage.calls]
    heads = " | ".join(f"{each} at once" for each in AT_ONCE)
    lines = [f"| minutes of the model's calls | {heads} |", "|---|---|---|"]
    for name, calls in [*((STAGES[each.stage], each.calls) for each in asked), ("**together**", found.calls)]:
        minutes = " | ".join(f"{Decimal(calls * SECONDS_PER_CALL) / at_once / 60:.1f}" for at_once in AT_ONCE)
        lines.append(f"| {name} | {minutes} |")
    return "\n".join(lines) + "\n"


def tables() -> str:
    """Return all tables, in Markdown."""
    found = estimate()
    parts = (model_tables(found), bill_table(aws_lines(found.calls)), bill_table(standing_lines()), time_table(found))
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(tables())
