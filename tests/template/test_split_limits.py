"""What reading a scan may take, against what the template gives the function that does it."""

from aita.imaging.isolated import FILE_SECONDS, MEMORY, PAGE_SECONDS
from tests.template.conftest import Json

BESIDE = 256 * 2**20
"""Bytes for the process beside the reading one, whose pages' JPEGs go to S3. The scan itself and all that was imported
before the fork are shared, and counted in what the reading one may have."""


def test_the_reading_process_fits_into_the_functions_memory(resources: Json) -> None:
    given = resources["SplitFunction"]["Properties"]["MemorySize"] * 2**20
    assert given >= MEMORY + BESIDE


def test_reading_ends_before_the_function_does(resources: Json) -> None:
    timeout = resources["SplitFunction"]["Properties"]["Timeout"]
    assert PAGE_SECONDS < FILE_SECONDS <= timeout - 60, "a minute to write the last pages and record the task"
