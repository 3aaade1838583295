"""The real Lean for every test that wants it. Nothing here skips: a test run without Lean is a failed one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from lean_env.embedded import install
from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import Worker

# How long an example takes says nothing on a shared machine.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


_skipped: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """No test here has a reason to be skipped: one that is would be a check that nobody notices is gone."""
    if _skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\nunexpectedly skipped: {', '.join(_skipped)}")


@pytest.fixture(scope="session")
def installation() -> install.Installation:
    """The embedded Lean of this user, installed now if it is not yet there."""
    try:
        return install.find()
    except install.NotInstalled:
        try:
            return install.setup()
        except Exception as error:
            pytest.fail(f"The embedded Lean is not installed and cannot be: {error}\nRun `flywheel setup` first.")


@pytest.fixture(scope="session")
def pool(installation: install.Installation) -> Iterator[WorkerPool]:
    """Two elaborating workers, shared by the whole run."""
    with WorkerPool(installation, 2, spares=0) as pool:
        yield pool


@pytest.fixture
def fresh_worker(installation: install.Installation) -> Iterator[Worker]:
    """An elaborating worker of one's own, for tests that kill it or must find it unused."""
    worker = Worker(installation, "elaborate")
    try:
        worker.await_ready()
        yield worker
    finally:
        worker.close()
