"""Tests of the two base classes of models."""

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from aita.models.base import LenientModel, StrictModel
from aita.tasks.json_schema import strict_schema

THREADS = 8
REPLY = '{"lines": [{"text": "x"}], "top": 0.5}'


class DeferredModel(BaseModel):
    """An author's own model that is built late."""

    model_config = ConfigDict(defer_build=True)


@pytest.fixture(autouse=True)
def _many_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def at_once(work: Callable[[Any], Any], model: type[BaseModel]) -> list[Any]:
    barrier = Barrier(THREADS)

    def one(_: int) -> Any:
        barrier.wait(30)
        return work(model)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def unbuilt(base: type[BaseModel]) -> type[BaseModel]:
    line: Any = type("Line", (base,), {"__annotations__": {"text": str}})
    return type("Page", (base,), {"__annotations__": {"lines": list[line], "top": float}})


@pytest.mark.parametrize("base", [StrictModel, LenientModel, DeferredModel])
def test_a_model_s_first_schema_is_its_own_in_every_thread(base: type[BaseModel]) -> None:
    expected = strict_schema(unbuilt(base))
    assert list(expected["properties"]) == ["lines", "top"]
    for _ in range(40):
        found = at_once(lambda each: json.dumps(strict_schema(each)), unbuilt(base))
        assert set(found) == {json.dumps(expected)}


@pytest.mark.parametrize("base", [StrictModel, LenientModel])
def test_a_model_s_first_reply_is_read_by_its_own_rules_in_every_thread(base: type[BaseModel]) -> None:
    for _ in range(40):
        found = at_once(lambda each: each.model_validate_json(REPLY).model_dump(), unbuilt(base))
        assert found == [{"lines": [{"text": "x"}], "top": 0.5}] * THREADS


@pytest.mark.parametrize("base", [StrictModel, LenientModel])
def test_a_model_s_first_object_is_made_and_written_by_its_own_rules_in_every_thread(base: type[BaseModel]) -> None:
    for _ in range(40):
        found = at_once(lambda each: each(lines=[], top=1).model_dump_json(), unbuilt(base))
        assert found == ['{"lines":[],"top":1.0}'] * THREADS
