"""How fast this machine is, told from a few seconds of the work that the demo consists of.

    machine = measure(lean, workers=2)            # Machine(workers=2, steps_per_second=138.0, forward_ms=0.65)

subset.py decides by it.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from itertools import cycle, islice

import torch

from lean_env.session.leandojo import TacticState
from lean_env.session.outcomes import Outcome, ProofSession
from prover.actions.elementary import ELEMENTARY
from prover.actions.space import ActionSpace
from prover.lean import Lean
from prover.policies.ranker.config import ModelConfig
from prover.policies.ranker.network import ActionRanker
from prover.policies.ranker.prompt import PromptEncoder, readable
from prover.policies.ranker.tokenizer import train_tokenizer
from training.experiments.demo.workload import ENVIRONMENT, THEOREMS, lines

#: Tactic steps of the mix before the measured ones (V8 compiles what its code cache lacks), and those. The same work on
#: every machine, so that what is left of the warm-up weighs the same; neither takes longer than so many seconds.
_WARM_UP, _MEASURED, _AT_MOST_S = 200, 400, 6.0
_FORWARDS = 200
_LINES = 25

#: A state of the size that lean-logic has: what one forward of the network reads.
_STATE = "p q r : Prop\nh : p ∧ q → r\nhp : p\nhq : ¬r ∨ q\n⊢ (p → r) ∨ ¬(q ∧ r)"
_NETWORK = ModelConfig(hidden=96, layers=2, heads=3, feed_forward=256)


@dataclass(frozen=True, slots=True)
class Machine:
    """`steps_per_second`: tactic steps of one Lean worker on the mix of `make bench`. `forward_ms`: median time of one
    forward of a network as lean-logic trains it. `workers`: how many Lean workers will search."""

    workers: int
    steps_per_second: float
    forward_ms: float


def measure(lean: Lean, workers: int) -> Machine:
    """Measures for two seconds on a usual machine and at most for twelve, in wall time: a machine that is busy with
    other work is a slow one."""
    _speed(lean, _WARM_UP)
    return Machine(workers, _speed(lean, _MEASURED), _forward_ms())


def _speed(lean: Lean, wanted: int) -> float:
    """Tactic steps a second of one worker over so many steps."""
    steps, started = 0, time.monotonic()
    for seed, theorem in enumerate(cycle(THEOREMS)):
        with lean.open_session(theorem) as (session, root):
            for line in islice(lines(seed), _LINES):
                steps += _walk(session, root, line)
                elapsed = time.monotonic() - started
                if steps >= wanted or elapsed > _AT_MOST_S:
                    return steps / elapsed
    raise AssertionError("a cycle ended")


def _walk(session: ProofSession, state: TacticState, line: tuple[str, ...]) -> int:
    """Runs the tactics one after the other as far as they go; returns how many were run."""
    reached, ran = [], 0
    for tactic in line:
        (step,) = session.run_tacs(state, [tactic])
        ran += 1
        if step.outcome is not Outcome.ADVANCED or not isinstance(step.result, TacticState):
            break
        state = step.result
        reached.append(state)
    session.drop(reached)
    return ran


def _forward_ms() -> float:
    """Median milliseconds of one forward of an untrained network."""
    situation = ActionSpace(None, ELEMENTARY).look(ENVIRONMENT, _STATE)
    tokenizer = train_tokenizer([readable(situation)], vocabulary=400)
    model = ActionRanker(_NETWORK, tokenizer.get_vocab_size(), ELEMENTARY)
    model.initialise(torch.Generator().manual_seed(0))
    inference, prompt = model.inference, PromptEncoder(tokenizer).encode(situation)
    taken = []
    for _ in range(_FORWARDS):
        started = time.perf_counter()
        inference.log_probs(prompt, situation.candidates)
        taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)
