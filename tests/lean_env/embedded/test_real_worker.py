"""The real worker process: locked down, bounded, and gone when its parent is, however the parent went."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lean_env.embedded.installation import Installation
from lean_env.embedded.worker import LeanRefused, RefusalKind, Worker, WorkerDied
from lean_env.limits import Limits

REPOSITORY = Path(__file__).parents[3]

PARENT = """
import sys, threading, time
from lean_env.embedded.installation import find
from lean_env.embedded.pool import WorkerPool
from lean_env.session.dojo import Dojo
from lean_env.limits import Limits
from lean_env.theorem import Environment, Theorem

pool = WorkerPool(find(), 2, spares=0)
theorem = Theorem("big", "(2^16777215 + 3^16777215) % 7 = 9", Environment(("Init",)))

opened = threading.Event()

def busy():
    with Dojo(theorem, pool, Limits(soft_ms=300_000)) as (dojo, root):
        opened.set()
        dojo.run_tac(root, "decide +kernel")

threading.Thread(target=busy, daemon=True).start()
opened.wait()
while len(pool.pids) < 2 or pool._starting:
    time.sleep(0.05)
time.sleep(1)
print(*pool.pids, flush=True)
if sys.argv[1] == "exit":
    sys.exit(0)
time.sleep(300)
"""


@contextlib.contextmanager
def parent(how: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A Python that holds an idle worker and one deep in the kernel; yields it and the workers' ids."""
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, how], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    pids: list[int] = []
    try:
        assert process.stdout is not None
        pids += map(int, process.stdout.readline().split())
        assert len(pids) == 2
        yield process, pids
    finally:
        process.kill()
        process.wait()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM", "SIGINT", "exit"])
def test_no_orphans_after_any_end_of_the_parent(installation: Installation, how: str) -> None:
    with parent(how) as (process, pids):
        if how != "exit":
            assert all(map(psutil.pid_exists, pids))
            process.send_signal(signal.Signals[how])
        process.wait(timeout=30)
        end = time.monotonic() + 10
        while any(map(_runs, pids)) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(map(_runs, pids))


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_greeting_names_the_lean(fresh_worker: Worker) -> None:
    assert fresh_worker.greeting["lean"].startswith("4.28.0")
    assert len(fresh_worker.greeting["githash"]) == 40


def test_nothing_of_the_parent_reaches_the_worker(fresh_worker: Worker, installation: Installation) -> None:
    process = psutil.Process(fresh_worker.pid)
    assert set(process.environ()) <= {"PWD", "OLDPWD", "SHLVL", "_"}
    assert process.cwd() == str(installation.root.resolve())
    assert os.getpgid(fresh_worker.pid) == os.getsid(fresh_worker.pid) == fresh_worker.pid
    assert process.rlimit(psutil.RLIMIT_STACK)[0] == 65_520 << 10
    limit = process.rlimit(psutil.RLIMIT_AS)[0]
    # Its other threads map and unmap a little between the two readings: seen 8 KB less than when the limit was set.
    assert abs(limit - process.memory_info().vms - (2_048 << 20)) < 256 << 20
    assert not process.children()


def test_an_unknown_request_changes_nothing(fresh_worker: Worker) -> None:
    for op, fields in [("no_such_op", {}), ("run", {"state": 77, "tactics": ["rfl"]}), ("kernel_check", {})]:
        with pytest.raises(LeanRefused) as refused:
            fresh_worker.request(op, **fields)
        assert refused.value.kind is RefusalKind.BAD_REQUEST
    assert fresh_worker.request("memory")["states"] == 0


def test_what_lean_prints_stays_out_of_the_replies(fresh_worker: Worker) -> None:
    source = '#eval IO.println "\\u0000\\u0000\\u0000\\u0002{}"\n#eval (dbg_trace "noise"; 1 : Nat)\n'
    for _ in range(3):
        assert fresh_worker.request("check_text", imports=["Init"], source=source)["ok"]
    assert fresh_worker.request("memory")["ok"]


def test_a_process_that_outgrows_its_address_space_dies(installation: Installation) -> None:
    """A request of 100 MB becomes several times that in JavaScript: the worker dies of it, not the machine."""
    worker = Worker(installation, "elaborate", Limits(extra_address_space_mb=128))
    worker.await_ready()
    try:
        text = "x" * (100 << 20)
        with pytest.raises(WorkerDied):
            for _ in range(20):
                with contextlib.suppress(LeanRefused):
                    worker.request("check_text", imports=["Init"], source=f'def s := "{text}"')
    finally:
        worker.close()
