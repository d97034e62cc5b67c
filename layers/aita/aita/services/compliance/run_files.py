"""Stored data of runs: their files, and the cached replies that their tasks used."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aita.concurrency import map_concurrently
from aita.errors import ObjectNotFoundError
from aita.ports import ObjectStore, StoredVersion, VersionStore
from aita.services.assignments import object_keys

_CONCURRENT_REQUESTS = 10  # concurrent requests to S3, the size of botocore's connection pool

_RESULTS, _ITEMS = "/results/", "/items.json"


@dataclass(frozen=True, slots=True)
class RunFile:
    """A run's file, in its present version."""

    key: str
    data: bytes

    @property
    def is_result(self) -> bool:
        """Whether the file is a task's result."""
        return _RESULTS in self.key

    def items(self) -> list[dict[str, Any]]:
        """Return the items in a stage's list of items; empty for other files."""
        return list(json.loads(self.data)) if self.key.endswith(_ITEMS) else []


@dataclass(frozen=True, slots=True)
class RunFiles:
    """All files of one run."""

    run_id: str
    files: tuple[RunFile, ...]

    @classmethod
    def read(cls, objects: ObjectStore, run_id: str) -> "RunFiles":
        """Return a run's files in their present versions."""

        def read(key: str) -> RunFile | None:
            try:
                return RunFile(key, objects.get(key))
            except ObjectNotFoundError:  # expired since it was listed
                return None

        keys = [file.key for file in objects.list(object_keys.run_files(run_id))]
        found = map_concurrently(read, keys, _CONCURRENT_REQUESTS)
        return cls(run_id, tuple(file for file in found if file is not None))

    def replies(self, tasks: Collection[str] | None = None) -> tuple[set[str], set[str]]:
        """Return the replies that tasks used, as far as the tasks' results name them.

        Parameters
        ----------
        tasks
            Ids of the tasks; ``None`` for all.

        Returns
        -------
        tuple
            Digests of the named replies, and ids of the tasks without named replies, because their function died or
            is of an older version.
        """
        named: set[str] = set()
        traced: set[str] = set()
        listed = {str(item["task_id"]) for file in self.files for item in file.items()}
        for file in self.files:
            if file.is_result:
                result = json.loads(file.data)
                if tasks is None or result["task_id"] in tasks:
                    named.update(result.get("replies", ()))
                    traced.update([result["task_id"]] if "replies" in result else [])
        return named, (listed if tasks is None else set(tasks)) - traced


def cached_by(objects: ObjectStore, payers: Collection[str]) -> set[str]:
    """Return the digests of the cached replies that tasks paid for. It reads the whole cache.

    Parameters
    ----------
    payers
        Tasks as ``<run id>/<task id>``.
    """

    def paid(key: str) -> str | None:
        try:
            return key if json.loads(objects.get(key)).get("paid_by") in payers else None
        except ObjectNotFoundError:
            return None

    keys = [file.key for file in objects.list(object_keys.cached_reply("").removesuffix(".json"))]
    found = map_concurrently(paid, keys, _CONCURRENT_REQUESTS)
    return {key.rpartition("/")[2].removesuffix(".json") for key in found if key is not None}


def versions_of_replies(versions: VersionStore, digests: Iterable[str]) -> Iterator[StoredVersion]:
    """Yield all versions of cached replies."""

    def of_reply(digest: str) -> list[StoredVersion]:
        return list(versions.versions(object_keys.cached_reply(digest)))

    for found in map_concurrently(of_reply, sorted(digests), _CONCURRENT_REQUESTS):
        yield from found
