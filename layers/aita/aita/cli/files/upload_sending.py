"""Upload of checked files by the forms that the stack gives."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from aita.cli.files.upload_discovery import Upload
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.errors import StackError
from aita.models.api import PresignedPost, UploadFile

OnBytes = Callable[[int], None]
"""Takes the number of bytes that were sent since its last call; negative when a file begins again."""

_AT_ONCE = 8


def send_files(
    api: ApiClient,
    transfer: FileTransfer,
    assignment: str,
    uploads: Sequence[Upload],
    on_bytes: OnBytes = lambda _: None,
) -> None:
    """Upload files, some at once.

    Raises
    ------
    StackError
        If the stack does not accept them.
    """
    left = list(uploads)
    for batch in api.uploads(assignment, [UploadFile(name=one.name, size=one.size) for one in uploads]):
        _send(transfer, left[: len(batch)], batch, on_bytes)
        left = left[len(batch) :]
    if left:
        raise StackError(
            f"the stack gave no form for {len(left):,} {'file' if len(left) == 1 else 'files'}: upload again"
        )


def _send(
    transfer: FileTransfer, uploads: Sequence[Upload], posts: tuple[PresignedPost, ...], on_bytes: OnBytes
) -> None:
    if [one.name for one in uploads] != [post.name for post in posts]:
        raise StackError("the stack gave forms for other files than it was asked for: deploy it again")
    with ThreadPoolExecutor(_AT_ONCE) as senders:
        sent = [
            senders.submit(transfer.send, post, one.path, one.size, on_bytes, one.first, one.whole)
            for one, post in zip(uploads, posts, strict=True)
        ]
        try:
            for one in sent:
                one.result()
        finally:
            senders.shutdown(wait=True, cancel_futures=True)
