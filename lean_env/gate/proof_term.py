"""An exported proof as the gate sees it: the target theorem and the auxiliary constants that it needs, nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from lean_env.gate.header_term import ContentHasher, mentioned, neutral_names
from lean_env.library.inductive import Declared
from lean_env.library.ndjson import ExportedDeclaration, NdjsonError, read_declarations
from lean_env.library.ndjson_writer import write_declarations
from lean_env.library.olean import Kind

#: The name under which a worker exports the theorem.
TARGET = "flywheel.target"

#: Bound on all nodes met when each declaration is walked by itself; they share nodes, so this can exceed the size of
#: the file. Seen in honest proofs: under 2,000.
MAX_VISITED_NODES = 1_000_000


@dataclass(frozen=True, slots=True)
class ProofTerm:
    """A proof as it was exported."""

    #: The proof itself. It comes last in the export.
    target: ExportedDeclaration
    #: In the order of their declaration. Each refers to earlier ones only.
    auxiliaries: tuple[ExportedDeclaration, ...]
    #: All names that these declarations mention and that are not auxiliaries, the types of literals included.
    constants: frozenset[str]
    #: SHA-256 in hexadecimal over values and types. Each auxiliary stands for its content, so that names and order of
    #: auxiliaries do not matter.
    proof_hash: str

    @classmethod
    def read(cls, ndjson: str) -> ProofTerm:
        """Reads an export strictly. Raises NdjsonError.

        Declarations that the target does not need are left out. A declaration sees the auxiliaries above it only;
        what it mentions besides is taken for a constant of the library, which the gate then looks up.
        """
        declarations = read_declarations(ndjson)
        if not declarations or declarations[-1].name != TARGET:
            raise NdjsonError(f"the last declaration is not {TARGET}")
        target = declarations[-1]
        if target.kind is not Kind.THEOREM:
            raise NdjsonError(f"{TARGET} is declared as {target.kind}, not as a theorem")

        position = {declaration.name: i for i, declaration in enumerate(declarations)}
        mentions: dict[str, set[str]] = {}
        needed = {TARGET}
        outside: set[str] = set()
        budget = MAX_VISITED_NODES
        for i in reversed(range(len(declarations))):
            declaration = declarations[i]
            if declaration.name not in needed:
                continue
            names, visited = mentioned((declaration.type, declaration.value))
            budget -= visited
            if budget < 0:
                raise NdjsonError(f"the declarations unfold to more than {MAX_VISITED_NODES:,} nodes")
            mentions[declaration.name] = names
            for name in names:
                if position.get(name, i) < i:
                    needed.add(name)
                else:
                    outside.add(name)
        closure = tuple(d for d in declarations if d.name in needed)
        return cls(target, closure[:-1], frozenset(outside), _closure_hash(closure))

    def kernel_ndjson(self, header: Sequence[Declared] = ()) -> str:
        """The closure in our own spelling, below the header's declarations that it rests on, all under neutral names.

        Kernels hard-wire the meaning of some names (`Nat.gcd` on literals, ...); where an environment lacks one of
        them, an auxiliary of that name would inherit it. Under these names none can.
        """
        renamed = neutral_names(header)
        renamed |= {auxiliary.name: f"flywheel.auxiliary.{i}" for i, auxiliary in enumerate(self.auxiliaries)}
        return write_declarations((*header, *self.auxiliaries, self.target), renamed)


def _closure_hash(closure: tuple[ExportedDeclaration, ...]) -> str:
    hasher = ContentHasher({})
    digest = b""
    for declaration in closure:
        type_hash = hasher.hash(declaration.type, declaration.level_params)
        value_hash = hasher.hash(declaration.value, declaration.level_params)
        digest = hashlib.sha256(f"{declaration.kind} {type_hash} {value_hash}".encode()).digest()
        hasher.contents[declaration.name] = digest
    return digest.hex()
