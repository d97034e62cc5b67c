"""Build the layers as AWS gets them and print what each dependency takes of them, unzipped, in megabytes."""

import csv
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

BUILDS = Path(__file__).parent
LAYERS = {"AitaLayer": "aita", "ImagingLayer": "imaging"}
LIMITS = {"AitaLayer": 70, "ImagingLayer": 80}
"""The most that each layer may take, in MB of 1,000,000 bytes: Lambda allows 250 for a function and its layers."""

MB = 1_000_000


def build(layer: str, folder: Path) -> Path:
    """Build one layer for this interpreter, as sam does, and return the folder that is unpacked into /opt."""
    runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(  # noqa: S603 - our own Makefile
        ["make", "--makefile", BUILDS / runtime / "Makefile", f"build-{layer}"],  # noqa: S607 - as sam calls it
        cwd=BUILDS.parent / LAYERS[layer],
        env={**os.environ, "PATH": path, "ARTIFACTS_DIR": str(folder), "AITA_LAYERS": "full"},
        check=True,
    )
    return folder


def shares(layer: Path) -> Counter[str]:
    """Return the bytes of each distribution in a built layer, its compiled modules with it.

    What no distribution lists is counted under its top folder: the package aita itself.
    """
    root = layer / "python"
    owners = {
        name: record.parent.name.partition("-")[0]
        for record in root.glob("*.dist-info/RECORD")
        for name, *_ in csv.reader(record.read_text().splitlines())
    }
    taken: Counter[str] = Counter()
    for file in root.rglob("*"):
        if file.is_file():
            name = _source(file.relative_to(root))
            taken[owners.get(name.as_posix(), name.parts[0])] += file.stat().st_size
    return taken


def main() -> int:
    """Print both layers' shares; return 1 if one is larger than it may be."""
    too_large = False
    for layer, limit in LIMITS.items():
        with tempfile.TemporaryDirectory() as folder:
            taken = shares(build(layer, Path(folder)))
        total = taken.total() / MB
        too_large |= total > limit
        lines = [f"{layer}: {total:.1f} MB of {limit} MB"]
        lines += [f"  {size / MB:6.2f}  {name}" for name, size in taken.most_common()]
        sys.stdout.write("\n".join(lines) + "\n")
    return int(too_large)


def _source(file: Path) -> Path:
    """Return the module that a compiled file is of, and any other file as it is."""
    if file.suffix != ".pyc":
        return file
    return file.parent.parent / f"{file.name.partition('.')[0]}.py"


if __name__ == "__main__":
    sys.exit(main())
