"""Lean expressions as a DAG of small nodes, and the hash by which statements are compared.

Two readers produce these nodes: `lean_env.library.olean` (the library's files) and `lean_env.library.ndjson` (exported
proof terms). Nodes are compared by identity; a reader makes each shared subterm once, and everything here walks the DAG
without recursion, since real terms are thousands of nodes deep.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# ---- universe levels ----------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Zero:
    """Level 0: `Prop` is `Sort 0`."""


@dataclass(slots=True, eq=False)
class Succ:
    of: Level


@dataclass(slots=True, eq=False)
class Max:
    left: Level
    right: Level


@dataclass(slots=True, eq=False)
class IMax:
    left: Level
    right: Level


@dataclass(slots=True, eq=False)
class Param:
    """A universe variable of the declaration."""

    name: str


Level = Zero | Succ | Max | IMax | Param

# ---- expressions --------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Bound:
    """A bound variable by de Bruijn index: 0 is the innermost binder."""

    index: int


@dataclass(slots=True, eq=False)
class Sort:
    level: Level


@dataclass(slots=True, eq=False)
class Constant:
    name: str
    levels: tuple[Level, ...]


@dataclass(slots=True, eq=False)
class Apply:
    function: Expression
    argument: Expression


@dataclass(slots=True, eq=False)
class Lambda:
    """`binder_kind`: 0 explicit, 1 implicit, 2 strict implicit, 3 instance."""

    binder_name: str
    binder_kind: int
    domain: Expression
    body: Expression


@dataclass(slots=True, eq=False)
class ForAll:
    binder_name: str
    binder_kind: int
    domain: Expression
    body: Expression


@dataclass(slots=True, eq=False)
class Let:
    """`nondep`: it was a `have`, whose body does not depend on the value."""

    binder_name: str
    type: Expression
    value: Expression
    body: Expression
    nondep: bool = False


@dataclass(slots=True, eq=False)
class Literal:
    """A natural number or a string."""

    value: int | str


@dataclass(slots=True, eq=False)
class Projection:
    structure: str
    index: int
    of: Expression


@dataclass(slots=True, eq=False)
class Metadata:
    """An annotation of the elaborator around a term; it has no meaning to the kernel and none to the hash."""

    of: Expression


Expression = Bound | Sort | Constant | Apply | Lambda | ForAll | Let | Literal | Projection | Metadata


def children(node: Expression) -> tuple[Expression, ...]:
    """The direct subterms of a node, in reading order."""
    if isinstance(node, Apply):
        return (node.function, node.argument)
    if isinstance(node, ForAll | Lambda):
        return (node.domain, node.body)
    if isinstance(node, Let):
        return (node.type, node.value, node.body)
    if isinstance(node, Projection | Metadata):
        return (node.of,)
    return ()


def subterms(root: Expression) -> Iterator[Expression]:
    """Every distinct node below `root`, itself included, once each, parents first, left before right."""
    seen = {root}
    todo = [root]
    while todo:
        node = todo.pop()
        yield node
        for child in reversed(children(node)):
            if child not in seen:
                seen.add(child)
                todo.append(child)


def used_constants(root: Expression) -> set[str]:
    """The names of all constants in `root`, structures named only by a projection included."""
    names = set()
    for node in subterms(root):
        if isinstance(node, Constant):
            names.add(node.name)
        elif isinstance(node, Projection):
            names.add(node.structure)
    return names


def universe_order(root: Expression) -> tuple[str, ...]:
    """The universe variables of `root` in the order in which a left-to-right walk first meets them."""
    order: dict[str, None] = {}

    def visit(level: Level) -> None:
        if isinstance(level, Param):
            order[level.name] = None
        elif isinstance(level, Succ):
            visit(level.of)
        elif isinstance(level, Max | IMax):
            visit(level.left)
            visit(level.right)

    for node in subterms(root):
        if isinstance(node, Sort):
            visit(node.level)
        elif isinstance(node, Constant):
            for level in node.levels:
                visit(level)
    return tuple(order)


# ---- the canonical hash -------------------------------------------------------------------------------------------

_VERSION = b"lean-flywheel expression 1\n"


def _sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


class ExpressionHasher:
    """Hashes expressions that share nodes, each node once (once per list of universe names where it mentions any).

    The hash is a SHA-256 Merkle tree over the DAG unfolded: equal for equal terms however they are shared. It forgets
    metadata, binder names, binder kinds and whether a `let` was a `have`; universe variables count by their position
    in the declaration's list; everything else counts.
    """

    def __init__(self) -> None:
        self._names: dict[str, bytes] = {}
        #: Digests of nodes without universe variables, and of the others per list of universe names.
        self._monomorphic: dict[Expression, bytes] = {}
        self._polymorphic: dict[tuple[str, ...], dict[Expression, bytes]] = {}
        self._levels: dict[tuple[str, ...], dict[Level, tuple[bytes, bool]]] = {}

    def hash(self, root: Expression, level_params: Sequence[str]) -> str:
        """The 64 hex digits that identify `root` as the type or value of a declaration with these universe variables.

        Raises ValueError when `root` uses a universe variable that is not listed.
        """
        params = tuple(level_params)
        return _sha(_VERSION + b"%d\n" % len(params) + self._digest(root, params)).hex()

    def _name(self, name: str) -> bytes:
        digest = self._names.get(name)
        if digest is None:
            digest = self._names[name] = _sha(name.encode())
        return digest

    def _level(self, level: Level, params: tuple[str, ...]) -> tuple[bytes, bool]:
        """Digest of a level, and whether it mentions a universe variable."""
        memo = self._levels.setdefault(params, {})
        known = memo.get(level)
        if known is not None:
            return known
        if isinstance(level, Zero):
            known = (_sha(b"0"), False)
        elif isinstance(level, Succ):
            digest, open_ = self._level(level.of, params)
            known = (_sha(b"+" + digest), open_)
        elif isinstance(level, Param):
            if level.name not in params:
                raise ValueError(f"universe {level.name} is not among the declaration's {list(params)}")
            known = (_sha(b"u%d" % params.index(level.name)), True)
        else:
            left, left_open = self._level(level.left, params)
            right, right_open = self._level(level.right, params)
            known = (_sha((b"m" if isinstance(level, Max) else b"i") + left + right), left_open or right_open)
        memo[level] = known
        return known

    def _digest(self, root: Expression, params: tuple[str, ...]) -> bytes:
        closed = self._monomorphic
        opened = self._polymorphic.setdefault(params, {})
        stack: list[Expression] = [root]
        while stack:
            node = stack[-1]
            if node in closed or node in opened:
                stack.pop()
                continue
            below = children(node)
            waiting = [child for child in below if child not in closed and child not in opened]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            polymorphic = any(child in opened for child in below)
            if isinstance(node, Metadata):
                digest = opened[node.of] if polymorphic else closed[node.of]
            else:
                label, label_is_open = self._label(node, params)
                polymorphic = polymorphic or label_is_open
                parts = [opened[child] if child in opened else closed[child] for child in below]
                digest = _sha(label + b"".join(parts))
            (opened if polymorphic else closed)[node] = digest
        return opened[root] if root in opened else closed[root]

    def _label(self, node: Expression, params: tuple[str, ...]) -> tuple[bytes, bool]:
        """What a node adds to its children's digests, and whether it mentions a universe variable.

        It is a tag byte and data. The tag determines their length, or they end the message, so no two nodes give the
        same bytes."""
        if isinstance(node, Apply):
            return b"a", False
        if isinstance(node, Bound):
            return b"v%d" % node.index, False
        if isinstance(node, Constant):
            levels = [self._level(level, params) for level in node.levels]
            return b"c" + self._name(node.name) + b"".join(d for d, _ in levels), any(open_ for _, open_ in levels)
        if isinstance(node, ForAll):
            return b"p", False
        if isinstance(node, Lambda):
            return b"l", False
        if isinstance(node, Sort):
            digest, open_ = self._level(node.level, params)
            return b"s" + digest, open_
        if isinstance(node, Let):
            return b"t", False
        if isinstance(node, Projection):
            return b"j" + self._name(node.structure) + node.index.to_bytes(8, "big"), False
        if isinstance(node, Literal):
            return (b"n%d" % node.value if isinstance(node.value, int) else b"x" + node.value.encode()), False
        raise TypeError(f"not an expression to hash: {node!r}")


def expression_hash(root: Expression, level_params: Sequence[str]) -> str:
    """The canonical hash of one declaration's type or value; see `ExpressionHasher`."""
    return ExpressionHasher().hash(root, level_params)


def goal_hash(root: Expression) -> str:
    """The canonical hash with universes numbered by first use instead of by a declaration's list.

    For comparing goals (context reverted) with statements: a goal inside a proof may use only some of the universes
    of the theorem it belongs to.
    """
    return expression_hash(root, universe_order(root))
