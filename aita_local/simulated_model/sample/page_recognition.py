"""Recognition of the pages in a request, in threads, so that the server goes on answering meanwhile."""

import asyncio
import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from aita_local.simulated_model.errors import NotInSampleExamError
from aita_local.simulated_model.sample.exam import KnownPage, SampleExam
from aita_local.simulated_model.sample.page_fingerprint import data_url_bytes, fingerprint

_THREADS = 2
_RESULTS_KEPT = 10_000


class PageRecognition:
    """Recogniser of sample pages, which keeps its results by the digests of the images."""

    def __init__(self, exam: SampleExam) -> None:
        self._exam = exam
        self._known: dict[bytes, KnownPage | None] = {}
        self._threads = ThreadPoolExecutor(_THREADS, "fingerprint")

    async def read(self, url: str) -> KnownPage:
        """Return the sample page that a data URL's image shows.

        Raises
        ------
        NotInSampleExamError
            If the image shows no sample page, or the URL is no data URL of an image.
        """
        digest = hashlib.sha256(url.encode()).digest()
        if digest not in self._known:
            if len(self._known) >= _RESULTS_KEPT:
                self._known.clear()
            self._known[digest] = await asyncio.get_running_loop().run_in_executor(self._threads, self._recognise, url)
        page = self._known[digest]
        if page is None:
            raise NotInSampleExamError("an image shows no page of the sample exam")
        return page

    async def read_strips(self, urls: Sequence[str]) -> list[str]:
        """Return the handwritten lines on strips of sample pages, which data URLs give.

        Raises
        ------
        NotInSampleExamError
            If an image shows no part of a sample page, or a URL is no data URL of an image.
        """
        loop = asyncio.get_running_loop()
        found = [await loop.run_in_executor(self._threads, self._strip, url) for url in urls]
        if None in found:
            raise NotInSampleExamError("an image shows no part of a page of the sample exam")
        return [line for lines in found for line in lines or ()]

    async def read_heads(self, urls: Sequence[str]) -> str:
        """Return the name of the student of the sample on heads of pages, which data URLs give.

        Raises
        ------
        NotInSampleExamError
            If no image shows the head of a sample page, or a URL is no data URL of an image.
        """
        loop = asyncio.get_running_loop()
        for url in urls:
            if name := await loop.run_in_executor(self._threads, self._head, url):
                return name
        raise NotInSampleExamError("no image shows the head of a page of the sample exam")

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown(cancel_futures=True)

    def _strip(self, url: str) -> tuple[str, ...] | None:
        try:
            return self._exam.strip(data_url_bytes(url))
        except (OSError, ValueError):
            return None

    def _head(self, url: str) -> str | None:
        try:
            return self._exam.head(data_url_bytes(url))
        except (OSError, ValueError):
            return None

    def _recognise(self, url: str) -> KnownPage | None:
        try:
            return self._exam.page(fingerprint(data_url_bytes(url)))
        except (OSError, ValueError):
            return None
