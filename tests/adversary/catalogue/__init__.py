"""Catalogue of mishaps, from the scanner to files of earlier versions."""

from tests.adversary.catalogue import (
    decisions,
    folder,
    grading,
    mapping,
    material,
    page,
    reading,
    renames,
    scan,
    uploads,
    versions,
)
from tests.adversary.catalogue.scene import CATALOGUE, Mishap, Scene, Step

__all__ = [
    "CATALOGUE", "Mishap", "Scene", "Step", "decisions", "folder", "grading", "mapping",
    "material", "page", "reading", "renames", "scan", "uploads", "versions",
]  # fmt: skip
