"""How many rewrites an implication takes: a search from both sides of the conclusion, with the moves that a policy has.

A *move* replaces one subterm by another: an instance of one side of the hypothesis by the same instance of the other.
Variables of the new side that the old one does not have are filled, all with the same term, one of `fillers`. What this
search does not find may still be provable: it keeps terms small and stops at a bounded number of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lean_env.benchmark.lean_magma.laws import Equation, Term

#: Terms with more leaves are not looked at, and no more terms than so many on each side.
MOST_LEAVES = 8
MOST_TERMS = 800
#: Compound terms of the conclusion that may fill a free variable, the smallest first.
_COMPOUND_FILLERS = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """`old` may be replaced by `new`. `free`: variables that occur in `new` alone."""

    old: Term
    new: Term
    free: tuple[int, ...]


def rules(law: Equation) -> tuple[Rule, ...]:
    """Both directions; one where they say the same, none of `x = x`."""
    found: dict[tuple[Term, Term], Rule] = {}
    for old, new in ((law.left, law.right), (law.right, law.left)):
        if old != new:
            known = _variables(old)
            found[old, new] = Rule(old, new, tuple(sorted(_variables(new) - known)))
    return tuple(found.values())


def distance(hypothesis: Equation, conclusion: Equation, most: int = 8) -> int | None:
    """The least number of moves from one side of the conclusion to the other that this search sees, at most `most`."""
    if conclusion.left == conclusion.right:
        return 0
    moves, filling = rules(hypothesis), fillers(conclusion)
    seen: tuple[dict[Term, int], dict[Term, int]] = ({conclusion.left: 0}, {conclusion.right: 0})
    frontiers = [[conclusion.left], [conclusion.right]]
    for steps in range(1, most + 1):
        open_ = [side for side in (0, 1) if frontiers[side]]
        if not open_:
            return None
        side = min(open_, key=lambda side: len(frontiers[side]))
        own, other = seen[side], seen[1 - side]
        new_ones: list[Term] = []
        for term in frontiers[side]:
            for new in successors(term, moves, filling):
                if new not in own:
                    if new in other:
                        return steps
                    own[new] = steps
                    new_ones.append(new)
            if len(own) > MOST_TERMS:
                return None
        frontiers[side] = new_ones
    return None


def fillers(conclusion: Equation) -> tuple[Term, ...]:
    """What may stand for a free variable: the conclusion's variables, then its smallest compound subterms."""
    compound = {term for side in (conclusion.left, conclusion.right) for term in subterms(side)}
    by_size = sorted(
        (term for term in compound if not isinstance(term, int)), key=lambda term: (_leaves(term), str(term))
    )
    return (*range(conclusion.variables), *by_size[:_COMPOUND_FILLERS])


def successors(term: Term, moves: Sequence[Rule], filling: Sequence[Term]) -> Iterator[Term]:
    """Every term that one move makes of this one, of at most MOST_LEAVES leaves."""
    for rule in moves:
        values = matched(rule.old, term)
        if values is None:
            continue
        for filler in filling if rule.free else (0,):
            new = instance(rule.new, {**values, **dict.fromkeys(rule.free, filler)})
            if _leaves(new) <= MOST_LEAVES:
                yield new
    if not isinstance(term, int):
        left, right = term
        room = MOST_LEAVES - _leaves(right)
        yield from ((new, right) for new in successors(left, moves, filling) if _leaves(new) <= room)
        room = MOST_LEAVES - _leaves(left)
        yield from ((left, new) for new in successors(right, moves, filling) if _leaves(new) <= room)


def matched(pattern: Term, term: Term) -> dict[int, Term] | None:
    """What the variables of a pattern stand for in a term; None where it is no instance."""
    values: dict[int, Term] = {}
    waiting: list[tuple[Term, Term]] = [(pattern, term)]
    while waiting:
        wanted, found = waiting.pop()
        if isinstance(wanted, int):
            if values.setdefault(wanted, found) != found:
                return None
        elif isinstance(found, int):
            return None
        else:
            waiting += zip(wanted, found, strict=True)
    return values


def instance(pattern: Term, values: Mapping[int, Term]) -> Term:
    """The pattern with its variables replaced."""
    if isinstance(pattern, int):
        return values[pattern]
    return instance(pattern[0], values), instance(pattern[1], values)


def subterms(term: Term) -> Iterator[Term]:
    """The term and what is in it, from the outside, the left before the right."""
    yield term
    if not isinstance(term, int):
        yield from subterms(term[0])
        yield from subterms(term[1])


def _variables(term: Term) -> set[int]:
    return {term} if isinstance(term, int) else _variables(term[0]) | _variables(term[1])


def _leaves(term: Term) -> int:
    return 1 if isinstance(term, int) else _leaves(term[0]) + _leaves(term[1])
