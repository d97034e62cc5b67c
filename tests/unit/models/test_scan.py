"""What a scan was found to be: results of earlier versions stay readable, and the versions made of them the same."""

import pytest

from aita.models.scan import BANDS, PageInk, StudentScans

CLEAN = "00" * BANDS


def test_scans_of_before_are_read() -> None:
    stored = {"ink": [{"exam_page": 2, "likeness": 0.7, "bands": CLEAN}, None], "unreadable": 1}
    known, unknown = StudentScans.model_validate(stored).ink
    assert known == PageInk(exam_page=2, likeness=0.7, bands=CLEAN)
    assert unknown is None
    assert not known.is_foreign


@pytest.mark.parametrize(("exam_page", "bands"), [(1, CLEAN), (None, "")])
def test_versions_of_before_stay(exam_page: int | None, bands: str) -> None:
    ink = PageInk(exam_page=exam_page, likeness=0.5, bands=bands)
    assert ink.findings == (exam_page, bands)


@pytest.mark.parametrize("mark", ["empty", "other_version", "undrawn"])
def test_each_mark_makes_another_version(mark: str) -> None:
    ink = PageInk(exam_page=1, likeness=0.5, bands=CLEAN)
    assert ink.model_copy(update={mark: True}).findings == (1, CLEAN, mark)
