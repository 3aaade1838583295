"""Printed equations over one binary operation as trees: reading, writing, matching, replacing at one place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from prover.actions.matching import usage

#: A variable by its name, or the operation with its two arguments.
Tree = str | tuple["Tree", "Tree"]

#: The operation's name in every statement.
OPERATION = "op"
_TOKEN = re.compile(r"\s*([^\W\d][\w.'!?]*|[()])")


@dataclass(frozen=True, slots=True)
class Known:
    """A law among the hypotheses: `∀ bound, left = right`; a name that is not bound is a term of the context."""

    name: str
    bound: tuple[str, ...]
    left: Tree
    right: Tree

    def side(self, backward: bool) -> tuple[Tree, Tree]:
        """What is replaced, and by what."""
        return (self.right, self.left) if backward else (self.left, self.right)


@lru_cache(maxsize=20_000)
def law_of(name: str, type_: str) -> Known | None:
    use = usage(type_)
    if use.antecedents or not use.left:
        return None
    left, right = parsed(use.left), parsed(use.right)
    return None if left is None or right is None else Known(name, use.bound, left, right)


def equation_of(conclusion: str) -> tuple[Tree, Tree] | None:
    if conclusion.startswith(("∀", "¬")):
        return None
    known = law_of("", conclusion)
    return None if known is None else (known.left, known.right)


@lru_cache(maxsize=50_000)
def parsed(text: str) -> Tree | None:
    """A printed term over the operation; None for anything else."""
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        tokens.append(found.group(1))
        at = found.end()
    try:
        term, rest = _application(tokens)
    except (IndexError, ValueError, RecursionError):
        return None
    return None if rest else term


def _application(tokens: list[str]) -> tuple[Tree, list[str]]:
    if tokens[0] != OPERATION:
        return _atom(tokens)
    left, rest = _atom(tokens[1:])
    right, rest = _atom(rest)
    return (left, right), rest


def _atom(tokens: list[str]) -> tuple[Tree, list[str]]:
    if tokens[0] == "(":
        term, rest = _application(tokens[1:])
        if rest[0] != ")":
            raise ValueError(rest[0])
        return term, rest[1:]
    if tokens[0] in (")", OPERATION):
        raise ValueError(tokens[0])
    return tokens[0], tokens[1:]


def written(term: Tree) -> str:
    return term if isinstance(term, str) else f"{OPERATION} {argument(term[0])} {argument(term[1])}"


def argument(term: Tree) -> str:
    return term if isinstance(term, str) else f"({written(term)})"


def applied(known: Known, values: Mapping[str, Tree]) -> str:
    return " ".join([known.name, *(argument(values[name]) for name in known.bound)])


def matched(pattern: Tree, term: Tree, bound: Sequence[str]) -> dict[str, Tree] | None:
    values: dict[str, Tree] = {}
    waiting = [(pattern, term)]
    while waiting:
        wanted, found = waiting.pop()
        if isinstance(wanted, str):
            if wanted in bound:
                if values.setdefault(wanted, found) != found:
                    return None
            elif wanted != found:
                return None
        elif isinstance(found, str):
            return None
        else:
            waiting += zip(wanted, found, strict=True)
    return values


def subterms(term: Tree) -> Iterator[Tree]:
    yield term
    if not isinstance(term, str):
        yield from subterms(term[0])
        yield from subterms(term[1])


def replaced(term: Tree, old: Tree, new: Tree, last: bool) -> Tree:
    """The first or the last occurrence, from the outside and the left, replaced."""
    count = sum(one == old for one in subterms(term))
    wanted, seen = (count - 1 if last else 0), -1

    def walk(one: Tree) -> Tree:
        nonlocal seen
        if one == old:
            seen += 1
            if seen == wanted:
                return new
        if isinstance(one, str):
            return one
        left = walk(one[0])
        return left, walk(one[1])

    return walk(term)


def put(term: Tree, path: Sequence[int], new: Tree) -> Tree:
    """What stands at the end of the path (0 left, 1 right) replaced."""
    if not path:
        return new
    assert not isinstance(term, str)
    left, right = term
    return (left, put(right, path[1:], new)) if path[0] else (put(left, path[1:], new), right)


def names_in(term: Tree) -> set[str]:
    return {one for one in subterms(term) if isinstance(one, str)}


def size_of(term: Tree) -> int:
    return sum(isinstance(one, str) for one in subterms(term))
