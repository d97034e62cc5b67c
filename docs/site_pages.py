"""The hooks that make the site of the repository's own files, so that each fact stands in one place.

README.md is the site's first page, and other documents of the project's folder are pages too. Links lead to pages
where there is one, and to nothing where a file is not of the site. Pictures follow the site's light or dark colours.
"""

import hashlib
import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": "index.md", **{name: name for name in ("SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")}}
"""The pages that are not in docs/, and what they are called there."""

HIDDEN = {
    "index.md": ["navigation"],
    "CHANGELOG.md": ["navigation"],
    "benchmarks.md": ["toc"],
    "decisions.md": ["toc"],
    "scaling.md": ["toc"],
}
"""What is left out beside a page: a list of one page, one of more headings than anybody reads, or what takes the room
of a wide table.
"""

DIAGRAM = "images/how-it-works"

_FENCE = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
_LABEL = re.compile(r"^```(\w+) (?:file=(\S+)|\S+)$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[((?:[^][]|\[[^]]*\])*)\]\(([^)\s]+)\)")
_PICTURE = re.compile(r'<picture><source [^>]*srcset="([^"]+)"><img alt="([^"]*)" src="([^"]+)"([^>]*)></picture>')
_CODE = re.compile(r"<code>([^<]*)</code>")
_OPTION = re.compile(r"(?:(?<= )|^)--?[a-z][a-z-]*")
_UNBROKEN = r'<span class="option">\g<0></span>'
_CELL = re.compile(r"<td.*?</td>", re.DOTALL)
_NAME = re.compile(r"(?<=<code>)[^<]*(?=</code>)")
_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[\w>;][_/])(?=[\w&])")
_SHIM = "https://unpkg.com/iframe-worker/shim"
_MERMAID = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)


def on_files(files: Any, config: Any, **_: Any) -> Any:
    """Add the pages that are in the project's own folder."""
    from mkdocs.structure.files import File  # noqa: PLC0415 - the rest of this file is used without mkdocs, too

    for source, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Any, files: Any, **_: Any) -> str:
    """Lead links to pages, and let pictures follow the colours."""
    name = page.file.src_uri
    page.meta["hide"] = HIDDEN.get(name, [])
    source = next((source for source, target in PAGES.items() if target == name), f"docs/{name}")
    known = {file.src_uri for file in files if not file.inclusion.is_excluded()}
    markdown = _MERMAID.sub(lambda block: picture_of(block[1], known), markdown)
    markdown = _LABEL.sub(lambda label: f'```{label[1]} title="{label[2]}"' if label[2] else f"```{label[1]}", markdown)
    parts = _FENCE.split(markdown)
    return "".join(part if part.startswith("```") else _rewritten(part, source, known) for part in parts)


def on_page_content(html: str, **_: Any) -> str:
    """Keep an option's dashes with its name, and let long names in tables be broken between their words alone."""
    html = _CODE.sub(lambda code: f"<code>{_OPTION.sub(_UNBROKEN, code[1])}</code>", html)
    return _CELL.sub(lambda cell: _NAME.sub(lambda name: _JOINT.sub("<wbr>", name[0]), cell[0]), html)


def on_post_page(output: str, **_: Any) -> str:
    """Take the script that searches pages opened from the disk from the site itself."""
    return output.replace(_SHIM, "iframe-worker.js")


def on_post_template(output_content: str, **_: Any) -> str:
    """Do the same for the page that says that there is none."""
    return output_content.replace(_SHIM, "/iframe-worker.js")


def picture_of(diagram: str, known: set[str]) -> str:
    """Return the drawn picture of a diagram, which is named by what it was drawn from."""
    name = f"{DIAGRAM}-{digest(diagram)}"
    if f"{name}-light.svg" not in known:
        raise FileNotFoundError(f"{name}-light.svg is not there: draw the diagram by python -m docs.diagram")
    return _pictures(f"{name}-light.svg", f"{name}-dark.svg", "The state machine of a run", ' class="diagram"')


def digest(diagram: str) -> str:
    """Return what tells a diagram's picture from that of another one."""
    return hashlib.sha256(diagram.strip().encode()).hexdigest()[:8]


def placed(link: str, source: str, known: set[str]) -> str | None:
    """Return where a link of a file leads to within the site; ``None`` if that is no part of the site."""
    path, mark, anchor = link.partition("#")
    if re.match(r"[a-z]+:", link) or not path:
        return link
    wanted = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    target = PAGES.get(wanted, wanted.removeprefix("docs/"))
    inside = wanted in PAGES or wanted.startswith("docs/")
    return f"{target}{mark}{anchor}" if inside and target in known else None


def _rewritten(text: str, source: str, known: set[str]) -> str:
    def link(match: re.Match[str]) -> str:
        target = placed(match[2], source, known)
        return (
            match[1]
            if target is None and (ROOT / source).parent.joinpath(match[2]).exists()
            else (f"[{match[1]}]({target or match[2]})")
        )

    def picture(match: re.Match[str]) -> str:
        dark, light = (placed(each, source, known) or each for each in (match[1], match[3]))
        return _pictures(light, dark, match[2], match[4])

    return _LINK.sub(link, _PICTURE.sub(picture, text))


def _pictures(light: str, dark: str, alt: str, attributes: str) -> str:
    """Return a picture in two colours, of which the theme shows the one that fits."""
    return "".join(
        f'<img alt="{alt}" src="{file}#only-{scheme}"{attributes}>'
        for file, scheme in ((light, "light"), (dark, "dark"))
    )
