"""Proof terms changed in one place after another. Some changes keep what the term proves, so that mutants are accepted;
most break it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import fields, replace

from lean_env.library.expression import Apply, Bound, Constant, Expression, Lambda, Let, Literal, subterms
from lean_env.library.ndjson import ExportedDeclaration

NAT = Constant("Nat", ())


def mutate_terms(proof: Sequence[ExportedDeclaration], rng: random.Random, times: int) -> list[ExportedDeclaration]:
    """`times` changes in the values of an export's declarations, the target's (the last one's) most often."""
    changed = list(proof)
    for _ in range(times):
        at = rng.choice([-1, -1, rng.randrange(len(changed))])
        change = rng.choice(KEEPING if rng.random() < 0.6 else BREAKING)
        changed[at] = replace(changed[at], value=change(changed[at], changed, rng))
    return changed


def _beta(declaration: ExportedDeclaration, _: Sequence[ExportedDeclaration], rng: random.Random) -> Expression:
    """`(fun h : T => h) value`"""
    return Apply(Lambda("h", 0, declaration.type, Bound(0)), _value(declaration))


def _let(declaration: ExportedDeclaration, _: Sequence[ExportedDeclaration], rng: random.Random) -> Expression:
    """`let h : T := value; h`"""
    return Let("h", declaration.type, _value(declaration), Bound(0))


def _unfold(declaration: ExportedDeclaration, proof: Sequence[ExportedDeclaration], rng: random.Random) -> Expression:
    """An auxiliary constant by its value."""
    values = {other.name: _value(other) for other in proof if other is not declaration and not other.level_params}
    return _somewhere(declaration, rng, lambda node: values.get(node.name) if isinstance(node, Constant) else None)


def _respell(declaration: ExportedDeclaration, _: Sequence[ExportedDeclaration], rng: random.Random) -> Expression:
    """A numeral by what the kernel takes for the same."""

    def same(node: Expression) -> Expression | None:
        if not isinstance(node, Literal) or not isinstance(node.value, int):
            return None
        spellings: list[Expression] = [
            Apply(Lambda("x", 0, NAT, Bound(0)), Literal(node.value)),
            Apply(Apply(Constant("Nat.add", ()), Literal(node.value)), Literal(0)),
        ]
        if node.value:
            spellings.append(Apply(Constant("Nat.succ", ()), Literal(node.value - 1)))
        return rng.choice(spellings)

    return _somewhere(declaration, rng, same)


def _swap(declaration: ExportedDeclaration, _: Sequence[ExportedDeclaration], rng: random.Random) -> Expression:
    """Function and argument."""
    return _somewhere(
        declaration, rng, lambda node: Apply(node.argument, node.function) if isinstance(node, Apply) else None
    )


def _other_subterm(
    declaration: ExportedDeclaration, _: Sequence[ExportedDeclaration], rng: random.Random
) -> Expression:
    """One subterm in another's place."""
    others = list(subterms(_value(declaration)))
    return _somewhere(declaration, rng, lambda node: rng.choice(others))


def _other_constant(
    declaration: ExportedDeclaration, proof: Sequence[ExportedDeclaration], rng: random.Random
) -> Expression:
    names = [node.name for node in subterms(_value(declaration)) if isinstance(node, Constant)]
    names += [other.name for other in proof]
    return _somewhere(
        declaration, rng, lambda node: Constant(rng.choice(names), node.levels) if isinstance(node, Constant) else None
    )


def _other_number(declaration: ExportedDeclaration, _: Sequence[ExportedDeclaration], rng: random.Random) -> Expression:
    """A literal or a variable that is off by one."""

    def off(node: Expression) -> Expression | None:
        if isinstance(node, Literal) and isinstance(node.value, int):
            return Literal(node.value + 1)
        return Bound(max(0, node.index + rng.choice([-1, 1]))) if isinstance(node, Bound) else None

    return _somewhere(declaration, rng, off)


KEEPING = (_beta, _let, _unfold, _respell)
BREAKING = (_swap, _other_subterm, _other_constant, _other_number)


def _value(declaration: ExportedDeclaration) -> Expression:
    assert declaration.value is not None
    return declaration.value


def _somewhere(
    declaration: ExportedDeclaration, rng: random.Random, new: Callable[[Expression], Expression | None]
) -> Expression:
    """The value with one node of it, of those that `new` has something for, replaced wherever it stands."""
    root = _value(declaration)
    candidates = [(node, other) for node in subterms(root) if (other := new(node)) is not None]
    if not candidates:
        return root
    old, other = rng.choice(candidates)
    known: dict[Expression, Expression] = {old: other}

    def rebuilt(node: Expression) -> Expression:
        if node not in known:
            parts = {f.name: getattr(node, f.name) for f in fields(node)}
            below = {name: rebuilt(part) for name, part in parts.items() if isinstance(part, Expression)}
            known[node] = replace(node, **below) if below else node
        return known[node]

    return rebuilt(root)
