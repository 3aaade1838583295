"""The pool against fake workers: who gets which worker, what is replaced when, and what is left afterwards."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from fakes import fake_installation

from lean_env.embedded import pool as pool_module
from lean_env.embedded.pool import NoWorker, PoolClosed, WorkerPool
from lean_env.embedded.worker import LeanRefused, WorkerDied, WorkerTimeout
from lean_env.theorem import Environment

NAT = Environment(("Init.Data.Nat.Basic",))
LIST = Environment(("Init.Data.List.Basic",))


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


@pytest.fixture
def make_pool(tmp_path: Path) -> Iterator[Callable[..., WorkerPool]]:
    pools = []

    def make(size: int = 1, start: str = "ready", spares: int = 0) -> WorkerPool:
        pools.append(WorkerPool(fake_installation(tmp_path, start), size, spares=spares))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def test_a_lease_is_exclusive(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(size=2)
    with pool.lease(NAT) as one, pool.lease(NAT) as other:
        assert one.pid != other.pid


def test_a_warm_worker_is_preferred(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(size=2)
    with pool.lease(NAT) as nat, pool.lease(LIST) as list_:
        pids = nat.pid, list_.pid
    for _ in range(3):
        with pool.lease(LIST) as worker:
            assert worker.pid == pids[1]
        with pool.lease(NAT) as worker:
            assert worker.pid == pids[0]


def test_leases_are_served_in_order(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(size=1)
    order: list[int] = []

    def take(number: int) -> None:
        with pool.lease(NAT):
            order.append(number)

    with pool.lease(NAT):
        threads = []
        for number in range(6):
            threads.append(threading.Thread(target=take, args=(number,)))
            threads[-1].start()
            assert eventually(lambda count=number + 1: len(pool._waiting) == count)
    for thread in threads:
        thread.join()
    assert order == list(range(6))


def test_many_threads_share_few_workers(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(size=2)
    busy: set[int] = set()
    lock = threading.Lock()
    trouble: list[object] = []

    def work(number: int) -> None:
        for turn in range(10):
            with pool.lease(NAT if number % 2 else LIST) as worker:
                with lock:
                    if worker.pid in busy:
                        trouble.append(worker.pid)
                    busy.add(worker.pid)
                text = f"{number} {turn}"
                if worker.request("echo", text=text)["text"] != text:
                    trouble.append(text)
                with lock:
                    busy.remove(worker.pid)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble
    assert pool.counters.restarts == 0
    assert pool.counters.requests == 80


@pytest.mark.parametrize(
    ("op", "raises", "counter"),
    [
        ("dies", WorkerDied, "deaths"),
        ("fatal", WorkerDied, "deaths"),
        ("silent", WorkerTimeout, "kills"),
        ("taint", None, "recycled"),
        ("grow", None, "recycled"),
    ],
)
def test_a_used_up_worker_is_replaced(
    make_pool: Callable[..., WorkerPool], op: str, raises: type[Exception] | None, counter: str
) -> None:
    pool = make_pool(size=1)
    with pool.lease(NAT) as worker:
        first = worker.pid
        if raises is None:
            worker.request(op)
        else:
            with pytest.raises(raises):
                worker.request(op, wall_s=0.3 if op == "silent" else 10)
    with pool.lease(NAT) as worker:
        assert worker.pid != first
        assert worker.request("echo")["ok"]
    counters = pool.counters
    assert getattr(counters, counter) == 1
    assert counters.restarts == 1
    assert eventually(lambda: not psutil.pid_exists(first))


def test_a_refusal_or_an_error_of_the_holder_costs_no_worker(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(size=1)
    with pytest.raises(LeanRefused), pool.lease(NAT) as worker:
        first = worker.pid
        worker.request("refuse")
    with pytest.raises(ZeroDivisionError), pool.lease(NAT):
        raise ZeroDivisionError
    with pool.lease(NAT) as worker:
        assert worker.pid == first


def test_a_worker_that_died_idle_is_not_leased(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(size=1)
    with pool.lease(NAT) as worker:
        first = worker.pid
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: psutil.Process(first).status() == psutil.STATUS_ZOMBIE)
    with pool.lease(NAT) as worker:
        assert worker.pid != first
        assert worker.request("echo")["ok"]


def test_a_spare_stands_ready_and_is_used_last(
    make_pool: Callable[..., WorkerPool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "_SPARE_NEEDS_BYTES", 0)
    pool = make_pool(size=1, spares=1)
    assert eventually(lambda: len(pool.pids) == 2 and not pool._starting)
    with pool.lease(NAT) as worker:
        first = worker.pid
        worker.request("echo")
        (spare,) = pool.pids - {first}
    with pool.lease(LIST) as worker:
        assert worker.pid == first
        with pytest.raises(WorkerDied):
            worker.request("dies")
    with pool.lease(NAT) as worker:
        assert worker.pid == spare
    assert eventually(lambda: len(pool.pids) == 2)


def test_no_spare_without_memory(make_pool: Callable[..., WorkerPool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_SPARE_NEEDS_BYTES", 1 << 60)
    pool = make_pool(size=1, spares=1)
    with pool.lease(NAT):
        pass
    time.sleep(0.3)
    assert len(pool.pids) == 1


def test_a_spare_does_not_widen_the_pool(make_pool: Callable[..., WorkerPool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_SPARE_NEEDS_BYTES", 0)
    pool = make_pool(size=1, spares=1)
    assert eventually(lambda: len(pool.pids) == 2 and not pool._starting)
    entered = threading.Event()

    def take() -> None:
        with pool.lease(NAT):
            entered.set()

    thread = threading.Thread(target=take)
    with pool.lease(NAT):
        thread.start()
        assert not entered.wait(0.3)
    thread.join()
    assert entered.is_set()


def test_close_leaves_no_process_and_wakes_everyone(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(size=2)
    entered = threading.Barrier(3)
    endings: list[str] = []

    def hold() -> None:
        with pool.lease(NAT) as worker:
            entered.wait()
            try:
                worker.request("silent", wall_s=60)
            except WorkerDied as error:
                endings.append(type(error).__name__)

    def wait() -> None:
        try:
            with pool.lease(NAT):
                endings.append("leased")
        except PoolClosed:
            endings.append("PoolClosed")

    threads = [threading.Thread(target=hold), threading.Thread(target=hold)]
    for thread in threads:
        thread.start()
    entered.wait()
    threads.append(threading.Thread(target=wait))
    threads[-1].start()
    assert eventually(lambda: len(pool._waiting) == 1)
    pids = pool.pids
    start = time.monotonic()
    pool.close()
    for thread in threads:
        thread.join()
    assert time.monotonic() - start < 10
    assert sorted(endings) == ["PoolClosed", "WorkerDied", "WorkerDied"]
    assert len(pids) == 2
    assert not any(map(psutil.pid_exists, pids))
    assert pool.pids == frozenset()
    pool.close()
    with pytest.raises(PoolClosed), pool.lease(NAT):
        pass


def test_close_inside_a_lease_does_not_hang(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(size=1)
    with pool.lease(NAT) as worker:
        pool.close()
        with pytest.raises(WorkerDied):
            worker.request("echo")
    assert not psutil.pid_exists(worker.pid)


def test_an_installation_that_does_not_start_is_told_to_who_waits(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(size=1, start="crash")
    with pytest.raises(NoWorker, match=r"(?s)exit status 3.*flywheel doctor.*cannot find slim.wasm"), pool.lease(NAT):
        pass


def test_counters_add_up_over_the_dead(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(size=1)
    with pool.lease(NAT) as worker:
        worker.request("busy")
        worker.wall_limit_hits += 2
        worker.request("taint")
    with pool.lease(NAT) as worker:
        worker.request("echo")
    pool.close()
    counters = pool.counters
    assert counters.requests == 3
    assert counters.lean_seconds >= 0.3
    assert counters.cpu_seconds >= 0.3
    assert counters.wall_limit_hits == 2


def test_a_forked_child_neither_leases_nor_closes(make_pool: Callable[..., WorkerPool]) -> None:
    pool = make_pool(size=1)
    with pool.lease(NAT):
        pass
    child = os.fork()
    if child == 0:
        try:
            with pool.lease(NAT):
                os._exit(1)
        except PoolClosed:
            pool.close()
            os._exit(0)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    with pool.lease(NAT) as worker:
        assert worker.request("echo")["ok"]


def test_a_pool_needs_a_worker(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        WorkerPool(fake_installation(tmp_path), 0)
