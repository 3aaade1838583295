"""The canonical class of a statement: what stays when names and order are forgotten.

Two statements of one class differ in nothing but

- the names of variables, functions, relations, types and bound variables
- the order of hypotheses
- swapped arguments of ∧, ∨, ↔ and =

Leading premises and variables of the goal count as hypotheses and variables. To Lean, too, `(h : p) : q` and `: p → q`
are one expression. `¬p` counts as `p → False` there.

Colours of the symbols are refined by where they occur (Weisfeiler and Leman 1968) until they tell all symbols apart.
What they leave tied is broken one symbol at a time, every way, and the smallest text wins (McKay 1981). Of his pruning
only that by transpositions that are automorphisms is used.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import permutations

from lean_env.benchmark.lean_logic.formula import ALL, FALSE, IMP, NOT, SYMMETRIC, TYPE, Node, Sequent

# Tuples of integers hash alike on every 64-bit CPython, whatever PYTHONHASHSEED is. Strings do not, and are never
# hashed that way here.


def canonical(sequent: Sequent) -> str:
    """The class: 32 hex digits."""
    return hashlib.sha256(canonical_text(sequent).encode()).hexdigest()[:32]


def canonical_text(sequent: Sequent) -> str:
    """What the class is the hash of. Types are few: every order of them is tried."""
    types = [name for name, type_ in sequent.symbols if type_ == TYPE]
    if not types:
        return _Refinement(sequent, {}).smallest_text()
    orders = permutations(f"type{i}" for i in range(len(types)))
    return min(_Refinement(sequent, dict(zip(types, order, strict=True))).smallest_text() for order in orders)


class _Refinement:
    """One statement as a list of nodes, children before parents."""

    def __init__(self, sequent: Sequent, types: dict[str, str]) -> None:
        self.types = types
        self.symbols: dict[str, int] = {}
        self.kinds: list[str] = []
        for name, type_ in sequent.symbols:
            if type_ != TYPE:
                self._declare(name, type_)
        #: Per node: the symbol's number or -1; the colour of a fixed head; the children; whether they may be swapped.
        self.nodes: list[tuple[int, str, tuple[int, ...], bool]] = []
        goal = sequent.goal
        self.roots = [self._add(formula, {}) for _, formula in sequent.hypotheses]
        while goal.head in (IMP, NOT, ALL):
            if goal.head == ALL:
                # Bound names may repeat; a symbol's key may not.
                key = f"{goal.bound}·{len(self.symbols)}"
                self._declare(key, goal.type)
                goal = _renamed(goal.args[0], goal.bound, key)
            else:
                self.roots.append(self._add(goal.args[0], {}))
                goal = goal.args[1] if goal.head == IMP else Node(FALSE)
        self.goal = self._add(goal, {})

    def smallest_text(self) -> str:
        return self._smallest([_colour(kind) for kind in self.kinds])

    def _declare(self, name: str, type_: str) -> None:
        self.symbols[name] = len(self.kinds)
        self.kinds.append(" ".join(self.types.get(word, word) for word in type_.split()))

    def _add(self, node: Node, bound: dict[str, int]) -> int:
        """Bound variables become their distance from the root of their formula."""
        if node.bound:
            inner = {**bound, node.bound: len(bound)}
            body = self._add(node.args[0], inner)
            self.nodes.append((-1, f"{node.head}{self.types.get(node.type, node.type)}", (body,), False))
        elif node.head in bound:
            self.nodes.append((-1, f"#{bound[node.head]}", (), False))
        else:
            children = tuple(self._add(argument, bound) for argument in node.args)
            symbol = self.symbols.get(node.head, -1)
            self.nodes.append((symbol, node.head if symbol < 0 else "", children, node.head in SYMMETRIC))
        return len(self.nodes) - 1

    def _refined(self, colours: list[int]) -> list[int]:
        groups = len(set(colours))
        while groups < len(colours):
            below: list[int] = []
            heads: list[int] = []
            for symbol, head, children, swappable in self.nodes:
                own = colours[symbol] if symbol >= 0 else _colour(head)
                heads.append(own)
                values = [below[child] for child in children]
                below.append(hash((own, *(sorted(values) if swappable else values))))
            everything = hash((below[self.goal], *sorted(below[root] for root in self.roots)))
            above = [0] * len(self.nodes)
            above[self.goal] = hash((1, everything))
            for root in self.roots:
                above[root] = hash((2, everything))
            seen: list[list[int]] = [[] for _ in colours]
            for index in range(len(self.nodes) - 1, -1, -1):
                symbol, _, children, swappable = self.nodes[index]
                if symbol >= 0:
                    seen[symbol].append(hash((above[index], below[index])))
                for place, child in enumerate(children):
                    above[child] = hash((above[index], below[index], below[child], 0 if swappable else place))
            colours = [hash((colour, *sorted(places))) for colour, places in zip(colours, seen, strict=True)]
            if len(set(colours)) == groups:
                break
            groups = len(set(colours))
        return colours

    def _smallest(self, colours: list[int]) -> str:
        colours = self._refined(colours)
        groups = defaultdict(list)
        for symbol, colour in enumerate(colours):
            groups[colour].append(symbol)
        tied = min(((len(group), colour) for colour, group in groups.items() if len(group) > 1), default=None)
        if tied is None:
            order = sorted(range(len(colours)), key=colours.__getitem__)
            return self._text([order.index(symbol) for symbol in range(len(colours))])
        tried: list[int] = []
        texts = []
        identity = list(range(len(colours)))
        for symbol in groups[tied[1]]:
            if any(self._text(_swapped(identity, symbol, other)) == self._text(identity) for other in tried):
                continue
            tried.append(symbol)
            texts.append(self._smallest([*colours[:symbol], hash((colours[symbol], 1)), *colours[symbol + 1 :]]))
        return min(texts)

    def _text(self, numbers: Sequence[int]) -> str:
        """The statement with numbered symbols, all that may be permuted sorted."""
        texts: list[str] = []
        for symbol, head, children, swappable in self.nodes:
            values = [texts[child] for child in children]
            inner = " ".join(sorted(values) if swappable else values)
            name = f"${numbers[symbol]}" if symbol >= 0 else head
            texts.append(f"({name} {inner})" if inner else name)
        kinds = sorted(zip(numbers, self.kinds, strict=True))
        hypotheses = sorted(texts[root] for root in self.roots)
        return "; ".join((", ".join(kind for _, kind in kinds), *hypotheses, texts[self.goal]))


def _renamed(node: Node, old: str, new: str) -> Node:
    """A bound variable's occurrences; an inner binder of the same name hides it."""
    if node.bound == old:
        return node
    head = new if node.head == old else node.head
    return Node(head, tuple(_renamed(argument, old, new) for argument in node.args), node.bound, node.type)


def _swapped(numbers: list[int], left: int, right: int) -> list[int]:
    swapped = list(numbers)
    swapped[left], swapped[right] = swapped[right], swapped[left]
    return swapped


@cache
def _colour(word: str) -> int:
    return int.from_bytes(hashlib.sha256(word.encode()).digest()[:7])
