"""The pages' files: what they agree on with the API, and where their libraries come from."""

import gzip
import hashlib
import re

from aita.client.console.application import PAGES
from aita.models.review_flags import FlagKind

VENDOR = PAGES / "vendor"


def test_the_libraries_are_the_files_that_were_taken() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    wanted = {name: digest for digest, name in (line.split("  ") for line in lines)}
    there = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in VENDOR.iterdir()}
    del there["SHA256SUMS"]
    assert there == wanted, "run 'make vendor', or take the files as they were"
    assert len([name for name in there if name.endswith(".LICENSE")]) == 4


def test_modules_import_files_that_are_there() -> None:
    for module in PAGES.rglob("*.mjs"):
        for path in re.findall(r'(?:from|import)\s*"([^"]+)"', module.read_text()):
            assert path.startswith("."), f"{module.name} imports {path}, which browsers can't look up"
            assert (module.parent / path).is_file(), f"{module.name} imports {path}"


def test_every_flag_has_its_words() -> None:
    named = re.findall(r"^  (\w+): \"", (PAGES / "flags.mjs").read_text(), re.MULTILINE)
    assert named == [kind.value for kind in FlagKind]


def test_no_page_makes_markup_of_text() -> None:
    """Trusted types stop it in browsers that have them; there are others."""
    own = [file for file in PAGES.rglob("*.mjs") if VENDOR not in file.parents]
    assert len(own) > 15
    for file in own:
        ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\("
        assert not re.search(ways, file.read_text()), file


def test_all_of_it_is_small() -> None:
    """150 kB compressed is the most, each file by itself; over loopback, files go as they are."""
    files = [file for file in PAGES.rglob("*") if file.suffix in (".mjs", ".css", ".html")]
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 150_000
