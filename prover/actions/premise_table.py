"""Every premise of an index as arrays: what a trained scorer (premise_scorer.py) reads of all of them at once.

    table = PremiseTable.of(premises)                        # 1.5 s for the 22,000 theorems of Init, once a process
    table.dynamic(GoalView.of(goal), relative)               # (premises, len(DYNAMIC)), a millisecond

Sets of symbols are kept as inverted lists, so that asking how many symbols of a side a goal has is one count over the
premises that share any.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

import numpy as np
import numpy.typing as npt

from prover.actions.premises import GoalView, Premise, Shape, name_pieces

Floats = npt.NDArray[np.float32]

#: Bags of symbols are hashed to so many numbers.
BUCKETS = 4096

#: What is known of a premise without a goal.
STATIC = (*(f"is-{shape}" for shape in Shape), "hypotheses", "symbols", "left", "right", "length", "conditions")
#: What a goal adds. `score`, `fit` and `foreign` are those that retrieval without a scorer ranks by.
DYNAMIC = (
    *("score", "fit", "foreign", "left-fits", "right-fits", "conclusion-fits", "left", "right", "conclusion"),
    *("goal", "namespace", "left-fits-size", "conclusion-fits-size"),
)
#: What a checkpoint says that its scorer reads; a change of what a bag holds changes the last name.
FEATURES = (*STATIC, *DYNAMIC, "bag-1")


class _Inverted:
    """For each symbol the premises whose set holds it."""

    def __init__(self, sets: Sequence[Iterable[str]]) -> None:
        pairs: dict[str, list[int]] = {}
        for place, symbols in enumerate(sets):
            for symbol in symbols:
                pairs.setdefault(symbol, []).append(place)
        self._places = {symbol: np.array(places, dtype=np.int32) for symbol, places in pairs.items()}
        self._count = len(sets)
        self.sizes = np.array([len(set(symbols)) for symbols in sets], dtype=np.float32)

    def shared(self, symbols: Iterable[str]) -> Floats:
        """How many of these symbols each premise's set holds: (premises)."""
        found = [self._places[symbol] for symbol in symbols if symbol in self._places]
        if not found:
            return np.zeros(self._count, dtype=np.float32)
        return np.bincount(np.concatenate(found), minlength=self._count).astype(np.float32)


@dataclass(frozen=True, eq=False)
class PremiseTable:
    """`static`: (premises, len(STATIC)). `bags` and `starts`: the buckets of premise i are bags[starts[i]:starts[i +
    1]], one at least."""

    static: Floats
    bags: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    left: _Inverted
    right: _Inverted
    conclusion: _Inverted
    types: _Inverted
    namespaces: _Inverted

    @classmethod
    def of(cls, premises: Sequence[Premise]) -> Self:
        """The table of these premises, in their order."""
        bags = [_bag_of(premise) for premise in premises]
        sizes = np.array([len(bag) for bag in bags], dtype=np.int64)
        return cls(
            np.array([_static(premise) for premise in premises], dtype=np.float32).reshape(-1, len(STATIC)),
            np.fromiter(chain.from_iterable(bags), dtype=np.int64, count=int(sizes.sum())),
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            _Inverted([premise.left for premise in premises]),
            _Inverted([premise.right for premise in premises]),
            _Inverted([premise.conclusion for premise in premises]),
            _Inverted([premise.types for premise in premises]),
            _Inverted([[premise.name.rpartition(".")[0]] for premise in premises]),
        )

    def dynamic(self, view: GoalView, relative: Floats) -> Floats:
        """What the goal adds for each premise: (premises, len(DYNAMIC)). `relative`: BM25's score of each, 1 for the
        best."""
        typed = self.types.shared(view.types) == self.types.sizes
        shares, fits = [], []
        for side in (self.left, self.right, self.conclusion):
            shared = side.shared(view.symbols)
            shares.append(shared / np.maximum(side.sizes, 1))
            fits.append(typed & (side.sizes > 0) & (shared == side.sizes))
        left, right, conclusion = fits
        fit = np.where(left | conclusion, np.float32(1.0), np.where(right, np.float32(0.5), np.float32(0.0)))
        columns = [
            relative,
            fit,
            ~typed,
            left,
            right,
            conclusion,
            *shares,
            self.conclusion.shared(view.symbols) / max(1, len(view.symbols)),
            self.namespaces.shared(view.types) > 0,
            left * np.log1p(self.left.sizes),
            conclusion * np.log1p(self.conclusion.sizes),
        ]
        return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)


def bucket(word: str) -> int:
    """A word's number, the same on every machine."""
    return zlib.crc32(word.encode()) % BUCKETS


def _static(premise: Premise) -> list[float]:
    return [
        *(float(premise.shape is shape) for shape in Shape),
        min(premise.hypotheses, 4) / 4,
        float(np.log1p(len(premise.conclusion))),
        float(np.log1p(len(premise.left))),
        float(np.log1p(len(premise.right))),
        float(np.log1p(len(premise.statement))) / 4,
        float(premise.hypotheses > 0),
    ]


def _bag_of(premise: Premise) -> list[int]:
    words = {f"name {premise.name}", *(f"piece {piece}" for piece in name_pieces(premise.name))}
    for side, symbols in (("left", premise.left), ("right", premise.right), ("all", premise.conclusion)):
        words.update(f"{side} {symbol}" for symbol in symbols)
    return sorted(bucket(word) for word in words)
