"""What LeanDojo's users rely on, one behaviour a test, with `lean_dojo.Dojo` as it is."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lean_env.embedded.installation import Installation
from lean_env.embedded.pool import WorkerPool
from lean_env.limits import Limits
from lean_env.session.leandojo import (
    DojoCrashError,
    DojoInitError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    ProofGivenUp,
    TacticState,
)
from lean_env.shim.backend import LeanDojoBackend
from lean_env.theorem import Environment, Theorem

import lean_dojo  # isort: skip  # after lean_env.leandojo, which makes this import silent and local

INIT = Environment(("Init",))
AND = Theorem("and", "(p q : Prop) (hp : p) (hq : q) : p ∧ q", INIT)
#: `simp [h]` runs for ever on it once Lean's own limits are lifted.
LOOP = Theorem("loop", "(f : Nat → Nat) (h : ∀ x, f x = f (x+1)) : f 0 = 1", INIT)
ENDLESS = "set_option maxHeartbeats 0 in set_option maxRecDepth 100000000 in simp (maxSteps := 1000000000) [h]"
#: The kernel's big numbers ignore the cancel token.
BIG = Theorem("big", "(2^16777215 + 3^16777215) % 7 = 9", INIT)


@contextlib.contextmanager
def opened(
    backend: LeanDojoBackend, theorem: Theorem, timeout: int = 60
) -> Iterator[tuple[lean_dojo.Dojo, TacticState]]:
    with lean_dojo.Dojo(backend.entry(theorem), timeout=timeout) as (dojo, state):
        assert type(dojo) is lean_dojo.Dojo
        yield dojo, state


def test_a_proof_from_its_first_state_to_its_end(on_path: LeanDojoBackend) -> None:
    with opened(on_path, AND) as (dojo, root):
        assert root == TacticState("p q : Prop\nhp : p\nhq : q\n⊢ p ∧ q", 0)
        split = dojo.run_tac(root, "constructor")
        assert isinstance(split, TacticState)
        assert split.pp.startswith("case left\n") and "\n\ncase right\n" in split.pp
        left = dojo.run_tac(split, "exact hp")
        assert isinstance(left, TacticState)
        assert not dojo.is_successful
        assert isinstance(dojo.run_tac(left, "exact hq"), ProofFinished)
        assert dojo.is_successful
        # Old states live on, in any order.
        assert isinstance(dojo.run_tac(root, "exact ⟨hp, hq⟩"), ProofFinished)
        assert isinstance(dojo.run_tac(split, "exact hq"), LeanError)


def test_goals_are_parsed(on_path: LeanDojoBackend) -> None:
    with opened(on_path, AND) as (dojo, root):
        split = dojo.run_tac(root, "constructor")
        assert (root.num_goals, split.num_goals) == (1, 2)
        assert [goal.conclusion for goal in split.goals] == ["p", "q"]
        names = [declaration.ident for declaration in root.goals[0].assumptions]
        assert names == ["p", "q", "hp", "hq"]


@pytest.mark.parametrize(
    ("tactic", "words"),
    [
        ("exact hq", "ype mismatch"),
        ("no_such_tactic", "unknown tactic"),
        ("rw [", "expected"),
        ("exact hp\nexact hq", "expected"),
        ("", "or tactic"),
    ],
)
def test_errors(on_path: LeanDojoBackend, tactic: str, words: str) -> None:
    with opened(on_path, AND) as (dojo, root):
        result = dojo.run_tac(root, tactic)
        assert isinstance(result, LeanError)
        assert words in result.error


def test_sorry_gives_up(on_path: LeanDojoBackend) -> None:
    with opened(on_path, AND) as (dojo, root):
        assert dojo.run_tac(root, "sorry") == ProofGivenUp()
        half = dojo.run_tac(root, "refine ⟨sorry, ?_⟩")
        assert dojo.run_tac(half, "exact hq") == ProofGivenUp()
        # An error that only speaks of it is an error.
        assert isinstance(dojo.run_tac(root, 'fail "proof contains `sorry`"'), LeanError)
        assert not dojo.is_successful


def test_a_library_theorem_opens_in_the_environment_of_its_module(on_path: LeanDojoBackend) -> None:
    imports = Environment(("Init.Core", "Init.Data.Nat.Basic"))
    with opened(on_path, Theorem("Nat.add_comm", "", imports, module="Init.Data.Nat.Basic")) as (dojo, root):
        assert root.pp == "⊢ ∀ (n m : Nat), n + m = m + n"
        assert isinstance(dojo.run_tac(root, "exact Nat.add_comm"), ProofFinished)
        assert isinstance(dojo.run_tac(root, "omega"), LeanError)  # not in these modules


@pytest.mark.parametrize(
    "theorem",
    [
        Theorem("wrong", "(n : Nat) : n = no_such_thing", INIT),
        Theorem("no_statement", "1 + 1 =", INIT),
        Theorem("no_module", "True", Environment(("Init.NoSuchModule",))),
        Theorem("Nat.no_such_theorem", "", INIT, module="Init.Core"),
    ],
    ids=lambda theorem: theorem.name,
)
def test_what_lean_cannot_open_does_not_start(on_path: LeanDojoBackend, theorem: Theorem) -> None:
    with pytest.raises(DojoInitError, match="Unexpected EOF"), opened(on_path, theorem):
        pass
    # LeanDojo keeps the reason to itself; our session has it.
    with (
        pytest.raises(DojoInitError, match=r"Lean cannot open|the embedded Lean does not have"),
        on_path.open_session(theorem),
    ):
        pass


@pytest.fixture
def impatient(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[LeanDojoBackend]:
    """On PATH, with two workers that stop a tactic after 1.5 s; after 3 s the endless one has run out of memory."""
    limits = Limits(soft_ms=1_500, hard_margin_ms=20_000)
    with WorkerPool(installation, 2, limits, spares=0) as pool, LeanDojoBackend(pool) as backend:
        monkeypatch.setenv("PATH", f"{backend.bin}{os.pathsep}{os.environ['PATH']}")
        yield backend


def test_a_limit_of_the_worker_is_an_error_although_leandojo_lifts_it(impatient: LeanDojoBackend) -> None:
    with opened(impatient, LOOP) as (dojo, root):
        result = dojo.run_tac(root, ENDLESS)
        assert isinstance(result, LeanError)
        assert result.error.startswith("(deterministic) timeout")
        assert isinstance(dojo.run_tac(root, "skip"), TacticState)


def test_leandojos_own_timeout(impatient: LeanDojoBackend) -> None:
    with opened(impatient, LOOP) as (dojo, root):
        dojo.proc.timeout = 1  # of the Dojo's own `timeout`, which counts for its start as well
        with pytest.raises(DojoTacticTimeoutError):
            dojo.run_tac(root, ENDLESS)


def test_a_hanging_tactic_holds_up_no_other_session(impatient: LeanDojoBackend) -> None:
    order = []
    with opened(impatient, LOOP) as (slow, slow_root), opened(impatient, AND) as (quick, quick_root):
        hanging = threading.Thread(target=lambda: (slow.run_tac(slow_root, ENDLESS), order.append("slow")))
        hanging.start()
        assert isinstance(quick.run_tac(quick_root, "constructor"), TacticState)
        order.append("quick")
        hanging.join()
    assert order == ["quick", "slow"]


def test_long_requests(on_path: LeanDojoBackend) -> None:
    """A terminal would cut lines at 4,096 bytes; the worker refuses tactics of more than that by itself."""
    with opened(on_path, AND) as (dojo, root):
        assert isinstance(dojo.run_tac(root, "exact ⟨hp, hq⟩" + "\n" * 3000), ProofFinished)
        refused = dojo.run_tac(root, f"exact {'(' * 50_000}hp{')' * 50_000}")
        assert refused == LeanError("the tactic has 100008 bytes, more than the limit of 4096")
        assert isinstance(dojo.run_tac(root, "constructor"), TacticState)


def test_control_characters_reach_lean(on_path: LeanDojoBackend) -> None:
    with opened(on_path, AND) as (dojo, root):
        for text in ("\x03", "\x04", "\x11\x13\x1a\x1c", "\r", "\0"):
            assert isinstance(dojo.run_tac(root, f"exact ⟨hp, hq⟩ {text} x"), LeanError), repr(text)
        assert isinstance(dojo.run_tac(root, "exact ⟨hp, hq⟩"), ProofFinished)


def test_a_dead_worker_is_a_crash(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = Limits(soft_ms=2_000, hard_margin_ms=1_000)
    with WorkerPool(installation, 1, limits, spares=0) as pool, LeanDojoBackend(pool) as backend:
        monkeypatch.setenv("PATH", f"{backend.bin}{os.pathsep}{os.environ['PATH']}")
        with opened(backend, BIG) as (dojo, root):
            for _ in range(2):
                with pytest.raises(DojoCrashError):
                    dojo.run_tac(root, "decide +kernel")
        with opened(backend, AND) as (dojo, root):
            assert isinstance(dojo.run_tac(root, "exact ⟨hp, hq⟩"), ProofFinished)


def test_check_proof_elaborates_the_file(on_path: LeanDojoBackend) -> None:
    """Its verdict is LeanDojo's, and not to be trusted: it accepts `sorry` (its pattern wants straight quotes)."""
    assert lean_dojo.check_proof(on_path.entry(AND), "by exact ⟨hp, hq⟩")
    assert not lean_dojo.check_proof(on_path.entry(AND), "by exact ⟨hq, hp⟩")
    assert lean_dojo.check_proof(on_path.entry(AND), "by sorry")


def test_nothing_is_left_behind(on_path: LeanDojoBackend) -> None:
    with opened(on_path, AND) as (dojo, _):
        file = Path(dojo.modified_file.name)
        assert file.exists()
    assert not file.exists()
