"""Headless Chromium, for looking at what it makes of a file."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
DEADLINE = 600.0
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--hide-scrollbars",
    "--enable-logging=stderr", "--log-level=0", "--allow-file-access-from-files",
)  # fmt: skip

MEASURE = """<!doctype html><meta charset="utf-8"><body>
<pre id="found">not measured</pre>
<script>
const frames = FRAMES;
const seen = [];
function measure(frame, document) {
  const root = document.documentElement, cut = [];
  for (const each of document.querySelectorAll("main *, footer")) {
    const own = [...each.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || ["title", "desc"].includes(each.tagName) || !each.getClientRects().length) continue;
    const box = each.getBoundingClientRect(), svg = each.ownerSVGElement && each.closest("svg.chart");
    const outer = svg ? svg.getBoundingClientRect() : {left: 0, right: root.clientWidth};
    const out = box.left < outer.left - 1 || box.right > outer.right + 1;
    const wide = each.closest(".wide"), slides = wide && getComputedStyle(wide).overflowX === "auto";
    const hidden = each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX === "hidden";
    if ((out && !slides) || hidden) cut.push(each.tagName + ": " + each.textContent.trim().slice(0, 60));
  }
  const broken = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    if (!texts.currentNode.parentElement.closest("td, th")) continue;
    for (const word of texts.currentNode.data.matchAll(/(?<!\\p{L})\\p{L}{2,12}(?!\\p{L})/gu)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, word.index);
      range.setEnd(texts.currentNode, word.index + word[0].length);
      const [first, ...others] = range.getClientRects();
      if (others.some(each => each.top > first.bottom - 1)) broken.push(word[0]);
    }
  }
  const shown = [...document.querySelectorAll("main svg[role=img]")].filter(each => each.getClientRects().length);
  const images = shown.map(each => {
    const box = each.getBoundingClientRect();
    return {label: each.getAttribute("aria-label") || each.querySelector("title").textContent,
            width: box.width, height: box.height, bars: each.querySelectorAll(".bar rect").length,
            scale: box.width / (each.viewBox.baseVal.width || box.width)};
  });
  return {name: frame.name, width: frame.width, overflow: root.scrollWidth - root.clientWidth, cut, broken, images,
          scripts: document.scripts.length, text: document.body.innerText.length};
}
Promise.all(frames.map(frame => new Promise(done => {
  const element = document.createElement("iframe");
  element.style.cssText = `width:${frame.width}px;height:900px;border:0;display:block`;
  element.onload = () => { seen.push(measure(frame, element.contentDocument)); done(); };
  element.src = frame.url;
  document.body.append(element);
}))).then(() => { document.getElementById("found").textContent = JSON.stringify(seen); });
</script>
"""


def find() -> str | None:
    """Return Chromium's command, if it is there."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass(frozen=True, slots=True)
class Chromium:
    """Chromium with a folder that it may write to; each call is a browser of its own, which ends by the deadline."""

    command: str
    folder: Path

    def measure(self, files: dict[str, Path], widths: tuple[int, ...]) -> tuple[list[dict[str, Any]], list[str]]:
        """Open files in frames of these widths; return what was measured in each, and the console's lines."""
        frames = [
            {"name": name, "url": path.resolve().as_uri(), "width": width}
            for name, path in files.items()
            for width in widths
        ]
        harness = self.folder / "measure.html"
        harness.write_text(MEASURE.replace("FRAMES", json.dumps(frames)), encoding="utf-8")
        found, lines = self.found(harness)
        assert found.startswith("["), f"nothing was measured: {found} {lines}"
        return json.loads(found), [line for line in lines if "CONSOLE" in line]

    def found(self, file: Path) -> tuple[str, list[str]]:
        """Return what a file's script wrote into the element ``found``, and the lines that Chromium logged."""
        done = self._run("--dump-dom", "--virtual-time-budget=20000", file.resolve().as_uri())
        found = unescape(done.stdout.partition('<pre id="found">')[2].partition("</pre>")[0])
        return found, done.stderr.splitlines()

    def print(self, file: Path) -> bytes:
        """Return a file printed as a PDF."""
        target = self.folder / "printed.pdf"
        self._run("--no-pdf-header-footer", f"--print-to-pdf={target}", file.resolve().as_uri())
        return target.read_bytes()

    def picture(self, file: Path, target: Path, width: int, height: int, *, dark: bool = False) -> None:
        """Write a picture of the top of a file."""
        self._run(
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            f"--window-size={width},{height}",
            f"--screenshot={target}",
            file.resolve().as_uri(),
        )

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        profile = self.folder / "profile"
        shutil.rmtree(profile, ignore_errors=True)
        return subprocess.run(
            [self.command, *_QUIET, f"--user-data-dir={profile}", *arguments],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=True,
        )
