"""What contributors are given agrees with what `make test` runs."""

import re
from typing import Any

import yaml

from tests.support.documents import ROOT


def read(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text("utf-8"))


def test_the_hooks_are_the_linters_of_make_test() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\ntest:")[2].partition("\n\n")[0]
    linters = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()[1:]]
    assert linters.pop().startswith("$(PYTEST) ")
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local", "a hook of another repository has a version of its own"
    assert [hook["entry"] for hook in repository["hooks"]] == linters
    assert {hook["language"] for hook in repository["hooks"]} == {"system"}


def test_a_push_runs_what_decides_here() -> None:
    (job,) = read(".github/workflows/test.yml")["jobs"].values()
    assert job["steps"][-1] == {"run": "bash .ci/run"}
    for step in job["steps"]:
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step.get("uses", "a@" + 40 * "0")), (
            "an action is pinned by its hash"
        )


def test_forms_are_whole_and_ask_for_nothing_of_students() -> None:
    for name in ("bug", "feature"):
        form = read(f".github/ISSUE_TEMPLATE/{name}.yml")
        assert {"name", "description", "body"} <= set(form)
        fields = [field["id"] for field in form["body"] if field["type"] != "markdown"]
        assert len(fields) == len(set(fields)) > 1
    bug = (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text("utf-8")
    assert "Leave out students' work, names, grades and keys." in bug


def test_dependabot_looks_at_every_list_of_requirements() -> None:
    pip, actions = read(".github/dependabot.yml")["updates"]
    lists = {f"/{file.parent.relative_to(ROOT)}" for file in (ROOT / "layers").glob("*/requirements.txt")}
    assert set(pip["directories"]) == {"/", *lists}
    assert actions["package-ecosystem"] == "github-actions"
