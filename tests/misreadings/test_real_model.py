"""The suite against a real model, over a model that is not real: that it measures what it says."""

import hashlib
import json
import random
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from aita.executor.create import create_executor
from aita.tasks.request import LLMRequest
from tests.misreadings import real_model
from tests.misreadings.handwriting import drawn_strip
from tests.misreadings.model import differences, graded
from tests.misreadings.real_model import Sample, measure, samples
from tests.misreadings.table import Table
from tests.support.fakes import NONSENSE, FakeModel, answer_of


def eyes(drawn: list[Sample]) -> FakeModel:
    """Return a model that reads each of these strips as it was written."""
    written = {each.strip.sha256: each.answer.question.lines(each.answer.written) for each in drawn}
    model = FakeModel()

    def reply(request: LLMRequest) -> str:
        transcribed = tuple(answer_of(request).splitlines())
        if request.schema_name == "Grading":
            return json.dumps(graded(request, transcribed))
        (image,) = request.messages[1].images
        read = written[image.sha256]
        return json.dumps(graded(request, read) | {"reading": differences(transcribed, read, random.Random(0))})

    model.otherwise = reply
    return model


def measured(model: FakeModel, drawn: list[Sample]) -> Table:
    executor = create_executor(model, rate_limit=0, enable_checkpointing=False, show_progress=False)
    return Table(measure(executor, drawn)[0])


def test_a_model_that_sees_catches_what_it_is_shown(tmp_path: Path) -> None:
    drawn = samples(60, 0, tmp_path)
    model = eyes(drawn)
    table = measured(model, drawn)
    assert [*table.modes] == ["never", "doubtful", "always"]
    assert (table.caught("never"), table.caught("always")) == (0, 1)
    assert 0 < table.caught("doubtful") < 1
    assert table.falsely_open("always") == 0
    assert _shown(model.images) == {each.strip.sha256 for each in drawn}


def test_what_fails_is_open_and_told(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    executor = create_executor(
        FakeModel(lambda request: NONSENSE), rate_limit=0, enable_checkpointing=False, show_progress=False
    )
    monkeypatch.setattr(real_model, "create_executor", lambda **options: executor)
    assert real_model.main(["--answers", "2"]) == 1
    assert "failed 4 times: UnparsableReplyError" in capsys.readouterr().out


def test_without_a_key_it_says_so(capsys: Any) -> None:
    assert real_model.main([]) == 2
    assert "OPENAI_API_KEY" in capsys.readouterr().err


def test_a_strip_has_a_line_of_ink_for_each_line() -> None:
    sizes = []
    for lines in (("x = 4",), ("x = 4", "30° and 2.0 m/s²")):
        image = Image.open(BytesIO(drawn_strip(lines, random.Random(0)))).convert("L")
        bands = (image.crop((0, top, image.width, top + 64)) for top in range(16, image.height - 48, 64))
        rows = [any(band.histogram()[:100]) for band in bands]
        sizes.append(sum(rows))
    assert sizes == [1, 2]


def test_what_the_font_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="the font has no 漢"):
        drawn_strip(("漢",), random.Random(0))


def _shown(images: list[dict[str, bytes]]) -> set[str]:
    found: list[Mapping[str, bytes]] = [*images]
    return {hashlib.sha256(each).hexdigest() for shown in found for each in shown.values()}
