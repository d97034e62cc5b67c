"""Reading of stored files by ranges: what is asked for comes, and what was looked up is not fetched again."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aita.memory.objects import MemoryObjects
from aita.models.pile import StoredPart
from aita.services.execution.stored_file import Lookups, StoredFile, load_lookups

DATA = bytes(range(251)) * 4000


def stored(*cuts: int) -> tuple[MemoryObjects, list[StoredPart]]:
    """Return the bytes in a bucket, in parts that are cut at these places."""
    objects = MemoryObjects()
    places = [0, *sorted(cuts), len(DATA)]
    for number, (first, last) in enumerate(pairwise(places)):
        objects.put(f"{number:02}", DATA[first:last])
    objects.requests.clear()
    return objects, [StoredPart(key=each.key, size=each.size, etag=each.etag) for each in objects.list("")]


@given(
    st.lists(st.integers(1, len(DATA) - 1), max_size=3),
    st.lists(st.tuples(st.integers(0, len(DATA)), st.integers(0, 200_000)), max_size=12),
)
def test_any_range_is_what_was_uploaded(cuts: list[int], reads: list[tuple[int, int]]) -> None:
    file = StoredFile(*stored(*cuts))
    assert file.size == len(DATA)
    for first, length in reads:
        assert file.read(first, length) == DATA[first : first + length]


def test_small_reads_share_a_request() -> None:
    objects, parts = stored()
    file = StoredFile(objects, parts)
    for first in range(0, 60_000, 500):
        file.read(first, 500)
    assert objects.requests["get"] == 1


def test_what_was_looked_up_is_not_fetched_again() -> None:
    objects, parts = stored()
    first = Lookups(StoredFile(objects, parts))
    places = range(0, len(DATA), 100_000)
    for place in places:
        first.read(place, 512)
    first.read(0, 100_000)  # a picture, which is not kept
    kept = first.dump()
    assert len(kept) < 600 * len(places)
    objects.requests.clear()
    again = StoredFile(objects, parts, load_lookups(kept))
    assert [again.read(place, 512) for place in places] == [DATA[place : place + 512] for place in places]
    assert not objects.requests["get"]
