"""A theorem's header as the gate sees it: declarations in order, each resting on the library and on those above it.

What a header declares is what its author wrote, and nobody judges it: a false `Add` instance is certified as such. What
is held here is that it declares what it seems to: names of its own, no axioms in what is used (the gate), types and
constructors that both kernels take, recursors as they derive them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lean_env.library.expression import (
    Constant,
    Expression,
    ExpressionHasher,
    Literal,
    Projection,
    subterms,
    universe_order,
)
from lean_env.library.header_ndjson import read_header
from lean_env.library.inductive import Declared, InductiveGroup, names_of, roots_of
from lean_env.library.ndjson import NdjsonError
from lean_env.library.olean import Kind

#: Bound on all nodes met when each declaration is walked by itself; an honest header of 65 declarations has 20,000.
MAX_VISITED_NODES = 4_000_000

#: The first component of our own names.
OURS = "flywheel"

#: The type that the kernel gives a literal without the term naming it.
_TYPE_OF_NUMBERS = "Nat"
_TYPE_OF_STRINGS = "String"


class ContentHasher(ExpressionHasher):
    """Lets the constants of `contents` count by their content instead of their name."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        super().__init__()
        self.contents = contents

    def _name(self, name: str) -> bytes:
        return self.contents.get(name) or super()._name(name)


@dataclass(frozen=True, slots=True)
class HeaderTerm:
    """`home`: which declaration brings a constant.
    `contents`: what each constant counts for in hashes. `digest`: SHA-256 of the text it was read from, "" for none."""

    declarations: tuple[Declared, ...] = ()
    home: dict[str, int] = field(default_factory=dict)
    needs: tuple[frozenset[str], ...] = ()
    contents: dict[str, bytes] = field(default_factory=dict)
    digest: str = ""

    @classmethod
    def read(cls, ndjson: str) -> HeaderTerm:
        """Raises NdjsonError, also where a declaration mentions itself or one that stands below it."""
        declarations = tuple(read_header(ndjson))
        home: dict[str, int] = {}
        needs: list[frozenset[str]] = []
        contents: dict[str, bytes] = {}
        budget = MAX_VISITED_NODES
        later = {name for declared in declarations for name in names_of(declared)}
        for position, declared in enumerate(declarations):
            names, visited = mentioned(roots_of(declared))
            budget -= visited
            if budget < 0:
                raise NdjsonError(f"the header unfolds to more than {MAX_VISITED_NODES:,} nodes")
            own = {one.name for one in declared.types} if isinstance(declared, InductiveGroup) else set()
            if below := (names & later) - own:
                raise NdjsonError(f"{names_of(declared)[0]} mentions {min(below)}, which is not declared above it")
            digest = _content(declared, contents)
            for index, name in enumerate(names_of(declared)):
                home[name] = position
                contents[name] = hashlib.sha256(digest + b"%d" % index).digest()
            later -= home.keys()
            needs.append(frozenset(names - own))
        digest_of_all = hashlib.sha256(ndjson.encode()).hexdigest()
        return cls(declarations, home, tuple(needs), contents, digest_of_all)

    def closure(self, names: Iterable[str]) -> tuple[Declared, ...]:
        """The declarations that these constants rest on, in order."""
        wanted: set[int] = set()
        todo = [self.home[name] for name in names if name in self.home]
        while todo:
            position = todo.pop()
            if position not in wanted:
                wanted.add(position)
                todo += [self.home[name] for name in self.needs[position] if name in self.home]
        return tuple(self.declarations[position] for position in sorted(wanted))

    def needed_by(self, declarations: Sequence[Declared]) -> frozenset[str]:
        """The constants outside the header that these of its declarations mention."""
        needs = (self.needs[self.home[names_of(declared)[0]]] for declared in declarations)
        return frozenset().union(*needs) - self.home.keys()

    def statement_hash(self, type_: Expression, level_params: Sequence[str]) -> str:
        """The canonical hash of a statement under this header: definitions count by what they unfold to, theorems by
        what they say; inductive types and opaques by their name, too, or `E1 = E2` would read like `E1 = E1`.

        So another body is another statement, and a renamed definition is the same. Without a header it is
        `expression_hash`."""
        return ContentHasher(self.contents).hash(type_, level_params)

    def goal_hash(self, goal: Expression) -> str:
        """The same for a goal with its context reverted, universes numbered by first use. Without a header it is
        `lean_env.library.expression.goal_hash`."""
        return self.statement_hash(goal, universe_order(goal))


NO_HEADER = HeaderTerm()


def neutral_names(declarations: Sequence[Declared]) -> dict[str, str]:
    """New names for a header's constants: none of them is known to a kernel. Recursors go by their type's name,
    as a kernel names them."""
    renamed = {}
    for position, declared in enumerate(declarations):
        if not isinstance(declared, InductiveGroup):
            renamed[declared.name] = f"{OURS}.header.{position}"
            continue
        types = tuple(f"{OURS}.header.{position}.type_{i}" for i in range(len(declared.types)))
        constructors = tuple(
            f"{types[i]}.constructor_{k}" for i, one in enumerate(declared.types) for k in range(len(one.constructors))
        )
        new = (*types, *constructors, *declared.recursors(types))
        renamed |= dict(zip(declared.names, new, strict=True))
    return renamed


def mentioned(roots: Iterable[Expression]) -> tuple[set[str], int]:
    """All constants that these expressions name or imply, and how many nodes were visited."""
    names: set[str] = set()
    visited = 0
    for root in roots:
        for node in subterms(root):
            visited += 1
            if isinstance(node, Constant):
                names.add(node.name)
            elif isinstance(node, Projection):
                names.add(node.structure)
            elif isinstance(node, Literal):
                names.add(_TYPE_OF_NUMBERS if isinstance(node.value, int) else _TYPE_OF_STRINGS)
    return names, visited


def _content(declared: Declared, contents: dict[str, bytes]) -> bytes:
    """What a declaration counts for, by what those above it do. Its own types, not yet among them, count by name."""
    hasher = ContentHasher(contents)  # a fresh one: what it remembers of a node holds until there are more contents
    params = declared.level_params
    if isinstance(declared, InductiveGroup):
        lines = [f"inductive {declared.parameters}"]
        for one in declared.types:
            lines.append(f"{one.name} {hasher.hash(one.type, params)}")
            lines += [f"| {each.name} {hasher.hash(each.type, params)}" for each in one.constructors]
        return hashlib.sha256("\n".join(lines).encode()).digest()
    line = f"{declared.kind} {hasher.hash(declared.type, params)}"
    if declared.kind is not Kind.THEOREM:
        line += f" {hasher.hash(declared.value, params)}"
    if declared.kind is Kind.OPAQUE:
        line += f" {declared.name}"
    return hashlib.sha256(line.encode()).digest()
