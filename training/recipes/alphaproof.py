"""AlphaProof's learning loop (Hubert et al., Nature 2025), as far as it is here: disproofs beside proofs, and updates
that go on from the last model.

Rounds search statements and denials of false ones; which, and with what budget, the matchmaker says
(prover/rounds/matchmaker.py), for every recipe. An update starts from M_n and replays the whole corpus for a `SHARE` of
the epochs that a training from base has. A value head is a setting of any run (`train.model.value_bins`), and no part
of this recipe.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from training.config import FlywheelConfig
from training.recipes.recipe import Learning, Recipe, RecipeRefused
from training.trainers.ranker import RankerTrainer
from training.trainers.text import TextTrainer
from training.trainers.trainer import Trained

#: A continual update's epochs as a share of those from base.
SHARE = 0.25


@dataclass(frozen=True, slots=True)
class AlphaProof(Recipe):
    """For both kinds of model."""

    name: ClassVar[str] = "alphaproof"
    about: ClassVar[str] = "proofs and disproofs, replayed by the last model in place of training from base"
    parts: ClassVar[frozenset[str]] = frozenset({"disproofs", "replay"})
    lesser: ClassVar[tuple[tuple[str, ...], ...]] = (("disproofs",), ("replay",))

    def require(self, config: FlywheelConfig) -> None:
        """Disproofs are searched, or left out."""
        if self.has("disproofs") and not config.round.disproofs:
            raise RecipeRefused(
                "recipe alphaproof learns from disproofs: set [round] disproofs on a benchmark with false statements "
                "(lean-logic), or leave them out by --without disproofs"
            )
        if not self.has("disproofs") and config.round.disproofs:
            raise RecipeRefused("alphaproof without disproofs: set [round] disproofs = 0")

    def update(self, learning: Learning) -> Trained:
        """From M_n on a replay of everything, or from base without that."""
        trainer, parent = learning.trainer, learning.parent
        if parent is None or not self.has("replay") or not isinstance(trainer, RankerTrainer | TextTrainer):
            return learning.supervised()
        epochs = max(1, round(SHARE * trainer.config.epochs))
        # Typed apart: each trainer takes its own configuration.
        going_on: RankerTrainer | TextTrainer
        if isinstance(trainer, TextTrainer):
            going_on = replace(trainer, config=trainer.config.model_copy(update={"epochs": epochs}))
        else:
            going_on = replace(trainer, config=trainer.config.model_copy(update={"epochs": epochs}))
        made = going_on.train(
            learning.proofs(),
            learning.folder,
            seed=learning.seed + learning.number,
            base=Path(parent.model_path or ""),
            statements=learning.statements,
            report=learning.report,
        )
        return Trained(made.weights_sha256, {**made.metrics, "epochs": epochs, "from": parent.number})
