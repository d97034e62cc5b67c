"""The names of errors, which are kept and sent."""

import inspect

import pytest

from aita import errors
from aita.errors import AitaError, CallSignal, ConflictError, NotFoundError, RequestError, request_error_class

CLASSES = [each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, AitaError)]


@pytest.mark.parametrize("kind", CLASSES)
def test_errors_end_in_error_and_signals_do_not(kind: type[AitaError]) -> None:
    assert kind.__name__.endswith("Error") != issubclass(kind, CallSignal)


@pytest.mark.parametrize("kind", [each for each in CLASSES if issubclass(each, RequestError)])
def test_what_the_api_sends_is_read(kind: type[RequestError]) -> None:
    assert request_error_class(kind.__name__) is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [("Conflict", ConflictError), ("NotFound", NotFoundError), ("StackError", RequestError), ("inspect", RequestError)],
)
def test_older_and_unknown_names(name: str, kind: type[RequestError]) -> None:
    assert request_error_class(name) is kind
