"""The real second kernel. It runs on Linux x86_64 alone, and so do these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lean_env.embedded.install import Installation
from lean_env.library.index import Library
from lean_env.second_kernel import image
from lean_env.second_kernel.client import SecondKernel


@pytest.fixture(scope="session")
def library(installation: Installation) -> Iterator[Library]:
    with Library.open(installation) as library:
        yield library


@pytest.fixture(scope="session")
def imaged(installation: Installation) -> Installation:
    """An installation with its image, made now if it is not yet there."""
    image.ensure(installation, lambda _done, _total: None)
    return installation


@pytest.fixture(scope="session")
def second(imaged: Installation, library: Library) -> Iterator[SecondKernel]:
    kernel = SecondKernel.open(imaged, library)
    assert isinstance(kernel, SecondKernel), kernel
    with kernel:
        yield kernel
