"""Search processes that count down, shared by all tests of rounds and evaluations."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from countdown import Countdown

from prover.rounds.crew import Crew


@pytest.fixture(scope="session")
def crew() -> Iterator[Crew]:
    with Crew(Countdown(), 2) as crew:
        yield crew


@pytest.fixture(scope="session")
def alone() -> Iterator[Crew]:
    """One process, for tests that count on an order."""
    with Crew(Countdown(), 1) as crew:
        yield crew
