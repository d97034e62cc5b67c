"""Dropped files: where they are kept, and what is refused."""

import uuid
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from aita.client.console import staging

DROP = str(uuid.UUID(int=7))


def drop(page: TestClient, path: str, data: bytes = b"scan", to: str = DROP) -> int:
    return page.post(f"/dropped/{to}", content=data, headers={"Aita-Console-Path": path}).status_code


def test_a_file_is_kept_at_its_path(page: TestClient, tmp_path: Path) -> None:
    assert drop(page, "midterm%2Fscans%2FZo%C3%AB%2Fpage%201.jpg") == 200
    assert (tmp_path / DROP / "midterm/scans/Zoë/page 1.jpg").read_bytes() == b"scan"


@pytest.mark.parametrize(
    "path",
    [
        *("", "..%2Fx", "a%2F..%2F..%2Fx", "%2Fetc%2Fx", "{root}%2Fx", "{share}%5Cx", "..%5Cx", "C:%5Cx", "a%00b"),
        *("a%0Ab", "x" * 256),
    ],
    ids=["none", "up", "up in it", "absolute", "root", "share", "backslash", "drive", "null", "line", "long"],
)
def test_a_path_that_leaves_the_folder_is_refused(page: TestClient, tmp_path: Path, path: str) -> None:
    before = sorted(tmp_path.parent.rglob("*"))
    path = path.format(root=quote(f"/{tmp_path}"), share=quote(f"/{tmp_path}".replace("/", "\\")))
    assert drop(page, path) == 400
    assert sorted(tmp_path.parent.rglob("*")) == before


@pytest.mark.parametrize("to", ["x", "a" * 37])
def test_a_drop_has_an_id(page: TestClient, to: str) -> None:
    assert drop(page, "x.jpg", to=to) == 400


def test_a_file_and_a_folder_of_one_name_are_refused(page: TestClient) -> None:
    assert drop(page, "a") == 200
    assert drop(page, "a%2Fb") == 400


def test_a_drop_that_is_too_large_is_refused(page: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "MOST_BYTES", 10)
    assert drop(page, "a", b"1234567") == 200
    assert drop(page, "b", b"1234567") == 413
    assert [file.name for file in (tmp_path / DROP).iterdir()] == ["a"], "no part of it takes room"


def test_without_the_token_nothing_is_kept(anyone: TestClient, tmp_path: Path) -> None:
    assert drop(anyone, "a") == 403
    assert not (tmp_path / DROP).exists()
