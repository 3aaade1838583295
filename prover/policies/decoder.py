"""The parts of a Llama block in numpy, shared by the ranker and the language model.

At these sizes transformers' own module spends most of its time outside the matrix products. Nothing here needs torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layer:
    """One block, as matrices to multiply with from the right. The weight of the norm before each is multiplied into
    it."""

    query_key_value: Floats
    output: Floats
    gate_up: Floats
    down: Floats


def layer_of(weights: Mapping[str, Floats], prefix: str) -> Layer:
    """The block whose weights have this prefix to their names in transformers."""

    def joined(norm: str, *names: str) -> Floats:
        stacked = np.concatenate([weights[f"{prefix}{name}.weight"] for name in names])
        return np.ascontiguousarray((stacked * weights[f"{prefix}{norm}.weight"]).T)

    return Layer(
        query_key_value=joined("input_layernorm", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        output=np.ascontiguousarray(weights[f"{prefix}self_attn.o_proj.weight"].T),
        gate_up=joined("post_attention_layernorm", "mlp.gate_proj", "mlp.up_proj"),
        down=np.ascontiguousarray(weights[f"{prefix}mlp.down_proj.weight"].T),
    )


def normed(hidden: Floats, epsilon: float) -> Floats:
    """Root mean square normalisation of each row, without its weight: (T, hidden)."""
    scale = np.sqrt(np.einsum("ij,ij->i", hidden, hidden) / hidden.shape[1] + epsilon)
    found: Floats = hidden / scale[:, None]
    return found


def project(
    hidden: Floats, layer: Layer, heads: int, epsilon: float, rotation: tuple[Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    """Queries, keys and values of T tokens, (T, heads, head) each, the first two turned by their positions. `rotation`:
    cosine and sine of the rotary position embedding (Su et al. 2021, arXiv:2104.09864, section 3.4.2), each to go with
    (T, 2, heads, head / 2)."""
    size, width = hidden.shape
    half = width // heads // 2
    projected = (normed(hidden, epsilon) @ layer.query_key_value).reshape(size, 3, heads, 2 * half)
    cosine, sine = rotation
    first, second = projected[:, :2, :, :half], projected[:, :2, :, half:]
    turned = np.empty((size, 2, heads, 2 * half), dtype=np.float32)
    np.subtract(first * cosine, second * sine, out=turned[..., :half])
    np.add(second * cosine, first * sine, out=turned[..., half:])
    return turned[:, 0], turned[:, 1], projected[:, 2]


def softmax(scores: Floats) -> None:
    """Over the last axis, in place."""
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)


def feed(hidden: Floats, layer: Layer, epsilon: float, attended: Floats) -> None:
    """The rest of a block after attention, added to `hidden` in place."""
    hidden += attended @ layer.output
    wide = normed(hidden, epsilon) @ layer.gate_up
    gate, up = wide[:, : wide.shape[1] // 2], wide[:, wide.shape[1] // 2 :]
    # SiLU of the gate times `up`, in place: gate / (1 + exp(-gate)) * up.
    wide = np.negative(gate)
    np.exp(wide, out=wide)
    wide += 1
    np.divide(gate, wide, out=wide)
    wide *= up
    hidden += wide @ layer.down
