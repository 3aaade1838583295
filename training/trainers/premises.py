"""Training the scorer of premises (prover/actions/premise_scorer.py) on the states of a snapshot's proofs.

    states, report, scorer, figures = scored_dataset(proofs, space, DatasetConfig(), seed=1)

Positive are the premises that a step of a proof names; where it names several, as the lists of `simp [..]` do, each
counts for its share. Negative are premises that the state could have been offered and that no proof used there: those
that rank highest without training, and some drawn at random. So it follows from the snapshot alone, as all training
does. What Lean refused stands in search trees, which a snapshot does not have.

The loss is cross-entropy over a state's positives and negatives. It starts from what retrieval without a scorer
ranks by, with no correction, and takes a few seconds on some hundred states.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from prover.actions.premise_scorer import WIDTH, PremiseScorer
from prover.actions.premise_table import BUCKETS, DYNAMIC, STATIC, Floats, PremiseTable
from prover.actions.retrieval import FIT_BONUS
from prover.actions.space import ActionSpace
from prover.goal import first_goal, parse_goal
from training.data.dataset import (
    DatasetConfig,
    DatasetReport,
    Draft,
    TrainingProof,
    TrainingState,
    collect,
    is_held_out,
    states_of,
)

#: Negatives of a state: those that rank highest at the start, and those drawn at random.
_HARD, _RANDOM = 192, 64
_EPOCHS, _BATCH, _RATE, _DECAY = 10, 16, 0.01, 0.02
#: So many scorers that have not seen a share of the theorems.
_FOLDS = 4
#: What a point of the untrained rank is worth, in nats.
_SCALE = 8.0


@dataclass(frozen=True, slots=True)
class _Example:
    """A state and its candidates: their buckets, one after the other, and how many each has (premise_table.py), their
    features (candidates, len(STATIC) + len(DYNAMIC)), and what share of the positives each is. `words`: the goal's."""

    buckets: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    features: Floats
    words: npt.NDArray[np.int64]
    shares: Floats


def scored_dataset(
    proofs: Iterable[TrainingProof], space: ActionSpace, config: DatasetConfig, seed: int
) -> tuple[list[TrainingState], DatasetReport, PremiseScorer | None, dict[str, Any]]:
    """As `build_dataset`, with the scorer of these proofs and what is to be recorded of it.

    A state is shown with the premises that a scorer finds which has not seen its theorem, one of `_FOLDS` others: what
    a scorer has learned by heart stands first, and a ranker would learn to trust that. The scorer is None where no step
    names a premise. To be called where torch's generators are free to use (isolation.py)."""
    report = DatasetReport()
    drafts = collect(proofs, config, report)
    named = [(draft, used) for draft in drafts if (used := used_premises(draft, space))]
    learned = [(draft, used) for draft, used in named if not is_held_out(draft, config.valid_share)]
    if not learned:
        return states_of(drafts, lambda _draft: space, config, report), report, None, {"states": 0}
    start, order = untrained(seed), np.random.Generator(np.random.Philox(seed))
    fixed = lru_cache(maxsize=4)(start.of_table)
    examples = [(_fold(draft), _example(draft, used, space, start, fixed, order)) for draft, used in learned]
    scorer = _fit([example for _, example in examples], start, order)
    others = [
        space.with_scorer(_fit([example for other, example in examples if other != fold], start, order))
        for fold in range(_FOLDS)
    ]
    final = space.with_scorer(scorer)

    def space_of(draft: Draft) -> ActionSpace:
        return final if is_held_out(draft, config.valid_share) else others[_fold(draft)]

    plain = space.with_scorer(None)
    figures = {
        "states": len(learned),
        "named": sum(len(used) for _, used in named),
        "found": sum(_found(draft, used, space_of(draft)) for draft, used in named),
        "found_without": sum(_found(draft, used, plain) for draft, used in named),
    }
    return states_of(drafts, space_of, config, report), report, scorer, figures


def _fold(draft: Draft) -> int:
    """Theorems that share a state are of one fold as far as the state goes."""
    return zlib.crc32(min(draft.theorems).encode()) % _FOLDS


def used_premises(draft: Draft, space: ActionSpace) -> dict[str, float]:
    """The library's premises that the state's steps name, with their shares, which add up to 1."""
    assert space.retriever is not None
    shares: dict[str, float] = {}
    for tactic in draft.tactics:
        names = dict.fromkeys(
            name
            for name in space.premises_in(draft.environment, tactic)
            if space.retriever.holds(draft.environment, name)
        )
        for name in names:
            shares[name] = shares.get(name, 0.0) + 1 / len(names)
    total = math.fsum(shares.values())
    return {name: share / total for name, share in shares.items()}


def _found(draft: Draft, used: dict[str, float], space: ActionSpace) -> int:
    """How many of the used premises are among those that the state is offered."""
    offered = space.look(draft.environment, draft.state).premises
    return len(used.keys() & {premise.name for premise in offered})


