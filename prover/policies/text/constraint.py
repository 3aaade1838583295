"""Which tokens may come next, where only certain texts may be written: the candidates of a state's action space.

The texts are a trie over their bytes, and a token passes where its bytes are a way down this trie. So every
tokenization of an allowed text passes, and nothing else does. With a byte-level vocabulary there is always a way on:
each byte is a token by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from tokenizers import Tokenizer

from prover.actions.repertoire import Repertoire
from prover.policies.text.sampling import Integers


class CannotConstrain(Exception):
    """Decoding cannot be constrained to a benchmark's tactics here. The text says why."""


def require_elementary(repertoire: Repertoire | None) -> None:
    """Whether there is a grammar to constrain decoding with. Raises CannotConstrain."""
    if repertoire is None or repertoire.retrieves:
        raise CannotConstrain(
            "constrained decoding is for benchmarks whose tactics are elementary (lean-logic, lean-logic-rungs, "
            "lean-magma): elsewhere leave `constrained` out of [train]"
        )


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tokens that stand for bytes, by these, and the token that ends a text. Special tokens are not among them."""

    tokens: Mapping[bytes, int]
    longest: int
    end: int


def vocabulary_of(tokenizer: Tokenizer, end: int | None) -> Vocabulary:
    """Raises CannotConstrain."""
    if end is None:
        raise _cannot("has no end-of-text token")
    if "ByteLevel" not in json.dumps(json.loads(tokenizer.to_str())["decoder"]):
        raise _cannot("is not byte-level")
    added = tokenizer.get_added_tokens_decoder()
    letters = _bytes_by_letter()
    tokens = {
        bytes(letters[letter] for letter in text): token
        for text, token in tokenizer.get_vocab().items()
        if token not in added and text and all(letter in letters for letter in text)
    }
    if missing := 256 - sum(len(one) == 1 for one in tokens):
        raise _cannot(f"has no token for {missing} of the 256 bytes")
    return Vocabulary(tokens, max(map(len, tokens)), end)


def _cannot(why: str) -> CannotConstrain:
    return CannotConstrain(f"this model cannot be constrained, its tokenizer {why}: leave `constrained` out of [train]")


def _bytes_by_letter() -> dict[str, int]:
    """Byte-level vocabularies write each byte as one letter (Radford et al. 2019, section 2.2): those that are printed
    in Latin-1 as themselves, the others, in order, as what follows U+00FF."""
    printed = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printed]
    return {chr(byte): byte for byte in printed} | {chr(256 + place): byte for place, byte in enumerate(others)}


@dataclass(slots=True)
class _Node:
    """What the texts that begin alike go on with, by the next byte; `whole` if one of them ends here."""

    children: dict[int, _Node] = field(default_factory=dict)
    whole: bool = False
    #: The tokens that may come next, ascending, and where each of them leads; made when it is first asked for.
    ways: tuple[Integers, dict[int, _Node]] | None = None


class Guide:
    """Where a text stands in the trie of all that may be written. A text that has ended leads nowhere."""

    __slots__ = ("_node", "_vocabulary")

    def __init__(self, vocabulary: Vocabulary, node: _Node) -> None:
        self._vocabulary, self._node = vocabulary, node

    def tokens(self) -> Integers:
        """The tokens that may come next, ascending: (A), never empty."""
        return self._ways()[0]

    def after(self, token: int) -> Guide:
        """Behind one of `tokens` that is not the end."""
        return Guide(self._vocabulary, self._ways()[1][token])

    def _ways(self) -> tuple[Integers, dict[int, _Node]]:
        if self._node.ways is None:
            known, found = self._vocabulary, dict[int, _Node]()
            level = {b"": self._node}
            for _ in range(known.longest):
                level = {
                    text + bytes((byte,)): child
                    for text, node in level.items()
                    for byte, child in node.children.items()
                }
                found |= {known.tokens[text]: node for text, node in level.items() if text in known.tokens}
            ends = [known.end] if self._node.whole else []
            self._node.ways = np.array(sorted([*found, *ends]), dtype=np.int64), found
        return self._node.ways


def guide_of(vocabulary: Vocabulary, texts: Iterable[str]) -> Guide:
    """At the beginning of all of them. Texts of several lines are left out: a line break ends what is written. Where
    none is left, nothing but the end can come, and an empty text is no sample."""
    root = _Node()
    for text in texts:
        if "\n" not in text:
            node = root
            for byte in text.encode():
                node = node.children.setdefault(byte, _Node())
            node.whole = True
    root.whole = not root.children
    return Guide(vocabulary, root)
