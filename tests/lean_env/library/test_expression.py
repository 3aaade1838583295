"""The canonical hash: what it forgets and what it must not."""

from collections.abc import Callable

import pytest

from lean_env.library.expression import (
    Apply,
    Bound,
    Constant,
    Expression,
    ForAll,
    IMax,
    Lambda,
    Let,
    Level,
    Literal,
    Max,
    Metadata,
    Param,
    Projection,
    Sort,
    Succ,
    Zero,
    expression_hash,
    goal_hash,
    subterms,
    universe_order,
    used_constants,
)


def statement(
    *,
    universe: str = "u",
    binder: str = "α",
    kind: int = 1,
    equality: str = "Eq",
    left: int = 0,
    level: Callable[[Level], Level] = Succ,
    wrap: Callable[[Expression], Expression] = lambda e: e,
) -> Expression:
    """`∀ {α : Type u} (a : α), a = a`, with one thing changed."""
    sort = Sort(level(Param(universe)))
    equation: Expression = Constant(equality, (Succ(Param(universe)),))
    for argument in (Bound(1), Bound(left), wrap(Bound(0))):
        equation = Apply(equation, argument)
    return ForAll(binder, kind, sort, ForAll("a", 0, Bound(0), equation))


PLAIN = expression_hash(statement(), ["u"])


def test_bound_names_binder_kinds_and_metadata_do_not_count() -> None:
    assert expression_hash(statement(binder="β"), ["u"]) == PLAIN
    assert expression_hash(statement(kind=0), ["u"]) == PLAIN
    assert expression_hash(statement(wrap=Metadata), ["u"]) == PLAIN
    assert expression_hash(Metadata(statement()), ["u"]) == PLAIN


def test_universes_count_by_position() -> None:
    assert expression_hash(statement(universe="w"), ["w"]) == PLAIN
    assert expression_hash(statement(), ["u", "v"]) != PLAIN
    assert expression_hash(statement(), ["v", "u"]) != expression_hash(statement(), ["u", "v"])


def test_an_undeclared_universe_is_an_error() -> None:
    with pytest.raises(ValueError, match="universe u"):
        expression_hash(statement(), ["v"])


def test_real_changes_count() -> None:
    changed = [
        statement(equality="HEq"),
        statement(left=1),
        statement(level=lambda u: u),
        statement(level=lambda u: Succ(Succ(u))),
    ]
    assert len({PLAIN, *(expression_hash(e, ["u"]) for e in changed)}) == 1 + len(changed)


def test_every_kind_of_node_is_told_apart() -> None:
    a, b = Bound(0), Constant("c", ())
    nodes: list[Expression] = [
        a,
        b,
        Bound(1),
        Constant("d", ()),
        Constant("c", (Zero(),)),
        Constant("c", (Zero(), Zero())),
        Apply(a, b),
        Apply(b, a),
        Lambda("x", 0, a, b),
        ForAll("x", 0, a, b),
        Let("x", a, b, a),
        Let("x", b, a, a),
        Let("x", a, a, b),
        Literal(0),
        Literal(10),
        Literal("0"),
        Literal("10"),
        Literal(""),
        Projection("c", 0, a),
        Projection("c", 1, a),
        Projection("d", 0, a),
        Sort(Zero()),
        Sort(Succ(Zero())),
        Sort(Max(Zero(), Succ(Zero()))),
        Sort(IMax(Zero(), Succ(Zero()))),
        Sort(Max(Succ(Zero()), Zero())),
    ]
    assert len({expression_hash(node, []) for node in nodes}) == len(nodes)


def test_sharing_does_not_count_and_deep_shared_terms_are_walked_once() -> None:
    shared: Expression = Constant("f", (Param("u"),))
    for _ in range(5_000):  # 2^5000 nodes when unfolded, deeper than Python's stack
        shared = Apply(shared, shared)
    assert len(list(subterms(shared))) == 5_001
    assert len(expression_hash(shared, ["u"])) == 64
    leaf = Constant("f", ())
    assert expression_hash(Apply(leaf, leaf), []) == expression_hash(Apply(Constant("f", ()), Constant("f", ())), [])


def test_goal_hash_numbers_universes_by_first_use() -> None:
    goal = statement(universe="v")
    assert universe_order(goal) == ("v",)
    assert goal_hash(goal) == PLAIN
    assert used_constants(goal) == {"Eq"}


def test_projections_name_their_structure() -> None:
    assert used_constants(Projection("Prod", 0, Bound(0))) == {"Prod"}
