"""Event files as TensorBoard reads them, written without TensorFlow or TensorBoard.

A file is a row of records: length (8 bytes), masked CRC-32C of the length (4), data, masked CRC-32C of the data (4).
The data are an `Event` of tensorflow/core/util/event.proto, of which only these fields are written:

    Event           1 wall_time: double   2 step: int64   3 file_version: string   5 summary: Summary
    Summary         1 value, repeated: tag (1), simple_value (2, float) or histo (5, HistogramProto)
    HistogramProto  1 min  2 max  3 num  4 sum  5 sum_squares  6 bucket_limit, packed  7 bucket, packed: doubles
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_HEAD = struct.Struct("<QI")
_SUM = struct.Struct("<I")
_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5


class EventFile:
    """Writes one event file. Each event is handed to the system whole."""

    def __init__(self, path: Path, time: float):
        self.path = path
        path.write_bytes(record(_double(1, time) + _bytes(3, b"brain.Event:2")))

    def add(self, time: float, step: int, values: Sequence[bytes]) -> None:
        """Add an event with the values of a step, which `scalar` and `histo` make."""
        summary = b"".join(_bytes(1, value) for value in values)
        self.add_data([_double(1, time) + _whole(2, step) + _bytes(5, summary)])

    def add_data(self, events: Sequence[bytes]) -> None:
        """Add events as `read_events` gives them."""
        with self.path.open("ab") as file:
            file.write(b"".join(record(event) for event in events))


def scalar(tag: str, value: float) -> bytes:
    """Return a number under its name."""
    return _bytes(1, tag.encode()) + _key(2, _FLOAT) + struct.pack("<f", value)


def histo(tag: str, values: np.ndarray, bins: int = 30) -> bytes:
    """Return how finite numbers are spread, under the weight's name."""
    import numpy as np

    flat = np.asarray(values, "float64").ravel()
    counts, edges = np.histogram(flat, bins)
    facts = [flat.min(), flat.max(), flat.size, flat.sum(), np.square(flat).sum()]
    proto = b"".join(_double(i, float(fact)) for i, fact in enumerate(facts, 1))
    proto += _bytes(6, edges[1:].astype("<f8").tobytes()) + _bytes(7, counts.astype("<f8").tobytes())
    return _bytes(1, tag.encode()) + _bytes(5, proto)


def read_events(path: Path) -> list[tuple[int, bytes]]:
    """Return step and data of the events that `EventFile` wrote, up to the first that is torn or damaged."""
    found, content, at = [], path.read_bytes(), 0
    while len(content) - at >= _HEAD.size:
        length, check = _HEAD.unpack_from(content, at)
        end = at + _HEAD.size + length
        data = content[at + _HEAD.size : end]
        if check != masked(content[at : at + 8]) or content[end : end + 4] != _SUM.pack(masked(data)):
            break
        at = end + 4
        if len(data) > 10 and data[9] == 2 << 3 | _VARINT:  # behind the time: the step, which the first event lacks
            found.append((_read_varint(data, 10), data))
    return found


def record(data: bytes) -> bytes:
    """Return data with their length and checksums."""
    length = struct.pack("<Q", len(data))
    return length + _SUM.pack(masked(length)) + data + _SUM.pack(masked(data))


def masked(data: bytes) -> int:
    """Return the checksum of a record: CRC-32C (Castagnoli), turned by 15 bits, plus a constant."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """Return the CRC-32C of bytes.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


@cache
def _table() -> list[int]:
    table = []
    for crc in range(256):
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


def _key(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _double(number: int, value: float) -> bytes:
    return _key(number, _DOUBLE) + struct.pack("<d", value)


def _whole(number: int, value: int) -> bytes:
    return _key(number, _VARINT) + _varint(value)


def _bytes(number: int, value: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _read_varint(data: bytes, at: int) -> int:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        if data[at] < 0x80:
            return value
        at, shift = at + 1, shift + 7
