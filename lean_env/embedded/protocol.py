"""The frames between Python and a worker: a 4-byte big-endian byte length, then that many bytes of UTF-8 JSON.

Requests and replies travel on descriptors of their own, out of reach of anything that elaborated code can print.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import orjson

_LENGTH = struct.Struct(">I")

#: A longer frame is a broken or hostile worker. The largest honest one, an exported proof, stays under 100 MB.
MAX_FRAME_BYTES = 256 << 20


class ProtocolError(Exception):
    """The other side sent something that is no frame: an absurd length, no UTF-8, no JSON object."""


def encode(message: Mapping[str, Any]) -> bytes:
    """One frame. Raises UnicodeEncodeError for text with lone surrogates, ProtocolError beyond MAX_FRAME_BYTES."""
    body = _to_json(message)
    if len(body) > MAX_FRAME_BYTES:
        raise ProtocolError(f"a message of {len(body):,} bytes is longer than the {MAX_FRAME_BYTES:,} a frame may have")
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Cuts a byte stream, fed in pieces of any size, into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> dict[str, Any] | None:
        """The next whole message, or None until more bytes come. Raises ProtocolError; the stream is then useless."""
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > MAX_FRAME_BYTES:
            raise ProtocolError(f"a frame announces {length:,} bytes")
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        message = _from_json(body)
        if not isinstance(message, dict):
            raise ProtocolError(f"a frame holds {type(message).__name__}, not an object")
        return message


def _to_json(message: Mapping[str, Any]) -> bytes:
    """orjson takes a sixth of the time, but no integer over 64 bits. For lone surrogates it has no error of its own."""
    try:
        return orjson.dumps(message)
    except TypeError:
        return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def _from_json(body: bytes) -> Any:
    """Whatever orjson refuses the slower reader decides on: JavaScript cuts a text within a character, and then writes
    half of a surrogate pair, which orjson does not take. Raises ProtocolError."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body.decode())
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ProtocolError(f"a frame of {len(body):,} bytes is no JSON: {error}") from error
