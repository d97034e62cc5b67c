"""The version, in one place."""

VERSION = "0.3.0"


def release(version: str) -> str:
    """Return the release that a version is, or that it led to: 0.2.0 for 0.2.0.dev0."""
    return version.partition(".dev")[0]
