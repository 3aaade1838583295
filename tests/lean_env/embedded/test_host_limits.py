"""What a worker does when a tactic is too long, too deep, too slow or hostile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lean_env.embedded.installation import Installation
from lean_env.embedded.worker import Worker, WorkerDied

INIT = ["Init"]
LOOPING = "(f : Nat → Nat) (h : ∀ x, f x = f (x+1)) : f 0 = 1"
#: Runs until it is stopped: no recursion limit, no step limit.
ENDLESS = "set_option maxRecDepth 100000000 in simp (maxSteps := 1000000000) [h]"


@pytest.fixture(scope="module")
def worker(installation: Installation) -> Iterator[Worker]:
    worker = Worker(installation, "elaborate")
    worker.await_ready()
    yield worker
    worker.close()


def run(worker: Worker, statement: str, tactic: str, **fields: Any) -> dict[str, Any]:
    state = worker.request("open_text", imports=INIT, statement=statement)["state"]
    (result,) = worker.request("run", wall_s=60, state=state, tactics=[tactic], **fields)["results"]
    return result


def healthy(worker: Worker) -> bool:
    return run(worker, "(a b : Nat) (h : a < b) : a + 1 ≤ b", "omega")["outcome"] == "proved"


@pytest.mark.parametrize(
    ("tactic", "why"),
    [
        ("exact " + "(" * 300 + "trivial" + ")" * 300, "nested"),
        ("exact " + "⟨" * 201 + "trivial", "nested"),
        ("-- " + "x" * 5000 + "\ntrivial", "limit of 4096"),
        ("-- " + "λ" * 2500 + "\ntrivial", "limit of 4096"),
    ],
)
def test_long_and_deep_texts_are_refused_unread(worker: Worker, tactic: str, why: str) -> None:
    result = run(worker, "True", tactic)
    assert (result["outcome"], result["heartbeats"]) == ("failed", 0) and why in result["error"]


def test_the_byte_limit_is_the_request_s(worker: Worker) -> None:
    tactic = "-- " + "x" * 5000 + "\ntrivial"
    assert run(worker, "True", tactic, max_tactic_bytes=6000)["outcome"] == "proved"
    assert run(worker, "True", "trivial", max_tactic_bytes=3)["outcome"] == "failed"


def test_errors_are_cut(worker: Worker) -> None:
    result = run(worker, "True", "exact (" + "1 + " * 900 + "undefined : Nat)")
    assert result["outcome"] == "failed" and len(result["error"]) <= 2000


@pytest.mark.parametrize("tactic", ["repeat skip", "iterate 10000000 skip", "simp [h]", "repeat (have := 1)"])
def test_recursion_ends_by_lean_s_own_limit(worker: Worker, tactic: str) -> None:
    result = run(worker, LOOPING, tactic, soft_ms=60_000)
    assert (result["outcome"], result["wall_limit"]) == ("failed", False) and "recursion" in result["error"]
    assert healthy(worker)


def test_heartbeats_end_a_tactic_wherever_it_runs(worker: Worker) -> None:
    result = run(worker, LOOPING, ENDLESS, heartbeats=300, soft_ms=60_000)
    assert (result["outcome"], result["wall_limit"]) == ("timed_out", False)
    assert 300 <= result["heartbeats"] < 600
    assert healthy(worker)


@pytest.mark.parametrize("lifted", ["0", "100000000"])
def test_a_tactic_cannot_lift_its_heartbeat_limit(worker: Worker, lifted: str) -> None:
    tactic = f"set_option maxHeartbeats {lifted} in omega"
    statement = "(x y : Int) (h : 2*x + 3*y = 7) (h2 : x > 0) (h3 : y > 0) : x = 2 ∧ y = 1"
    needed = run(worker, statement, "omega")["heartbeats"]
    result = run(worker, statement, tactic, heartbeats=needed // 2)
    assert (result["outcome"], result["wall_limit"]) == ("timed_out", False)


def test_heartbeats_do_not_depend_on_what_ran_before(worker: Worker) -> None:
    statement = "(x y : Int) (h : 2*x + 3*y = 7) (h2 : x > 0) (h3 : y > 0) : x = 2 ∧ y = 1"
    counts = []
    for other in ("skip", "simp_all", "induction x", "rfl"):
        run(worker, statement, other)
        counts.append(run(worker, statement, "omega")["heartbeats"])
    assert len(set(counts)) == 1 and counts[0] > 10


def test_the_clock_ends_what_heartbeats_do_not(worker: Worker) -> None:
    result = run(worker, LOOPING, f"set_option maxHeartbeats 0 in {ENDLESS}", heartbeats=2_000_000, soft_ms=500)
    assert (result["outcome"], result["wall_limit"]) == ("timed_out", True)
    # The token is taken back: what runs next is not cancelled.
    assert healthy(worker)


def test_a_batch_goes_on_after_a_timeout(worker: Worker) -> None:
    state = worker.request("open_text", imports=INIT, statement=LOOPING)["state"]
    tactics = [f"set_option maxHeartbeats 0 in {ENDLESS}", "skip"]
    results = worker.request("run", wall_s=60, state=state, tactics=tactics, soft_ms=500)["results"]
    assert [result["outcome"] for result in results] == ["timed_out", "advanced"]


def test_an_exception_through_lean_ends_the_worker(installation: Installation, fresh_worker: Worker) -> None:
    """A literal of a megabyte overflows JavaScript's stack inside Lean; afterwards nothing of it can be trusted."""
    tactic = 'have : "' + "x" * 1_000_000 + '".length > 0 := by decide\ntrivial'
    with pytest.raises(WorkerDied):
        run(fresh_worker, "True", tactic, max_tactic_bytes=2_000_000)
    assert not fresh_worker.alive


