"""A trained scorer of goal and premise: ranks every premise that an environment holds, in place of BM25's best 48.

    order = scorer.order(sight, 48)          # places in the index, likeliest first

    score = static . w_s + dynamic . w_d + b(premise) + u(goal) . v(premise)

u and v are two towers over hashed bags of symbols (as a dual encoder has them: ReProver, Yang et al. 2023,
arXiv:2306.15626, section 5, here without a language model); b is the same bag's bias. v and b are worked out once for
an index, so a goal costs a count of shared symbols and two products of matrices, for all premises together.

training/trainers/premises.py makes one of each generation's snapshot. Its file lies in the ranker's folder, because the
ranker learns to read what this one finds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from prover.actions.premise_table import BUCKETS, DYNAMIC, STATIC, Floats, PremiseTable, bucket
from prover.actions.premises import QUERY_CHARACTERS, GoalView, symbols
from prover.goal import Goal, LocalKind

#: Dimensions of a tower.
WIDTH = 16


@dataclass(frozen=True, eq=False)
class Sight:
    """All premises of an index as one goal sees them."""

    table: PremiseTable
    #: (premises, len(DYNAMIC)).
    dynamic: Floats
    #: Which the environment holds: (premises).
    mask: npt.NDArray[np.bool_]
    #: Buckets of the goal's words.
    words: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PremiseScorer:
    """Weights, float32: `static` (len(STATIC)), `dynamic` (len(DYNAMIC)), `goal` (BUCKETS, WIDTH), `premise` (BUCKETS,
    1 + WIDTH), whose first column is the bias."""

    static: Floats
    dynamic: Floats
    goal: Floats
    premise: Floats

    @classmethod
    def load(cls, file: Path) -> Self:
        """Raises ValueError where the file holds something else."""
        from safetensors.numpy import load_file  # here: most searches have no scorer

        found = load_file(file)
        shapes = {name: array.shape for name, array in found.items()}
        expected = {
            "static": (len(STATIC),),
            "dynamic": (len(DYNAMIC),),
            "goal": (BUCKETS, WIDTH),
            "premise": (BUCKETS, 1 + WIDTH),
        }
        if shapes != expected:
            raise ValueError(f"{file} holds no premise scorer of this version")
        return cls(**found)

    def save(self, file: Path) -> None:
        """Writes its file."""
        from safetensors.numpy import save_file

        arrays = {"static": self.static, "dynamic": self.dynamic, "goal": self.goal, "premise": self.premise}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, file)

    def of_table(self, table: PremiseTable) -> Floats:
        """What does not depend on the goal: (premises, 1 + WIDTH), the first column a sum, then v."""
        sizes = np.diff(table.starts).astype(np.float32)
        pooled: Floats = np.add.reduceat(self.premise[table.bags], table.starts[:-1], axis=0)
        pooled /= np.sqrt(sizes)[:, None]
        pooled[:, 0] += table.static @ self.static
        return pooled

    def scores(self, sight: Sight, fixed: Floats) -> Floats:
        """Each premise's score: (premises). `fixed`: `of_table` of the sight's table."""
        u = self.goal[sight.words].sum(axis=0) / np.sqrt(np.float32(max(1, len(sight.words))))
        found: Floats = fixed[:, 0] + sight.dynamic @ self.dynamic + fixed[:, 1:] @ u
        return found

    def order(self, sight: Sight, fixed: Floats, count: int) -> list[int]:
        """The `count` likeliest premises that the environment holds, ties by place in the index."""
        scores = np.where(sight.mask, self.scores(sight, fixed), -np.inf)
        size = min(count, int(sight.mask.sum()))
        best = np.flatnonzero(scores >= np.partition(scores, len(scores) - size)[len(scores) - size])
        found: list[int] = best[np.argsort(-scores[best], kind="stable")][:size].tolist()
        return found


def words_of(goal: Goal) -> npt.NDArray[np.int64]:
    """The buckets of a goal's symbols, its variables left out; what only the context has is marked."""
    names = goal.names
    conclusion = _constants([goal.conclusion], names)
    kinds = (LocalKind.PROOF, LocalKind.DATA, LocalKind.FUNCTION)
    context = _constants((local.type for local in goal.locals if local.kind in kinds), names) - conclusion
    words = [*(f"goal {symbol}" for symbol in conclusion), *(f"context {symbol}" for symbol in context)]
    return np.array(sorted(map(bucket, words)), dtype=np.int64)


def _constants(texts: Iterable[str], names: frozenset[str]) -> set[str]:
    return {symbol for text in texts for symbol in symbols(text[:QUERY_CHARACTERS])} - names


def sight_of(table: PremiseTable, goal: Goal, relative: Floats, mask: npt.NDArray[np.bool_]) -> Sight:
    """`relative`: BM25's score of each premise, 1 for the best of those in `mask`."""
    return Sight(table, table.dynamic(GoalView.of(goal), relative), mask, words_of(goal))
