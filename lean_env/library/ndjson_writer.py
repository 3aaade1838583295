"""Writes expressions and declarations as lean4export NDJSON, version 3.1.

A deciding kernel gets this writer's spelling of what `lean_env.library.ndjson` read and the gate checked. It never gets
the file that a worker sent, so no difference between two readers of the same bytes can matter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

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
from lean_env.library.inductive import Declared, InductiveGroup
from lean_env.library.ndjson import BINDER_KINDS, ExportedDeclaration
from lean_env.library.olean import Kind

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_NAME_PART = re.compile(r"(?:«((?:[^»]|»»)*)»|([^.«»]+))(?:\.|\Z)")


def write_declarations(
    declarations: Iterable[Declared], renamed: Mapping[str, str] | None = None, *, binders: bool = False
) -> str:
    """A file that `read_declarations` reads back (`read_header` with groups), with the constants of `renamed`
    under their new names.

    Metadata and binder names are left out, since a kernel does not look at them. Whether a `let` was a `have` stays:
    Lean's own comparison of a statement with the library's copy sees it. `binders`: names and kinds of binders stay,
    for declarations that tactics use.
    """
    writer = _Writer(renamed or {}, {}, binders)
    for declaration in declarations:
        if isinstance(declaration, InductiveGroup):
            writer.inductive(declaration)
        else:
            writer.declaration(declaration)
    return writer.text()


def write_expression(
    root: Expression,
    renamed_universes: Mapping[str, str] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> str:
    """A file that `read_expression` reads back, with universe variables and constants under their new names where they
    have any."""
    writer = _Writer(renamed or {}, renamed_universes or {})
    writer.expression(root)
    return writer.text()


class _Writer:
    """Writes each name, level and expression node once, before its first use."""

    def __init__(self, renamed: Mapping[str, str], renamed_universes: Mapping[str, str], binders: bool = False) -> None:
        self._renamed = renamed
        self._binders = binders
        self._renamed_universes = renamed_universes
        self._names: dict[tuple[str | int, ...], int] = {(): 0}
        self._levels: dict[Level, int] = {}
        self._level_lines: dict[str, int] = {}
        self._expressions: dict[Expression, int] = {}
        self._next_expression = 0
        self._lines: list[str] = []
        self._put(
            meta={
                "exporter": {"name": "lean-flywheel", "version": "1"},
                "lean": {"githash": "", "version": "4.28.0-pre"},
                "format": {"version": "3.1.0"},
            }
        )

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"

    def declaration(self, it: ExportedDeclaration) -> None:
        name = self._constant(it.name)
        common: dict[str, Any] = {
            "name": name,
            "levelParams": [self._name(param) for param in it.level_params],
            "type": self.expression(it.type),
            "value": self.expression(it.value),
        }
        if it.kind is Kind.THEOREM:
            self._put(thm={**common, "all": [name]})
        elif it.kind is Kind.DEFINITION:
            hints = {"regular": it.hints} if isinstance(it.hints, int) else it.hints
            self._put(**{"def": {**common, "hints": hints, "safety": "safe", "all": [name]}})
        else:
            self._put(opaque={**common, "isUnsafe": False, "all": [name]})

    def inductive(self, it: InductiveGroup) -> None:
        """What only a kernel can count is written as 0 or false; nobody reads it."""
        levels = [self._name(param) for param in it.level_params]
        common: dict[str, Any] = {"levelParams": levels, "numParams": it.parameters, "isUnsafe": False}
        types: list[dict[str, Any]] = []
        constructors: list[dict[str, Any]] = []
        group = [self._constant(one.name) for one in it.types]
        for one, name in zip(it.types, group, strict=True):
            own = []
            for position, constructor in enumerate(one.constructors):
                own.append(self._constant(constructor.name))
                content: dict[str, Any] = {
                    "name": own[-1],
                    "type": self.expression(constructor.type),
                    "induct": name,
                    "cidx": position,
                }
                constructors.append({**common, **content, "numFields": 0})
            content = {"name": name, "type": self.expression(one.type), "all": group, "ctors": own}
            counts = {"numIndices": 0, "numNested": it.nested, "isRec": False, "isReflexive": False}
            types.append({**common, **content, **counts})
        self._put(inductive={"types": types, "ctors": constructors, "recs": []})

    def expression(self, root: Expression) -> int:
        known = self._expressions
        stack = [root]
        while stack:
            node = stack[-1]
            if node in known:
                stack.pop()
                continue
            waiting = [child for child in children(node) if child not in known]
            if waiting:
                stack.extend(waiting)
                continue
            stack.pop()
            if isinstance(node, Metadata):
                known[node] = known[node.of]
            else:
                content = self._content(node)  # its names and levels get their lines first
                self._put(**content, ie=self._next_expression)
                known[node] = self._next_expression
                self._next_expression += 1
        return known[root]

    def _content(self, node: Expression) -> dict[str, Any]:
        at = self._expressions
        if isinstance(node, Apply):
            return {"app": {"fn": at[node.function], "arg": at[node.argument]}}
        if isinstance(node, Bound):
            return {"bvar": node.index}
        if isinstance(node, Constant):
            return {"const": {"name": self._constant(node.name), "us": [self._level(level) for level in node.levels]}}
        if isinstance(node, Lambda | ForAll):
            name, info = (
                (self._name(node.binder_name), BINDER_KINDS[node.binder_kind]) if self._binders else (0, "default")
            )
            binder = {"name": name, "type": at[node.domain], "body": at[node.body], "binderInfo": info}
            return {"lam" if isinstance(node, Lambda) else "forallE": binder}
        if isinstance(node, Sort):
            return {"sort": self._level(node.level)}
        if isinstance(node, Let):
            parts = {"type": at[node.type], "value": at[node.value], "body": at[node.body]}
            return {"letE": {"name": 0, **parts, "nondep": node.nondep}}
        if isinstance(node, Projection):
            return {"proj": {"typeName": self._constant(node.structure), "idx": node.index, "struct": at[node.of]}}
        if isinstance(node, Literal):
            return {"natVal": str(node.value)} if isinstance(node.value, int) else {"strVal": node.value}
        raise TypeError(f"metadata has no line of its own: {node!r}")

    def _constant(self, name: str) -> int:
        return self._name(self._renamed.get(name, name))

    def _name(self, name: str) -> int:
        index = 0
        components = tuple(name_components(name))
        for length in range(1, len(components) + 1):
            prefix = components[:length]
            known = self._names.get(prefix)
            if known is None:
                known = self._names[prefix] = len(self._names)
                last = prefix[-1]
                kind = (
                    {"str": {"pre": index, "str": last}}
                    if isinstance(last, str)
                    else {"num": {"pre": index, "i": last}}
                )
                self._put(**kind, **{"in": known})
            index = known
        return index

    def _level(self, level: Level) -> int:
        known = self._levels.get(level)
        if known is None:
            known = self._levels[level] = self._level_line(level)
        return known

    def _level_line(self, level: Level) -> int:
        """The index of a level; levels that are spelled alike share a line."""
        if isinstance(level, Zero):
            return 0
        if isinstance(level, Succ):
            content: dict[str, Any] = {"succ": self._level(level.of)}
        elif isinstance(level, Max | IMax):
            pair = [self._level(level.left), self._level(level.right)]
            content = {"max" if isinstance(level, Max) else "imax": pair}
        else:
            content = {"param": self._name(self._renamed_universes.get(level.name, level.name))}
        spelling = _encode(content)
        if spelling not in self._level_lines:
            self._level_lines[spelling] = len(self._level_lines) + 1
            self._put(**content, il=self._level_lines[spelling])
        return self._level_lines[spelling]

    def _put(self, **record: Any) -> None:
        self._lines.append(_encode(record))


def name_components(name: str) -> Iterator[str | int]:
    """The components of a name whose text `child_name` made: strings, and numbers."""
    position = 0
    while position < len(name):
        match = _NAME_PART.match(name, position)
        if match is None:
            raise ValueError(f"{name!r} is not the text of a Lean name")
        quoted, plain = match.groups()
        if plain is None:
            yield quoted.replace("»»", "»")
        else:
            yield int(plain) if plain.isdecimal() else plain
        position = match.end()