@pytest.mark.parametrize(
    "source",
    [
        '#eval IO.FS.readFile "/etc/hostname"',
        '#eval IO.FS.writeFile "/tmp/flywheel-escape" "x"',
        '#eval IO.Process.output {cmd := "ls"}',
    ],
)
def test_elaborated_code_does_not_reach_the_host(fresh_worker: Worker, source: str) -> None:
    try:
        messages = fresh_worker.request("check_text", imports=INIT, source=source)["messages"]
        assert [message["severity"] for message in messages] == ["error"], messages
    except WorkerDied:
        pass
    assert not Path("/tmp/flywheel-escape").exists()


def test_elaborated_code_sees_no_environment_variables(worker: Worker) -> None:
    messages = worker.request("check_text", imports=INIT, source='#eval IO.getEnv "PATH"')["messages"]
    assert [message["data"] for message in messages] == ["none"]


def test_a_process_that_exits_itself_is_a_death_and_no_answer(fresh_worker: Worker) -> None:
    with pytest.raises(WorkerDied):
        fresh_worker.request("check_text", imports=INIT, source="#eval (IO.Process.exit 0 : IO Unit)")


def test_what_lean_prints_stays_off_the_protocol(worker: Worker) -> None:
    printed = 'have : (dbg_trace "{\\"id\\": 1}"; true) = true := by native_decide'
    assert run(worker, "(p : Prop) (h : p) : p", printed)["outcome"] in ("advanced", "failed")
    worker.tainted = False
    source = '#eval IO.println "x"\n#eval (do (← IO.getStdout).putStrLn "y" : IO Unit)'
    messages = worker.request("check_text", imports=INIT, source=source)["messages"]
    assert [message["severity"] for message in messages] == ["information"] * 2
    assert healthy(worker)


def test_memory_does_not_grow_with_steps(worker: Worker) -> None:
    def round_of_steps() -> float:
        state = worker.request("open_text", imports=INIT, statement="(a b c : Nat) (h : a ≤ b) : a + c ≤ b + c")[
            "state"
        ]
        tactics = ["omega", "induction c", "simp", "cases a", "exact foo", "rw [Nat.add_comm]", "sorry", "intro x"]
        reply = worker.request("run", state=state, tactics=tactics, stop_at_proof=False)
        made = [result["state"] for result in reply["results"] if "state" in result]
        return float(worker.request("drop", states=[state, *made])["wasm_mb"])

    round_of_steps()
    before = round_of_steps()
    for _ in range(40):
        after = round_of_steps()
    assert after <= before + 8
    states = worker.request("memory")["states"]
    round_of_steps()
    assert worker.request("memory")["states"] == states


_BUSY_PARENT = """
import sys
from lean_env.embedded.installation import find
from lean_env.embedded.worker import Worker
worker = Worker(find(), "elaborate")
worker.await_ready()
state = worker.request("open_text", imports=["Init"], statement=sys.argv[1])["state"]
print(worker.pid, flush=True)
worker.request("run", wall_s=120, state=state, tactics=[sys.argv[2]], soft_ms=100_000, heartbeats=2_000_000)
"""


def test_a_busy_worker_does_not_outlive_its_parent(installation: Installation) -> None:
    tactic = f"set_option maxHeartbeats 0 in {ENDLESS}"
    command = [sys.executable, "-c", _BUSY_PARENT, LOOPING, tactic]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.5)
        os.kill(parent.pid, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the worker goes on without its parent"
        time.sleep(0.1)
