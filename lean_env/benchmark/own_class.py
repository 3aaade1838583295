"""How the constants of a theorem's header read in its class (`lean_env.benchmark.classes`).

Names that an author gave say nothing: types are numbered by first use, their constructors by place, and a definition
reads as what it unfolds to. So a benchmark whose types and functions were renamed has the classes that it had before.
Types of another shape are numbered alike, which merges rather.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from lean_env.benchmark.classes import Token
from lean_env.gate.header_term import ContentHasher, HeaderTerm
from lean_env.library.inductive import InductiveGroup
from lean_env.library.ndjson import ExportedDeclaration
from lean_env.library.olean import Kind


def own_words(header: HeaderTerm) -> Mapping[str, Sequence[Token]]:
    """Tokens for each constant of the header but for its theorems, which are proofs."""
    words: dict[str, Sequence[Token]] = {}
    contents: dict[str, bytes] = {}
    for declared in header.declarations:
        if isinstance(declared, InductiveGroup):
            words |= dict(_group_words(declared))
            contents |= _shape(declared, contents)
        else:
            contents[declared.name] = _content(declared, contents)
            if declared.kind is not Kind.THEOREM:
                words[declared.name] = (f"own:{contents[declared.name].hex()[:16]}",)
    return words


def own_theorems(header: HeaderTerm) -> frozenset[str]:
    found = (one for one in header.declarations if not isinstance(one, InductiveGroup))
    return frozenset(one.name for one in found if one.kind is Kind.THEOREM)


def _group_words(group: InductiveGroup) -> Iterator[tuple[str, Sequence[Token]]]:
    for one in group.types:
        kind: Token = ("own type", one.name)
        yield one.name, (kind,)
        for place, constructor in enumerate(one.constructors):
            yield constructor.name, (kind, f".{place}")
    for place, name in enumerate(group.recursors(tuple(one.name for one in group.types))):
        yield name, (("own type", group.types[0].name), f".rec{place}")


def _shape(group: InductiveGroup, contents: Mapping[str, bytes]) -> dict[str, bytes]:
    """What the group's constants count for in definitions: constructors' types, without a name."""
    names = group.names
    hasher = ContentHasher({**contents, **{name: b"own %d" % place for place, name in enumerate(names)}})
    hashes = [hasher.hash(root, group.level_params) for root in group.roots]
    shape = hashlib.sha256("\n".join([str(group.parameters), *hashes]).encode()).digest()
    return {name: hashlib.sha256(shape + b"%d" % place).digest() for place, name in enumerate(names)}


def _content(declared: ExportedDeclaration, contents: Mapping[str, bytes]) -> bytes:
    hasher = ContentHasher(dict(contents))
    said = declared.type if declared.kind is Kind.THEOREM else declared.value
    line = f"{hasher.hash(declared.type, declared.level_params)} {hasher.hash(said, declared.level_params)}"
    return hashlib.sha256(line.encode()).digest()
