"""STaR, the self-taught reasoner (Zelikman et al. 2022, arXiv:2203.14465, sections 3.1 and 3.2).

The policy writes a plan in front of its tactics: a comment with the words that they begin with and the hypotheses that
they use. Where it fails at a theorem whose proof is known, it is given a hint, the first step of that proof, as the
beginning of its plan, and tries again. What the kernel then accepts is learned from base, plan and all, and without the
hint: the text is learned as if the model had thought of the beginning itself. Proofs that no model wrote (round 0's)
get the plan that their tactics follow, since a model from scratch has to see what a plan is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from corpus.records import AttemptStatus, RoundKind
from corpus.round_results import outcomes
from corpus.samples import samples_of
from corpus.snapshot import snapshot_proofs
from prover.goal import IDENTIFIER, first_goal, parse_goal
from prover.policies.text.policy import TextPolicy
from prover.rounds.plan import Plan
from training.config import FlywheelConfig
from training.data.dataset import TrainingProof
from training.recipes.recipe import Learning, Recipe, Sampling, require_writer
from training.recipes.writing import as_proof
from training.trainers.trainer import Trained

#: How a plan begins.
PLAN = "-- plan: "
#: The arms: known proofs that the model has yet to write itself, and those again with a hint.
OPEN, HINTED = "star", "hinted"


@dataclass(frozen=True, slots=True)
class Star(Recipe):
    """For models that write proofs."""

    name: ClassVar[str] = "star"
    about: ClassVar[str] = "a plan before each proof; where it fails, a hint, and what then holds is learned without it"
    parts: ClassVar[frozenset[str]] = frozenset({"hint"})
    lesser: ClassVar[tuple[tuple[str, ...], ...]] = (("hint",),)
    #: What a plan is, M_0 has to learn already.
    own_first: ClassVar[bool] = True
    #: Half as many again with open theorems, and as many with a hint.
    loops_share: ClassVar[float] = 0.5

    def require(self, config: FlywheelConfig) -> None:
        """A writer."""
        require_writer(config, self.name)

    def sample_more(self, sampling: Sampling) -> None:
        """The theorems with a known proof that the model has not proved itself, and what it fails at again with a
        hint. At most half as many as in a round."""
        known = self._known(sampling)
        names = sorted(known, key=lambda name: hashlib.sha256(f"{sampling.number} {name}".encode()).digest())
        names = names[: max(1, sampling.config.round.theorems // 2)]
        if not names:
            return
        plan = replace(sampling.plan, budgets={}, portfolio=None, portfolio_share=0.0)
        sampling.search(OPEN, names, plan)
        policy = plan.policy.policy
        if not self.has("hint") or not isinstance(policy, TextPolicy):
            return
        failed = [name for name in names if name not in self._proved(sampling, OPEN)]
        if failed:
            hints = {name: PLAN + known[name].split(maxsplit=1)[0] for name in failed}
            hinted: Plan = replace(plan, policy=replace(plan.policy, policy=policy.beginning_with(hints)))
            sampling.search(HINTED, failed, hinted)

    def update(self, learning: Learning) -> Trained:
        """From base, on plans and proofs."""
        return learning.trainer.train(
            self._planned(learning),
            learning.folder,
            seed=learning.seed,
            statements=learning.statements,
            report=learning.report,
        )

    def _planned(self, learning: Learning) -> Iterator[TrainingProof]:
        """Every certified sample with the plan that the model wrote, then the other proofs with the plan that follows
        from them."""
        written: set[tuple[str, tuple[str, ...]]] = set()
        for sample in samples_of(learning.corpus, learning.config.name):
            if sample.certified and sample.text.startswith(PLAN):
                written.add((sample.theorem.name, sample.tactics))
                yield as_proof(sample)
        for proof in learning.proofs():
            tactics = tuple(step.tactic for step in proof.steps)
            if (proof.theorem.name, tactics) not in written and not any("\n" in tactic for tactic in tactics):
                text = "\n".join([plan_of(proof.steps[0].state, tactics), *tactics])
                yield replace(proof, text=text)

    def _known(self, sampling: Sampling) -> dict[str, str]:
        """The first step of a proof of each theorem in the model's snapshot that no model of the run has proved."""
        if sampling.model.generation_id is None:
            return {}
        snapshot = sampling.corpus.generation(sampling.model.generation_id).snapshot_hash
        first: dict[str, str] = {}
        own: set[str] = set()
        for proof in snapshot_proofs(sampling.corpus, snapshot or ""):
            if proof.benchmark.partition("@")[0] == sampling.config.benchmark.partition("@")[0]:
                first.setdefault(proof.theorem.name, proof.steps[0].tactic)
                own |= {proof.theorem.name} if proof.source == "policy" else set()
        own |= self._proved(sampling, None)
        return {name: step for name, step in first.items() if name not in own}

    def _proved(self, sampling: Sampling, arm: str | None) -> set[str]:
        """What M_`number` has proved in its rounds, in those of one arm if it is named."""
        found: set[str] = set()
        for round in sampling.corpus.rounds(sampling.config.name, RoundKind.TRAIN):
            mine = round.generation_id == sampling.model.generation_id and round.arm not in (OPEN, HINTED)
            if (arm is None and mine) or (arm == round.arm and round.generation_id == sampling.model.generation_id):
                proved = (one for one in outcomes(sampling.corpus, round) if one.status is AttemptStatus.PROVED)
                found |= {one.theorem for one in proved}
        return found


def plan_of(state: str, tactics: tuple[str, ...]) -> str:
    """The plan that tactics follow: their first words in order, and the hypotheses of the state that they name."""
    names = {name for local in parse_goal(first_goal(state)[0]).locals for name in [local.name]}
    used = dict.fromkeys(word for tactic in tactics for word in IDENTIFIER.findall(tactic) if word in names)
    heads = ", ".join(tactic.split(maxsplit=1)[0] for tactic in tactics)
    return f"{PLAN}{heads}" + (f"; use {' '.join(used)}" if used else "")
