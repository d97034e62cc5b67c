"""A stack of the benchmark's own on the emulator, with the simulated model, and the API to run it."""

import json
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aita.aws.api import Api
from aita.aws.place import Place
from aita.aws.signer import SignedApi
from aita.aws.stack import find_stack
from aita.models.api import RunView, StartRun
from aita.models.run import RunStatus
from local import stack
from local.home import Home

POLL_SECONDS = 0.25
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class Emulated:
    """The running stack: a client of its bucket, its API, and its model's base URL."""

    s3: Any
    bucket: str
    api: Api
    model_url: str

    def put(self, key: str, data: bytes) -> None:
        """Upload an object, as ``aws s3 sync`` does."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data)

    def set_model(self, **settings: float) -> None:
        """Change the simulated model's latency or limits."""
        request = urllib.request.Request(
            f"{self.model_url.removesuffix('/v1')}/control",
            data=json.dumps(settings).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=5).close()

    def run(self, assignment: str, pipeline: str) -> RunView:
        """Run a pipeline to its end.

        Raises
        ------
        RuntimeError
            Unless all of it succeeded in time: half a run is no measurement.
        """
        run = self.api.start(StartRun(assignment=assignment, pipeline=pipeline), key=uuid.uuid4().hex)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while run.status is RunStatus.RUNNING and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            run = self.api.run(run.run_id)
        if run.status is not RunStatus.SUCCEEDED:
            raise RuntimeError(f"{pipeline} of {assignment} is {run.status}: {run.reason}")
        return run


@contextmanager
def emulated(concurrency: int) -> Iterator[Emulated]:
    """Bring up a stack with no rate limit in a home of its own, and take it down at the end."""
    with tempfile.TemporaryDirectory(prefix="aita-bench-") as folder:
        home = Home(Path(folder))
        try:
            settings = stack.LocalSettings(max_workers=concurrency, rate_limit_rps=0)
            connection = stack.up(settings, home=home, say=lambda _: None)
            place = Place(connection.stack, connection.region, connection.endpoint_url, local=True)
            found = find_stack(place)
            api = Api(SignedApi(place, found.api_url, found.region))
            yield Emulated(place.client("s3"), found.bucket, api, connection.model_base_url)
        finally:
            stack.down(home=home, say=lambda _: None)
