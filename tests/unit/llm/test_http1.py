"""Responses as bytes, in whatever pieces they arrive and whatever they are."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.llm.http1 import MOST_HEAD, Head, ResponseReader, request_head, whole_request

OK = b"HTTP/1.1 200 OK\r\n"


def reader(parts: Iterable[bytes]) -> ResponseReader:
    """Return a reader of a connection that ends after these parts."""
    arriving = iter(parts)
    return ResponseReader(lambda: next(arriving, b""), b"")


def read(parts: Iterable[bytes]) -> tuple[Head, bytes, bool]:
    """Return a response's head and body, and whether its connection can be used again."""
    response = reader(parts)
    head = response.head()
    body = b"".join(response.body(head))
    return head, body, response.is_reusable and head.is_persistent


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    bounds = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(bounds)]


class TestResponses:
    @given(
        framing=st.sampled_from(["length", "chunks", "end"]),
        body=st.binary(min_size=1, max_size=300),
        interim=st.booleans(),
        bare=st.booleans(),
        cuts=st.lists(st.integers(0, 2_000), max_size=30),
    )
    def test_pieces_do_not_matter(
        self, *, framing: str, body: bytes, interim: bool, bare: bool, cuts: list[int]
    ) -> None:
        fields = b"Content-Type: application/json\r\nX-A:  1 \r\nx-a: 2\r\n"
        match framing:
            case "length":
                sent = fields + b"content-length: %d\r\n\r\n" % len(body)
            case "chunks":
                sent = fields + b"Transfer-Encoding: Chunked\r\n\r\n"
            case _:
                sent = fields + b"\r\n"
        head = (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" if interim else b"") + OK + sent
        if bare:
            head = head.replace(b"\r\n", b"\n")
        half = len(body) // 2
        chunks = b"".join(b"%x;a=b\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:]) if part)
        data = head + (chunks + b"0\r\nTrailer: x\r\n\r\n" if framing == "chunks" else body)
        found, read_body, reusable = read(split(data, cuts))
        assert (found.status, read_body, reusable) == (200, body, framing != "end")
        assert (found.headers["content-type"], found.headers["x-a"]) == ("application/json", "1, 2")
        assert found.fields[1:3] == [(b"X-A", b"1"), (b"x-a", b"2")]

    @given(data=st.binary(max_size=200), after=st.booleans())
    def test_whatever_arrives_is_read_or_refused(self, *, data: bytes, after: bool) -> None:
        try:
            read([OK + data if after else data])
        except httpx2.RemoteProtocolError:
            return

    @pytest.mark.parametrize(
        ("head", "reusable"),
        [
            (OK, True),
            (b"HTTP/1.0 200 OK\r\n", False),
            (OK + b"Connection: Close\r\n", False),
            (OK + b"Connection: keep-alive, close\r\n", False),
            (OK + b"Connection: keep-alive\r\n", True),
        ],
    )
    def test_a_connection_that_stays(self, head: bytes, *, reusable: bool) -> None:
        assert read([head + b"Content-Length: 2\r\n\r\nhi"])[1:] == (b"hi", reusable)

    def test_what_nobody_asked_for_follows(self) -> None:
        assert read([OK + b"Content-Length: 2\r\n\r\nhi" + OK])[1:] == (b"hi", False)

    @pytest.mark.parametrize("status", [204, 304])
    def test_a_status_without_a_body(self, status: int) -> None:
        assert read([b"HTTP/1.1 %d\r\nContent-Length: 5\r\n\r\n" % status])[1:] == (b"", True)

    def test_equal_lengths_are_one(self) -> None:
        assert read([OK + b"Content-Length: 2, 2\r\nContent-Length: 2\r\n\r\nhi"])[1] == b"hi"

    def test_chunks_win_over_a_length(self) -> None:
        data = OK + b"Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
        assert read([data])[1:] == (b"hi", True)

    def test_a_folded_header(self) -> None:
        head, _, _ = read([OK + b"X-A: a \r\n \t b\r\nContent-Length: 0\r\n\r\n"])
        assert head.headers["x-a"] == "a b"


class TestHostileServers:
    @pytest.mark.parametrize(
        "data",
        [
            b"<html>hello</html>",
            b"220 mail.test\r\n",
            b"HTTP/2 200\r\n\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1 2x0 OK\r\n\r\n",
            b"HTTP/1.1 099 OK\r\n\r\n",
            b"HTTP/1.1  200 OK\r\n\r\n",
            b"HTTP/1.1 200 O\0K\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
            OK + b"no colon\r\n\r\n",
            OK + b": no name\r\n\r\n",
            OK + b"A b: c\r\n\r\n",
            OK + b"A : c\r\n\r\n",
            OK + b"A: b\0c\r\n\r\n",
            OK + b"A: b\rB: c\r\n\r\n",
            OK + b"Content-Length: -1\r\n\r\n",
            OK + b"Content-Length: +1\r\n\r\nx",
            OK + b"Content-Length: 1_0\r\n\r\n0123456789",
            OK + b"Content-Length: \r\n\r\n",
            OK + b"Content-Length: 1, 2\r\n\r\nxx",
            OK + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\n",
            OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
            OK + b"Transfer-Encoding: chunked, identity\r\n\r\n",
            OK[:9],
            OK,
            b"",
        ],
    )
    def test_heads(self, data: bytes) -> None:
        response = reader([data])
        with pytest.raises(httpx2.RemoteProtocolError):
            response.body(response.head())

    @pytest.mark.parametrize(
        "sent",
        [b"-2\r\nhi\r\n0\r\n\r\n", b"0x2\r\nhi\r\n0\r\n\r\n", b"\r\n", b"g\r\n", b"f" * 17 + b"\r\n", b"2\r\nhiX\r\n",
         b"2\r\nhi0\r\n\r\n", b"2\r\nh", b"2\r\nhi\r\n", b"2\r\nhi\r\n0\r\n", b"2", b"", b"2 2\r\nhi\r\n0\r\n\r\n"],
    )  # fmt: skip
    def test_chunks(self, sent: bytes) -> None:
        with pytest.raises(httpx2.RemoteProtocolError):
            read([OK + b"Transfer-Encoding: chunked\r\n\r\n" + sent])

    def test_a_body_that_is_shorter_than_it_says(self) -> None:
        with pytest.raises(httpx2.RemoteProtocolError):
            read([OK + b"Content-Length: 5\r\n\r\nhi"])

    @pytest.mark.parametrize(
        ("first", "again"),
        [
            (OK, b"X-A: b\r\n"),
            (OK, b"a"),
            (b"HTTP/1.1 ", b"2"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
            (OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
            (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n"),
        ],
    )
    def test_what_never_ends_is_left_after_a_bounded_part(self, first: bytes, again: bytes) -> None:
        sent = 0

        def endless() -> Iterator[bytes]:
            nonlocal sent
            yield first
            while True:
                sent += 1
                yield again

        with pytest.raises(httpx2.RemoteProtocolError):
            read(endless())
        assert sent * len(again) <= MOST_HEAD + len(again)

    def test_a_hundred_thousand_headers_at_once(self) -> None:
        with pytest.raises(httpx2.RemoteProtocolError):
            read([OK + b"A: b\r\n" * 100_000 + b"\r\n"])


class TestRequests:
    def test_the_length_is_that_of_the_body(self) -> None:
        fields = [(b"Host", b"a"), (b"content-length", b"9"), (b"Transfer-Encoding", b"chunked"), (b"X-Empty", b"")]
        sent = whole_request(request_head("POST", b"/v1?a=b", fields), b"hi")
        assert sent == b"POST /v1?a=b HTTP/1.1\r\nHost: a\r\nX-Empty: \r\nContent-Length: 2\r\n\r\nhi"

    @pytest.mark.parametrize(
        "field",
        [(b"A", b"b\r\nX: y"), (b"A", b"b\n"), (b"A", b" b"), (b"A", b"b\t"), (b"A", b"b\0"), (b"A", b"\x7f"),
         (b"A\r\nX", b"y"), (b"A b", b"c"), (b"", b"c"), (b"A:", b"c")],
    )  # fmt: skip
    def test_a_header_that_would_be_another(self, field: tuple[bytes, bytes]) -> None:
        with pytest.raises(httpx2.LocalProtocolError) as caught:
            request_head("POST", b"/", [field])
        assert "y" not in str(caught.value).split()

    @pytest.mark.parametrize("target", [b"/a b", b"/a\r\nX: y", b"a", b"", b"/\xff"])
    def test_a_path_that_is_none(self, target: bytes) -> None:
        with pytest.raises(httpx2.LocalProtocolError):
            request_head("POST", target, [])
