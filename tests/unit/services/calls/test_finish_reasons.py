"""Finish reasons in the spellings of endpoints."""

import pytest

from aita.services.calls.finish_reasons import Finish, finish_of


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("STOP", Finish.WHOLE),
        ("FinishReason.STOP", Finish.WHOLE),
        ("FINISH_REASON_STOP", Finish.WHOLE),
        ("FinishReason.MAX_TOKENS", Finish.CUT),
        ("FinishReason.SAFETY", Finish.REFUSED),
        ("end-turn", Finish.WHOLE),
        ("engine_error", Finish.BROKEN),
        ("upstream error", Finish.BROKEN),
        ("terror", Finish.UNKNOWN),
        ("OTHER", Finish.UNKNOWN),
    ],
)
def test_reasons(reason: str, finish: Finish) -> None:
    assert finish_of(reason) is finish
