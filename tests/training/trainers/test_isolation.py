"""A training's torch: deterministic, on its own threads, without filling memory; and put back whatever happens."""

from __future__ import annotations

import random
from typing import Any

import pytest
import torch

from training.trainers.isolation import isolated


def as_it_is() -> tuple[int, bool, bool]:
    memory: Any = torch.utils.deterministic
    return torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), memory.fill_uninitialized_memory


def test_a_training_has_torch_to_itself_and_leaves_it_as_it_was() -> None:
    before, drawn, weights = as_it_is(), random.getstate(), torch.random.get_rng_state()
    with pytest.raises(KeyError), isolated(before[0] + 1, "cpu"):
        assert as_it_is() == (before[0] + 1, True, False)
        random.seed(1)
        torch.manual_seed(1)
        raise KeyError
    assert as_it_is() == before
    assert random.getstate() == drawn and torch.equal(torch.random.get_rng_state(), weights)
