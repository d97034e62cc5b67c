"""What a run would cost, and what it may cost."""

import json
from decimal import Decimal

import pytest

from aita.models.api import DurationEstimate, Estimate, StageEstimate
from aita.models.run import RunStatus
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import RUN, FakeStack, run_view

RUN_PATH = f"/runs/{RUN}"


def estimated(cost: str | None = "0.125") -> Estimate:
    usd = None if cost is None else Decimal(cost)
    stages = [
        StageEstimate(stage="answer_key", calls=4, input_tokens=2_400, output_tokens=6_000, cost_usd=usd),
        StageEstimate(stage="rubric", calls=20, input_tokens=9_000, output_tokens=8_000, cost_usd=usd),
    ]
    return Estimate.of(stages, ["answer keys are not written yet"])


def test_an_estimate_is_shown_by_stage_with_what_is_supposed(stack: FakeStack, aita: Aita) -> None:
    stack.answer("POST", "/runs/estimate", estimated())
    code, out, _ = aita("estimate", "rubric", "--assignment", "midterm")
    assert code == 0
    for shown in ("answer_key", "together", "24", "11,400", "14,000", "$0.2500", "not written yet"):
        assert shown in out
    [sent] = stack.asked("POST", "/runs/estimate")
    assert (sent.body["assignment"], sent.body["pipeline"]) == ("midterm", "rubric")


def test_an_estimate_is_not_cut_in_a_narrow_terminal(
    stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    stage = estimated().stages[0].model_copy(update={"stage": "read_again", "batch_cost_usd": Decimal("0.0625")})
    stack.answer("POST", "/runs/estimate", Estimate.of([stage], []))
    lines = [line.split() for line in aita("estimate", "exam", "-a", "midterm")[1].splitlines()]
    assert lines[:6] == [
        ["read_again"],
        ["calls", "4"],
        ["tokens", "in", "2,400"],
        ["tokens", "out", "6,000"],
        ["cost", "$0.1250"],
        ["with", "--batch", "$0.0625"],
    ]


def test_an_estimate_tells_awss_part_beside_the_models(stack: FakeStack, aita: Aita) -> None:
    found = estimated()
    stack.answer("POST", "/runs/estimate", found.model_copy(update={"aws_cost_usd": Decimal("0.8581")}))
    out = " ".join(aita("estimate", "rubric", "-a", "midterm")[1].split())
    assert "AWS comes on top: $0.8581, an estimate at list prices of us-east-1" in out
    assert "together 24 11,400 14,000 $0.2500" in out


def test_an_estimate_tells_about_how_long_it_takes_and_what_that_rests_on(stack: FakeStack, aita: Aita) -> None:
    basis = ("50 tasks at once", "rubric: 5 to 20 s a call are assumed, as no run of the model m is known")
    duration = DurationEstimate(low_seconds=650, high_seconds=1100, text="about 10 to 20 minutes", basis=basis)
    stack.answer("POST", "/runs/estimate", estimated().model_copy(update={"duration": duration}))
    lines = aita("estimate", "rubric", "-a", "midterm")[1].splitlines()
    place = lines.index("  It takes about 10 to 20 minutes")
    assert lines[place + 1 : place + 3] == [f"    {each}" for each in basis]


def test_a_stack_that_tells_no_part_of_aws_has_none_shown(stack: FakeStack, aita: Aita) -> None:
    stack.answer("POST", "/runs/estimate", estimated())
    assert "AWS" not in aita("estimate", "rubric", "-a", "midterm")[1]


def test_one_without_a_price_says_so(stack: FakeStack, aita: Aita) -> None:
    stack.answer("POST", "/runs/estimate", estimated(None))
    code, out, _ = aita("estimate", "rubric", "-a", "midterm", "--json")
    assert (code, json.loads(out)["cost_usd"]) == (0, None)
    assert "price not known" in aita("estimate", "rubric", "-a", "midterm")[1]


@pytest.mark.parametrize(
    ("given", "sent"), [("generate-rubric", "rubric"), ("rubric", "rubric"), ("exam", "exam"), ("kind.a", "kind.a")]
)
def test_an_estimate_is_asked_for_by_the_command(stack: FakeStack, aita: Aita, given: str, sent: str) -> None:
    stack.answer("POST", "/runs/estimate", estimated())
    assert aita("estimate", given, "-a", "midterm")[0] == 0
    assert stack.asked("POST", "/runs/estimate")[0].body["pipeline"] == sent


@pytest.mark.parametrize("command", ["generate-rubric", "transcribe"])
def test_a_cap_is_sent_and_the_estimate_told_first(stack: FakeStack, aita: Aita, command: str) -> None:
    stack.answer("POST", "/runs/estimate", estimated())
    stack.answer("POST", "/runs", run_view())
    stack.answer("GET", RUN_PATH, run_view(RunStatus.SUCCEEDED, max_cost_usd=Decimal("0.5")))
    code, out, err = aita(command, "-a", "midterm", "--max-cost", "0.5")
    assert code == 0
    assert "Estimated: 24 calls" in err
    assert "of at most $0.5000" in out
    [sent] = stack.asked("POST", "/runs")
    assert sent.body["options"] == {"max_cost_usd": "0.5"}


def test_the_variable_is_a_cap_too(stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITA_MAX_COST_USD", "2.50")
    stack.answer("POST", "/runs/estimate", estimated())
    stack.answer("POST", "/runs", run_view())
    aita("transcribe", "-a", "midterm", "--detach")
    assert stack.asked("POST", "/runs")[0].body["options"] == {"max_cost_usd": "2.50"}


def test_a_resume_takes_a_higher_cap(stack: FakeStack, aita: Aita) -> None:
    stack.answer("POST", f"{RUN_PATH}/resume", run_view())
    assert aita("resume", RUN, "--max-cost", "5", "--detach")[0] == 0
    assert aita("resume", RUN, "--detach")[0] == 0
    assert [sent.body for sent in stack.asked("POST", f"{RUN_PATH}/resume")] == [{"max_cost_usd": "5.0"}, None]


@pytest.mark.parametrize("cap", ["0", "-1", "much"])
def test_a_cap_is_an_amount(stack: FakeStack, aita: Aita, cap: str) -> None:
    assert aita("transcribe", "-a", "midterm", "--max-cost", cap)[0] == 2
    assert stack.requests == []


def test_another_way_of_grading_says_that_what_is_graded_stays(stack: FakeStack, aita: Aita) -> None:
    stack.answer("POST", "/runs", run_view())
    assert "--regrade-older" in aita("grade", "-a", "midterm", "--see", "always", "--detach")[2]
    assert "--regrade-older" not in aita("grade", "-a", "midterm", "--detach")[2]
    assert "see --regrade-older" not in aita("grade", "-a", "m", "--see", "always", "--regrade-older", "--detach")[2]


@pytest.mark.parametrize(("models", "is_shown"), [(("m", "m", ""), False), (("read-1", "m", ""), True)])
def test_an_estimate_names_the_models_if_there_are_several(
    stack: FakeStack, aita: Aita, models: tuple[str, ...], is_shown: bool
) -> None:
    found = estimated()
    stages = [found.stages[0].model_copy(update={"stage": f"s{model}", "model": model}) for model in models]
    stack.answer("POST", "/runs/estimate", found.model_copy(update={"stages": tuple(stages)}))
    _, out, _ = aita("estimate", "exam", "-a", "midterm")
    assert ("read-1" in out.replace("sread-1", "")) is is_shown
    assert (" model " in out) is is_shown
