"""A task's result names the cached replies that it used, so that they are found without reading the whole cache."""

from typing import Any

from aita.models.run import Run
from tests.support.fakes import NONSENSE, Harness, failing, right


def recorded(harness: Harness, run: Run, stage: str = "answer_key") -> dict[str, tuple[str, ...]]:
    """Return the replies of each task of a stage, by its question."""
    rows = harness.rows(run, stage)
    return {str(row.refs["question_id"]): tuple(harness.result(row)["replies"]) for row in rows}


def cached(harness: Harness) -> set[str]:
    return {key[6:-5] for key in harness.objects.data if key.startswith("cache/")}


def test_each_task_names_its_reply(harness: Harness) -> None:
    harness.exam()
    replies = recorded(harness, harness.run())
    assert set(replies) == {"1a", "1b", "2"}
    assert all(len(each) == 1 for each in replies.values())
    assert {each for used in replies.values() for each in used} <= cached(harness)


def test_of_a_task_that_was_asked_again_all_replies_are_named(harness: Harness) -> None:
    harness.exam()
    failed: set[str] = failing(harness, "1a")
    run = harness.run()
    replies = recorded(harness, run)
    assert failed
    assert len(replies["1a"]) == sum(
        NONSENSE in str(harness.objects.json(f"cache/{each}.json")) for each in cached(harness)
    )
    assert set(replies["1a"]) <= cached(harness)


def test_all_of_a_runs_replies_are_named_whoever_shares_them(harness: Harness) -> None:
    harness.exam()
    run = harness.run(batch_size=5)
    named = {
        each for stage in ("answer_key", "rubric") for used in recorded(harness, run, stage).values() for each in used
    }
    assert named == cached(harness)
    assert len(set.intersection(*map(set, recorded(harness, run).values()))) == 1, "the shared one"


def test_a_reply_that_another_run_paid_for_is_named_too(harness: Harness) -> None:
    harness.exam()
    first = recorded(harness, harness.run(batch_size=5))
    again: dict[str, Any] = recorded(harness, harness.run(batch_size=5))
    assert again.keys() == first.keys()
    assert all(set(again[each]) & set(first[each]) for each in first)


def test_a_shared_reply_that_is_of_no_use_is_named(harness: Harness) -> None:
    harness.exam()
    harness.model.say(NONSENSE)
    harness.model.otherwise = right
    run = harness.run(batch_size=5)
    named = {
        each for stage in ("answer_key", "rubric") for used in recorded(harness, run, stage).values() for each in used
    }
    assert named == cached(harness)
