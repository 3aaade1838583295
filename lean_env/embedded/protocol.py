"""The frames between Python and a worker: a 4-byte big-endian byte length, then that many bytes of UTF-8 JSON.

Requests and replies travel on descriptors of their own, out of reach of anything that elaborated code can print.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

_LENGTH = struct.Struct(">I")
#: `json.dumps` with options builds an encoder at every call.
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

#: A longer frame is a broken or hostile worker. The largest honest one, an exported proof, stays under 100 MB.
MAX_FRAME_BYTES = 256 << 20


class ProtocolError(Exception):
    """The other side sent something that is no frame: an absurd length, no UTF-8, no JSON object."""


def encode(message: Mapping[str, Any]) -> bytes:
    """One frame. Raises UnicodeEncodeError for text with lone surrogates, ProtocolError beyond MAX_FRAME_BYTES."""
    body = _to_json(message).encode()
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
        try:
            message = json.loads(body.decode())
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise ProtocolError(f"a frame of {length:,} bytes is no JSON: {error}") from error
        if not isinstance(message, dict):
            raise ProtocolError(f"a frame holds {type(message).__name__}, not an object")
        return message
