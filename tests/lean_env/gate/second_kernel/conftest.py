"""The library, beside the real second kernel of tests/conftest.py, which runs on Linux x86_64 alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lean_env.embedded.installation import Installation
from lean_env.library.index import Library


@pytest.fixture(scope="session")
def library(installation: Installation) -> Iterator[Library]:
    with Library.open(installation) as library:
        yield library
