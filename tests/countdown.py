"""A deterministic in-memory proof session for the logic of search: count a number down to zero.

A state is a list of numbers, printed as goals; tactics act on the first. `sub k` subtracts, `halve` halves an even
number, `finish` closes an even one, `split` makes two goals of one, `rotate_left k` turns to another goal, `skip`
changes nothing, `slow` times out, `crash` kills the worker, everything else fails. Every tactic run is written to
`log`, and `alive` holds the ids of states that nobody has dropped.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from corpus.records import CertificateRecord, ProofRecord, StepRecord
from lean_env.embedded.pool import PoolCounters
from lean_env.session.leandojo import (
    DojoCrashError,
    DojoTacticTimeoutError,
    LeanError,
    ProofFinished,
    TacticResult,
    TacticState,
)
from lean_env.session.outcomes import Outcome, StepResult
from lean_env.theorem import Environment, Theorem
from prover.actions.repertoire import Repertoire
from prover.actions.space import ActionSpace
from prover.policy import PolicyQuery, Proposal
from prover.rounds.attempt import Refused
from prover.rounds.verify import proof_text

INIT = Environment(("Init",))


def theorem(number: int, *, quantified: bool = False, module: str = "Init") -> Theorem:
    binder = "∀ n, " if quantified else ""
    return Theorem(f"down_{number}", f"{binder}{number} ↓", Environment((module,)), expression_hash=f"hash{number}")


class CountdownSession:
    def __init__(self, opened: Theorem) -> None:
        self.log: list[str] = []
        self.calls = 0
        self.states: list[tuple[bool, list[int]]] = []
        self.alive: set[int] = set()
        self.root = self._new(opened.statement.startswith("∀"), [int(opened.statement.split()[-2])])

    def _new(self, quantified: bool, numbers: list[int]) -> TacticState:
        self.states.append((quantified, numbers))
        identifier = len(self.states) - 1
        self.alive.add(identifier)
        binder = "∀ n, " if quantified else ""
        return TacticState("\n\n".join(f"⊢ {binder}{number} ↓" for number in numbers), identifier)

    def _run(self, state: TacticState, tactic: str) -> StepResult:
        assert state.id in self.alive, "a dropped state is used"
        self.log.append(tactic)
        quantified, (first, *rest) = self.states[state.id]
        words = tactic.split()
        match words:
            case ["intros"]:
                return self._moved(False, [first, *rest])
            case ["skip"]:
                return self._moved(quantified, [first, *rest])
            case ["crash"]:
                return StepResult(Outcome.CRASHED, DojoCrashError("gone"), 1.0, 0)
            case ["slow"]:
                return StepResult(Outcome.TIMED_OUT, DojoTacticTimeoutError(), 400.0, 7, wall_limit=True)
            case ["sub", k] if not quantified and first >= int(k) > 0:
                return self._moved(False, [first - int(k), *rest])
            case ["halve"] if not quantified and first % 2 == 0:
                return self._moved(False, [first // 2, *rest])
            case ["finish"] if not quantified and first % 2 == 0:
                return self._moved(False, rest)
            case ["rotate_left", k] if int(k) <= len(rest):
                numbers = [first, *rest]
                return self._moved(quantified, numbers[int(k) :] + numbers[: int(k)])
            case ["split"] if not quantified and first > 1:
                return self._moved(False, [1, first - 1, *rest])
        return StepResult(Outcome.FAILED, LeanError(f"cannot {tactic}"), 1.0, 1)

    def _moved(self, quantified: bool, numbers: list[int]) -> StepResult:
        left = [number for number in numbers if number]
        if not left:
            self.states.append((False, []))
            return StepResult(Outcome.PROVED, ProofFinished(len(self.states) - 1), 1.0, 2)
        return StepResult(Outcome.ADVANCED, self._new(quantified, left), 1.0, 2)

    def run_tac(self, state: TacticState, tactic: str) -> TacticResult:
        result = self._run(state, tactic).result
        if isinstance(result, (DojoCrashError, DojoTacticTimeoutError)):
            raise result
        return result

    def run_tacs(
        self, state: TacticState, tactics: Sequence[str], *, stop_at_proof: bool = True, errors: bool = True
    ) -> list[StepResult]:
        self.calls += 1
        results = []
        for tactic in tactics:
            results.append(self._run(state, tactic))
            if results[-1].outcome is Outcome.CRASHED or (stop_at_proof and results[-1].outcome is Outcome.PROVED):
                break
        return results

    def drop(self, states: Sequence[TacticState]) -> None:
        self.alive.difference_update(state.id for state in states)


@contextmanager
def open_countdown(opened: Theorem) -> Iterator[tuple[CountdownSession, TacticState]]:
    session = CountdownSession(opened)
    yield session, session.root


class FixedPolicy:
    """The same proposals in every state. It stays with the coordinator of a round, as does every policy of a test."""

    def __init__(self, *proposals: tuple[str, float], name: str = "fixed") -> None:
        self.proposals = [Proposal(tactic, log_prob, tactic.split()[0]) for tactic, log_prob in proposals]
        self.name = name
        self.queries: list[PolicyQuery] = []

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        self.queries.extend(queries)
        return [list(self.proposals) for _ in queries]


class PortablePolicy(FixedPolicy):
    """The same, in every search process. `trouble` happens in the process itself, once it is at that theorem: it kills
    itself, hangs, raises, or proposes a tactic named after a module that it has imported. Or it dawdles, everywhere."""

    portable = True

    def __init__(
        self, *proposals: tuple[str, float], trouble: str = "", at: str = "", once: Path | None = None
    ) -> None:
        super().__init__(*proposals)
        self.trouble, self.at, self.once = trouble, at, once

    def propose(self, queries: Sequence[PolicyQuery]) -> list[list[Proposal]]:
        if self.trouble == "dawdles":
            time.sleep(0.02)
        if self.trouble and queries[0].theorem.name == self.at and not (self.once and self.once.exists()):
            if self.once:
                self.once.touch()
            if self.trouble == "dies":
                os.kill(os.getpid(), signal.SIGKILL)
            if self.trouble == "hangs":
                os.kill(os.getpid(), signal.SIGSTOP)
            if self.trouble == "waits":
                time.sleep(60)
            if self.trouble == "raises":
                raise ZeroDivisionError("a bug")
            if self.trouble in sys.modules:
                return [[Proposal("crash", 0.0)] for _ in queries]
        return super().propose(queries)


class Countdown:
    """The kit and the workbench of a search process that counts down."""

    @contextmanager
    def open(self) -> Iterator[Countdown]:
        yield self

    def open_session(self, opened: Theorem) -> AbstractContextManager[tuple[CountdownSession, TacticState]]:
        return open_countdown(opened)

    def space(self, repertoire: Repertoire) -> ActionSpace:
        return ActionSpace(None, repertoire)

    def counters(self) -> dict[str, PoolCounters]:
        return {}


def verify_countdown(opened, proof, source) -> ProofRecord:
    """Replays in a session of its own; the certificate is only there because the corpus wants one."""
    session = CountdownSession(opened)
    state, steps = session.root, []
    for step in proof:
        after = session.run_tac(state, step.tactic)
        steps.append(StepRecord(state.pp, step.tactic, getattr(after, "pp", ""), step.template))
        state = after
    if not isinstance(state, ProofFinished):
        raise Refused("replay: goals are left")
    certificate = CertificateRecord(opened.expression_hash, "env", f"proof of {opened.name}", (), {}, "toy")
    return ProofRecord(tuple(steps), source, certificate, proof_text(opened, [s.tactic for s in steps]))
