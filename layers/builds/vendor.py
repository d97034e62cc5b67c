"""Take the libraries of the console's pages from npm, as ES modules that import each other by relative paths.

Nothing is built: browsers load the files as they are. Each release is pinned by the hash that npm's registry has for
it, and each file by its own in ``SHA256SUMS``, which a test compares.
"""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).parents[1] / "aita" / "aita" / "client" / "console" / "pages" / "vendor"


@dataclass(frozen=True, slots=True)
class Release:
    """A release of a package, with its modules by the names that they get here."""

    package: str
    version: str
    sha512: str
    modules: dict[str, str]

    @property
    def name(self) -> str:
        """Name for files: ``@preact/signals`` is ``preact-signals``."""
        return self.package.removeprefix("@").replace("/", "-")


RELEASES = (
    Release(
        "preact",
        "11.2.0",
        "/HfHI/7N84e6GrWBJ3J280z3mLaRJiDcSvj/A+y/4AbLnND/1UlGHe1sR6oYuTGwId0nP7dqDU9OnLxMPZ7xBg==",
        {"dist/preact.mjs": "preact.mjs", "hooks/dist/hooks.mjs": "preact-hooks.mjs"},
    ),
    Release(
        "@preact/signals-core",
        "1.14.5",
        "vcRv7Ityz5JVmeiVqIluLFzT/PDS/AlhHUpw3/aUWqcVUs6bDGIPXE/6RSC4evBNWYvnniozg5Syfj33al3gkg==",
        {"dist/signals-core.module.js": "signals-core.mjs"},
    ),
    Release(
        "@preact/signals",
        "2.11.4",
        "Rb+5RPo9gWSaHtzJeauhHxiC8KP/IF2DEPkHPEOGOnuy2wnJzRqyeLRankUCYd6ADqtxS6GnWGv6Ie343d8aYw==",
        {"dist/signals.module.js": "signals.mjs"},
    ),
    Release(
        "htm",
        "3.1.1",
        "983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ==",
        {"dist/htm.module.js": "htm.mjs"},
    ),
)

IMPORTS = {
    '"preact"': '"./preact.mjs"',
    '"preact/hooks"': '"./preact-hooks.mjs"',
    '"@preact/signals-core"': '"./signals-core.mjs"',
}
"""Relative paths of what the modules import by bare names, which browsers can't look up without a map."""


def vendor(release: Release, folder: Path) -> None:
    """Write a release's modules and its licence to a folder.

    Raises
    ------
    ValueError
        If the archive is not the one that is pinned.
    """
    with tempfile.TemporaryDirectory() as scratch:
        command = ["npm", "pack", "--silent", f"{release.package}@{release.version}"]
        subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - constants of this file
        (archive,) = Path(scratch).iterdir()
        found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != release.sha512:
            raise ValueError(f"{release.package} {release.version}: the archive's sha512 is {found}, and not as pinned")
        with tarfile.open(archive) as files:
            files.extractall(scratch, filter="data")
        root = Path(scratch, "package")
        for source, name in release.modules.items():
            lines = (root / source).read_text().splitlines()
            text = "\n".join(line for line in lines if not line.startswith("//# sourceMappingURL="))
            for bare, relative in IMPORTS.items():
                text = text.replace(f"from{bare}", f"from{relative}")
            (folder / name).write_text(text + "\n")
        licence = (root / "LICENSE").read_text().strip()
        heading = f"{release.package} {release.version}"
        (folder / f"{release.name}.LICENSE").write_text(f"{heading}\n\n{licence}\n")


def main() -> None:
    """Write all anew."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    for release in RELEASES:
        vendor(release, TARGET)
    files = sorted(TARGET.iterdir())
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (TARGET / "SHA256SUMS").write_text("".join(sums))


if __name__ == "__main__":
    main()
