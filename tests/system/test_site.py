"""The site of the documents: built without a warning, whole, with nothing of other hosts, and as wide as its screen."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import aita
from aita.executor.batch_executor import BatchExecutor
from docs.site_pages import placed
from tests.support import chromium
from tests.support.documents import ROOT

pytestmark = pytest.mark.long

MKDOCS = ROOT / ".aita" / "site" / "bin" / "mkdocs"
PARTS = ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "mkdocs.yml", "docs", "layers/aita/aita")
WIDTHS = (390, 1280)
PATIENCE = 600.0


def project(folder: Path) -> Path:
    """Return a copy of what the site is built of."""
    for part in PARTS:
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)
    (folder / "samples").symlink_to(ROOT / "samples")  # links lead there
    return folder


def build(folder: Path) -> "subprocess.CompletedProcess[str]":
    assert MKDOCS.exists(), "the site's environment is not there: run `make site`"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["NO_MKDOCS_2_WARNING"] = "1"
    command = [str(MKDOCS), "build", "--strict"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = project(tmp_path_factory.mktemp("site"))
    done = build(folder)
    assert done.returncode == 0, done.stderr
    return folder / "out" / "docs"


def test_each_document_is_a_page(site: Path) -> None:
    pages = {page.stem for page in site.glob("*.html")} - {"404"}
    assert pages == {page.stem for page in (ROOT / "docs").glob("*.md")} | {
        "index",
        "SECURITY",
        "CONTRIBUTING",
        "CHANGELOG",
    }


def test_of_the_documents_folder_it_has_what_pages_show_and_nothing_else(site: Path) -> None:
    documents = site.parents[1] / "docs"
    assert (documents / "__pycache__").exists(), "the build leaves it there"
    taken = {path.relative_to(site) for path in site.rglob("*") if (documents / path.relative_to(site)).is_file()}
    assert {str(path) for path in taken if path.parts[0] != "images"} == {"site.css", "iframe-worker.js"}


def test_each_link_to_a_file_leads_to_one(site: Path) -> None:
    for page in site.glob("*.html"):
        links = re.findall(r'<a [^>]*href="(?!https?:)([^"#?]+)', page.read_text("utf-8"))
        assert links, page.name
        assert [link for link in links if not (site / link.removeprefix("/")).exists()] == [], page.name


def test_the_reference_has_every_public_name(site: Path) -> None:
    page = (site / "reference.html").read_text("utf-8")
    assert {name for name in aita.__all__ if f'id="aita.{name}"' not in page} == set()
    assert {name for name in re.findall(r'<h3 id="aita\.(\w+)"', page) if name not in aita.__all__} == set()


def test_the_reference_has_a_settings_field_and_a_methods_words(site: Path) -> None:
    page = (site / "reference.html").read_text("utf-8")
    assert 'id="aita.ParallelExecutionConfig.max_workers"' in page
    summary = (BatchExecutor.execute_batch.__doc__ or "").partition("\n")[0]
    assert summary
    assert summary in page


def test_nothing_is_fetched_from_other_hosts(site: Path) -> None:
    for page in site.glob("*.html"):
        html = page.read_text("utf-8")
        fetched = re.findall(r'<(?:img|script|source|iframe)[^>]*?\bsrc(?:set)?="([^"]+)"', html)
        fetched += re.findall(r'<link(?=[^>]*rel="(?:stylesheet|icon|preconnect|preload)")[^>]*href="([^"]+)"', html)
        assert fetched, page.name
        assert [link for link in fetched if re.match(r"(?:https?:)?//", link)] == [], page.name
        assert 'class="mermaid"' not in html, "the theme would fetch mermaid's script from another host"


def test_a_page_from_the_disk_is_searched_by_the_sites_own_script(site: Path) -> None:
    assert '<script src="iframe-worker.js">' in (site / "index.html").read_text("utf-8")
    assert "window.IFrameWorker" in (site / "iframe-worker.js").read_text("utf-8")
    assert (site / "search" / "search_index.js").exists()


def test_names_in_tables_are_broken_between_words_and_options_never(site: Path) -> None:
    html = (site / "operations.html").read_text("utf-8")
    assert "<code>Failed<wbr>Runs<wbr>Alarm</code>" in html
    assert '<span class="option">--assignment</span>' in html
    assert "<wbr>" not in re.sub(r"<td.*?</td>", "", html, flags=re.DOTALL)


def test_the_first_page_has_the_drawn_diagram_and_pictures_in_both_colours(site: Path) -> None:
    html = (site / "index.html").read_text("utf-8")
    for scheme in ("light", "dark"):
        pictures = re.findall(rf'src="(images/[^"#]+)#only-{scheme}"', html)
        assert len(pictures) == 4
        assert all((site / picture).exists() for picture in pictures)


@pytest.mark.parametrize(
    ("name", "before", "after", "told"),
    [
        ("README.md", "(docs/grading.md)", "(docs/none.md)", "'docs/none.md'"),
        ("docs/grading.md", "(#review)", "(#none)", "'#none'"),
        ("README.md", "next stage", "another stage", "draw the diagram"),
        ("docs/reference.md", "::: aita.Image\n", "::: aita.NoImage\n", "aita.NoImage could not be found"),
    ],
)
def test_a_broken_document_breaks_the_build(tmp_path: Path, name: str, before: str, after: str, told: str) -> None:
    file = project(tmp_path) / name
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")
    done = build(tmp_path)
    assert done.returncode != 0
    assert told in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("link", "source", "target"),
    [
        ("docs/grading.md#review", "README.md", "grading.md#review"),
        ("../SECURITY.md", "docs/privacy.md", "SECURITY.md"),
        ("../README.md", "docs/guide.md", "index.md"),
        ("costs.md#what-waits", "docs/operations.md", "costs.md#what-waits"),
        ("#here", "docs/guide.md", "#here"),
        ("https://example.org/a.md", "README.md", "https://example.org/a.md"),
        ("samples/exam", "README.md", None),
        ("../layers/aita/aita/llm/prices", "docs/costs.md", None),
    ],
)
def test_a_link_leads_to_a_page_if_there_is_one(link: str, source: str, target: str | None) -> None:
    known = {"index.md", "SECURITY.md", "grading.md", "costs.md"}
    assert placed(link, source, known) == target


@pytest.mark.xdist_group("chromium")
@pytest.mark.skipif(chromium.find() is None, reason="Chromium is not installed")
def test_no_page_is_wider_than_its_screen(site: Path, tmp_path: Path) -> None:
    browser = chromium.Chromium(chromium.find() or "", tmp_path)
    seen, _ = browser.measure({page.stem: page for page in site.glob("*.html")}, WIDTHS)
    assert len(seen) == len(WIDTHS) * len(list(site.glob("*.html")))
    assert [(page["name"], page["width"]) for page in seen if page["overflow"] > 0 or page["text"] < 20] == []
