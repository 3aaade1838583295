"""The installed library, opened once a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lean_env.embedded.installation import Installation
from lean_env.library.index import Library


@pytest.fixture(scope="module")
def library(installation: Installation) -> Iterator[Library]:
    with Library.open(installation) as opened:
        yield opened
