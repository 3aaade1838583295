"""What a search takes of a policy's proposals for one state, and in which order it will try them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from prover.policy import Proposal
from prover.search.options import SearchOptions
from prover.search.streams import gumbel, stream_seed


class Kept(NamedTuple):
    """A proposal that will be tried: its log p with noise, which says when, and the log p that it costs."""

    a: Proposal
    perturbed: float
    charged: float


def keep(proposals: list[Proposal], config: SearchOptions, seed: int, solvers: Sequence[str] = ()) -> list[Kept]:
    """The best `edges_per_state` proposals by log p plus noise from the state's own streams, best first. `solvers` go
    before them."""
    if config.noise:
        stream = random.Random(stream_seed(seed, "noise"))
        scored = [Kept(a, a.log_prob + config.noise * gumbel(stream), a.log_prob) for a in proposals]
    else:
        scored = [Kept(a, a.log_prob, a.log_prob) for a in proposals]
    if config.template_noise:
        streams = {t: random.Random(stream_seed(seed, "noise", t)) for t in {a.template for a in proposals}}
        together = {t: config.template_noise * gumbel(stream) for t, stream in streams.items()}
        scored = [one._replace(perturbed=one.perturbed + together[one.a.template]) for one in scored]
    if config.noise or config.template_noise:
        scored.sort(key=lambda one: -one.perturbed)
    if config.template_floor and (first := _floor(scored, config, seed)):
        scored = [*first, *(one for one in scored if one.a is not first[0].a)]
    kept = scored[: config.edges_per_state]
    return _with_solvers(kept, scored, solvers) if solvers else kept


def _with_solvers(kept: list[Kept], scored: list[Kept], solvers: Sequence[str]) -> list[Kept]:
    """What was kept, with these tactics before it. One that does not close its goal costs what the policy thinks of it,
    and where it says nothing as much as the last that was kept: to be tried first makes nothing a likelier beginning.
    """
    known = {one.a.tactic: one for one in reversed(scored)}
    last = min((one.charged for one in kept), default=0.0)
    ahead = max((one.perturbed for one in kept), default=0.0)
    first = []
    for tactic in solvers:
        one = known.get(tactic) or Kept(Proposal(tactic, last), last, last)
        first.append(one._replace(perturbed=max(0.0, ahead)))
    return [*first, *(one for one in kept if one.a.tactic not in solvers)]


def _floor(scored: list[Kept], config: SearchOptions, seed: int) -> list[Kept]:
    """The proposal that goes first for its template's sake, or none."""
    if not scored or stream_seed(seed, "floor") >= config.template_floor * 2**63:
        return []
    templates = sorted({one.a.template for one in scored})
    chosen = templates[stream_seed(seed, "template") % len(templates)]
    one = next(one for one in scored if one.a.template == chosen)
    best = max(other.perturbed for other in scored), max(other.charged for other in scored)
    return [one._replace(perturbed=best[0], charged=best[1])]
