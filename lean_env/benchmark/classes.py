"""Statements up to renaming of types: the *class* by which near-copies are recognised.

Lean's library repeats whole modules for similar types (`UInt8`, `UInt16`, ...; `List`, `Array`, `Vector`). Two
statements have the same class when they read the same after these changes:

- Implicit and instance arguments of constants are dropped: `Vector.map {n} f v` reads like `Array.map f v`.
- Proofs given as arguments become one symbol. Metadata is dropped.
- Instance binders are dropped. So are implicit binders of types, and those that nothing mentions any more.
- The order of binders and hypotheses does not count: the conclusion is read first, then what its variables are.
- Types of one group in `TYPE_GROUPS` are numbered by first occurrence, also inside names: `Array.toList` and
  `Vector.toArray` read alike. Such a type keeps its first argument only, so a vector's length does not count.
- Types of a theorem's own header, with their constructors, are numbered by first occurrence.
- Numerals above 2 are numbered by first occurrence: 8, 16 and `2 ^ 8` are what tells integer widths apart.

It errs on the side of merging. A merged pair costs one theorem of the benchmark, a missed one is a leak.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence

from lean_env.library.expression import (
    Apply,
    Bound,
    Constant,
    Expression,
    ForAll,
    Lambda,
    Let,
    Literal,
    Metadata,
    Projection,
    Sort,
)

#: Types that the library treats as copies of each other. Measured over the named theorems of Init, as the share of the
#: smaller type's statements that reappear under the larger one's name: 12-16 % for machine integers against Nat and
#: Int, 19-23 % among Nat, Int and Rat, 23 % for String and its Slice, over 30 % inside the other groups. Those left out
#: have 5 % (BitVec against Fin) and 1 % (Option against sequences).
TYPE_GROUPS: Mapping[str, tuple[str, ...]] = {
    "number": (
        *("UInt8", "UInt16", "UInt32", "UInt64", "USize", "Int8", "Int16", "Int32", "Int64", "ISize"),
        *("Nat", "Int", "Rat", "Dyadic"),
    ),
    "sequence": ("List", "Array", "Vector"),
    "text": ("String", "Slice"),
    "range": ("Rcc", "Rco", "Rci", "Roc", "Roo", "Roi", "Ric", "Rio", "Rii"),
}
_GROUP_OF = {name: group for group, names in TYPE_GROUPS.items() for name in names}
# Longest first, so that UInt16 is not read as Int16; not inside a longer word (`ListM`, `Float64`).
_TYPE_WORD = re.compile(
    "(" + "|".join(sorted(_GROUP_OF, key=lambda name: (-len(name), name))) + r")(?![a-z0-9])", re.ASCII
)

#: A machine integer's width where it is not a numeral.
_WIDTH_CONSTANT = "System.Platform.numBits"

#: One notion under two names.
_SYNONYMS = {"List.length": "List.size"}

_EXPLICIT, _INSTANCE = 0, 3

Token = str | tuple[str, object]


class ClassFunction:
    """Computes classes. `signatures` maps a constant to the binder kinds of its type's telescope (0 explicit);
    `proofs` are the names of all theorems; `own`: how the constants of a theorem's header read."""

    def __init__(
        self,
        signatures: Mapping[str, Collection[int]],
        proofs: Collection[str],
        own: Mapping[str, Sequence[Token]] | None = None,
    ) -> None:
        self._signatures = signatures
        self._proofs = proofs
        self._own = own or {}

    def of(self, statement: Expression) -> str:
        """The class of a closed statement: 32 hex digits."""
        return hashlib.sha256(self.text(statement).encode()).hexdigest()[:32]

    def text(self, statement: Expression) -> str:
        """What the class is the hash of, for people who wonder why two statements were merged."""
        binders: tuple[object, ...] = ()
        domains: dict[object, list[Token]] = {}
        implicit: list[object] = []
        while isinstance(statement, ForAll | Metadata):
            if isinstance(statement, Metadata):
                statement = statement.of
                continue
            variable = object()
            if not _is_dropped(statement):
                domains[variable] = self._tokens(statement.domain, binders)
                if statement.binder_kind != _EXPLICIT:
                    implicit.append(variable)
            binders = (*binders, variable)
            statement = statement.body
        conclusion = self._tokens(statement, binders)
        mentioned = {
            token[1] for tokens in (conclusion, *domains.values()) for token in tokens if not isinstance(token, str)
        }
        for variable in implicit:
            if variable not in mentioned:
                del domains[variable]
        return " ".join(numbered(in_order_of_use(conclusion, domains)))

    def _tokens(self, node: Expression, binders: tuple[object, ...]) -> list[Token]:
        """The statement in prefix order. `binders` are the identities of the enclosing binders, innermost last."""
        if isinstance(node, Metadata):
            return self._tokens(node.of, binders)
        if isinstance(node, Bound):
            return [("variable", binders[-1 - node.index])]
        if isinstance(node, Apply | Constant):
            return self._application(node, binders)
        if isinstance(node, ForAll | Lambda):
            return self._binder(node, binders)
        if isinstance(node, Let):
            variable = object()
            parts = self._tokens(node.type, binders) + self._tokens(node.value, binders)
            return ["let", *parts, *self._tokens(node.body, (*binders, variable))]
        if isinstance(node, Literal):
            return [_literal(node.value)]
        if isinstance(node, Projection):
            structure = self._own.get(node.structure) or _name(node.structure)
            return ["projection", *structure, str(node.index), *self._tokens(node.of, binders)]
        if isinstance(node, Sort):
            return ["sort"]
        raise TypeError(f"not an expression: {node!r}")

    def _binder(self, node: ForAll | Lambda, binders: tuple[object, ...]) -> list[Token]:
        variable = object()
        body = self._tokens(node.body, (*binders, variable))
        if isinstance(node, ForAll) and _is_dropped(node):
            return body
        word = "forall" if isinstance(node, ForAll) else "fun"
        return [word, ("variable", variable), *self._tokens(node.domain, binders), *body]

    def _application(self, node: Apply | Constant, binders: tuple[object, ...]) -> list[Token]:
        arguments: list[Expression] = []
        head: Expression = node
        while isinstance(head, Apply | Metadata):
            if isinstance(head, Apply):
                arguments.append(head.argument)
                head = head.function
            else:
                head = head.of
        arguments.reverse()
        if not isinstance(head, Constant):
            tokens = self._tokens(head, binders)
            return ["(", *tokens, *(t for a in arguments for t in self._tokens(a, binders)), ")"]
        if head.name in self._proofs:
            return ["proof"]
        if head.name == "OfNat.ofNat" and len(arguments) >= 2 and isinstance(arguments[1], Literal):
            return [_literal(arguments[1].value)]
        if head.name == _WIDTH_CONSTANT:
            return [("numeral", _WIDTH_CONSTANT)]
        if head.name.rpartition(".")[2] in _GROUP_OF:
            kept = arguments[:1]
        else:
            kinds = tuple(self._signatures.get(head.name, ()))
            kept = [a for i, a in enumerate(arguments) if i >= len(kinds) or kinds[i] == _EXPLICIT]
            if head.name == "GetElem.getElem":
                kept = kept[:2]  # the third says that the index is in range
        tokens = [t for a in kept for t in self._tokens(a, binders)]
        words = list(self._own.get(head.name) or _name(_SYNONYMS.get(head.name, head.name)))
        return ["(", *words, *tokens, ")"] if kept else words


