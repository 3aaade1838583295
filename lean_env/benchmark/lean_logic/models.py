"""Finite models, seen column by column: a formula's value is an integer whose bit i is its truth in model i.

So one pass over a formula evaluates it in all models at once, and `hypotheses entail goal` is one `&` and a comparison.
Which models there are depends on the formulas:

- propositions: all valuations (truth tables), which decides
- one-place predicates: all sets of element types, which decides (Löwenheim 1915)
- relations: a random sample, which only refutes

With several worlds the models are Kripke's (1965): what fails in one has no intuitionistic proof.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_, or_

from lean_env.benchmark.lean_logic.formula import ALL, AND, CONNECTIVES, EXISTS, FALSE, IFF, IMP, NOT, OR, TRUE, Node

#: A symbol with the elements it is applied to: `("P", 0)`; a proposition is `("p",)`.
Fact = tuple[str | int, ...]


@dataclass(frozen=True)
class Models:
    """Models over the same elements, given by number, and the same worlds. World 0 is the root."""

    #: How many models there are: the bits of a mask.
    count: int
    #: `domains[w][type][element]`: mask of the models in which world w has the element. It must grow along `above`.
    domains: Sequence[Mapping[str, Sequence[int]]]
    #: `facts[w][fact]`: mask of the models in which the fact holds in world w. It must grow along `above`.
    facts: Sequence[Mapping[Fact, int]]
    #: Name -> its type, and for each element the mask of the models in which the name means it.
    constants: Mapping[str, tuple[str, Sequence[int]]] = field(default_factory=dict)
    #: `above[w]`: the worlds that w sees, itself among them. Classical models have one world.
    above: Sequence[Sequence[int]] = ((0,),)
    #: The mask of all of them.
    all: int = field(init=False, repr=False)
    _known: dict[Node, int] = field(default_factory=dict, repr=False)
    _contingent: dict[Node, bool] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "all", (1 << self.count) - 1)

    def truth(self, node: Node) -> int:
        """The models whose root forces the closed formula. Known values are kept with the models."""
        mask = self._known.get(node)
        if mask is None:
            mask = self._known[node] = self._forced(node, 0, {})
        return mask

    def _forced(self, node: Node, world: int, elements: Mapping[str, int]) -> int:
        head, args = node.head, node.args
        if head == AND:
            return self._at(args[0], world, elements) & self._at(args[1], world, elements)
        if head == OR:
            return self._at(args[0], world, elements) | self._at(args[1], world, elements)
        if head == EXISTS:
            domain = self.domains[world][node.type]
            instances = (
                mask & self._at(args[0], world, {**elements, node.bound: e}) for e, mask in enumerate(domain) if mask
            )
            return reduce(or_, instances, 0)
        if head in (IMP, NOT, IFF, ALL):
            return reduce(and_, (self._everywhere(node, later, elements) for later in self.above[world]))
        if head in (TRUE, FALSE):
            return self.all if head == TRUE else 0
        return self._fact(head, args, world, elements)

    def _at(self, node: Node, world: int, elements: Mapping[str, int]) -> int:
        return self._forced(node, world, elements) if elements or world else self.truth(node)

    def _everywhere(self, node: Node, world: int, elements: Mapping[str, int]) -> int:
        head, args = node.head, node.args
        if head == ALL:
            domain = self.domains[world][node.type]
            instances = (
                ~mask | self._at(args[0], world, {**elements, node.bound: e}) for e, mask in enumerate(domain) if mask
            )
            return reduce(and_, instances, self.all)
        left = self._at(args[0], world, elements)
        if head == NOT:
            return self.all & ~left
        right = self._at(args[1], world, elements)
        return self.all & (~left | right if head == IMP else ~(left ^ right))

    def _fact(self, head: str, args: Sequence[Node], world: int, elements: Mapping[str, int]) -> int:
        for place, argument in enumerate(args):
            if argument.head in self.constants:
                _, meanings = self.constants[argument.head]
                return reduce(
                    or_,
                    (
                        mask & self._fact(head, [*args[:place], Node(f"#{e}"), *args[place + 1 :]], world, elements)
                        for e, mask in enumerate(meanings)
                        if mask
                    ),
                    0,
                )
        values = (elements[a.head] if a.head in elements else int(a.head[1:]) for a in args)
        return self.facts[world][(head, *values)]

    def contingent(self, formula: Node) -> bool:
        """Whether the formula and all its parts are true in some models and false in others; True and False may be
        parts. Parts are what is between connectives: a quantified formula has none."""
        known = self._contingent.get(formula)
        if known is None:
            known = 0 < self.truth(formula) < self.all and self.contingent_parts(formula)
            self._contingent[formula] = known
        return known

    def contingent_parts(self, formula: Node) -> bool:
        """The same of the parts alone."""
        if formula.head not in CONNECTIVES:
            return True
        return all(part.head in (TRUE, FALSE) or self.contingent(part) for part in formula.args)

    def refuting(self, hypotheses: Sequence[Node], goal: Node) -> int:
        """The models whose root has all hypotheses true and the goal not."""
        return reduce(and_, map(self.truth, hypotheses), self.all) & ~self.truth(goal)


def valuations(atoms: Sequence[str]) -> Models:
    """All 2^n valuations: bit i of atom k's mask is bit k of i."""
    count = 1 << len(atoms)
    facts: dict[Fact, int] = {}
    for place, atom in enumerate(atoms):
        facts[(atom,)] = sum(1 << i for i in range(count) if i >> place & 1)
    return Models(count, ({},), (facts,))
