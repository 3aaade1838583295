"""Accepted proofs to training states: one prompt a state, with every action that a proof took there as a target.

Deduplicated by (environment, state, tactic); at most so many distinct proofs a theorem; a seed's share of the total
weight set, not left to how many proofs the flywheel has found. Steps outside the action space are counted and skipped.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import BaseModel, ConfigDict, Field

from corpus.records import StepRecord
from lean_env.theorem import Environment, Theorem
from prover.actions.space import ActionSpace, Situation
from training.data.steps_left import steps_left

SEED_SOURCE = "seed"
#: Steps of people: of proofs that the gate certified, and of traces that are no proofs here.
HUMAN_SOURCE = "human"


@dataclass(frozen=True, slots=True)
class TrainingProof:
    """An accepted proof as training takes it. `source` as in ProofRecord; `weight` scales all of its steps. `text`: how
    it is to be written as a whole, where that is more than its tactics ('': these alone). `whole`: false for single
    steps of which no proof is known."""

    theorem: Theorem
    steps: tuple[StepRecord, ...]
    source: str
    weight: float = 1.0
    text: str = ""
    whole: bool = True


class DatasetConfig(BaseModel):
    """What of the corpus is learned from, and with what weight."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Distinct proofs of one theorem, first come first taken: several distinct ones beat one shortest (FIELD notes).
    proofs_per_theorem: int = Field(default=4, gt=0)
    #: Where seed proofs come from.
    seed_sources: tuple[str, ...] = Field(default=(SEED_SOURCE,), exclude_if=lambda value: value == (SEED_SOURCE,))
    #: Seed proofs' share of the total weight; None leaves the weights as they fall, 0 leaves seeds out.
    seed_share: float | None = Field(default=None, ge=0, lt=1)
    #: The weight of a state that only people's steps came through (others have 1); 0 leaves these out.
    human_weight: float = Field(default=1.0, ge=0)
    #: At most so many states may have the same template as their only target (None: no cap).
    states_per_template: int | None = Field(default=None, gt=0)
    #: A target that took this long counts half as much as an instant one for the same state; 0 switches that off.
    half_weight_milliseconds: float = Field(default=30.0, ge=0)
    #: Share of theorems (by hash of their name) held back to measure the loss on.
    valid_share: float = Field(default=0.05, ge=0, lt=1)


@dataclass(frozen=True, slots=True)
class TrainingState:
    """One state: its situation and target actions (candidate index to probability, summing to 1), its `weight` in the
    loss, whether it is `held_out`, and the steps that its first goal takes in the shortest of its proofs (0: no proof
    of it is known, only a step)."""

    situation: Situation
    targets: Mapping[int, float]
    weight: float
    held_out: bool
    steps_left: int = 0


@dataclass
class DatasetReport:
    """What became of the proofs. `outside` counts steps that the action space cannot express, by their first word."""

    theorems: int = 0
    proofs: int = 0
    duplicate_proofs: int = 0
    over_cap: int = 0
    steps: int = 0
    outside: Counter[str] = field(default_factory=Counter)
    states: int = 0
    held_out_states: int = 0
    seed_states: int = 0
    human_states: int = 0
    capped_states: int = 0


@dataclass
class Draft:
    """What is known about one state while proofs come in: tactic to weight, and whose it is."""

    environment: Environment
    state: str
    tactics: dict[str, float] = field(default_factory=dict)
    theorems: set[str] = field(default_factory=set)
    seed_only: bool = True
    human_only: bool = True
    #: As in TrainingState.
    steps_left: int = 0


def build_dataset(
    proofs: Iterable[TrainingProof], space: ActionSpace, config: DatasetConfig
) -> tuple[list[TrainingState], DatasetReport]:
    """Training states in order of first appearance, and the count of everything that was left out."""
    report = DatasetReport()
    return states_of(collect(proofs, config, report), lambda _draft: space, config, report), report


def states_of(
    drafts: Iterable[Draft], space_of: Callable[[Draft], ActionSpace], config: DatasetConfig, report: DatasetReport
) -> list[TrainingState]:
    """Training states in the order of `drafts`, each as the space that is given for it sees it."""
    states: list[tuple[Draft, TrainingState]] = []
    for draft in drafts:
        state = _finish(draft, space_of(draft), config, report)
        if state is not None:
            states.append((draft, state))
    states = _cap_templates(states, config.states_per_template, report)
    scale = _seed_scale(states, config.seed_share)
    finished = []
    for draft, state in states:
        weight = state.weight * (scale if draft.seed_only else 1.0) * (config.human_weight if draft.human_only else 1.0)
        if weight > 0:
            report.human_states += draft.human_only
            finished.append(replace(state, weight=weight))
            report.seed_states += draft.seed_only
    report.states = len(finished)
    report.held_out_states = sum(state.held_out for state in finished)
    return finished


