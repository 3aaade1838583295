"""A small Llama decoder in numpy, one prompt at a time: what each search process runs on its own core.

The prompt's keys and values are read once and shared by all rows (KV cache); each row has its own for what it has
written. transformers' own module spends most of its time outside the matrix products at this size. A pickle of the
decoder needs no torch. A test checks that both give the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from prover.policies.decoder import Floats, Layer, feed, layer_of, normed, project, softmax
from prover.policies.text.sampling import Integers


@dataclass(frozen=True, slots=True)
class LlamaSizes:
    """What the shapes of the weights do not say. As many heads of keys as of queries."""

    layers: int
    heads: int
    epsilon: float
    rope_base: float


class LlamaDecoder:
    """`weights` by their names in transformers, float32."""

    def __init__(self, sizes: LlamaSizes, weights: Mapping[str, Floats]) -> None:
        # A second thread gains nothing on such matrices and takes a core from Lean.
        threadpool_limits(1, "blas")
        self.sizes = sizes
        self.embedding = weights["model.embed_tokens.weight"]
        self.layers = [layer_of(weights, f"model.layers.{number}.") for number in range(sizes.layers)]
        head = weights.get("lm_head.weight", self.embedding)
        self.head = np.ascontiguousarray((head * weights["model.norm.weight"]).T)
        width = self.embedding.shape[1] // sizes.heads
        self.frequencies = sizes.rope_base ** -(np.arange(0, width, 2, dtype=np.float64) / width)

    def read(self, prompts: Sequence[Sequence[int]]) -> _Reading:
        (prompt,) = prompts
        return _Reading(self, prompt)

    def rotation(self, start: int, size: int) -> tuple[Floats, Floats]:
        """As `project` wants it, for `size` positions from `start` on."""
        angles = np.outer(np.arange(start, start + size), self.frequencies)
        return (
            np.cos(angles).astype(np.float32)[:, None, None, :],
            np.sin(angles).astype(np.float32)[:, None, None, :],
        )

    def project(self, hidden: Floats, layer: Layer, rotation: tuple[Floats, Floats]) -> tuple[Floats, Floats, Floats]:
        """Queries, keys and values of T tokens, the queries scaled for attention."""
        queries, keys, values = project(hidden, layer, self.sizes.heads, self.sizes.epsilon, rotation)
        return queries * np.float32(queries.shape[-1] ** -0.5), keys, values

    def feed(self, hidden: Floats, layer: Layer, attended: Floats) -> None:
        """The rest of a block, added to `hidden` in place."""
        feed(hidden, layer, self.sizes.epsilon, attended.reshape(len(hidden), -1))

    def predict(self, hidden: Floats) -> Floats:
        logits: Floats = normed(hidden, self.sizes.epsilon) @ self.head
        return logits


class _Reading:
    """One prompt of T tokens, and R rows that go on from it, t tokens each."""

    def __init__(self, decoder: LlamaDecoder, prompt: Sequence[int]) -> None:
        self._decoder = decoder
        self._length = len(prompt)
        self._written = 0
        #: By layer: keys (heads, head, T) and values (heads, T, head) of the prompt.
        self._prompt: list[tuple[Floats, Floats]] = []
        hidden: Floats = decoder.embedding[np.array(prompt)]
        rotation = decoder.rotation(0, len(prompt))
        hidden_by_past = np.triu(np.full((len(prompt), len(prompt)), -np.inf, dtype=np.float32), 1)
        for number, layer in enumerate(decoder.layers):
            queries, keys, values = decoder.project(hidden, layer, rotation)
            past = np.ascontiguousarray(keys.transpose(1, 2, 0)), np.ascontiguousarray(values.transpose(1, 0, 2))
            self._prompt.append(past)
            mask = hidden_by_past
            if number + 1 == len(decoder.layers):  # of the last block only the last token is read
                queries, hidden, mask = queries[-1:], hidden[-1:].copy(), mask[-1:]
            weights = np.matmul(queries.transpose(1, 0, 2), past[0]) + mask
            softmax(weights)
            attended = np.matmul(weights, past[1]).transpose(1, 0, 2)
            decoder.feed(hidden, layer, attended)
        self.logits = decoder.predict(hidden)
        #: By layer: keys and values of what the rows have written, (R, heads, t, head).
        self._rows: list[tuple[Floats, Floats]] | None = None

    def extend(self, parents: Integers, tokens: Integers) -> None:
        decoder, rows = self._decoder, []
        hidden: Floats = decoder.embedding[tokens]
        rotation = decoder.rotation(self._length + self._written, 1)
        self._written += 1
        for number, layer in enumerate(decoder.layers):
            queries, keys, values = decoder.project(hidden, layer, rotation)
            new = keys[:, :, None], values[:, :, None]
            if self._rows is not None:
                old = self._rows[number]
                new = np.concatenate([old[0][parents], new[0]], 2), np.concatenate([old[1][parents], new[1]], 2)
            rows.append(new)
            hidden_before = self._prompt[number]
            # One product for all rows over the prompt, then each row over its own.
            prompt = np.matmul(queries.transpose(1, 0, 2), hidden_before[0])
            own = np.matmul(new[0], queries[..., None])[..., 0].transpose(1, 0, 2)
            weights = np.concatenate([prompt, own], axis=-1)
            softmax(weights)
            attended = np.matmul(weights[..., : self._length], hidden_before[1]).transpose(1, 0, 2)
            later = weights[..., self._length :].transpose(1, 0, 2)[:, :, None]
            attended = attended + np.matmul(later, new[1])[:, :, 0]
            decoder.feed(hidden, layer, attended)
        self._rows = rows
        self.logits = decoder.predict(hidden)
