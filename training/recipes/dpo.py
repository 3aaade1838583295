"""Expert iteration, then preferences between candidates: the step of a proof over what Lean refused in the same state.

    flywheel run --bench lean-logic --recipe dpo --config trees.toml                # [trees] training = 1

The ranker's member of the family, as BFS-Prover does it for language models (Xin et al. 2025, arXiv:2502.03438, section
3.3). Supervised, from base; then a few passes of DPO over the newest rounds' pairs, which are the closest to what the
model would do, with the supervised model as the reference (training/trainers/candidate_preferences.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from corpus.records import RoundKind
from training.config import FlywheelConfig
from training.data.preferences import preferences
from training.recipes.recipe import Learning, Recipe, RecipeRefused
from training.trainers.candidate_preferences import prefer_candidates
from training.trainers.ranker import RankerTrainer
from training.trainers.ranker_config import TrainConfig
from training.trainers.trainer import Trained


@dataclass(frozen=True, slots=True)
class Dpo(Recipe):
    """For the ranker. Without `likelihood` it has DPO's loss alone."""

    name: ClassVar[str] = "dpo"
    about: ClassVar[str] = "from base on every proof, then a proof's steps over what Lean refused beside them"
    parts: ClassVar[frozenset[str]] = frozenset({"likelihood"})
    lesser: ClassVar[tuple[tuple[str, ...], ...]] = (("likelihood",),)

    def require(self, config: FlywheelConfig) -> None:
        """The ranker, with all search trees kept, and no borrowed lemmas, whose states a tree does not tell."""
        if config.train.kind != "ranker":
            raise RecipeRefused("recipe dpo is for the ranker; a model that writes proofs has it in llama3 and r1")
        if config.trees.training < 1:
            raise RecipeRefused("recipe dpo reads what Lean refused from search trees: set [trees] training = 1")
        if isinstance(config.train, TrainConfig) and config.train.premise_scorer:
            raise RecipeRefused("recipe dpo reads states with premises by BM25: leave train.premise_scorer out")
        if config.library != "none":
            raise RecipeRefused('recipe dpo reads states without borrowed lemmas: leave library = "snapshot" out')

    def update(self, learning: Learning) -> Trained:
        """See the module. M_0 is supervised alone; so is a generation whose rounds left no pair."""
        trainer = learning.trainer
        if learning.parent is None or not isinstance(trainer, RankerTrainer):
            return learning.supervised()
        rounds = [
            round
            for round in learning.corpus.rounds(learning.config.name, RoundKind.TRAIN)
            if round.generation_id == learning.parent.id
        ]
        pairs = list(preferences(learning.corpus, rounds, trainer.space))
        made = learning.supervised()
        if not pairs:
            return Trained(made.weights_sha256, {**made.metrics, "recipe": {"dpo": {"pairs": 0}}})
        preferred = prefer_candidates(
            learning.folder,
            pairs,
            trainer.space,
            trainer.config,
            learning.folder,
            seed=learning.seed + learning.number,
            nll=0.2 if self.has("likelihood") else 0.0,
            device=trainer.device,
        )
        return Trained(preferred.weights_sha256, {**made.metrics, "recipe": {"dpo": preferred.figures}})
