"""Expert iteration, or rejection-sampling fine-tuning: sample, let the kernel filter, learn what passed, from base.

M_{n+1} minimises L(theta) = -E[log pi_theta(y | x)] over x ~ D, y ~ M_n(. | x) with f(x, y) = 1, where f is the
kernel's verdict (Anthony et al. 2017, arXiv:1705.08439; Polu et al. 2022, arXiv:2202.01344, section 4). A model that
can represent it ends at M_n conditioned on f = 1: a step of policy improvement under the reward f. What is learned from
is deduplicated and capped a theorem (`proofs_per_theorem`), so a proof counts once, however often it was sampled.
tests/training/recipes/test_expert_iteration.py has in figures what that changes, and where repetition ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from training.recipes.recipe import Recipe


@dataclass(frozen=True, slots=True)
class ExpertIteration(Recipe):
    """The default. Any trainer will do."""

    name: ClassVar[str] = "expert-iteration"
    about: ClassVar[str] = "from base on every proof that the kernel accepted"
