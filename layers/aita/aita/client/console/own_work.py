"""Work that the console's server does itself, with the caller's credentials, such as an export."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.models.base import StrictModel

Request = TypeVar("Request", bound=StrictModel)


@dataclass(frozen=True, slots=True)
class OwnWork(Generic[Request]):
    """A kind of work: ``POST /own/{name}``.

    Parameters
    ----------
    request
        Model of the request's body.
    do
        Function that does it, and returns the answer as JSON.
    """

    request: type[Request]
    do: Callable[[ApiClient, FileTransfer, Request], Any]
