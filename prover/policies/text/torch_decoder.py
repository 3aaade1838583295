"""Any causal language model of transformers, on the processor or a GPU: prompts and rows in one padded batch."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

import numpy as np
import torch

from prover.policies.text.sampling import Floats, Integers


class TorchDecoder:
    """`model` as `AutoModelForCausalLM` gives it, where it is to run."""

    def __init__(self, model: Any) -> None:
        self.model = model.eval()
        # Its newer name; the older one goes with transformers 5.40.
        self.cache = "cache" if "cache" in signature(type(model).forward).parameters else "past_key_values"

    def read(self, prompts: Sequence[Sequence[int]]) -> _Reading:
        return _Reading(self.model, self.cache, prompts)


class _Reading:
    """Prompts padded on the left, so that what comes next stands in one column, and their cache of keys and values."""

    @torch.inference_mode()
    def __init__(self, model: Any, cache: str, prompts: Sequence[Sequence[int]]) -> None:
        self._model, self._device, self._name = model, model.device, cache
        length = max(map(len, prompts))
        tokens = torch.zeros((len(prompts), length), dtype=torch.long)
        self._seen = torch.zeros((len(prompts), length), dtype=torch.long)
        for row, prompt in enumerate(prompts):
            tokens[row, length - len(prompt) :] = torch.tensor(prompt)
            self._seen[row, length - len(prompt) :] = 1
        self._cache: Any = None
        self._feed(tokens)

    @torch.inference_mode()
    def extend(self, parents: Integers, tokens: Integers) -> None:
        if len(parents) != len(self._seen) or (parents != np.arange(len(parents))).any():
            chosen = torch.from_numpy(parents)
            self._seen = self._seen[chosen]
            self._cache.reorder_cache(chosen.to(self._device))
        self._seen = torch.cat([self._seen, torch.ones((len(tokens), 1), dtype=torch.long)], dim=1)
        self._feed(torch.from_numpy(tokens)[:, None])

    def _feed(self, tokens: torch.Tensor) -> None:
        positions = (self._seen.cumsum(1) - 1).clamp(min=0)[:, -tokens.shape[1] :]
        output = self._model(
            tokens.to(self._device),
            attention_mask=self._seen.to(self._device),
            position_ids=positions.to(self._device),
            use_cache=True,
            **{self._name: self._cache},
        )
        self._cache = getattr(output, self._name)
        self.logits: Floats = output.logits[:, -1].float().cpu().numpy()