def _is_dropped(binder: ForAll) -> bool:
    return binder.binder_kind == _INSTANCE or (binder.binder_kind != _EXPLICIT and isinstance(binder.domain, Sort))


def in_order_of_use(conclusion: list[Token], domains: dict[object, list[Token]]) -> list[Token]:
    """The conclusion, then each variable with its domain in the order in which variables come up.

    Last come the hypotheses and variables that nothing mentioned, ordered by what they say of the variables known so
    far."""
    tokens = list(conclusion)
    waiting = dict(domains)
    position = 0
    while True:
        while position < len(tokens):
            token = tokens[position]
            position += 1
            if isinstance(token, tuple) and token[1] in waiting:
                tokens += ["where", token, *waiting.pop(token[1])]
        if not waiting:
            return tokens
        known = {token for token in tokens if not isinstance(token, str)}
        following = min(waiting, key=lambda variable: _sketch(waiting[variable], tokens, known))
        tokens += ["given", *waiting.pop(following)]


def _sketch(domain: list[Token], before: list[Token], known: set[tuple[str, object]]) -> list[str]:
    """`domain` as it reads after `before`, with a blank for each thing that has no number yet."""
    visible: list[Token] = [t if isinstance(t, str) or t in known else f"{t[0]} ?" for t in domain]
    return numbered([*before, *visible])[len(before) :]


def _literal(value: int | str) -> Token:
    return ("numeral", value) if isinstance(value, int) and value > 2 else f"literal:{value!r}"


def _name(name: str) -> list[Token]:
    """A constant's name in pieces: text, and types of a group as things to be numbered."""
    tokens: list[Token] = []
    for i, piece in enumerate(_TYPE_WORD.split(name.replace("String.Slice", "Slice"))):
        if i % 2:
            tokens.append((_GROUP_OF[piece], piece))
        elif piece:
            tokens.append(piece)
    return tokens


def numbered(tokens: list[Token]) -> list[str]:
    numbers: dict[tuple[str, object], int] = {}
    counts: dict[str, int] = {}
    words = []
    for token in tokens:
        if isinstance(token, str):
            words.append(token)
            continue
        if token not in numbers:
            numbers[token] = counts.get(token[0], 0)
            counts[token[0]] = numbers[token] + 1
        words.append(f"{token[0]}#{numbers[token]}")
    return words
