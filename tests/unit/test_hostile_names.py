"""Names that strangers choose, wherever they go: folders, a terminal, HTML, CSV, keys."""

import ast
import csv
import html
import io
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.cli.pdf_printer import PdfPrinter
from aita.cli.views.terminal_escape import printable
from aita.errors import InvalidMaterialError, RequestError
from aita.models.names import check_assignment, check_upload
from aita.reports.text import marked
from aita.services.exports.csv_safety import csv_bytes
from aita.services.reporting.file_names import file_names

NAMES = [
    *(
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "~/x",
        "C:\\Windows\\x",
        "\\\\host\\share",
        "a/../../b",
        "CON",
        "nul.html",
    ),
    *(
        "a\nb",
        "a\rb",
        "a\0b",
        "a\x1b[2Jb",
        "a\x9b31mb",
        "a\x07b",
        "a\x1b]0;title\x07",
        "a\u2028b",
        "\u061c\u202ecod.exe",
    ),
    *("$(touch x)", "`id`", "; rm -rf ~", "| sh", "&& true", "-rf", "--help", "a'b\"c", "%PATH%", "${HOME}", "*", "?"),
    *("<script>alert(1)</script>", "<img src=x onerror=y>", '"><b>', "&lt;", "{{7*7}}", "{%raw%}", "javascript:x"),
    *("=1+1", "+1", "-1+2", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "x;=1", "\uff1d1", "[red]x[/red]", "%s%n", "{0}"),
    *("x" * 5000, "é" * 300, "\u0301" * 300, "\ud800", "", " ", ".", "..."),
]
SAYABLE = [name for name in NAMES if "\ud800" not in name]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_students_name_makes_a_file_in_its_folder_and_no_other(name: str) -> None:
    named = file_names({"s-0000000000000001": name, "s-0000000000000002": name})
    assert len({made.casefold() for made in named.values()}) == len(named), "nobody's is overwritten"
    for made in named.values():
        file = Path("students", f"{made}.html").name
        assert file.isprintable()
        assert not set(file) & set('<>:"/\\|?*')
        assert not file.startswith((".", "~/"))
        assert len(file.encode()) <= 255
        assert Path("/reports", f"{made}.html").resolve().parent == Path("/reports")


@given(st.text())
def test_any_name_makes_a_file_in_its_folder(name: str) -> None:
    for made in file_names({"s-0000000000000001": name}).values():
        assert Path("/reports", f"{made}.html").resolve().parent == Path("/reports")


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_nothing_of_it_steers_a_terminal(name: str) -> None:
    shown = printable(name)
    shown.encode()
    for character in shown:
        assert unicodedata.category(character) != "Cc"
        assert unicodedata.bidirectional(character) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }
    assert "\u061c" not in shown


@pytest.mark.parametrize("name", SAYABLE, ids=ascii)
def test_in_html_it_is_text(name: str) -> None:
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: tags.append(tag)  # type: ignore[method-assign]
    written = str(marked(name))
    parser.feed(written)
    parser.close()
    assert tags == []
    assert html.unescape(written) == name


@pytest.mark.parametrize("name", SAYABLE, ids=ascii)
def test_in_csv_it_is_one_cell_and_no_formula(name: str) -> None:
    rows = list(csv.reader(io.StringIO(csv_bytes([[name, "end"]]).decode(), newline="")))
    ((cell, end),) = rows
    assert end == "end"
    assert cell == name or "'" in cell
    assert not cell.lstrip().startswith(("=", "+", "@", "-", "\uff1d")) or cell.lstrip("-").isdigit()


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_as_an_assignments_name_it_is_refused_on_one_line(name: str) -> None:
    if name in {"CON"}:
        assert check_assignment(name) == name  # no file is named after it on a computer
        return
    with pytest.raises(RequestError) as caught:
        check_assignment(name)
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_as_a_folder_of_scans_it_is_one_part_of_a_key_or_refused_unsaid(name: str) -> None:
    controls = any(unicodedata.category(each) in {"Cc", "Cs"} for each in name)
    bad = (
        controls or "/" in name or name.startswith(".") or not name.strip() or len(name.encode(errors="replace")) > 200
    )
    if not bad:
        assert check_upload(f"scans/{name}/1.jpg") == "image/jpeg"
        return
    with pytest.raises(InvalidMaterialError) as caught:
        check_upload(f"scans/{name}/1.jpg")
    assert len(name) < 4 or name not in str(caught.value)


RUNS = {
    "os": ("system", "popen", "exec", "spawn", "posix_spawn", "startfile"),
    "subprocess": ("",),
    "pty": ("",),
    "asyncio": ("create_subprocess",),
}
"""What starts programs, by its module: the beginnings of the names."""

OURS = [
    file
    for folder in ("layers/aita/aita", "functions")
    for file in sorted((Path(__file__).parents[2] / folder).rglob("*.py"))
]


def starts_programs(source: str) -> list[int]:
    """Return the lines that could hand text to a shell, to a program or to Python itself."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                risky = any(name.name in {"subprocess", "pty"} for name in names)
            case ast.ImportFrom(module=module, names=names):
                risky = any(name.name.startswith(RUNS.get(module or "", ())) for name in names)
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                risky = name.startswith(RUNS.get(module, ()))
            case ast.Call(func=ast.Name(id=name)):
                risky = name in {"eval", "exec"}
            case ast.keyword(arg="shell"):
                risky = True
            case _:
                continue
        if risky:
            found.append(node.lineno if hasattr(node, "lineno") else 0)
    return found


def test_nothing_is_run_but_the_printer_of_reports() -> None:
    assert len(OURS) > 100
    lines = {file.name: starts_programs(file.read_text(encoding="utf-8")) for file in OURS}
    assert [name for name, found in lines.items() if found] == ["pdf_printer.py"]


@pytest.mark.parametrize("name", [name for name in NAMES if "/" not in name and "\0" not in name], ids=ascii)
def test_a_name_is_one_argument_of_the_printer_and_no_option(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[list[str]] = []

    def run(arguments: list[str], **options: Any) -> None:
        assert options.keys() == {"stdin", "stdout", "stderr", "timeout", "check"}
        started.append(arguments)
        (tmp_path / "x.pdf").write_bytes(b"%PDF-")

    monkeypatch.setattr("aita.cli.pdf_printer.subprocess.run", run)
    page = Path(name.encode(errors="replace").decode())
    PdfPrinter("chromium").print(page, tmp_path / "x.pdf")
    ((command, *options, url),) = started
    assert command == "chromium"
    assert all(option.startswith("--") for option in options)
    assert url.startswith("file:///")
    assert url.isascii()


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess",
        "from subprocess import run",
        "from os import system",
        "os.system(name)",
        "os.popen(name)",
        "os.execvp(name, [])",
        "run(name, shell=True)",
        "eval(name)",
        "await asyncio.create_subprocess_shell(name)",
    ],
)
def test_what_could_is_found(source: str) -> None:
    wrapped = f"async def f():\n    {source}" if source.startswith("await") else source
    assert starts_programs(wrapped)
