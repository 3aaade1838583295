"""Workers, gate and scoreboard of the attacks, one of each for the whole folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from arena import BOMB, LIMITS, KernelsAlone, TextJudge
from scoreboard import Scoreboard

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.gate.gate import Gate
from lean_env.gate.second_kernel.client import SecondKernel
from lean_env.library.index import Library

_scoreboard = Scoreboard()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if lines := _scoreboard.lines():
        terminalreporter.section("attacks: accepted/offered")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def scoreboard() -> Scoreboard:
    return _scoreboard


@pytest.fixture(scope="package")
def hostile_pool(installation: Installation) -> Iterator[WorkerPool]:
    """Where the attacks run."""
    with WorkerPool(installation, 1, LIMITS, spares=0) as pool:
        yield pool


@pytest.fixture(scope="package")
def clean_pool(installation: Installation) -> Iterator[WorkerPool]:
    """Where statements are elaborated and no proof ever is."""
    with WorkerPool(installation, 1, spares=0) as pool:
        yield pool


@pytest.fixture(scope="package")
def library(installation: Installation) -> Iterator[Library]:
    with Library.open(installation) as library:
        yield library


@pytest.fixture(scope="package")
def gate(installation: Installation, library: Library, second: SecondKernel) -> Iterator[Gate]:
    """With both kernels: should they disagree, KernelsDisagree fails the test."""
    with WorkerPool(installation, 1, LIMITS, role="decide", spares=0) as deciders:
        yield Gate(library, deciders, second)


@pytest.fixture(scope="package")
def impatient_gate(installation: Installation, library: Library, second: SecondKernel) -> Iterator[Gate]:
    """For the bombs."""
    with WorkerPool(installation, 1, BOMB, role="decide", spares=0) as deciders:
        yield Gate(library, deciders, second)


@pytest.fixture(scope="package")
def text_judge(installation: Installation) -> Iterator[TextJudge]:
    judge = TextJudge(installation)
    yield judge
    judge.close()


@pytest.fixture(scope="package")
def kernels_alone(imaged: Installation, library: Library) -> Iterator[KernelsAlone]:
    kernels = KernelsAlone(imaged, library)
    yield kernels
    kernels.close()
