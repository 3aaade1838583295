"""A gate with both kernels, for hand-made exports."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.gate import Gate
from lean_env.gate.second_kernel.client import SecondKernel
from lean_env.library.index import Library


@pytest.fixture(scope="session")
def library(installation: Installation) -> Iterator[Library]:
    with Library.open(installation) as library:
        yield library


@pytest.fixture(scope="module")
def deciders(installation: Installation) -> Iterator[WorkerPool]:
    with WorkerPool(installation, 1, role="decide", spares=0) as pool:
        yield pool


@pytest.fixture(scope="module")
def gate(library: Library, deciders: WorkerPool, second: SecondKernel) -> Gate:
    """With both kernels: wherever they disagree about a proof of these tests, KernelsDisagree fails the test."""
    return Gate(library, deciders, second)