def untrained(seed: int) -> PremiseScorer:
    """It ranks as retrieval without a scorer does; but for v, which is zero, its weights are those of no training."""
    dynamic = np.zeros(len(DYNAMIC), dtype=np.float32)
    for name, weight in (("score", 1.0), ("fit", FIT_BONUS), ("foreign", -FIT_BONUS)):
        dynamic[DYNAMIC.index(name)] = _SCALE * weight
    drawn = np.random.Generator(np.random.Philox(seed)).normal(0.0, 0.3, (BUCKETS, WIDTH)).astype(np.float32)
    return PremiseScorer(
        np.zeros(len(STATIC), dtype=np.float32), dynamic, drawn, np.zeros((BUCKETS, 1 + WIDTH), dtype=np.float32)
    )


def _example(
    draft: Draft,
    used: dict[str, float],
    space: ActionSpace,
    start: PremiseScorer,
    fixed: Callable[[PremiseTable], Floats],
    order: np.random.Generator,
) -> _Example:
    """`fixed`: what `start` makes of a table."""
    assert space.retriever is not None
    sight, position = space.retriever.sight(draft.environment, parse_goal(first_goal(draft.state)[0]))
    positives = [position[name] for name in used]
    hard = start.order(sight, fixed(sight.table), _HARD)
    visible = np.flatnonzero(sight.mask)
    drawn = visible[order.integers(0, len(visible), _RANDOM)].tolist()
    places = np.array(list(dict.fromkeys([*positives, *hard, *drawn])), dtype=np.int64)
    shares = np.zeros(len(places), dtype=np.float32)
    shares[: len(positives)] = list(used.values())
    table = sight.table
    features = np.concatenate([table.static[places], sight.dynamic[places]], axis=1)
    starts, sizes = table.starts[places], np.diff(table.starts)[places]
    buckets = table.bags[np.repeat(starts - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())]
    return _Example(buckets, sizes, features, sight.words, shares)


def _fit(examples: Sequence[_Example], start: PremiseScorer, order: np.random.Generator) -> PremiseScorer:
    """Adam on cross-entropy and a penalty on what moves away from `start`; every random choice comes from `order`."""
    dense = torch.nn.Parameter(torch.from_numpy(np.concatenate([start.static, start.dynamic])))
    goal = torch.nn.Parameter(torch.from_numpy(start.goal.copy()))
    premise = torch.nn.Parameter(torch.from_numpy(start.premise.copy()))
    origin = dense.detach().clone()
    optimizer = torch.optim.Adam([dense, goal, premise], lr=_RATE)
    total = _EPOCHS * math.ceil(len(examples) / _BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0 - step / total)
    for _ in range(_EPOCHS):
        shuffled = order.permutation(len(examples)).tolist()
        for begin in range(0, len(examples), _BATCH):
            batch = [examples[place] for place in shuffled[begin : begin + _BATCH]]
            loss = _loss(batch, dense, goal, premise)
            size = (dense - origin).square().sum() / 10 + goal.square().sum() / BUCKETS + premise.square().sum()
            optimizer.zero_grad()
            (loss + _DECAY * size).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    weights = dense.detach().numpy()
    return PremiseScorer(
        weights[: len(STATIC)].copy(), weights[len(STATIC) :].copy(), goal.detach().numpy(), premise.detach().numpy()
    )


def _loss(batch: Sequence[_Example], dense: torch.Tensor, goal: torch.Tensor, premise: torch.Tensor) -> torch.Tensor:
    """The mean over the batch of the cross-entropy in nats."""
    sizes = np.concatenate([one.sizes for one in batch])
    pooled = _pooled(np.concatenate([one.buckets for one in batch]), sizes, premise)
    u = _pooled(np.concatenate([one.words for one in batch]), np.array([len(one.words) for one in batch]), goal)
    whose = torch.from_numpy(np.repeat(np.arange(len(batch)), [len(one.sizes) for one in batch]))
    scores = torch.from_numpy(np.concatenate([one.features for one in batch])) @ dense
    scores = scores + pooled[:, 0] + (pooled[:, 1:] * u[whose]).sum(dim=1)
    of_states = torch.split(scores, [len(one.sizes) for one in batch])
    losses = [
        -(torch.from_numpy(one.shares) * functional.log_softmax(of_state, dim=0)).sum()
        for one, of_state in zip(batch, of_states, strict=True)
    ]
    return torch.stack(losses).mean()


def _pooled(buckets: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], weights: torch.Tensor) -> torch.Tensor:
    """For each bag the sum of its rows of `weights` over the root of their number: (bags, width)."""
    offsets = torch.from_numpy(np.cumsum(sizes) - sizes)
    summed = functional.embedding_bag(torch.from_numpy(buckets), weights, offsets, mode="sum")
    return summed / torch.from_numpy(np.sqrt(np.maximum(sizes, 1)).astype(np.float32))[:, None]
