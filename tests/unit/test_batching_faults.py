"""Calls that items share, cut off anywhere: nothing is lost, paid twice, counted twice or shown as a success."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from aita.models.run import Run, RunStatus, Usage
from aita.tasks.request import LLMRequest
from tests.fakes import (
    NONSENSE,
    Crash,
    Harness,
    answer_key,
    questions_of,
    right,
)

IDS = ["q0", "q1", "q2", "q3"]


def exam(harness: Harness, *ids: str) -> None:
    harness.exam(
        *(
            {"question_id": each, "question_text": f"Why {each}?", "points": 2, "question_type": "short_answer"}
            for each in ids or IDS
        )
    )


def asked(harness: Harness) -> list[list[str]]:
    """Return the questions of each call about answer keys."""
    return [questions_of(each) for each in harness.model.requests if each.schema_name != "Rubric"]


def all_parts(request: LLMRequest) -> str:
    return right(request)


def without_q1(request: LLMRequest) -> str:
    """Leave q1 out of replies about several questions, and reply wrongly about q2."""
    if request.schema_name != "AnswerKeys":
        return right(request)
    keys = [answer_key(each) for each in questions_of(request) if each != "q1"]
    return json.dumps({"answer_keys": [key if key["question_id"] != "q2" else {"question_id": "q2"} for key in keys]})


def useless(request: LLMRequest) -> str:
    """Reply to what is asked together with nothing that can be used."""
    return NONSENSE if request.schema_name == "AnswerKeys" else right(request)


SAYS = [all_parts, without_q1, useless]


class Effects:
    """Counts what services do to the stores, and dies at one of these places, before or after it is done."""

    def __init__(self, harness: Harness, place: int | None = None, *, after: bool = False) -> None:
        self.count = 0
        self.lost = 0
        self._place, self._after = place, after
        monkey = pytest.MonkeyPatch()
        for store, name in ((harness.objects, "put"), (harness.tasks, "record"), (harness.runs, "count")):
            monkey.setattr(store, name, self._dying(getattr(store, name)))

    def _dying(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def act(*args: Any) -> Any:
            here = self.count == self._place
            self.count += 1
            if here and not self._after:
                self.lost += b'"finish_reason"' in args[-1] if isinstance(args[-1], bytes) else 0
                raise Crash("before")
            done = do(*args)
            if here:
                raise Crash("after")
            return done

        return act


def drive_stage(harness: Harness, run: Run, retries: int) -> None:
    for event in harness.events(run):
        harness.drive_item(event, event.item, "arn:task", retries)  # type: ignore[arg-type]
    harness.collect(run, "answer_key")


def effects_of_the_stage(say: Callable[[LLMRequest], str]) -> int:
    harness = Harness()
    exam(harness)
    harness.model.otherwise = say
    run = harness.begin(batch_size=5)
    (event,) = harness.events(run)
    effects = Effects(harness)
    harness.invoke(event)
    return effects.count


def check_whole(harness: Harness, run: Run, lost: int = 0) -> None:
    """Check that every question has its answer key, and that the rows sum to what was paid."""
    assert run.status is RunStatus.SUCCEEDED
    assert set(harness.artifact("answer_keys.json")) == set(IDS)
    rows = harness.rows(run)
    assert sum((row.usage for row in rows), Usage()).calls == run.usage.calls == harness.model.calls - lost


PLACES = [(say, place) for say in SAYS for place in range(effects_of_the_stage(say))]


@pytest.mark.parametrize(("say", "place"), PLACES, ids=lambda value: getattr(value, "__name__", value))
@pytest.mark.parametrize("after", [False, True])
class TestCutOffAnywhere:
    def test_a_retry_pays_nothing_twice(self, say: Any, place: int, after: bool) -> None:
        harness, lost = self.crashed(say, place, after, retries=2)
        run = harness.runs.get(next(iter(harness.runs.rows)))
        check_whole(harness, run, lost)
        once = asked(harness)[: -1 or None]
        assert len({tuple(each) for each in once}) == len(once) - 0 or lost

    def crashed(self, say: Any, place: int, after: bool, retries: int) -> tuple[Harness, int]:
        raise NotImplementedError
