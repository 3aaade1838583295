"""Accepted proofs to what a language model learns: a prompt and the tactic that a proof took there, or a theorem and
its whole proof, a tactic a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from corpus.records import StepRecord
from lean_env.theorem import Environment
from prover.goal import first_goal
from training.data.dataset import DatasetConfig, DatasetReport, TrainingProof, collect, is_held_out
from training.data.exchange import exchanged
from training.trainers.text_config import TextData


@dataclass(frozen=True, slots=True)
class Example:
    """One step, or a whole proof as `tactic` in the theorem's own `state`. A state that two theorems share has the name
    of the first."""

    environment: Environment
    name: str
    state: str
    tactic: str
    held_out: bool


@dataclass(frozen=True, slots=True)
class Row:
    """An example in tokens. The first `read` of them are the prompt, which is not learned to be written."""

    tokens: tuple[int, ...]
    read: int


def examples(
    proofs: Iterable[TrainingProof], config: TextData, writes: Literal["tactic", "proof"] = "tactic"
) -> tuple[list[Example], DatasetReport]:
    """Each (environment, state, tactic) once, in order of first appearance; behind them all the copies that the
    settings ask for. Tactics of several lines are left out and counted as outside: a line break ends what the model
    writes. So are proofs with such a tactic where it writes these."""
    report = DatasetReport()
    if writes == "proof":
        proofs = (_whole(proof) for proof in proofs)
    found: list[Example] = []
    settings = DatasetConfig(proofs_per_theorem=config.proofs_per_theorem, half_weight_milliseconds=0)
    for draft in collect(proofs, settings, report):
        held_out = is_held_out(draft, config.valid_share)
        for tactic in dict.fromkeys(tactic.strip() for tactic in draft.tactics):
            if tactic and (writes == "proof" or "\n" not in tactic):
                found.append(Example(draft.environment, min(draft.theorems), draft.state, tactic, held_out))
            else:
                report.outside[tactic.split(maxsplit=1)[0] if tactic else ""] += 1
    report.states = len({(one.environment.key, one.state) for one in found})
    report.held_out_states = len({(one.environment.key, one.state) for one in found if one.held_out})
    # A row whose names cannot be exchanged is there as often, so that it does not count for less.
    learned = [one for one in found if not one.held_out]
    for number in range(1, config.exchanged + 1):
        both = (exchanged(one.state, one.tactic, number) for one in learned)
        found += [replace(one, state=s, tactic=t) for one, (s, t) in zip(learned, both, strict=True)]
    return found, report


def _whole(proof: TrainingProof) -> TrainingProof:
    """The proof as one step from the theorem's state: all of its lines. What is left of it proves each state on its way
    that has one goal, so these are steps, too. '' for what cannot be written so."""
    if proof.text:
        return replace(proof, steps=(StepRecord(proof.steps[0].state, proof.text, "no goals"),))
    tactics = [step.tactic.strip() for step in proof.steps]
    text = "\n".join(tactics) if not any("\n" in tactic for tactic in tactics) else ""
    rest = [
        StepRecord(step.state, "\n".join(tactics[number:]) if text else "", "no goals")
        for number, step in enumerate(proof.steps)
        if number == 0 or first_goal(step.state)[1] == 1
    ]
    return replace(proof, steps=tuple(rest))


def order(rows: Sequence[Row], epochs: int, batch: int, seed: int) -> list[int]:
    """The rows of all epochs one after the other, in batches of similar length (padding costs), in random order. A
    training that goes on after a kill needs to know no more than how many it has had."""
    generator = np.random.Generator(np.random.Philox(seed % 2**64))
    ordered: list[int] = []
    waiting: list[int] = []
    for _ in range(epochs):
        waiting += generator.permutation(len(rows)).tolist()
        # What fills no batch waits for the next epoch, so that every batch begins where a batch begins.
        full = len(waiting) - len(waiting) % batch
        taken, waiting = waiting[:full], waiting[full:]
        batches: list[list[int]] = []
        for start in range(0, len(taken), batch * 12):
            block = sorted(taken[start : start + batch * 12], key=lambda row: len(rows[row].tokens))
            batches.extend(block[i : i + batch] for i in range(0, len(block), batch))
        for number in generator.permutation(len(batches)).tolist():
            ordered.extend(batches[number])
    return ordered + waiting
