"""Code that comes with a text: Lean's interpreter is seen to run it, and the worker in which it ran is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from lean_env.benchmark.lean_core.portfolio import PORTFOLIO_1, portfolio_1
from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.embedded.worker import LeanRefused, Worker
from lean_env.library.index import Library
from lean_env.limits import Limits
from lean_env.session.dojo import Dojo
from lean_env.session.elaborate import elaborate
from lean_env.session.leandojo import ProofFinished
from lean_env.session.outcomes import Outcome
from lean_env.session.stating import StatementRefused, state_text
from lean_env.theorem import Environment, Theorem
from prover.cli.work import tell_what_ran
from prover.lean import Lean

INIT = Environment(("Init",))
#: Writes to the worker's memory behind an array of one byte, without a word of IO.
HEAP_WRITE = (
    "have h : (unsafe (let a : ByteArray := unsafeCast (Array.mkEmpty 1 : Array Nat); "
    "let b := a.set! 4096 1; b.size == 0) : Bool) = true := by native_decide"
)
STATEMENTS = (
    "(a b c : Nat) (h : a ≤ b) : a + c ≤ b + c",
    "{α : Type} (l : List α) : (l ++ []).length = l.length",
    "(p q : Prop) (hp : p) (hq : q) : p ∧ q",
    "(x y : BitVec 8) : x + y = y + x",
    ": 2 ^ 10 = 1024",
)
#: Macros of the library, and options, which Lean evaluates as constants of a structure.
LIBRARY_TACTICS = (
    *PORTFOLIO_1,
    "bv_omega",
    "norm_cast",
    "exact?",
    "decide +revert",
    "decide +kernel",
    "simp +arith",
    "simp_all (maxSteps := 2 ^ 10 + 1)",
    "grind (splits := 3)",
    "simp (config := { decide := true })",
    "omega (splitNatSub := false)",
    'have := (dbg_trace "not evaluated"; 3); first | omega | simp_all',
)


@pytest.fixture(scope="module")
def worker(installation: Installation) -> Iterator[Worker]:
    worker = Worker(installation, "elaborate")
    worker.await_ready()
    yield worker
    worker.close()


@pytest.fixture
def one_worker(installation: Installation) -> Iterator[WorkerPool]:
    with WorkerPool(installation, 1, spares=0) as pool:
        yield pool


def test_the_librarys_own_tactics_are_no_such_code(worker: Worker) -> None:
    for statement, tactic in product(STATEMENTS, LIBRARY_TACTICS):
        root = worker.request("open_text", imports=["Init"], statement=statement)["state"]
        (result,) = worker.request("run", state=root, tactics=[tactic])["results"]
        assert "ran_code" not in result, (statement, tactic)
    assert not worker.tainted


def test_nor_are_they_in_strict_environments(one_worker: WorkerPool, installation: Installation) -> None:
    """Each import evaluates the library's own macros and parsers, hundreds of them."""
    with Library.open(installation) as library:
        for name in ("List.map_append", "Nat.sub_add_cancel", "Array.size_push", "Int.mul_comm", "BitVec.add_comm"):
            constant = library.constant(name)
            assert constant is not None
            theorem = Theorem(name, "", library.strict_environment(constant.module), constant.module)
            with Dojo(theorem, one_worker) as (dojo, root):
                assert not any(step.ran_code for step in portfolio_1(dojo, root)[1]), name
    assert one_worker.counters.ran_code == 0


@pytest.mark.parametrize(
    ("statement", "tactic", "outcome"),
    [
        (": 2 ^ 64 % 7 = 2", "native_decide", Outcome.PROVED),
        (": 2 ^ 64 % 7 = 3", "native_decide", Outcome.FAILED),
        (": 2 ^ 64 % 7 = 2", "decide +native", Outcome.PROVED),
        (": 1 = 1", HEAP_WRITE, Outcome.ADVANCED),
        (": 1 = 1", 'have h : (dbg_trace "x"; true) = true := by native_decide', Outcome.ADVANCED),
        ("(a : Nat) : a = a", "simp (maxSteps := unsafeCast true)", Outcome.FAILED),
        ("(a : Nat) : a = a", "simp (maxSteps := if 1 = 1 then 100 else 6)", Outcome.PROVED),
    ],
)
def test_a_tactic_that_runs_code_says_so_and_costs_the_worker(
    one_worker: WorkerPool, statement: str, tactic: str, outcome: Outcome
) -> None:
    with Dojo(Theorem("first", statement, INIT), one_worker) as (dojo, root):
        used = one_worker.pids
        (step,) = dojo.run_tacs(root, [tactic])
        assert (step.outcome, step.ran_code) == (outcome, True)
        (honest,) = dojo.run_tacs(root, ["skip"])
        assert not honest.ran_code, "the session lives on, and says of each tactic what that one did"
    with Dojo(Theorem("second", ": 1 = 1", INIT), one_worker) as (dojo, root):
        assert used.isdisjoint(one_worker.pids)
        assert isinstance(dojo.run_tac(root, "rfl"), ProofFinished)
    assert (one_worker.counters.ran_code, one_worker.counters.restarts) == (1, 1)


