"""Model whose replies are ready, so that what is measured is the client.

``python -m benchmarks.harness.measuring_server`` serves until it is ended. It reads of a request its length and the
question's id, and takes a tenth of the processor time for it that the simulated model takes. Each question is one of
``benchmarks.harness.questions``.
"""

import argparse
import asyncio
import json
import re
from pathlib import Path

from benchmarks.harness.questions import Question, ShortQuestion, asked_for

_HOST = "127.0.0.1"
_BACKLOG = 2_048
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ID = re.compile(rb"Question id: q(\d+)")


class Replying(asyncio.Protocol):
    """Connection that answers one request after the other, each after the latency."""

    def __init__(self, replies: list[bytes], latency: float) -> None:
        self._replies = replies
        self._latency = latency
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the request is whole."""
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(self._received, 0, end)
        assert length is not None, "every client states the length of its requests"
        if len(self._received) < end + 4 + int(length[1]):
            return
        number = _ID.search(self._received, end)
        assert number is not None, "every prompt has the id of its question"
        self._received = b""
        reply = self._replies[int(number[1])]
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, reply)
        else:
            self._transport.write(reply)


def response(question: Question | ShortQuestion) -> bytes:
    """Return the whole HTTP response to a question."""
    content = question.right if isinstance(question, ShortQuestion) else json.dumps(question.right)
    body = json.dumps(
        {
            "id": "chatcmpl-measured",
            "object": "chat.completion",
            "created": 1,
            "model": "measured",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": content},
                }
            ],
            "usage": {"prompt_tokens": 60, "completion_tokens": 60, "total_tokens": 120},
        }
    ).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


async def serve(port_file: Path, latency: float, tasks: int, *, short: bool) -> None:
    """Serve on a free port, which the file tells, until the process is ended."""
    replies = [response(each) for each in asked_for(tasks, short=short)]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Replying(replies, latency), _HOST, 0, backlog=_BACKLOG)
    partial = port_file.with_name(port_file.name + ".part")
    partial.write_text(f"{server.sockets[0].getsockname()[1]}\n", "ascii")
    partial.replace(port_file)
    await server.serve_forever()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--latency", type=float, required=True, help="seconds from a request to its reply")
    parser.add_argument("--tasks", type=int, required=True, help="number of the questions")
    parser.add_argument("--short", action="store_true", help="for short questions")
    given = parser.parse_args()
    asyncio.run(serve(given.port_file, given.latency, given.tasks, short=given.short))


if __name__ == "__main__":
    main()
