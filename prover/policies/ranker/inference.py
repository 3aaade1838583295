"""The ranker's forward pass for one state in numpy: the same weights and arithmetic with less overhead.

The LlamaModel of `transformers` spends 1.6 ms on a prompt of 30 tokens, most of it outside the matrix products. This
spends 0.65 ms. Training uses the module in prover/policies/ranker/network.py. A test checks that both give the same
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from prover.actions.repertoire import Repertoire
from prover.actions.space import Candidates
from prover.policies.decoder import Floats, Layer, feed, layer_of, normed, project, softmax
from prover.policies.ranker.config import EPSILON, ROPE_BASE, ModelConfig
from prover.policies.ranker.prompt import Prompt


class Inference:
    """A trained ranker, ready to score states one at a time on one thread. It needs no torch, which takes 300 MB and
    seconds to import. `weights`: by their names in prover/policies/ranker/network.py."""

    def __init__(self, weights: Mapping[str, Floats], config: ModelConfig, repertoire: Repertoire) -> None:
        # A second thread gains nothing on such matrices and takes a core from Lean.
        threadpool_limits(1, "blas")
        self._heads = config.heads
        self._epsilon = EPSILON
        self._frequencies = frequencies(config.hidden // config.heads)
        self._embedding = weights["decoder.embed_tokens.weight"]
        self._marks = weights["marks.weight"]
        self._layers = [layer_of(weights, f"decoder.layers.{number}.") for number in range(config.layers)]
        self._norm = weights["decoder.norm.weight"]
        self._template = (weights["template_head.weight"], weights["template_head.bias"])
        self._value = (
            (weights["value_head.weight"], weights["value_head.bias"]) if "value_head.weight" in weights else None
        )
        # Two linear maps in a row are one.
        self._pointer = np.ascontiguousarray((weights["slot_query.weight"] @ weights["pointer_key.weight"]).T)
        self._slot_number = repertoire.slot_number

    def log_probs(self, prompt: Prompt, candidates: Candidates) -> npt.NDArray[np.float64]:
        """Natural log-probability of each candidate: (C)."""
        return self.judge(prompt, candidates)[0]

    def judge(self, prompt: Prompt, candidates: Candidates) -> tuple[npt.NDArray[np.float64], float]:
        """What `log_probs` gives, and the steps that the goal is expected to take, 0 without a value head."""
        hidden = self._hidden(prompt)
        template_weight, template_bias = self._template
        log_probs = _combine(
            template_weight @ hidden[0] + template_bias, hidden[1:] @ self._pointer, candidates, self._slot_number
        )
        return log_probs, 0.0 if self._value is None else self._expected(hidden[0])

    def _expected(self, hidden: Floats) -> float:
        assert self._value is not None
        weight, bias = self._value
        logits = (weight @ hidden + bias).astype(np.float64)
        shares = np.exp(logits - np.logaddexp.reduce(logits))
        return float(shares @ np.arange(1, len(shares) + 1))

    def _hidden(self, prompt: Prompt) -> Floats:
        """What the last block says of the output token and of each pointer: (1 + P, hidden)."""
        hidden: Floats = self._embedding[np.array(prompt.tokens)]
        # No other token has marks, and of the last block nothing else is read, which saves a quarter of three blocks.
        read = np.array((0, *prompt.pointers))
        hidden[read] += self._marks[np.array([prompt.marks[position] for position in read.tolist()])].sum(axis=1)
        for layer in self._layers[:-1]:
            feed(hidden, layer, self._epsilon, self._attend(hidden, layer))
        attended = self._attend(hidden, self._layers[-1], read)
        hidden = hidden[read]
        feed(hidden, self._layers[-1], self._epsilon, attended)
        last: Floats = normed(hidden, self._epsilon) * self._norm
        return last

    def _attend(self, hidden: Floats, layer: Layer, read: npt.NDArray[np.int64] | None = None) -> Floats:
        """Attention of the tokens `read` (all for None) to all tokens, before its output matrix: (read, hidden)."""
        width = hidden.shape[1]
        queries, keys, values = project(hidden, layer, self._heads, self._epsilon, self._rotation(len(hidden)))
        if read is not None:
            queries = queries[read]
        scores = np.matmul(queries.transpose(1, 0, 2), keys.transpose(1, 2, 0))
        scores *= (width // self._heads) ** -0.5
        softmax(scores)
        attended: Floats = np.matmul(scores, values.transpose(1, 0, 2)).transpose(1, 0, 2)
        return attended.reshape(-1, width)

    def _rotation(self, size: int) -> tuple[Floats, Floats]:
        return _rotation(size, self._frequencies.tobytes())


def frequencies(head: int) -> Floats:
    """Of the rotary position embedding for heads of `head` numbers: (head / 2). Up to 64 numbers they are rounded as
    transformers rounds them."""
    exponents = np.arange(0, head, 2, dtype=np.float32) / np.float32(head)
    found: Floats = np.float32(1.0) / (ROPE_BASE ** exponents.astype(np.float64)).astype(np.float32)
    return found


@lru_cache(maxsize=1024)
def _rotation(size: int, frequencies: bytes) -> tuple[Floats, Floats]:
    """Cosine and sine of the rotary position embedding (Su et al. 2021, arXiv:2104.09864, section 3.4.2), to go with
    (T, 2, heads, head / 2)."""
    angles = np.outer(np.arange(size, dtype=np.float32), np.frombuffer(frequencies, dtype=np.float32))
    return np.cos(angles)[:, None, None, :], np.sin(angles)[:, None, None, :]


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
