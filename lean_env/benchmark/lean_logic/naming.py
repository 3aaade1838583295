"""Names for a statement's symbols, drawn anew for each statement, so that a name tells nothing but its kind."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence

from lean_env.benchmark.lean_logic.formula import PROP, TYPE, Node, Sequent, rename

#: By kind, in the order of a statement's binders: types, propositions, relations, functions, other constants.
_POOLS: tuple[tuple[str, ...], ...] = (
    ("α", "β", "γ", "σ", "τ"),
    ("p", "q", "r", "s", "t", "u"),
    ("P", "Q", "R", "S", "T", "U"),
    ("f", "g", "h", "k", "m", "F", "G", "H"),
    ("a", "b", "c", "d", "e", "i", "j", "n"),
)
_BOUND = ("x", "y", "z", "w", "v")


def named(
    rng: random.Random, types: Mapping[str, str], hypotheses: Sequence[Node], goal: Node, keep: Collection[str] = ()
) -> tuple[Sequent, dict[str, str]]:
    """The statement with fresh names, and which names they replace.

    `types` gives Lean types; symbols that do not occur in the formulas or in the types of those that do are left out,
    but those to `keep`: a constant says that its type is not empty.
    Type variables are bound implicitly half of the time.
    """
    occurring = {name for formula in (*hypotheses, goal) for name in formula.names}.union(keep)
    used = {name: type_ for name, type_ in types.items() if name in occurring}
    mentioned = {word for type_ in used.values() for word in type_.split()} | _bound_types((*hypotheses, goal))
    used.update({name: type_ for name, type_ in types.items() if name in mentioned})
    new: dict[str, str] = {}
    for kind, pool in enumerate(_POOLS):
        old = [name for name, type_ in used.items() if _kind(type_) == kind]
        # No list of names is longer than its pool; sorted, as people write them.
        new.update(zip(old, rng.sample(pool, len(old)), strict=True))
    bound = {name for formula in (*hypotheses, goal) for name in _bound_names(formula)}
    new.update(zip(sorted(bound), rng.sample(_BOUND, len(bound)), strict=True))
    order = sorted(used, key=lambda name: (_kind(used[name]), new[name]))
    sequent = Sequent(
        tuple((new[name], _renamed_type(used[name], new)) for name in order),
        tuple((f"h{place}", _renamed(formula, new)) for place, formula in enumerate(hypotheses, 1)),
        _renamed(goal, new),
        rng.random() < 0.5,
    )
    return sequent, new


def _kind(type_: str) -> int:
    if type_ == TYPE:
        return 0
    if type_ == PROP:
        return 1
    if "→" in type_:
        return 2 if type_.endswith(PROP) else 3
    return 4


def _renamed(formula: Node, new: Mapping[str, str]) -> Node:
    renamed = rename(formula, new)

    def retyped(node: Node) -> Node:
        return Node(node.head, tuple(map(retyped, node.args)), node.bound, _renamed_type(node.type, new))

    return retyped(renamed)


def _renamed_type(type_: str, new: Mapping[str, str]) -> str:
    return " ".join(new.get(word, word) for word in type_.split())


def _bound_names(node: Node) -> set[str]:
    return ({node.bound} if node.bound else set()).union(*map(_bound_names, node.args))


def _bound_types(formulas: Sequence[Node]) -> set[str]:
    found: set[str] = set()
    for node in formulas:
        found |= {node.type} if node.type else set()
        found |= _bound_types(node.args)
    return found
