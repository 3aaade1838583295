"""Examines a generation: runs the repeated attempts, reads the corpus, asks the policies about the same states.

    Examination(config, corpus, rounds, load).of(2, evaluations)

What costs Lean time is bounded by `[health] share` and stored as rounds of kind `eval`, on valid whatever the run is
evaluated on: a test split that decided about remedies would be no test any more. Everything else is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from corpus.health import (
    FIGURES,
    REPEATED,
    SEED_SET,
    Health,
    health_of,
    load_proofs,
    openings_in,
    proofs_of_rounds,
    round_duplicates,
    store_health,
)
from corpus.records import GenerationRecord, RoundKind, StoredProof
from corpus.snapshot import find_snapshot, snapshot_proofs
from corpus.store import Corpus
from lean_env.theorem import Environment
from prover.actions.space import ActionSpace, Situation
from prover.evaluation.evaluate import Evaluation
from prover.goal import first_goal
from prover.policies.ranker.policy import RankerPolicy
from prover.policy import Policy
from prover.rounds.attempt import Phase
from prover.rounds.plan import Plan, theorem_of
from prover.search.invertible import invertible
from prover.search.streams import stream_seed
from training.arms import budget_of
from training.config import FlywheelConfig
from training.data.unverified import UNVERIFIED_RECIPE
from training.health import statistics
from training.health.rules import Treatment, alarms, treatment
from training.rounds import Rounds

#: The k of pass@k.
KS = (1, 8, 32)


def forced(state: str, tactic: str) -> bool:
    """Whether a search that closes the alternatives of steps that lose nothing had no other choice than this step."""
    goal, count = first_goal(state)
    return tactic.startswith("rotate_left") or (count > 0 and invertible(goal, tactic))


@dataclass(frozen=True, slots=True)
class Known:
    """A state with the actions that accepted proofs took there."""

    situation: Situation
    accepted: frozenset[int]


@dataclass(frozen=True, slots=True)
class Examination:
    """Of the generations of one run. `load`: M_number as it is evaluated."""

    config: FlywheelConfig
    corpus: Corpus
    rounds: Rounds
    load: Callable[[int], Policy]

    def of(self, number: int, evaluations: Sequence[Evaluation] = ()) -> Health:
        """M_number's health: measured and stored, unless it is stored already. `evaluations`: its own, with the
        generation before it among the arms. Raises Interrupted, RoundFailed."""
        generations = self._generations()
        model = generations[number]
        if (known := health_of(model)) is not None:
            return known
        base = health_of(generations[0]) if number else None
        figures: dict[str, float | None] = dict.fromkeys(FIGURES)
        counts: dict[str, int] = {}
        notes: list[str] = []
        if number and base is None:
            notes.append("M_0 was never examined: nothing here is beside it.")
        self._from_corpus(number, generations, evaluations, figures, counts)
        self._by_attempts(model, number, generations[0], figures, counts, notes)
        reference = () if base is not None else self._reference(generations[0])
        self._by_states(number, generations, reference or (base.reference if base else ()), figures, counts, notes)
        found = Health(
            figures=figures,
            counts=counts,
            alarms=alarms(figures, base.figures if base else figures, self.config.health.alarms),
            reference=reference,
            notes=tuple(notes),
        )
        earlier = [one for g in range(number) if (one := health_of(generations[g])) is not None]
        found = replace(found, remedies=treatment(self.config.health, [*earlier, found]).words)
        store_health(self.corpus, model.id, found)
        return found

    def treatment(self, number: int) -> Treatment:
        """What follows from the health of M_0 to M_number, as far as they were examined."""
        generations = self._generations()
        found = [one for g in range(number + 1) if g in generations and (one := health_of(generations[g])) is not None]
        return treatment(self.config.health, found)

    def _generations(self) -> dict[int, GenerationRecord]:
        return {one.number: one for one in self.corpus.generations(self.config.name)}

    # --- read off the corpus ----------------------------------------------------------------------------------------

    def _from_corpus(
        self,
        number: int,
        generations: dict[int, GenerationRecord],
        evaluations: Sequence[Evaluation],
        figures: dict[str, float | None],
        counts: dict[str, int],
    ) -> None:
        """Proofs and duplicates, and what the evaluation won and lost."""
        snapshot = generations[number].snapshot_hash
        if snapshot is not None and generations[number].recipe != UNVERIFIED_RECIPE:
            figures["proofs"] = find_snapshot(self.corpus, snapshot).proofs
        searched = generations[number - 1].id if number else None
        proved, again = round_duplicates(self.corpus, self.config.name, searched)
        counts["round_proofs"] = proved
        figures["steps_off"] = generations[number].metrics.get("valid_steps_off")
        figures["round_duplicates"] = again / proved if proved else None
        name, parent = f"M_{number}", f"M_{number - 1}"
        arms = [{arm.name: arm for arm in each.arms} for each in evaluations]
        counts["solved"] = sum(len(each[name].solved) for each in arms if name in each)
        pairs = [(each[parent], each[name]) for each in arms if parent in each and name in each]
        if number and pairs:
            lost = sum(len(old.solved - new.solved) for old, new in pairs)
            proved_before = sum(len(old.solved) for old, _ in pairs)
            figures["lost"], figures["gained"] = lost, sum(len(new.solved - old.solved) for old, new in pairs)
            figures["lost_share"] = lost / proved_before if proved_before else None

    # --- repeated attempts ------------------------------------------------------------------------------------------

    def affordable(self) -> int:
        """How many held-out theorems can be tried again and again within the share of the run's own steps. The seed
        theorems cost as much as one of them."""
        config, health = self.config, self.config.health
        evaluated = config.evaluation.theorems * config.evaluation.steps * len(config.evaluation.strata)
        work = config.round.theorems * config.round.steps + evaluated
        return min(health.theorems, int(health.share * work / health.affordable) - 1)

    def _by_attempts(
        self,
        model: GenerationRecord,
        number: int,
        first: GenerationRecord,
        figures: dict[str, float | None],
        counts: dict[str, int],
        notes: list[str],
    ) -> None:
        settings, theorems = self.config.health, self.affordable()
        if theorems < 1:
            notes.append(
                f"No repeated attempts: {settings.attempts} of {settings.steps} steps at a theorem and the seed set "
                f"are more than {settings.share:.0%} of the run's steps ([health] share)."
            )
            return
        policy = self.load(number)
        search = self.config.models_search(settings.noise)
        plan = Plan(Phase(policy, budget_of(settings.steps), search))
        stratum = self.config.evaluation.strata[0] if self.config.evaluation.strata[0] != "all" else ""
        chosen = self.rounds.held_out("valid", stratum, theorems)
        again = self.rounds.repeated(REPEATED, "valid", stratum, chosen, plan, settings.attempts, model.id)
        tries = openings_in(self.corpus, again, forced if self.config.search.invertible else None)
        solved = {name: [one is not None for one in each] for name, each in tries.items()}
        rates = {k: statistics.mean_pass_at(solved, k) for k in KS if k <= settings.attempts}
        figures |= {f"pass@{k}": rate for k, rate in rates.items()}
        figures["slope"] = statistics.slope(rates)
        found = [one[0] for each in tries.values() for one in each if one is not None]
        counts |= {"theorems": len(tries), "attempts": sum(map(len, tries.values())), "proved": len(found)}
        figures["unique"] = len(set(found))
        figures["duplicates"] = 1 - len(set(found)) / len(found) if found else None
        opened = statistics.openings({name: [one[1] for one in each if one and one[1]] for name, each in tries.items()})
        if opened is not None:
            figures |= {"heads": opened.heads, "one_opening": opened.alike}
            counts["opened"] = opened.theorems
        if seeds := self._seed_theorems(first):
            quiet = replace(plan, policy=replace(plan.policy, search=self.config.models_search()))
            names, train = seeds[: settings.attempts], self.rounds.benchmark.train_stratum
            once = openings_in(self.corpus, self.rounds.repeated(SEED_SET, "train", train, names, quiet, 1, model.id))
            counts["seed_theorems"] = len(once)
            figures["seed_solved"] = sum(each[-1] is not None for each in once.values()) / len(once) if once else None

    def _seed_theorems(self, first: GenerationRecord) -> list[str]:
        """Theorems of the run's benchmark whose proofs M_0 learned from, in an order drawn by their hashes."""
        if first.snapshot_hash is None:
            return []
        stratum, name = self.rounds.benchmark.train_stratum, self.config.benchmark.partition("@")[0]
        found = {
            proof.theorem.name
            for proof in snapshot_proofs(self.corpus, first.snapshot_hash)
            if proof.theorem.stratum == stratum and proof.benchmark.partition("@")[0] == name
        }
        return sorted(found, key=lambda theorem: stream_seed("seed set", theorem))

    # --- policies on the same states --------------------------------------------------------------------------------

    def _reference(self, first: GenerationRecord) -> tuple[str, ...]:
        """Held-out proofs that M_0 found, in one attempt or in many, and those of its baselines, at most so many."""
        rounds = [
            one
            for one in self.corpus.rounds(self.config.name, RoundKind.EVAL)
            if one.split == "valid" and one.generation_id in (None, first.id)
        ]
        found = proofs_of_rounds(self.corpus, rounds)
        return tuple(sorted(found, key=lambda proof: stream_seed("reference", proof))[: self.config.health.states])

    def _by_states(
        self,
        number: int,
        generations: dict[int, GenerationRecord],
        reference: Iterable[str],
        figures: dict[str, float | None],
        counts: dict[str, int],
        notes: list[str],
    ) -> None:
        policies = {n: self.load(n) for n in {0, max(0, number - 1), number}}
        now, base, parent = policies[number], policies[0], policies[max(0, number - 1)]
        if not (isinstance(now, RankerPolicy) and isinstance(base, RankerPolicy) and isinstance(parent, RankerPolicy)):
            notes.append("The model has no exact distribution over actions: no entropy, calibration, drift.")
            return
        # All of them are asked about what this one is offered.
        held_out = known_states(load_proofs(self.corpus, reference), now.space, self.config.health.states)
        counts["states"] = len(held_out)
        if held_out:
            mine, first, last = ([p.log_probs(one.situation) for one in held_out] for p in (now, base, parent))
            accepted = [one.accepted for one in held_out]
            figures["entropy"] = _mean(map(statistics.entropy, mine))
            best = [int(scores.argmax()) for scores in mine]
            found = statistics.calibration(
                [math.exp(scores[top]) for scores, top in zip(mine, best, strict=True)],
                [top in right for top, right in zip(best, accepted, strict=True)],
            )
            if found is not None:
                figures |= {"calibration_error": found.error, "overconfidence": found.excess}
            if number:
                figures["drift"] = _mean(map(statistics.divergence, mine, first))
                figures["drift_step"] = _mean(map(statistics.divergence, mine, last))
                tops = [int(scores.argmax()) for scores in last]
                figures["inherited"] = statistics.inherited(tops, best, accepted)
        else:
            notes.append("No held-out proof is there to compare policies on.")
        seeds = known_states(self._seed_proofs(generations[0]), now.space, self.config.health.states)
        counts["seed_states"] = len(seeds)
        figures["seed_log_likelihood"] = _mean(
            float(np.logaddexp.reduce(now.log_probs(one.situation)[sorted(one.accepted)])) for one in seeds
        )

    def _seed_proofs(self, first: GenerationRecord) -> list[StoredProof]:
        found = list(snapshot_proofs(self.corpus, first.snapshot_hash)) if first.snapshot_hash else []
        return sorted(found, key=lambda proof: stream_seed("seed proofs", proof.content_hash))


def known_states(proofs: Iterable[StoredProof], actions: ActionSpace, most: int) -> list[Known]:
    """Their states, in order, at most `most`, with what the proofs did there; what is no action is left out."""
    taken: dict[tuple[Environment, str], set[str]] = {}
    for proof in proofs:
        environment = theorem_of(proof.theorem, proof.benchmark).environment
        for step in proof.steps:
            taken.setdefault((environment, step.state), set()).add(step.tactic)
    found: list[Known] = []
    for (environment, state), tactics in taken.items():
        situation = actions.look(environment, state)
        known = frozenset(a for tactic in tactics if (a := situation.find(tactic)) is not None)
        if known:
            found.append(Known(situation, known))
        if len(found) == most:
            break
    return found


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return math.fsum(found) / len(found) if found else None