def test_other_sessions_lose_nothing(installation: Installation) -> None:
    """Eight sessions over two workers; every other one writes to its worker's memory."""

    def work(number: int, pool: WorkerPool) -> list[Outcome]:
        with Dojo(Theorem(f"t{number}", "(a b : Nat) (h : a < b) : a + 1 ≤ b", INIT), pool) as (dojo, root):
            return [dojo.run_tacs(root, [tactic])[0].outcome for tactic in ([HEAP_WRITE] * (number % 2) + ["omega"])]

    with WorkerPool(installation, 2, spares=0) as pool, ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda number: work(number, pool), range(8)))
        assert pool.counters.ran_code == 4
    assert [outcomes[-1] for outcomes in found[::2]] == [Outcome.PROVED] * 4


@pytest.mark.parametrize(
    ("source", "ran"),
    [
        ("theorem t (a b : Nat) : a + b = b + a := by omega", False),
        ("structure A where\n  x : Nat\nderiving Repr, DecidableEq\ninstance : Inhabited A := ⟨⟨3⟩⟩", False),
        ("def f : Nat → Nat | 0 => 0 | n + 1 => f n\n@[simp] theorem g : f 0 = 0 := by simp [f]", False),
        ("#eval 1 + 1", True),
        ("macro \"m\" : tactic => `(tactic| omega)", True),
        ("notation \"five\" => 5\nexample : five = 5 := rfl", True),
        ("example : 2 ^ 64 % 7 = 2 := by native_decide", True),
        # Among commands an option is not just data: this one calls `evil`.
        (
            "unsafe def evilImpl : Nat := dbg_trace \"x\"; 5\n@[implemented_by evilImpl] def evil : Nat := 100000\n"
            "@[csimp] theorem swap : @Lean.Meta.Simp.defaultMaxSteps = @evil := by rfl\n"
            "example (a : Nat) : a = a := by simp +arith",
            True,
        ),
    ],
)  # fmt: skip
def test_texts(one_worker: WorkerPool, source: str, ran: bool) -> None:
    with one_worker.lease(INIT) as worker:
        elaborate(worker, INIT, source, Limits())
        assert (worker.ran_code, worker.tainted) == (ran, ran)


def test_a_text_that_is_cut_short_costs_the_worker(one_worker: WorkerPool) -> None:
    with one_worker.lease(INIT) as worker:
        with pytest.raises(LeanRefused):
            elaborate(worker, INIT, "example : True := by\n  repeat' skip\n" * 50, Limits(soft_ms=50))
        assert worker.tainted and not worker.ran_code


def test_a_statement_that_runs_code_is_none(one_worker: WorkerPool) -> None:
    """It leaves no trace in the expression, which is `1 = 1`; but what wrote to the memory could have changed that."""
    text = ": (by first | (" + HEAP_WRITE + "; fail) | exact 1 : Nat) = 1"
    with pytest.raises(StatementRefused, match="runs code"):
        state_text(one_worker, Theorem("writes", text, INIT))
    state_text(one_worker, Theorem("honest", text.replace("native_decide", "exact rfl"), INIT))
    assert one_worker.counters.ran_code == 1


def test_a_search_goes_on_without_it_and_the_user_hears_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    with Lean(workers=1) as lean:
        tell_what_ran(lean)
        with lean.open_session(Theorem("search", ": 2 ^ 10 = 1024", INIT)) as (session, root):
            steps = session.run_tacs(root, ["native_decide", HEAP_WRITE, "decide"])
        tell_what_ran(lean)
    assert [(step.outcome, step.ran_code) for step in steps] == [
        (Outcome.FAILED, True),
        (Outcome.FAILED, True),
        (Outcome.PROVED, False),
    ]
    assert capsys.readouterr().err.startswith("1 Lean workers were replaced, because tactics ran code")
