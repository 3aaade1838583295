"""The real Lean for every test that wants it. Nothing here skips: a test run without Lean is a failed one."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from lean_env.embedded.errors import NotInstalled
from lean_env.embedded.installation import Installation, find
from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import Worker
from lean_env.gate.second_kernel import image
from lean_env.gate.second_kernel.client import SecondKernel
from lean_env.library.index import Library
from lean_env.setup import install

# How long an example takes says nothing on a shared machine.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# A shell has what it starts in the background ignore SIGINT, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


_skipped: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with tests that may take long go first, so that no process waits at the end for another's last file."""
    patient = {item.path for item in items if item.get_closest_marker("timeout")}
    items.sort(key=lambda item: item.path not in patient)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """No test here has a reason to be skipped: one that is would be a check that nobody notices is gone."""
    if _skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\nunexpectedly skipped: {', '.join(_skipped)}")


@pytest.fixture(scope="session")
def installation() -> Installation:
    """The embedded Lean of this user, installed now if it is not yet there."""
    try:
        return find()
    except NotInstalled:
        try:
            return install.setup()
        except Exception as error:
            pytest.fail(f"The embedded Lean is not installed and cannot be: {error}\nRun `flywheel setup` first.")


@pytest.fixture(scope="session")
def imaged(installation: Installation) -> Installation:
    """An installation with the second kernel's image, made now if it is not yet there. Linux x86_64 only."""
    image.ensure(installation, lambda _done, _total: None)
    return installation


@pytest.fixture(scope="session")
def second(imaged: Installation) -> Iterator[SecondKernel]:
    """The second kernel, shared by the whole run."""
    with Library.open(imaged) as library:
        kernel = SecondKernel.open(imaged, library)
        assert isinstance(kernel, SecondKernel), kernel
        with kernel:
            yield kernel


@pytest.fixture(scope="session")
def pool(installation: Installation) -> Iterator[WorkerPool]:
    """Two elaborating workers, shared by the whole run."""
    with WorkerPool(installation, 2, spares=0) as pool:
        yield pool


@pytest.fixture
def fresh_worker(installation: Installation) -> Iterator[Worker]:
    """An elaborating worker of one's own, for tests that kill it or must find it unused."""
    worker = Worker(installation, "elaborate")
    try:
        worker.await_ready()
        yield worker
    finally:
        worker.close()


@pytest.fixture
def decider_that_says(tmp_path: Path) -> Callable[[object], Installation]:
    """An installation whose workers answer every `kernel_check` with the same words."""

    def make(answer: object) -> Installation:
        script = Path(__file__).with_name("fake_decider.py")
        (tmp_path / "answer.json").write_text(json.dumps(answer))
        node = tmp_path / "node"
        node.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{script}" "$@"\n')
        node.chmod(0o755)
        return Installation(root=tmp_path, node=node, host=tmp_path, version="fake")

    return make
