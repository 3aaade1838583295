"""Exact comparison of two expressions, node by node: the second opinion on what the canonical hash says.

It knows nothing of hashing and keeps no table over names. Two terms are the same when their nodes are, up to metadata,
binder names and binder kinds. Universe variables count by position, not by name.
"""

from __future__ import annotations

from collections.abc import Sequence

from lean_env.library.expression import (
    Bound,
    Constant,
    Expression,
    IMax,
    Level,
    Literal,
    Max,
    Metadata,
    Param,
    Projection,
    Sort,
    Succ,
    children,
)


def same_expression(
    left: Expression, left_params: Sequence[str], right: Expression, right_params: Sequence[str]
) -> bool:
    """Whether both are the same type or value of declarations with these universe variables.

    Time is linear in the number of distinct pairs of nodes that meet. For equal terms that is the size of the larger
    one, so call it after the hashes agreed.
    """
    if len(left_params) != len(right_params):
        return False
    positions = ({name: i for i, name in enumerate(params)} for params in (left_params, right_params))
    left_positions, right_positions = positions
    seen: set[tuple[Expression, Expression]] = set()
    todo = [(left, right)]
    while todo:
        a, b = (_without_metadata(node) for node in todo.pop())
        if (a, b) in seen:
            continue
        seen.add((a, b))
        if type(a) is not type(b):
            return False
        if isinstance(a, Bound) and isinstance(b, Bound):
            same = a.index == b.index
        elif isinstance(a, Literal) and isinstance(b, Literal):
            same = type(a.value) is type(b.value) and a.value == b.value
        elif isinstance(a, Sort) and isinstance(b, Sort):
            same = _same_level(a.level, left_positions, b.level, right_positions)
        elif isinstance(a, Constant) and isinstance(b, Constant):
            same = (
                a.name == b.name
                and len(a.levels) == len(b.levels)
                and all(
                    _same_level(x, left_positions, y, right_positions) for x, y in zip(a.levels, b.levels, strict=True)
                )
            )
        elif isinstance(a, Projection) and isinstance(b, Projection):
            same = a.structure == b.structure and a.index == b.index
        else:
            same = True  # applications, binders and lets are no more than their subterms
        if not same:
            return False
        todo.extend(zip(children(a), children(b), strict=True))
    return True


def _without_metadata(node: Expression) -> Expression:
    while isinstance(node, Metadata):
        node = node.of
    return node


def _same_level(a: Level, a_positions: dict[str, int], b: Level, b_positions: dict[str, int]) -> bool:
    if isinstance(a, Param) and isinstance(b, Param):
        # A variable that is not declared has no position and equals nothing.
        position = a_positions.get(a.name)
        return position is not None and position == b_positions.get(b.name)
    if isinstance(a, Succ) and isinstance(b, Succ):
        return _same_level(a.of, a_positions, b.of, b_positions)
    if (isinstance(a, Max) and isinstance(b, Max)) or (isinstance(a, IMax) and isinstance(b, IMax)):
        return _same_level(a.left, a_positions, b.left, b_positions) and _same_level(
            a.right, a_positions, b.right, b_positions
        )
    return type(a) is type(b) and not isinstance(a, Param | Succ | Max | IMax)
