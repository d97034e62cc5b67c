"""HTTP requests with retries of transient failures."""

from collections.abc import Callable

from botocore.awsrequest import AWSResponse
from botocore.exceptions import BotoCoreError

from aita.client.stack_target import StackTarget

PAUSES = (0.5, 2.0)
"""Seconds before each further try."""

_BUSY = 429
_SERVER_ERRORS = range(500, 600)


def send_repeatedly(send: Callable[[], AWSResponse], place: StackTarget, pause: Callable[[float], None]) -> AWSResponse:
    """Return the response of ``send``, which is tried up to 3 times.

    It is called again if the connection is lost, or if the server is overloaded or fails; the last try's response is
    returned with any status.

    Raises
    ------
    StackError
        If the last try gets no response.
    """
    for seconds in PAUSES:
        try:
            response = send()
        except BotoCoreError:
            pass
        else:
            if response.status_code != _BUSY and response.status_code not in _SERVER_ERRORS:
                return response
        pause(seconds)
    return send_once(send, place)


def send_once(send: Callable[[], AWSResponse], place: StackTarget) -> AWSResponse:
    """Return the response of ``send``.

    Raises
    ------
    StackError
        If there is none.
    """
    try:
        return send()
    except BotoCoreError as error:
        raise place.explain(error) from error
