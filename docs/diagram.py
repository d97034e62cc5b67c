"""Draw the README's diagram as the site shows it: GitHub draws it in the reader's browser, the site asks no other host.

Run it from the project's folder after the diagram was changed, with Chromium, and mermaid's script from its package
on npm (``npm pack mermaid``): ``.venv/bin/python -m docs.diagram package/dist/mermaid.min.js``.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

from docs.site_pages import DIAGRAM, digest
from tests.support import chromium

ROOT = Path(__file__).parents[1]
THEMES = {"light": "neutral", "dark": "dark"}
FONT = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif"

_PAGE = """<!doctype html><meta charset="utf-8"><body><pre id="found">nothing</pre>
<script src="SCRIPT"></script>
<script>
mermaid.initialize({startOnLoad: false, theme: THEME, htmlLabels: false, fontFamily: FONT,
  flowchart: {htmlLabels: false, useMaxWidth: false}});
mermaid.render("diagram", DIAGRAM).then(drawn => {
  document.getElementById("found").textContent = drawn.svg;
}, error => { document.getElementById("found").textContent = String(error); });
</script>
"""


def main(script: Path) -> None:
    """Draw it, light and dark, in the place of what was drawn before."""
    (diagram,) = re.findall(r"```mermaid\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    place = ROOT / "docs" / f"{DIAGRAM}-{digest(diagram)}"
    pictures = {scheme: _draw(diagram, script, theme) for scheme, theme in THEMES.items()}
    for old in place.parent.glob(f"{Path(DIAGRAM).name}-*.svg"):
        old.unlink()
    for scheme, picture in pictures.items():
        place.with_name(f"{place.name}-{scheme}.svg").write_text(picture, "utf-8")


def _draw(diagram: str, script: Path, theme: str) -> str:
    command = chromium.find()
    if command is None:
        raise RuntimeError("Chromium is not there: it draws the diagram")
    words = {"SCRIPT": script.resolve().as_uri(), "THEME": theme, "FONT": FONT, "DIAGRAM": diagram}
    page = re.sub(
        r"SCRIPT|\b(?:THEME|FONT|DIAGRAM)\b",
        lambda word: words[word[0]] if word[0] == "SCRIPT" else json.dumps(words[word[0]]),
        _PAGE,
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "diagram.html"
        file.write_text(page, "utf-8")
        shown = chromium.Chromium(command, Path(folder)).found(file)[0]
    if not shown.startswith("<svg"):
        raise RuntimeError(shown)
    return shown + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
