"""A training draws from torch's global generator and sets its threads. All of it is put back afterwards."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


@contextmanager
def isolated(threads: int, device: str) -> Iterator[None]:
    """Torch on `threads` threads, deterministic kernels only, every global generator free to use.

    What comes out of `torch.empty` is not filled, as torch does by default where kernels are deterministic. TRL asks
    for room for 32,768 words a token whatever the vocabulary: filling 290 MB twice was most of a small decoder's step.
    """
    before, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    memory: Any = torch.utils.deterministic  # the switch is a property of the module, which mypy does not see
    filled = memory.fill_uninitialized_memory
    drawn, drawn_by_numpy = random.getstate(), np.random.get_state()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    memory.fill_uninitialized_memory = False
    on_cuda = device.startswith("cuda")
    if on_cuda:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # what cuBLAS needs to be deterministic
    try:
        with torch.random.fork_rng(devices=[torch.device(device)] if on_cuda else []):
            yield
    finally:
        torch.set_num_threads(before)
        torch.use_deterministic_algorithms(deterministic)
        memory.fill_uninitialized_memory = filled
        random.setstate(drawn)
        np.random.set_state(drawn_by_numpy)
