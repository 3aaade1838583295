"""Framing: any message, cut anywhere, comes out whole; anything else is an error and never a message."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lean_env.embedded.protocol import MAX_FRAME_BYTES, FrameReader, ProtocolError, encode

#: Node has no whole numbers beyond 2^53.
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
messages = st.dictionaries(st.text(), json_values, max_size=4)


@given(st.lists(messages, max_size=4), st.integers(min_value=1, max_value=9))
def test_messages_survive_any_cut(sent: list[dict[str, object]], size: int) -> None:
    stream = b"".join(map(encode, sent))
    reader = FrameReader()
    received = []
    for start in range(0, len(stream), size):
        reader.feed(stream[start : start + size])
        while (message := reader.next()) is not None:
            received.append(message)
    assert received == sent


@given(st.binary(max_size=64))
def test_noise_is_refused_or_awaited(noise: bytes) -> None:
    reader = FrameReader()
    reader.feed(noise)
    try:
        while (message := reader.next()) is not None:
            assert isinstance(message, dict)
    except ProtocolError:
        pass


def test_the_length_counts_bytes_not_characters() -> None:
    frame = encode({"t": "⊢"})
    assert struct.unpack(">I", frame[:4])[0] == len(frame) - 4 == len('{"t":"⊢"}'.encode())


def test_an_absurd_length_is_refused_before_anything_is_awaited() -> None:
    reader = FrameReader()
    reader.feed(struct.pack(">I", MAX_FRAME_BYTES + 1))
    with pytest.raises(ProtocolError, match="announces"):
        reader.next()


@pytest.mark.parametrize("body", [b"\xff\xfe", b"{", b"[1]", b"null", b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    reader = FrameReader()
    reader.feed(struct.pack(">I", len(body)) + body)
    with pytest.raises(ProtocolError):
        reader.next()


def test_a_lone_surrogate_is_not_sent() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode({"t": "\ud800"})


def test_half_of_a_surrogate_pair_is_received() -> None:
    """JavaScript writes one where it cuts a long error within a character, and the worker is none the worse."""
    body = b'{"error":"long \\ud835"}'
    reader = FrameReader()
    reader.feed(struct.pack(">I", len(body)) + body)
    assert reader.next() == {"error": "long \ud835"}
