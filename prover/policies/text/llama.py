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

from prover.policies.text.sampling import Floats, Integers


@dataclass(frozen=True, slots=True)
class _Layer:
    """One block, as matrices to multiply with from the right. The weight of the norm before each is multiplied into
    it."""

    query_key_value: Floats
    output: Floats
    gate_up: Floats
    down: Floats


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
        self.layers = [_layer(weights, f"model.layers.{number}.") for number in range(sizes.layers)]
        head = weights.get("lm_head.weight", self.embedding)
        self.head = np.ascontiguousarray((head * weights["model.norm.weight"]).T)
        width = self.embedding.shape[1] // sizes.heads
        self.frequencies = sizes.rope_base ** -(np.arange(0, width, 2, dtype=np.float64) / width)

    def read(self, prompts: Sequence[Sequence[int]]) -> _Reading:
        (prompt,) = prompts
        return _Reading(self, prompt)

    def rotation(self, start: int, size: int) -> tuple[Floats, Floats]:
        """Cosine and sine of the rotary position embedding (Su et al. 2021, arXiv:2104.09864, section 3.4.2), to go
        with (T, 2, heads, head / 2)."""
        angles = np.outer(np.arange(start, start + size), self.frequencies)
        return (
            np.cos(angles).astype(np.float32)[:, None, None, :],
            np.sin(angles).astype(np.float32)[:, None, None, :],
        )

    def project(self, hidden: Floats, layer: _Layer, rotation: tuple[Floats, Floats]) -> tuple[Floats, Floats, Floats]:
        """Queries, keys and values of T tokens: (T, heads, head) each, the first two turned by their positions."""
        size, width = hidden.shape
        half = width // self.sizes.heads // 2
        projected = (self.normed(hidden) @ layer.query_key_value).reshape(size, 3, self.sizes.heads, 2 * half)
        cosine, sine = rotation
        first, second = projected[:, :2, :, :half], projected[:, :2, :, half:]
        turned = np.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)
        return turned[:, 0] * np.float32((2 * half) ** -0.5), turned[:, 1], projected[:, 2]

    def feed(self, hidden: Floats, layer: _Layer, attended: Floats) -> None:
        """The rest of a block, added to `hidden` in place."""
        hidden += attended @ layer.output
        wide = self.normed(hidden) @ layer.gate_up
        gate, up = wide[:, : wide.shape[1] // 2], wide[:, wide.shape[1] // 2 :]
        hidden += (gate / (1 + np.exp(-gate)) * up) @ layer.down

    def normed(self, hidden: Floats) -> Floats:
        """Root mean square normalisation of each row, without its weight."""
        scale = np.sqrt(np.einsum("ij,ij->i", hidden, hidden) / hidden.shape[1] + self.sizes.epsilon)
        normed: Floats = hidden / scale[:, None].astype(np.float32)
        return normed

    def predict(self, hidden: Floats) -> Floats:
        logits: Floats = self.normed(hidden) @ self.head
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
            _softmax(weights)
            attended = np.matmul(weights, past[1]).transpose(1, 0, 2)
            decoder.feed(hidden, layer, attended.reshape(len(hidden), -1))
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
            _softmax(weights)
            attended = np.matmul(weights[..., : self._length], hidden_before[1]).transpose(1, 0, 2)
            later = weights[..., self._length :].transpose(1, 0, 2)[:, :, None]
            attended = attended + np.matmul(later, new[1])[:, :, 0]
            decoder.feed(hidden, layer, attended.reshape(len(hidden), -1))
        self._rows = rows
        self.logits = decoder.predict(hidden)


def _softmax(scores: Floats) -> None:
    """Over the last axis, in place."""
    np.exp(scores - scores.max(axis=-1, keepdims=True), out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)


def _layer(weights: Mapping[str, Floats], prefix: str) -> _Layer:
    def joined(norm: str, *names: str) -> Floats:
        stacked = np.concatenate([weights[f"{prefix}{name}.weight"] for name in names])
        return np.ascontiguousarray((stacked * weights[f"{prefix}{norm}.weight"]).T)

    return _Layer(
        query_key_value=joined("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        output=np.ascontiguousarray(weights[f"{prefix}self_attn.o_proj.weight"].T),
        gate_up=joined("post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj"),
        down=np.ascontiguousarray(weights[f"{prefix}mlp.down_proj.weight"].T),
    )