def collect(proofs: Iterable[TrainingProof], config: DatasetConfig, report: DatasetReport) -> list[Draft]:
    """The states of the proofs in order of first appearance; what is left out is counted in `report`."""
    drafts: dict[tuple[str, str], Draft] = {}
    taken: dict[tuple[str, str], set[tuple[str, ...]]] = {}
    for proof in proofs:
        key = (proof.theorem.environment.key, proof.theorem.name)
        tactics = tuple(step.tactic for step in proof.steps)
        known = taken.setdefault(key, set())
        if tactics in known:
            report.duplicate_proofs += 1
            continue
        if len(known) >= config.proofs_per_theorem:
            report.over_cap += 1
            continue
        known.add(tactics)
        report.proofs += 1
        known_left = steps_left([step.state for step in proof.steps]) if proof.whole else [0] * len(proof.steps)
        for step, left in zip(proof.steps, known_left, strict=True):
            report.steps += 1
            place = (proof.theorem.environment.key, step.state)
            draft = drafts.setdefault(place, Draft(proof.theorem.environment, step.state))
            weight = proof.weight
            if config.half_weight_milliseconds:
                weight /= 1.0 + step.milliseconds / config.half_weight_milliseconds
            draft.tactics[step.tactic] = max(weight, draft.tactics.get(step.tactic, 0.0))
            draft.theorems.add(proof.theorem.name)
            if left:
                draft.steps_left = min(left, draft.steps_left or left)
            draft.seed_only &= proof.source in config.seed_sources
            draft.human_only &= proof.source == HUMAN_SOURCE
    report.theorems = len(taken)
    return list(drafts.values())


def _finish(draft: Draft, space: ActionSpace, config: DatasetConfig, report: DatasetReport) -> TrainingState | None:
    situation = space.look(draft.environment, draft.state)
    missing = [tactic for tactic in draft.tactics if _action(situation, tactic, space) is None]
    required = [name for tactic in missing for name in space.premises_in(draft.environment, tactic)]
    if required:
        situation = space.look(draft.environment, draft.state, required)
    targets: dict[int, float] = {}
    for tactic, weight in draft.tactics.items():
        action = _action(situation, tactic, space)
        if action is None:
            report.outside[tactic.split(maxsplit=1)[0] if tactic.strip() else ""] += 1
        else:
            targets[action] = targets.get(action, 0.0) + weight
    total = math.fsum(targets.values())
    if total <= 0:
        return None
    shares = {action: weight / total for action, weight in targets.items()}
    return TrainingState(situation, shares, 1.0, is_held_out(draft, config.valid_share), draft.steps_left)


def _action(situation: Situation, tactic: str, space: ActionSpace) -> int | None:
    """Which action a step is. Where a scorer ranks premises, lists come out otherwise in each generation: the form
    counts there."""
    action = situation.find(tactic)
    return situation.find_form(tactic) if action is None and space.scorer is not None else action


def _cap_templates(
    states: list[tuple[Draft, TrainingState]], cap: int | None, report: DatasetReport
) -> list[tuple[Draft, TrainingState]]:
    if cap is None:
        return states
    seen: Counter[str] = Counter()
    kept = []
    for draft, state in states:
        templates = {state.situation.template(action).name for action in state.targets}
        if len(templates) == 1:
            (template,) = templates
            seen[template] += 1
            if seen[template] > cap:
                report.capped_states += 1
                continue
        kept.append((draft, state))
    return kept


def _seed_scale(states: list[tuple[Draft, TrainingState]], share: float | None) -> float:
    """The factor on seed states' weights that gives them `share` of the total."""
    if share is None:
        return 1.0
    seed = math.fsum(state.weight for draft, state in states if draft.seed_only)
    other = math.fsum(state.weight for draft, state in states if not draft.seed_only)
    if not seed:
        return 1.0
    if not other:
        return 1.0 if share else 0.0
    return share / (1.0 - share) * other / seed


def is_held_out(draft: Draft, share: float) -> bool:
    """Whether all theorems that the state comes from are among the `share` that is held back."""
    return all(_hash_share(name) < share for name in draft.theorems)


def _hash_share(name: str) -> float:
    """A name's place in [0, 1), the same on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48
