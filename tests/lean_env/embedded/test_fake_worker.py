"""Supervision against a worker with every bad habit: none may block, confuse or outlive its supervisor."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from fakes import fake_installation

from lean_env.embedded.worker import LeanRefused, RefusalKind, Worker, WorkerDied, WorkerTimeout
from lean_env.limits import Limits


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(fake_installation(tmp_path), "elaborate")
    worker.await_ready()
    yield worker
    worker.close()


def gone(pid: int) -> bool:
    """Whether the process ends (a zombie counts as ended) within two seconds."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.01)
    return False


def test_a_reply_comes_back(worker: Worker) -> None:
    assert worker.request("echo", text="∀ ⊢ 𝔸")["text"] == "∀ ⊢ 𝔸"
    assert worker.greeting["lean"] == "fake"


def test_the_process_is_locked_down(worker: Worker, tmp_path: Path) -> None:
    facts = worker.request("facts")
    # `sh` itself sets these; nothing of ours comes through.
    assert set(facts["env"]) <= {"PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"}
    assert facts["pid"] == facts["pgid"] == facts["sid"] == worker.pid
    assert facts["cwd"] == str(tmp_path.resolve())
    assert facts["stdin"] == ""
    # 0-4 and the one that lists the folder.
    assert len(facts["fds"]) <= 6
    assert "--permission" in facts["argv"]
    assert facts["argv"][-1] == "elaborate"


def test_large_messages_pass_both_ways(worker: Worker) -> None:
    text = "x" * 5_000_000
    assert worker.request("echo", text=text)["text"] == text


def test_a_reply_in_single_bytes(worker: Worker) -> None:
    assert worker.request("trickle")["text"] == "é" * 20


def test_output_never_blocks_the_worker(worker: Worker) -> None:
    assert worker.request("chatty", wall_s=20)["ok"]
    assert worker.request("echo", text="still here")["text"] == "still here"


def test_a_refusal_leaves_the_worker_alive(worker: Worker) -> None:
    with pytest.raises(LeanRefused, match="no such theorem") as refused:
        worker.request("refuse")
    assert refused.value.kind is RefusalKind.LEAN
    assert worker.request("echo")["ok"]


@pytest.mark.parametrize("op", ["silent", "half"])
def test_the_wall_limit_kills(worker: Worker, op: str) -> None:
    start = time.monotonic()
    with pytest.raises(WorkerTimeout, match="did not answer"):
        worker.request(op, wall_s=0.3)
    assert time.monotonic() - start < 5
    assert gone(worker.pid)
    assert worker.timed_out and not worker.alive
    with pytest.raises(WorkerDied, match="gone already"):
        worker.request("echo")


def test_the_wall_limit_covers_a_worker_that_reads_nothing(worker: Worker) -> None:
    worker.request("deaf")
    with pytest.raises(WorkerTimeout):
        worker.request("echo", wall_s=0.3, text="x" * 5_000_000)
    assert gone(worker.pid)


def test_death_in_mid_reply_tells_status_and_last_words(worker: Worker) -> None:
    with pytest.raises(WorkerDied, match=r"(?s)exit status 7.*flywheel doctor.*last words"):
        worker.request("dies", wall_s=10)


@pytest.mark.parametrize("op", ["fatal", "no_json", "no_object", "endless", "wrong_id"])
def test_a_broken_conversation_ends_the_worker(worker: Worker, op: str) -> None:
    with pytest.raises(WorkerDied):
        worker.request(op, wall_s=10)
    assert not worker.timed_out
    assert gone(worker.pid)


def test_an_unasked_reply_never_answers_the_next_request(worker: Worker) -> None:
    worker.request("twice")
    with pytest.raises(WorkerDied):
        worker.request("echo", wall_s=10)


def test_grandchildren_die_with_the_worker(worker: Worker) -> None:
    grandchild = worker.request("grandchild")["pid"]
    assert psutil.pid_exists(grandchild)
    worker.close()
    assert gone(grandchild)


def test_grandchildren_die_when_the_worker_left_by_itself(worker: Worker) -> None:
    grandchild = worker.request("grandchild")["pid"]
    worker.request("leave")
    with pytest.raises(WorkerDied):
        worker.request("echo", wall_s=0.5)
    assert gone(grandchild)


def test_an_interrupt_inside_a_request_ends_the_worker(worker: Worker) -> None:
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        worker.request("silent", wall_s=20)
    assert gone(worker.pid)


def test_probe_sees_a_death_between_requests(worker: Worker) -> None:
    assert worker.probe()
    os.kill(worker.pid, signal.SIGKILL)
    assert gone(worker.pid)
    assert not worker.probe()


def test_cpu_seconds_survive_the_process(worker: Worker) -> None:
    worker.request("busy")
    before = worker.cpu_seconds
    assert before > 0.1
    worker.close()
    assert worker.cpu_seconds >= before


def test_the_address_space_is_bounded_from_outside(tmp_path: Path) -> None:
    worker = Worker(fake_installation(tmp_path), "elaborate", Limits(extra_address_space_mb=100))
    worker.await_ready()
    try:
        soft, hard = psutil.Process(worker.pid).rlimit(psutil.RLIMIT_AS)
        assert soft == hard
        assert 100 << 20 < soft < 1 << 40
        soft, _ = psutil.Process(worker.pid).rlimit(psutil.RLIMIT_STACK)
        assert soft == 65_520 << 10
    finally:
        worker.close()


@pytest.mark.parametrize(
    ("start", "says"), [("crash", "cannot find slim.wasm"), ("rude", "first frame"), ("silent", "not ready after")]
)
def test_a_bad_start_says_why(tmp_path: Path, start: str, says: str) -> None:
    worker = Worker(fake_installation(tmp_path, start), "elaborate")
    with pytest.raises(WorkerDied, match=says):
        worker.await_ready(wall_s=1.0 if start == "silent" else 20)
    worker.close()
    assert gone(worker.pid)


def test_closing_twice_and_from_two_threads(worker: Worker) -> None:
    threads = [threading.Thread(target=worker.kill) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    worker.close()
    worker.close()
    assert gone(worker.pid)


def test_descriptors_come_back(tmp_path: Path) -> None:
    installation = fake_installation(tmp_path)
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(3):
        worker = Worker(installation, "elaborate")
        worker.await_ready()
        worker.close()
    assert len(list(Path("/dev/fd").iterdir())) == before
