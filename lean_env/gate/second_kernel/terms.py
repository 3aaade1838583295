"""From the expressions that our readers make to values of the native Lean."""

from __future__ import annotations

from collections.abc import Iterable

from lean_env.gate.second_kernel.ffi import NativeLean, Value, box
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
    Projection,
    Sort,
    Succ,
    Zero,
    children,
)
from lean_env.library.ndjson_writer import name_components


class NativeTerms:
    """Makes each name once, and each level and expression node once until `forget`."""

    def __init__(self, native: NativeLean) -> None:
        self._native = native
        self._names: dict[tuple[str | int, ...], Value] = {(): box(0)}
        self._by_text: dict[str, Value] = {}
        self._levels: dict[Level, Value] = {}
        self._expressions: dict[Expression, Value] = {}

    def forget(self) -> None:
        """Drops what is known of levels and expressions, and so lets go of the nodes they were made from."""
        self._levels.clear()
        self._expressions.clear()

    def name(self, text: str) -> Value:
        known = self._by_text.get(text)
        if known is None:
            known = self._by_text[text] = self._name(tuple(name_components(text)))
        return known

    def names(self, texts: Iterable[str]) -> list[Value]:
        return [self.name(text) for text in texts]

    def _name(self, components: tuple[str | int, ...]) -> Value:
        known = self._names.get(components)
        if known is None:
            known = self._native.child_name(self._name(components[:-1]), components[-1])
            self._names[components] = known
        return known

    def level(self, level: Level) -> Value:
        known = self._levels.get(level)
        if known is None:
            native = self._native
            if isinstance(level, Zero):
                known = native.level_zero
            elif isinstance(level, Succ):
                known = native.succ(self.level(level.of))
            elif isinstance(level, Max | IMax):
                make = native.max if isinstance(level, Max) else native.imax
                known = make(self.level(level.left), self.level(level.right))
            else:
                known = native.param(self.name(level.name))
            self._levels[level] = known
        return known

    def expression(self, root: Expression) -> Value:
        """Without metadata and binder names, which have no meaning to a kernel."""
        made = self._expressions
        stack = [root]
        while stack:
            node = stack[-1]
            if node in made:
                stack.pop()
                continue
            waiting = [child for child in children(node) if child not in made]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            made[node] = self._node(node)
        return made[root]

    def _node(self, node: Expression) -> Value:
        native, made = self._native, self._expressions
        if isinstance(node, Apply):
            return native.apply(made[node.function], made[node.argument])
        if isinstance(node, Bound):
            return native.bound(node.index)
        if isinstance(node, Constant):
            return native.constant(self.name(node.name), [self.level(level) for level in node.levels])
        if isinstance(node, Lambda):
            return native.lambda_(made[node.domain], made[node.body])
        if isinstance(node, ForAll):
            return native.for_all(made[node.domain], made[node.body])
        if isinstance(node, Sort):
            return native.sort(self.level(node.level))
        if isinstance(node, Let):
            return native.let(made[node.type], made[node.value], made[node.body], node.nondep)
        if isinstance(node, Projection):
            return native.projection(self.name(node.structure), node.index, made[node.of])
        if isinstance(node, Literal):
            return native.literal(node.value)
        assert isinstance(node, Metadata)
        return made[node.of]
