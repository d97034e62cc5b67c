"""What the documents show is there: links, paths, commands with their options, blocks of code, settings, versions."""

import re
from pathlib import Path

import pytest
from packaging.version import Version

from aita.models.review_flags import FlagKind
from aita.settings import UserSettings
from aita.version import VERSION
from tests.support.documents import (
    MADE,
    ROOT,
    Block,
    Document,
    documents,
    problem_of,
    problem_of_line,
    problem_of_mention,
)

DOCUMENTS = documents()
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=NAMES)


def test_the_documents_are_found() -> None:
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/guide.md", "samples/README.md"} <= {
        *NAMES
    }


@each_document
def test_each_link_and_anchor_leads_somewhere(path: Path) -> None:
    assert Document.of(path).broken_links() == []


@each_document
def test_each_path_is_there(path: Path) -> None:
    assert Document.of(path).missing_paths() == []


@each_document
def test_each_block_of_code_is_right(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of Python that have no label are run by tests/system/test_guide.py, and only read here."""
    blocks = Document.of(path).blocks()
    for block in blocks:
        if block.label.startswith("file=") and "/" not in block.label:
            (tmp_path / block.label.removeprefix("file=")).write_text(block.text, "utf-8")
    monkeypatch.chdir(tmp_path)
    problems = {block.line: problem_of(block) for block in blocks}
    assert {line: why for line, why in problems.items() if why} == {}


def test_only_the_guide_has_blocks_that_are_run_together() -> None:
    together = {str(path) for path in DOCUMENTS for block in Document.of(path).blocks() if block.label.startswith(MADE)}
    assert together == {str(ROOT / "docs" / "guide.md")}


@each_document
def test_each_command_in_a_sentence_is_there(path: Path) -> None:
    problems = [problem_of_mention(code) for code in Document.of(path).inline_code()]
    assert [problem for problem in problems if problem] == []


def test_every_setting_is_told() -> None:
    told = set(re.findall(r"`((?:AITA|OPENAI)_[A-Z_]+)`", (ROOT / "README.md").read_text("utf-8")))
    read = {
        name.upper() if name.startswith("openai_") else f"AITA_{name.upper()}" for name in UserSettings.model_fields
    }
    assert told == read | {"AITA_LOCAL"}


def test_every_doubt_is_told_with_its_code() -> None:
    text = (ROOT / "docs/grading.md").read_text()
    told = dict(re.findall(r"^\| `([a-z_]+)` \| (.+) \|$", text[text.index("| `--flag` |") :], re.MULTILINE))
    assert {kind: kind.words for kind in FlagKind}.items() <= told.items()


def test_the_changelog_begins_with_the_packages_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    headings = re.findall(r"^## \[(\S+)\] - (unreleased|\d{4}-\d\d-\d\d)$", changelog, re.MULTILINE)
    assert len(headings) == changelog.count("\n## ")
    versions = [Version(version) for version, _ in headings]
    assert versions == sorted(set(versions), reverse=True)
    newest, released = headings[0]
    assert newest == Version(VERSION).base_version
    assert (released == "unreleased") == Version(VERSION).is_devrelease
    assert "unreleased" not in [date for _, date in headings[1:]]


def test_each_target_of_make_that_takes_long_is_told_to_contributors() -> None:
    told = set(re.findall(r"`make (\w+)`", (ROOT / "CONTRIBUTING.md").read_text("utf-8")))
    assert {"audit", "bench", "docs", "fuzz", "injection", "lock", "size", "test"} <= told


@pytest.mark.parametrize(
    "text",
    [
        "[a](docs/none.md)",
        "[a](docs/grading.md#none)",
        "[a](#none)\n\n## some",
        "![a](docs/images/none.png)",
        '<img src="docs/images/none.png">',
        "[a](../outside.md)",
        "[a](http://example.org)",
    ],
)
def test_a_broken_link_is_found(text: str) -> None:
    assert len(Document(text, ROOT / "README.md").broken_links()) == 1


def test_links_and_anchors_are_read_as_github_reads_them() -> None:
    links = "[a](#one-two) [b](#one-two-1) [c](docs/grading.md#review) [d](https://example.org)"
    text = f"{links}\n\n## One, `two`\n## One two"
    assert Document(text, ROOT / "README.md").broken_links() == []


def test_a_missing_path_is_found() -> None:
    text = "`tests/none.py`, `samples/exam`, `docs/grading.md`, `scans/<student>/`"
    assert Document(text, ROOT / "README.md").missing_paths() == ["tests/none.py"]


@pytest.mark.parametrize(
    ("language", "label", "text"),
    [
        ("", "", "indented"),
        ("ruby", "", "puts 1"),
        ("json", "", "{'a': 1}"),
        ("json", "file=a.jsonl", '{"a": 1}\n{'),
        ("yaml", "", "a: [1"),
        ("python", "", "def"),
        ("python", "skip", "from aita import none_of_these"),
        ("python", "skip", "import none_of_these"),
        ("sh", "", "if true; then"),
        ("sh", "", "make demo && make none"),
        ("sh", "", "aita exam --assignment a --none"),
        ("text", "", "words"),
    ],
)
def test_a_wrong_block_is_found(language: str, label: str, text: str) -> None:
    assert problem_of(Block(language, label, text, 1)) is not None


@pytest.mark.parametrize(
    "line",
    [
        "aita none",
        "aita rubric none --assignment a",
        "aita exam",
        "aita exam --assignment a --none",
        "aita grade --assignment a --graders many",
        "aita export none --assignment a --out b.csv",
        "aita --local key set extra < key.txt",
        "make none",
        "pip install aita",
        "pip install",
        "pip wheel aita-grader",
        "make lock NONE=1",
        "sam deploy --parameter-overrides None=1",
        "python -m benchmarks_none",
        "python samples/none.py",
        ".venv/bin/none",
        "unheard-of",
        "aws none list-things",
        "aws dynamodb restore-everything",
        "aws dynamodb wait table-gone --table-name a",
        "aws dynamodb delete-table",
        "aws dynamodb delete-table --table-name a --force",
    ],
)
def test_a_wrong_command_is_found(line: str) -> None:
    assert problem_of_line(line) is not None


@pytest.mark.parametrize(
    "line",
    [
        "aita --local exam --assignment a --review",
        "aita exam --assignment a --local --json",
        "aita key set < key.txt",
        "pip install aita-grader",
        "pip wheel . --no-deps",
        "make venv && . .venv/bin/activate",
        "make lock LOCK_OPTIONS=--upgrade  # newer ones",
        "aws s3 sync s3://bucket/a/ a/",
        "aws dynamodb wait table-exists --table-name a --region us-east-1",
        "aws dynamodb update-table --table-name a --no-deletion-protection-enabled",
        "sam deploy --parameter-overrides ModelName=a Release=$(openssl rand -hex 5)",
        "",
    ],
)
def test_a_right_command_is_not(line: str) -> None:
    assert problem_of_line(line) is None


@pytest.mark.parametrize(
    "code", ["aita none", "aita exam --none", "aita rubric none", "make none", "sam build --parameter-overrides None=1"]
)
def test_a_wrong_command_in_a_sentence_is_found(code: str) -> None:
    assert problem_of_mention(code) is not None
