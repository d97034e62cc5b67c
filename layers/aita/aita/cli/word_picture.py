"""A small picture of a word, drawn without an imaging library, by which ``aita doctor`` checks a model's vision."""

import struct
import zlib

WORD = "OTTER"

_LETTERS = {
    "O": (".###.", "#...#", "#...#", "#...#", "#...#", "#...#", ".###."),
    "T": ("#####", "..#..", "..#..", "..#..", "..#..", "..#..", "..#.."),
    "E": ("#####", "#....", "#....", "####.", "#....", "#....", "#####"),
    "R": ("####.", "#...#", "#...#", "####.", "#.#..", "#..#.", "#...#"),
}
_CELL, _MARGIN = 12, 2  # pixels of a cell, and cells around the word


def draw() -> bytes:
    """Return the word in black on white, as a PNG (W3C, Portable Network Graphics, 11.2) of 8-bit greys."""
    lines = [" ".join(line) for line in zip(*(_LETTERS[letter] for letter in WORD), strict=True)]
    width = len(lines[0]) + 2 * _MARGIN
    blank = [" " * width] * _MARGIN
    cells = [*blank, *(line.center(width) for line in lines), *blank]
    rows = [b"".join((b"\0" if cell == "#" else b"\xff") * _CELL for cell in line) for line in cells]
    pixels = b"".join((b"\0" + row) * _CELL for row in rows)  # each row after its filter: none
    header = struct.pack(">IIBBBBB", width * _CELL, len(cells) * _CELL, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
