"""Where an AND/OR search goes next: down from the theorem to a problem whose next tactic is to be run.

At a problem (OR node) to the move with the highest

    Q(a) + c P(a) sqrt(N) / (1 + N(a)),      Q = exp(-f)

(PUCT), at a move (AND node) to its hardest unproved part. Without exploration, c = 0, the lowest f alone decides.

Several descents may be made before a tactic is run, so that the policy is asked about all the problems that they end at
in one call, for a server or a GPU that answers several states at once. Until its tactic has run, a descent counts as a
loss on its way, which sends the next one elsewhere (virtual loss: Chaslot, Winands and van den Herik, "Parallel
Monte-Carlo Tree Search", 2008).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from prover.search.and_or_nodes import Move, Problem

#: By so many nats a way is worse for each descent on it whose tactic has not run. f is a few nats.
VIRTUAL_LOSS = 1.0


@dataclass(frozen=True, slots=True)
class Way:
    """One descent: the problems from the theorem to the one that it ends at, and the moves between them."""

    problems: tuple[Problem, ...]
    moves: tuple[Move, ...]

    @property
    def end(self) -> Problem:
        return self.problems[-1]

    @property
    def nodes(self) -> tuple[Problem | Move, ...]:
        return (*self.problems, *self.moves)


@dataclass(frozen=True, slots=True)
class Descent:
    """The rule, with the settings of the search."""

    exploration: float
    widening: float
    leaves: int

    def ways(self, top: Problem) -> list[Way]:
        """As many as `leaves`, fewer where nothing is better than what the policy is to be asked about already."""
        found: list[Way] = []
        while len(found) < self.leaves:
            way = self._down(top)
            if way.end.untried is None and any(way.end is other.end for other in found):
                break
            found.append(way)
            for node in way.nodes:
                node.waiting += 1
        for way in found:
            for node in way.nodes:
                node.waiting -= 1
                node.visits += 1
        return found

    def _down(self, top: Problem) -> Way:
        problems, moves = [top], list[Move]()
        while (move := self._choose(problems[-1])) is not None:
            moves.append(move)
            problems.append(move.hardest())
        return Way(tuple(problems), tuple(moves))

    def _choose(self, problem: Problem) -> Move | None:
        """The best of a problem's moves, None where its next proposal is better."""
        visits = problem.visits + problem.waiting + 1
        best, score = None, -math.inf
        if problem.next is not None and self._may_widen(problem, visits):
            ended = problem.waiting - sum(move.waiting for move in problem.moves)
            score = self._score(problem.next.perturbed, problem.next_f + VIRTUAL_LOSS * ended, visits, ended)
        for move in problem.moves:
            f = move.f + VIRTUAL_LOSS * move.waiting
            if (of_move := self._score(move.kept.perturbed, f, visits, move.visits + move.waiting)) > score:
                best, score = move, of_move
        return best

    def _score(self, log_prior: float, f: float, visits: int, own_visits: int) -> float:
        """PUCT. Without exploration only the order counts, and -f keeps apart what exp(-f) may round together."""
        if not self.exploration:
            return -f
        prior = math.exp(min(0.0, log_prior))
        return math.exp(-f) + self.exploration * prior * math.sqrt(visits) / (1 + own_visits)

    def _may_widen(self, problem: Problem, visits: int) -> bool:
        allowed = self.widening * float(visits) ** 0.6
        return not self.widening or len(problem.moves) < max(1.0, allowed)
