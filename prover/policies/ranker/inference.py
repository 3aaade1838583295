"""The ranker's forward pass for one state in numpy: the same weights and arithmetic with less overhead.

The LlamaModel of `transformers` spends 1.6 ms on a prompt of 30 tokens, most of it outside the matrix products. This
spends 0.65 ms. Training uses the module in prover/policies/ranker/network.py. A test checks that both give the same
numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from prover.actions.space import Candidates
from prover.policies.ranker.prompt import Prompt

# torch takes 300 MB and seconds to import. A search process does without: it gets this object, not the module.
if TYPE_CHECKING:
    from prover.policies.ranker.network import ActionRanker

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Layer:
    """One block, as matrices to multiply with from the right.

    The weight of the norm before each is multiplied into it."""

    query_key_value: Floats
    output: Floats
    gate_up: Floats
    down: Floats


class Inference:
    """A trained ranker, ready to score states one at a time on one thread. A pickle of it needs no torch."""

    def __init__(self, model: ActionRanker) -> None:
        # A second thread gains nothing on such matrices and takes a core from Lean.
        threadpool_limits(1, "blas")
        config = model.decoder.config
        self._heads = int(config.num_attention_heads)
        self._epsilon = float(config.rms_norm_eps)
        weights = {name: value.detach().numpy().copy() for name, value in model.state_dict().items()}
        self._frequencies: Floats = model.decoder.rotary_emb.inv_freq.numpy().copy()
        self._embedding = weights["decoder.embed_tokens.weight"]
        self._marks = weights["marks.weight"]
        self._layers = [_layer(weights, f"decoder.layers.{number}.") for number in range(config.num_hidden_layers)]
        self._norm = weights["decoder.norm.weight"]
        self._template = (weights["template_head.weight"], weights["template_head.bias"])
        # Two linear maps in a row are one.
        self._pointer = np.ascontiguousarray((weights["slot_query.weight"] @ weights["pointer_key.weight"]).T)
        self._slot_number = model.repertoire.slot_number

    def log_probs(self, prompt: Prompt, candidates: Candidates) -> npt.NDArray[np.float64]:
        """Natural log-probability of each candidate: (C)."""
        hidden = self._hidden(prompt)
        template_weight, template_bias = self._template
        return _combine(
            template_weight @ hidden[0] + template_bias, hidden[1:] @ self._pointer, candidates, self._slot_number
        )

    def _hidden(self, prompt: Prompt) -> Floats:
        """What the last block says of the output token and of each pointer: (1 + P, hidden)."""
        hidden: Floats = self._embedding[np.array(prompt.tokens)] + self._marks[np.array(prompt.marks)].sum(axis=1)
        for layer in self._layers[:-1]:
            self._feed(hidden, layer, self._attend(hidden, layer))
        # Of the last block nothing else is read, which saves a quarter of three blocks.
        read = np.array((0, *prompt.pointers))
        attended = self._attend(hidden, self._layers[-1], read)
        hidden = hidden[read]
        self._feed(hidden, self._layers[-1], attended)
        last: Floats = self._normed(hidden) * self._norm
        return last

    def _attend(self, hidden: Floats, layer: _Layer, read: npt.NDArray[np.int64] | None = None) -> Floats:
        """Attention of the tokens `read` (all for None) to all tokens, before its output matrix: (read, hidden)."""
        size, width = hidden.shape
        head = width // self._heads
        cosine, sine = self._rotation(size)
        projected = (self._normed(hidden) @ layer.query_key_value).reshape(size, 3, self._heads, head)
        first, second = projected[:, :2, :, : head // 2], projected[:, :2, :, head // 2 :]
        turned = np.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)
        queries = turned[:, 0] if read is None else turned[read, 0]
        scores = np.matmul(queries.transpose(1, 0, 2), turned[:, 1].transpose(1, 2, 0)) * head**-0.5
        np.exp(scores - scores.max(axis=-1, keepdims=True), out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        attended: Floats = np.matmul(scores, projected[:, 2].transpose(1, 0, 2)).transpose(1, 0, 2)
        return attended.reshape(-1, width)

    def _feed(self, hidden: Floats, layer: _Layer, attended: Floats) -> None:
        """The rest of a block, added to `hidden` in place."""
        hidden += attended @ layer.output
        wide = self._normed(hidden) @ layer.gate_up
        gate, up = wide[:, : wide.shape[1] // 2], wide[:, wide.shape[1] // 2 :]
        hidden += (gate / (1 + np.exp(-gate)) * up) @ layer.down

    def _normed(self, hidden: Floats) -> Floats:
        """Root mean square normalisation of each row, without its weight."""
        scale = np.sqrt(np.einsum("ij,ij->i", hidden, hidden) / hidden.shape[1] + self._epsilon)
        normed: Floats = hidden / scale[:, None]
        return normed

    def _rotation(self, size: int) -> tuple[Floats, Floats]:
        return _rotation(size, self._frequencies.tobytes())


@lru_cache(maxsize=1024)
def _rotation(size: int, frequencies: bytes) -> tuple[Floats, Floats]:
    """Cosine and sine of the rotary position embedding (Su et al. 2021, arXiv:2104.09864, section 3.4.2), to go with
    (T, 2, heads, head / 2)."""
    angles = np.outer(np.arange(size, dtype=np.float32), np.frombuffer(frequencies, dtype=np.float32))
    return np.cos(angles)[:, None, None, :], np.sin(angles)[:, None, None, :]


def _layer(weights: dict[str, Floats], prefix: str) -> _Layer:
    def joined(norm: str, *names: str) -> Floats:
        stacked = np.concatenate([weights[f"{prefix}{name}.weight"] for name in names])
        return np.ascontiguousarray((stacked * weights[f"{prefix}{norm}.weight"]).T)

    return _Layer(
        query_key_value=joined("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        output=np.ascontiguousarray(weights[f"{prefix}self_attn.o_proj.weight"].T),
        gate_up=joined("post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj"),
        down=np.ascontiguousarray(weights[f"{prefix}mlp.down_proj.weight"].T),
    )


def _combine(
    template_logits: Floats, pointer_logits: Floats, candidates: Candidates, slot_number: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """p(template | templates here) * p(pointers | template), as in ActionRanker."""
    slots = slot_number[candidates.template]
    score = np.zeros(len(candidates))
    for pointer, slot in ((candidates.first, slots[:, 0]), (candidates.second, slots[:, 1])):
        used = np.flatnonzero(pointer >= 0)
        score[used] += pointer_logits[pointer[used], slot[used]]
    template = candidates.template
    first = np.empty(len(template), dtype=bool)
    first[0] = True
    np.not_equal(template[1:], template[:-1], out=first[1:])
    starts, group = np.flatnonzero(first), np.cumsum(first) - 1
    within = score - np.logaddexp.reduceat(score, starts)[group]
    present = template_logits[template[starts]].astype(np.float64)
    log_probs: npt.NDArray[np.float64] = within + (present - np.logaddexp.reduce(present))[group]
    return log_probs
